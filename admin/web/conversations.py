"""Conversations: everything said with one person, in order, and where to answer."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from admin.web.frame import reader_of
from admin.web.inbox import Wish, listing, view_named
from admin.web.me import Me, me
from admin.web.people import About, about
from admin.web.row_ids import row_id
from admin.web.veil import body, veil
from engine.base.services import Services
from engine.base.settings import Settings
from engine.conversations.assignment import who_may_answer
from engine.conversations.message import Message
from engine.conversations.scope import thread_in
from engine.conversations.thread import Thread
from engine.conversations.timeline import Done, Said, timeline
from engine.outbox.fate import Fate, fates
from engine.people.address import masked
from engine.people.member import Member
from templates.web.reader import Reader


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing of the timeline as it is shown. kind: in, out, journey, machine, note or done."""

    id: str
    kind: str
    at: datetime
    name: str
    how: str
    text: str
    subject: str
    quoted: str
    marks: list[str]
    trouble: str
    message_id: int | None
    original: bool
    attached: list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Talk:
    """The conversation's pane, whole."""

    id: int
    name: str
    called: str
    why: str
    marks: list[str]
    who: str
    mine: bool
    kind: str
    standing: str
    closed: bool
    waits: bool
    zone: ZoneInfo | None
    how: str
    """By what channel an answer goes, and what time it is where they are."""
    entries: list[Entry]
    earlier: str | None
    others: list[tuple[int, str]]
    can_answer: str | None
    """Why an answer cannot be sent; None when it can."""


def pages(services: Services) -> Blueprint:
    """`/conversations/<id>`."""
    blueprint = Blueprint("conversations", __name__)

    @blueprint.get("/conversations/<int:thread_id>")
    def show(thread_id: int) -> ResponseReturnValue:
        return page(services, thread_id)

    return blueprint


def page(
    services: Services, thread_id: int, *, written: str = "", wrong: str | None = None, key: str | None = None
) -> str:
    """The page of a conversation; `written` are words that could not be sent, and `wrong` says why."""
    reader, viewer = reader_of(services), me()
    wish = Wish.read(view_named(request.args.get("view")), request.args)
    with services.db.read() as session:
        thread = thread_in(session, viewer.scope, thread_id)
        pane: About | None = None
        if thread.member_id is not None:
            pane = about(session, viewer, session.get_one(Member, thread.member_id), reader)
        talk = _talk(session, thread, viewer, reader, pane, wish, services.settings)
        shown = listing(session, viewer, wish, reader, thread.id)
    return render_template(
        "conversation.html",
        talk=talk,
        list=shown,
        about=pane,
        back=wish.href(),
        here=request.query_string.decode("ascii", "replace"),
        written=written,
        wrong=wrong,
        key=key or secrets.token_urlsafe(16),
        correspondent=masked(thread.correspondent) if thread.correspondent else "",
    )


def _talk(
    session: Session, thread: Thread, viewer: Me, reader: Reader, pane: About | None, wish: Wish, settings: Settings
) -> Talk:
    told = timeline(session, thread, request.args.get("before", type=row_id))
    known = fates(session, [entry.message.delivery_id for entry in told.entries if isinstance(entry, Said)])
    member = pane.profile.member if pane else None
    name = member.name if member and member.name else thread.correspondent_name or masked(thread.correspondent)
    called = member.called if member else thread.correspondent_name or reader.say("conversation.them")
    kind, standing = _standing(thread, reader)
    responsible = session.get(Member, thread.responsible_id) if thread.responsible_id else None
    zone = pane.zone if pane else None
    return Talk(
        id=thread.id,
        name=name or reader.say("inbox.unknown"),
        called=called,
        why=thread.reason,
        marks=list(thread.marks),
        who=_who(responsible, viewer, reader),
        mine=thread.responsible_id == viewer.member_id,
        kind=kind,
        standing=standing,
        closed=thread.closure_id is not None,
        waits=thread.waits_since is not None,
        zone=zone,
        how=_how_it_goes(called, member, zone, reader),
        entries=[_entry(entry, known, name, reader, settings) for entry in told.entries],
        earlier=f"?{_query(wish, before=str(told.earlier))}" if told.earlier else None,
        others=[
            (row_id, name)
            for row_id, name in who_may_answer(session, thread.chapter_id)
            if row_id != thread.responsible_id
        ],
        can_answer=_cannot(thread, pane, called, reader),
    )


