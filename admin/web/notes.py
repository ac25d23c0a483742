"""Notes: what organizers tell one another. Nothing on this path knows how to send."""

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from admin.web.frame import reader_of, tell
from admin.web.me import me
from admin.web.places import back_to
from engine.base.services import Services
from engine.conversations.message import write_note
from engine.conversations.passing import keep_to_oneself
from engine.conversations.scope import thread_in


def pages(services: Services) -> Blueprint:
    """POST `/conversations/<id>/notes`."""
    blueprint = Blueprint("notes", __name__)

    @blueprint.post("/conversations/<int:thread_id>/notes")
    def create(thread_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        text, mine = request.form.get("text", "").strip(), request.form.get("mine") == "yes"
        with services.db.write() as session:
            thread = thread_in(session, viewer.scope, thread_id)
            if text:
                note = write_note(session, thread, viewer.member_id, text, reader.now)
                if mine:
                    keep_to_oneself(session, note, reader.now)
        kept = "conversation.noted_mine" if mine else "conversation.noted"
        tell(reader.say(kept if text else "conversation.empty_note"), trouble=not text)
        return redirect(back_to(thread_id))

    return blueprint
