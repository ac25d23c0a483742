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
from admin.web.pictures import Shown, shown_with
from admin.web.row_ids import row_id
from admin.web.veil import body, veil
from admin.web.ways import Ways, size_says, ways
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

#: What a phone's menu shows for the words that it sends.
TAP_SIGNS = {"liked": "👍", "loved": "❤️", "disliked": "👎", "laughed": "😂", "emphasized": "‼️", "questioned": "❓"}


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
    pictures: list[Shown]
    again: list[datetime]
    """When the very same words came once more."""
    hides_pictures: bool
    """A stranger's pictures are seen only by who asks for them."""


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
    ways: Ways
    """By what an answer may go."""
    size: str
    """What the words that could not be sent would cost as a text."""
    entries: list[Entry]
    earlier: str | None
    others: list[tuple[int, str]]


def pages(services: Services) -> Blueprint:
    """`/conversations/<id>`."""
    blueprint = Blueprint("conversations", __name__)

    @blueprint.get("/conversations/<int:thread_id>")
    def show(thread_id: int) -> ResponseReturnValue:
        return page(services, thread_id)

    return blueprint


def page(
    services: Services,
    thread_id: int,
    *,
    written: str = "",
    wrong: str | None = None,
    key: str | None = None,
    way: str = "",
) -> str:
    """The page of a conversation; `written` are words that could not be sent by `way`, and `wrong` says why."""
    reader, viewer = reader_of(services), me()
    wish = Wish.read(view_named(request.args.get("view")), request.args)
    with services.db.read() as session:
        thread = thread_in(session, viewer.scope, thread_id)
        pane: About | None = None
        if thread.member_id is not None:
            pane = about(session, viewer, session.get_one(Member, thread.member_id), reader)
        talk = _talk(session, thread, viewer, reader, pane, wish, services.settings, written, way)
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
    session: Session,
    thread: Thread,
    viewer: Me,
    reader: Reader,
    pane: About | None,
    wish: Wish,
    settings: Settings,
    written: str,
    way: str,
) -> Talk:
    told = timeline(session, thread, request.args.get("before", type=row_id))
    pictures = shown_with(session, [entry.message.id for entry in told.entries if isinstance(entry, Said)], reader)
    known = fates(session, [entry.message.delivery_id for entry in told.entries if isinstance(entry, Said)])
    member = pane.profile.member if pane else None
    name = member.name if member and member.name else thread.correspondent_name or masked(thread.correspondent)
    called = member.called if member else thread.correspondent_name or reader.say("conversation.them")
    kind, standing = _standing(thread, reader)
    responsible = session.get(Member, thread.responsible_id) if thread.responsible_id else None
    zone = pane.zone if pane else None
    open_ways = ways(session, thread, pane, called, reader, settings, wanted=way)
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
        ways=open_ways,
        size=size_says(session, thread, written, open_ways.phone, viewer.name, reader, settings),
        entries=[_entry(entry, known, pictures, name, reader, settings) for entry in told.entries],
        earlier=f"?{_query(wish, before=str(told.earlier))}" if told.earlier else None,
        others=[
            (row_id, name)
            for row_id, name in who_may_answer(session, thread.chapter_id)
            if row_id != thread.responsible_id
        ],
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


def _entry(
    entry: Said | Done,
    known: Mapping[int, Fate],
    pictures: Mapping[int, list[Shown]],
    name: str,
    reader: Reader,
    settings: Settings,
) -> Entry:
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
                pictures=[],
                again=[],
                hides_pictures=False,
            )
        case Said():
            return _said(entry.message, entry.author or name, known, pictures, reader, settings)


def _said(
    message: Message,
    author: str,
    known: Mapping[int, Fate],
    pictures: Mapping[int, list[Shown]],
    reader: Reader,
    settings: Settings,
) -> Entry:
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
        marks=([_waits(fate, reader)] if fate and ours and fate.word == "waits" else []) + _taps(message, reader),
        trouble=reader.say("conversation.fate_failed", why=fate.says) if fate and fate.word == "failed" else "",
        message_id=message.id,
        original=message.received_id is not None,
        attached=[
            (part["index"], part.get("name") or reader.say("conversation.attachment")) for part in message.attachments
        ],
        pictures=pictures.get(message.id, []),
        again=[datetime.fromisoformat(str(each["at"])) for each in message.detail.get("sent_again", [])],
        hides_pictures=message.kind == "in" and message.author_id is None,
    )


def _taps(message: Message, reader: Reader) -> list[str]:
    """Who tapped these words on their phone, and what that probably means."""
    said = []
    for tap in message.detail.get("taps", []):
        key = "tap_taken_back" if tap["removed"] else f"tap_{tap['probably'] or 'plain'}"
        sign = TAP_SIGNS.get(tap["what"], tap["what"])
        said.append(reader.say(f"conversation.{key}", who=tap["by"] or reader.say("conversation.them"), sign=sign))
    return said


def _waits(fate: Fate, reader: Reader) -> str:
    if fate.leaves_at is not None and fate.leaves_at > reader.now:
        return reader.say("conversation.fate_leaves", when=reader.moment(fate.leaves_at))
    return reader.say("conversation.fate_waits")


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
