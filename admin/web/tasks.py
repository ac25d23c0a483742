"""Tasks: what a person must do by a time, how it turned out, and who had it before."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, Row, and_, case, or_, select
from sqlalchemy.orm import Session, aliased

from admin.web.frame import reader_of, tell
from admin.web.me import me
from admin.web.people import about as card
from admin.web.row_ids import row_id
from engine.base.errors import Invalid
from engine.base.services import Services
from engine.conversations.assignment import who_may_answer
from engine.conversations.scope import Scope, member_sees, task_in, tasks_in
from engine.conversations.task import Task, finish_task, hand_task, handings
from engine.people.member import Member, names_of

PAGE_TASKS = 50
#: The parts of the list, by the number that `_part` gives a task.
PARTS = ("task.yours", "task.anybodys", "task.others")


@dataclass(frozen=True, slots=True)
class Told:
    """What was written into the form, when it comes back with a word on what is missing."""

    choice: str = ""
    outcome: str = ""
    wrong: str = ""


def pages(services: Services) -> Blueprint:
    """`/tasks`, each of them, and POST `/tasks/<id>/end` and `/tasks/<id>/handing`."""
    blueprint = Blueprint("tasks", __name__)

    @blueprint.get("/tasks")
    def index() -> ResponseReturnValue:
        viewer, after = me(), request.args.get("after", type=row_id)
        with services.db.read() as session:
            found = _listed(session, viewer.scope, after)
            shown = found[:PAGE_TASKS]
            history = handings(session, [task.id for task, *_ in shown])
            names = names_of(session, {one for each in history.values() for step in each for one in step.people})
            more = shown[-1][0].id if len(found) > PAGE_TASKS else None
            parts = [(word, [row for row in shown if row.part == number]) for number, word in enumerate(PARTS)]
            return render_template(
                "tasks.html", parts=[part for part in parts if part[1]], history=history, names=names, after=after,
                more=more,
            )  # fmt: skip

    @blueprint.get("/tasks/<int:task_id>")
    def show(task_id: int) -> ResponseReturnValue:
        with services.db.read() as session:
            return _page(services, session, task_in(session, me().scope, task_id), Told())

    @blueprint.post("/tasks/<int:task_id>/end")
    def end(task_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        told = Told(request.form.get("choice", ""), request.form.get("outcome", "").strip())
        with services.db.write() as session:
            task = task_in(session, viewer.scope, task_id)
            if task.done_at is None and (missing := _missing(task, told)):
                wrong = reader.say(missing)
                return _page(services, session, task, Told(told.choice, told.outcome, wrong)), 400
            finished = finish_task(
                session, task, viewer.member_id, told.outcome, reader.now, choice=told.choice or None
            )
        tell(reader.say("task.done_said" if finished else "task.done_before"))
        return redirect("/tasks")

    @blueprint.post("/tasks/<int:task_id>/handing")
    def hand(task_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        wanted = request.form.get("member", "")
        with services.db.write() as session:
            task = task_in(session, viewer.scope, task_id)
            names = dict(who_may_answer(session, task.chapter_id))
            to = viewer.member_id if wanted == "me" else int(wanted) if wanted.isdecimal() else None
            if wanted != "nobody" and (to is None or (to not in names and to != viewer.member_id)):
                raise Invalid("That person does not answer here.")
            handed = hand_task(session, task, to, viewer.member_id, reader.now)
        if handed and to == viewer.member_id:
            tell(reader.say("task.taken"))
        elif handed:
            tell(reader.say("task.handed", name=names[to]) if to else reader.say("task.put_back"))
        return redirect("/tasks")

    return blueprint


def _page(services: Services, session: Session, task: Task, told: Told) -> str:
    history = handings(session, [task.id]).get(task.id, [])
    people = {task.assignee_id, task.done_by_id, *(one for each in history for one in each.people)}
    about = session.get(Member, task.member_id) if task.member_id else None
    in_sight = about is not None and about.erased_at is None and member_sees(session, me().scope, about.id)
    reach = None
    if in_sight and about is not None and task.detail.get("why") == "undelivered":
        reach = card(session, me(), about, reader_of(services), services.settings.sms)
    return render_template(
        "task.html",
        task=task,
        reach=reach,
        about=about if about is not None and about.erased_at is None else None,
        about_in_sight=in_sight,
        history=history,
        names=names_of(session, people),
        told=told,
        others=[(id_, name) for id_, name in who_may_answer(session, task.chapter_id) if id_ != task.assignee_id],
        mine=task.assignee_id == me().member_id,
    )


def _missing(task: Task, told: Told) -> str:
    """What the form lacks, as a key of the catalogue; empty: nothing."""
    if not task.outcomes:
        return ""
    chosen = next((each for each in task.outcomes if each["name"] == told.choice), None)
    if chosen is None:
        return "task.choose"
    return "task.note_needed" if chosen.get("note") and not told.outcome else ""


def _part(scope: Scope) -> ColumnElement[int]:
    """0 for their own, 1 for what whoever can may take, 2 for what others have."""
    return case((Task.assignee_id == scope.member_id, 0), (Task.assignee_id.is_(None), 1), else_=2)


def _listed(session: Session, scope: Scope, after: int | None) -> list[Row[Any]]:
    """Open tasks in sight, one more than a page: their own first, and in each part the longest overdue first."""
    assignee, part = aliased(Member), _part(scope).label("part")
    query = (
        select(Task, Member, assignee.name.label("assignee"), part)
        .outerjoin(Member, Member.id == Task.member_id)
        .outerjoin(assignee, assignee.id == Task.assignee_id)
        .where(Task.done_at.is_(None), tasks_in(scope))
        .order_by(part, Task.due_at, Task.id)
        .limit(PAGE_TASKS + 1)
    )
    edge = session.get(Task, after) if after is not None else None
    if edge is not None:
        at = 0 if edge.assignee_id == scope.member_id else 1 if edge.assignee_id is None else 2
        later = or_(Task.due_at > edge.due_at, and_(Task.due_at == edge.due_at, Task.id > edge.id))
        query = query.where(or_(_part(scope) > at, and_(_part(scope) == at, later)))
    return list(session.execute(query))
