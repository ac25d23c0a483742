"""One: a single conversation, opened for twelve hours by the link in an alert, without a password.

The link shows and changes nothing. It opens that conversation alone, as long as its organizer may see it, and every
opening is in the log.
"""

import secrets
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from admin.web.answers import LONGEST
from admin.web.drafts import reader_for
from admin.web.entries import entries_of
from engine.audit.entry import record
from engine.base.errors import BadToken, Invalid, NotFound
from engine.base.services import Services
from engine.base.tokens import Purpose
from engine.conversations.scope import scope_of, thread_in
from engine.conversations.thread import Thread
from engine.conversations.timeline import Said, timeline
from engine.outbox.fate import fates
from engine.outbox.order import Order, Speaker, name_of
from engine.outbox.orders import carry_out
from engine.people.member import Member


@dataclass(frozen=True, slots=True)
class _Opened:
    member: Member
    thread: Thread


def pages(services: Services) -> Blueprint:
    """`/a/<token>`, and POST to it: an answer."""
    blueprint = Blueprint("one", __name__)

    @blueprint.get("/a/<token>")
    def show(token: str) -> ResponseReturnValue:
        try:
            with services.db.write() as session:
                opened = _open(session, token)
                now = services.clock.now()
                record(
                    session, opened.member.id, "opened_by_link", "thread", opened.thread.id, now,
                    chapter_id=opened.thread.chapter_id,
                )  # fmt: skip
                return _page(session, opened)
        except BadToken:
            return render_template("one.html", talk=None), 404

    @blueprint.post("/a/<token>")
    def answer(token: str) -> ResponseReturnValue:
        text, key = request.form.get("text", "").strip()[:LONGEST], request.form.get("key", "")[:60]
        wrong = ""
        try:
            with services.db.write() as session:
                opened = _open(session, token)
                reader = reader_for(services, opened.member)
                if not text or not key:
                    raise Invalid(reader.say("conversation.empty_answer"))
                who = Speaker(
                    opened.member, opened.thread, services.settings,
                    f"one:{opened.member.id}:{opened.thread.id}:{key}", pressed=True,
                )  # fmt: skip
                carry_out(session, who, Order(text=text), reader.now)
            return redirect(f"/a/{token}?sent=1")
        except BadToken:
            return render_template("one.html", talk=None), 404
        except Invalid as reason:
            wrong = reader.said(str(reason))
        with services.db.read() as session:
            return _page(session, _open(session, token), wrong, text), 422

    def _open(session: Session, token: str) -> _Opened:
        said = services.tokens.verify_link(token, services.clock.now(), Purpose.STAFF_CONVERSATION)
        member = session.get(Member, said.member_id)
        if member is None or member.erased_at is not None:
            raise BadToken("They are here no more.")
        scope = scope_of(session, member.id)
        try:
            return _Opened(member, thread_in(session, scope, said.subject_id))
        except NotFound as error:
            raise BadToken(str(error)) from error

    def _page(session: Session, opened: _Opened, wrong: str = "", written: str = "") -> str:
        reader = reader_for(services, opened.member)
        told = timeline(session, opened.thread, None, reader_id=opened.member.id)
        known = fates(session, [each.message.delivery_id for each in told.entries if isinstance(each, Said)])
        who = Speaker(opened.member, opened.thread, services.settings, "")
        name = name_of(session, who)
        return render_template(
            "one.html", talk=opened.thread, name=name, wrong=wrong, written=written,
            entries=[
                each for each in entries_of(told.entries, known, {}, name, reader, services.settings)
                if each.kind in ("in", "out", "journey", "note")
            ],
            key=secrets.token_urlsafe(16), sent=request.args.get("sent"), reader=reader, say=reader.say,
        )  # fmt: skip

    return blueprint
