"""Tasks: what a person must do by a time."""

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import aliased

from admin.web.frame import reader_of, tell
from admin.web.me import me
from engine.base.services import Services
from engine.conversations.scope import task_in, tasks_in
from engine.conversations.task import Task, finish_task
from engine.people.member import Member

PAGE_TASKS = 100


def pages(services: Services) -> Blueprint:
    """`/tasks`, and POST `/tasks/<id>/end`."""
    blueprint = Blueprint("tasks", __name__)

    @blueprint.get("/tasks")
    def index() -> ResponseReturnValue:
        viewer = me()
        assignee = aliased(Member)
        with services.db.read() as session:
            found = session.execute(
                select(Task, Member, assignee.name)
                .outerjoin(Member, Member.id == Task.member_id)
                .outerjoin(assignee, assignee.id == Task.assignee_id)
                .where(Task.done_at.is_(None), tasks_in(viewer.scope))
                .order_by((Task.assignee_id == viewer.member_id).desc(), Task.due_at, Task.id)
                .limit(PAGE_TASKS)
            ).all()
            return render_template("tasks.html", tasks=found, my_id=viewer.member_id)

    @blueprint.post("/tasks/<int:task_id>/end")
    def end(task_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        outcome = request.form.get("outcome", "").strip()
        with services.db.write() as session:
            task = task_in(session, viewer.scope, task_id)
            finished = finish_task(session, task, viewer.member_id, outcome, reader.now)
        tell(reader.say("task.done_said" if finished else "task.done_before"))
        return redirect("/tasks")

    return blueprint