def _query(wish: Wish, **more: str) -> str:
    return urlencode({"view": wish.view, **wish.query(), **more})


def _standing(thread: Thread, reader: Reader) -> tuple[str, str]:
    if thread.closure_id is not None:
        return "quiet", reader.say("inbox.is_closed")
    if thread.answer_due_at is None:
        return "answered", reader.say("inbox.answered")
    if thread.answer_due_at < reader.now:
        return "overdue", reader.say("inbox.late", when=reader.moment(thread.answer_due_at))
    return "due", reader.say("inbox.due", when=reader.moment(thread.answer_due_at))


def _who(responsible: Member | None, viewer: Me, reader: Reader) -> str:
    if responsible is None:
        return reader.say("conversation.nobody_answers")
    if responsible.id == viewer.member_id:
        return reader.say("conversation.you_answer")
    return reader.say("conversation.who_answers", name=responsible.name)


def _how_it_goes(called: str, member: Member | None, zone: ZoneInfo | None, reader: Reader) -> str:
    if member is None or zone is None:
        return reader.say("conversation.by_email_plain", name=called)
    said = member.pronouns.strip().lower().partition("/")[0]
    key = f"conversation.by_email_to_{said if said in ('she', 'he') else 'they'}"
    return reader.say(key, name=called, time=reader.time(reader.now, zone))


def _cannot(thread: Thread, pane: About | None, called: str, reader: Reader) -> str | None:
    if pane is None:
        return None if "@" in thread.correspondent else reader.say("conversation.no_address", name=called)
    if "email" in pane.profile.stopped:
        return reader.say("conversation.stopped", name=called)
    if not any(reach.kind == "email" and not reach.rests for reach in pane.profile.reaches):
        return reader.say("conversation.no_address", name=called)
    return None


def _entry(entry: Said | Done, known: Mapping[int, Fate], name: str, reader: Reader, settings: Settings) -> Entry:
    match entry:
        case Done():
            return Entry(
                id=f"d{entry.at.timestamp():.6f}-{entry.what}",
                kind="done",
                at=entry.at,
                name="",
                how="",
                text=_done(entry, reader),
                subject="",
                quoted="",
                marks=[],
                trouble="",
                message_id=None,
                original=False,
                attached=[],
            )
        case Said():
            return _said(entry.message, entry.author or name, known, reader, settings)


def _said(message: Message, author: str, known: Mapping[int, Fate], reader: Reader, settings: Settings) -> Entry:
    fate = known.get(message.delivery_id) if message.delivery_id else None
    ours = message.kind in ("out", "journey")
    away = "away" in str(message.detail.get("machine", ""))
    return Entry(
        id=f"m{message.id}",
        kind=message.kind,
        at=message.at,
        name=author or reader.say("conversation.desk"),
        how=_how(message, away, author, reader),
        text=veil(settings, body(message.text) if message.kind == "journey" else message.text),
        subject=message.subject,
        quoted=veil(settings, "\n".join(str(part.get("text", "")) for part in message.folded)),
        marks=[reader.say(f"conversation.fate_{fate.word}")] if fate and ours and fate.word == "waits" else [],
        trouble=reader.say("conversation.fate_failed", why=fate.says) if fate and fate.word == "failed" else "",
        message_id=message.id,
        original=message.received_id is not None,
        attached=[
            (part["index"], part.get("name") or reader.say("conversation.attachment")) for part in message.attachments
        ],
    )


def _how(message: Message, away: bool, author: str, reader: Reader) -> str:
    if message.kind == "machine":
        return reader.say("conversation.away" if away else "conversation.machine", name=author)
    return reader.say(f"conversation.by_{message.channel}") if message.channel in ("email", "sms") else ""


def _done(done: Done, reader: Reader) -> str:
    values: dict[str, Any] = {"who": done.by, "to": done.to, "why": done.why}
    match done.what:
        case "assigned" if done.to_id is None:
            key = "put_back" if done.by else "put_back_rule"
        case "assigned" if done.by_id == done.to_id:
            key = "took"
        case "assigned":
            key = "handed" if done.by else "assigned"
        case "closed":
            key = "closed" if done.by else "closed_rule"
        case _:
            key = "reopened" if done.by else "reopened_rule"
    return reader.say(f"conversation.did_{key}", **values)
