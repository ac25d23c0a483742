"""Answers: what an organizer says to a member, by mail or by text. Each leaves through the outbox, once."""

from datetime import timedelta

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from admin.web.conversations import page
from admin.web.frame import reader_of, tell
from admin.web.me import me
from admin.web.people import about
from admin.web.places import back_to
from admin.web.ways import LATER, NOW, size_says, ways
from engine.base.errors import Invalid
from engine.base.services import Services
from engine.conversations.assignment import assign
from engine.conversations.scope import thread_in
from engine.outbox import post
from engine.outbox.text_answer import text_answer
from engine.people.member import Member

#: What one answer may hold, in characters.
LONGEST = 100_000


class _Unsent(Exception):
    """Nothing was sent, for the reason in this sentence."""


def pages(services: Services) -> Blueprint:
    """POST `/conversations/<id>/answers`, and how long the words would be as a text."""
    blueprint = Blueprint("answers", __name__)

    @blueprint.post("/conversations/<int:thread_id>/answers")
    def create(thread_id: int) -> ResponseReturnValue:
        text, key = request.form.get("text", "").strip(), request.form.get("key", "")[:60]
        # The button says it; a form sent by its keys says only which way is chosen.
        send = request.form.get("send") or request.form.get("way") or "email"
        try:
            told = _send(services, thread_id, text, key, send)
        except _Unsent as reason:
            return page(services, thread_id, written=text, wrong=str(reason), key=key, way=send.partition("-")[0]), 422
        tell(told)
        return redirect(back_to(thread_id))

    @blueprint.post("/conversations/<int:thread_id>/answers/length")
    def length(thread_id: int) -> ResponseReturnValue:
        text = request.form.get("text", "")[:LONGEST]
        with services.db.read() as session:
            thread = thread_in(session, me().scope, thread_id)
            phone = text_answer(session, thread, services.settings.sms, services.clock.now()).phone
            says = size_says(session, thread, text, phone, me().name, reader_of(services), services.settings)
        return says, 200, {"Content-Type": "text/plain; charset=utf-8"}

    return blueprint


def _send(services: Services, thread_id: int, text: str, key: str, send: str) -> str:
    """The answer is on its way; what to say of it. Raises _Unsent."""
    reader, viewer = reader_of(services), me()
    if not text or not key or len(text) > LONGEST:
        raise _Unsent(reader.say("conversation.empty_answer" if not text else "conversation.long_answer"))
    with services.db.write() as session:
        thread = thread_in(session, viewer.scope, thread_id)
        member = session.get(Member, thread.member_id) if thread.member_id else None
        called = member.called if member else thread.correspondent_name or reader.say("conversation.them")
        pane = about(session, viewer, member, reader, services.settings.sms) if member else None
        open_ways = ways(session, thread, pane, called, reader, services.settings)
        channel = "sms" if send.startswith("sms") else "email"
        chosen = open_ways.way(channel)
        if chosen is None:
            raise _Unsent(f"{open_ways.why[channel]} {reader.say('conversation.words_kept')}")
        if channel == "sms" and send not in {press.value for press in chosen.presses} and send != NOW:
            raise _Unsent(reader.say("conversation.choose_when", name=called))
        try:
            post.answer(
                session,
                thread,
                text=text,
                author_id=viewer.member_id,
                # One page makes one answer, however often its button is pressed.
                key=f"web:{viewer.member_id}:{thread.id}:{key}",
                now=reader.now,
                hold_for=timedelta(hours=services.settings.conversations.hold_after_our_word_hours),
                channel=chosen.channel,
                not_before=open_ways.opens_at if send == LATER else None,
                at_any_hour=send == NOW,
            )
        except Invalid as reason:
            raise _Unsent(f"{reader.said(str(reason))} {reader.say('conversation.words_kept')}") from reason
        if thread.responsible_id is None:
            # Whoever answers where nobody did yet is whom the next words are for (law 2).
            assign(session, thread, viewer.member_id, viewer.member_id, "", reader.now)
    if send == LATER and open_ways.opens_at is not None:
        return reader.say("conversation.sent_later", name=called, when=reader.moment(open_ways.opens_at))
    return reader.say("conversation.sent", name=called)
