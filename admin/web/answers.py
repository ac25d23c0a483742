"""Answers: what an organizer says to a member. Each leaves through the outbox, once."""

from datetime import timedelta

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from admin.web.conversations import page
from admin.web.frame import reader_of, tell
from admin.web.me import me
from admin.web.places import back_to
from engine.base.services import Services
from engine.conversations.scope import thread_in
from engine.outbox import post
from engine.people.member import Member

#: What one answer may hold, in characters.
LONGEST = 100_000


def pages(services: Services) -> Blueprint:
    """POST `/conversations/<id>/answers`."""
    blueprint = Blueprint("answers", __name__)

    @blueprint.post("/conversations/<int:thread_id>/answers")
    def create(thread_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        text, key = request.form.get("text", "").strip(), request.form.get("key", "")[:60]
        if not text or not key or len(text) > LONGEST:
            wrong = "conversation.empty_answer" if not text else "conversation.long_answer"
            return page(services, thread_id, written=text, wrong=reader.say(wrong), key=key), 422
        with services.db.write() as session:
            thread = thread_in(session, viewer.scope, thread_id)
            member = session.get(Member, thread.member_id) if thread.member_id else None
            post.answer(
                session,
                thread,
                text=text,
                author_id=viewer.member_id,
                # One page makes one answer, however often its button is pressed.
                key=f"web:{viewer.member_id}:{thread.id}:{key}",
                now=reader.now,
                hold_for=timedelta(hours=services.settings.conversations.hold_after_our_word_hours),
            )
            called = member.called if member else thread.correspondent_name or reader.say("conversation.them")
        tell(reader.say("conversation.sent", name=called))
        return redirect(back_to(thread_id))

    return blueprint
