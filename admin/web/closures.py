"""Closures: that a conversation is over for now; taking one away opens it again."""

from flask import Blueprint, redirect
from flask.typing import ResponseReturnValue

from admin.web.frame import reader_of, tell
from admin.web.me import me
from admin.web.places import back_to
from engine.base.services import Services
from engine.conversations.closure import close, reopen
from engine.conversations.scope import thread_in


def pages(services: Services) -> Blueprint:
    """POST `/conversations/<id>/closure`, and its `/end`."""
    blueprint = Blueprint("closures", __name__)

    @blueprint.post("/conversations/<int:thread_id>/closure")
    def create(thread_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        with services.db.write() as session:
            thread = thread_in(session, viewer.scope, thread_id)
            close(session, thread, viewer.member_id, reader.now)
        tell(reader.say("conversation.closed"), undo=f"/conversations/{thread_id}/closure/end")
        return redirect(back_to(thread_id))

    @blueprint.post("/conversations/<int:thread_id>/closure/end")
    def destroy(thread_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        with services.db.write() as session:
            thread = thread_in(session, viewer.scope, thread_id)
            reopen(session, thread, viewer.member_id, reader.now)
        tell(reader.say("conversation.opened"))
        return redirect(back_to(thread_id))

    return blueprint
