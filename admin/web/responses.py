"""Responses: that nothing need be answered any more, without anything sent."""

from flask import Blueprint, redirect
from flask.typing import ResponseReturnValue

from admin.web.frame import reader_of, tell
from admin.web.me import me
from admin.web.places import back_to
from engine.base.services import Services
from engine.conversations.closure import set_responded
from engine.conversations.scope import thread_in


def pages(services: Services) -> Blueprint:
    """POST `/conversations/<id>/response`."""
    blueprint = Blueprint("responses", __name__)

    @blueprint.post("/conversations/<int:thread_id>/response")
    def create(thread_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        with services.db.write() as session:
            thread = thread_in(session, viewer.scope, thread_id)
            set_responded(session, thread, viewer.member_id, reader.now)
        tell(reader.say("conversation.set_responded"))
        return redirect(back_to(thread_id))

    return blueprint
