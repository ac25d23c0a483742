"""Assignments: who answers a conversation."""

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from admin.web.frame import reader_of, tell
from admin.web.me import me
from admin.web.places import back_to
from engine.base.errors import Invalid
from engine.base.services import Services
from engine.conversations.assignment import assign, who_may_answer
from engine.conversations.scope import thread_in, threads_in
from engine.conversations.thread import Thread


def pages(services: Services) -> Blueprint:
    """POST `/conversations/<id>/assignments`."""
    blueprint = Blueprint("assignments", __name__)

    @blueprint.post("/conversations/<int:thread_id>/assignments")
    def create(thread_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        wanted = request.form.get("member", "")
        with services.db.write() as session:
            thread = thread_in(session, viewer.scope, thread_id)
            names = dict(who_may_answer(session, thread.chapter_id))
            to = viewer.member_id if wanted == "me" else int(wanted) if wanted.isdecimal() else None
            if wanted != "nobody" and (to is None or (to not in names and to != viewer.member_id)):
                raise Invalid("That person does not answer here.")
            assign(session, thread, to, viewer.member_id, "", reader.now)
            still_theirs = session.query(Thread.id).where(Thread.id == thread.id, threads_in(viewer.scope)).first()
        if to is None:
            tell(reader.say("conversation.put_back"))
        elif to == viewer.member_id:
            tell(reader.say("conversation.taken"))
        else:
            tell(reader.say("conversation.handed", name=names[to]))
        return redirect(back_to(thread_id) if still_theirs else "/")

    return blueprint
