"""Conversations: everything said with one person, in order, and where to answer."""

import secrets
from dataclasses import dataclass, replace
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from admin.web.drafts import ShownDraft, shown_drafts
from admin.web.entries import Entry, entries_of, reasons_of
from admin.web.frame import reader_of
from admin.web.inbox import Wish, listing, view_named
from admin.web.me import Me, me
from admin.web.people import About, about
from admin.web.pictures import shown_with
from admin.web.rooms import other_rooms
from admin.web.row_ids import row_id
from admin.web.topics import TopicShown, topic_shown, without_private_words
from admin.web.voicemails import said_after_the_tone
from admin.web.ways import Ways, size_says, ways
from engine.base.services import Services
from engine.base.settings import Settings
from engine.conversations.assignment import who_may_answer
from engine.conversations.scope import thread_in
from engine.conversations.thread import Thread
from engine.conversations.timeline import Said, timeline
from engine.outbox.fate import fates
from engine.people.address import masked
from engine.people.member import Member
from reply_router.filing import ALSO_IN
from templates.web.reader import Reader

#: A conversation's marks as they are kept, and the key of what each says to its reader; others say it as they are.
MARK_WORDS = {
    "from another address": "another_address",
    "journey over": "journey_over",
    "new subject": "new_subject",
    "shared address": "shared_address",
    "many mails within an hour": "storm",
    "re-used id": "reused_id",
    "asks to stop: not proven": "asks_to_stop",
    "sender not proven": "not_proven",
    "open the original": "open_original",
    "mail does not arrive": "does_not_arrive",
    "answer did not arrive": "answer_lost",
    "called our mail unwanted": "unwanted",
    "probably yes": "probably_yes",
    "probably no": "probably_no",
    "probably not coming": "not_coming",
}


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
    #: The chapters that it could belong to instead, and whether it is with a member, who has a home.
    rooms: list[tuple[int, str]]
    has_home: bool
    #: The reader's own words that wait here for a press.
    drafts: list[ShownDraft]
    #: What it says of itself where it is a chapter's topic.
    topic: TopicShown | None


def pages(services: Services) -> Blueprint:
    """`/conversations/<id>`."""
    blueprint = Blueprint("conversations", __name__)

    @blueprint.get("/conversations/<int:thread_id>")
    def show(thread_id: int) -> ResponseReturnValue:
        return page(services, thread_id, way=request.args.get("way", ""))

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
            member = session.get_one(Member, thread.member_id)
            pane = about(session, viewer, member, reader, services.settings.sms)
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
    told = timeline(session, thread, request.args.get("before", type=row_id), reader_id=viewer.member_id)
    pictures = shown_with(session, [entry.message.id for entry in told.entries if isinstance(entry, Said)], reader)
    voices = said_after_the_tone(
        session, [entry.message.id for entry in told.entries if isinstance(entry, Said)], reader
    )
    reasons = reasons_of(session, told.entries, reader)
    known = fates(session, [entry.message.delivery_id for entry in told.entries if isinstance(entry, Said)])
    member = pane.profile.member if pane else None
    name = member.name if member and member.name else thread.correspondent_name or masked(thread.correspondent)
    called = member.called if member else thread.correspondent_name or reader.say("conversation.them")
    shown = [entry.message.id for entry in told.entries if isinstance(entry, Said)]
    topic = topic_shown(session, thread, shown, viewer, reader)
    if topic is not None:
        name = thread.subject
    kind, standing = _standing(thread, reader)
    responsible = session.get(Member, thread.responsible_id) if thread.responsible_id else None
    zone = pane.zone if pane else None
    open_ways = ways(session, thread, pane, called, reader, settings, wanted=way)
    return Talk(
        id=thread.id,
        name=name or reader.say("inbox.unknown"),
        called=called,
        why=reader.said(thread.reason),
        marks=[_mark(each, reader) for each in thread.marks],
        who=_who(responsible, viewer, reader),
        mine=thread.responsible_id == viewer.member_id,
        kind=kind,
        standing=standing,
        closed=thread.closure_id is not None,
        waits=thread.waits_since is not None,
        zone=zone,
        ways=open_ways,
        size=size_says(session, thread, written, open_ways.phone, viewer.name, reader, settings),
        entries=without_private_words(
            [
                replace(
                    each,
                    voicemail=voices.get(each.message_id or 0),
                    why=reasons.get(each.message_id or 0, ""),
                )
                for each in entries_of(told.entries, known, pictures, name, reader, settings)
            ],
            topic,
            reader,
        ),
        earlier=f"?{_query(wish, before=str(told.earlier))}" if told.earlier else None,
        others=[
            (row_id, name)
            for row_id, name in who_may_answer(session, thread.chapter_id)
            if row_id != thread.responsible_id
        ],
        rooms=other_rooms(session, thread) if thread.kind == "person" else [],
        has_home=thread.member_id is not None,
        drafts=shown_drafts(session, viewer.member_id, thread.id),
        topic=topic,
    )


def _mark(words: str, reader: Reader) -> str:
    if words.startswith(ALSO_IN):
        return reader.say("mark.also_in", chapter=words.removeprefix(ALSO_IN))
    return reader.say(f"mark.{MARK_WORDS[words]}") if words in MARK_WORDS else words


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
