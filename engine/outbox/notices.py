"""Notices: whoever owes an answer is told, with the words themselves, by mail and (as they chose) by text.

A notice by mail is answered by replying to it, an alert by texting back. Words are gathered for a minute, so that three
mails in a row are one notice. Whoever chose hourly gets what came since at the full hour, one mail a conversation, for
each is answered for itself. By text at most three alerts a day, in their own hours, and one text that says how many
more wait.

The rows that say who is to be told are engine.conversations.notice's; they go in the transaction that posts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import and_, exists, func, select
from sqlalchemy.orm import Session

from engine.base.local_time import first_known, instant
from engine.base.settings import Settings
from engine.base.tokens import Purpose, TokenRing
from engine.chapters.membership import ANSWERING_ROLES, Role
from engine.conversations.assignment import answers_anywhere
from engine.conversations.message import Message, first_line
from engine.conversations.notice import (
    ASSIGNED,
    GATHERED_FOR,
    HANDED,
    OVERDUE,
    RETURNED,
    WHOEVER,
    WORDS,
    Notice,
    Told,
    note_told,
    owe_by,
)
from engine.conversations.received import Received
from engine.conversations.thread import Thread
from engine.conversations.topic import TOPIC
from engine.outbox.alert import MOST_A_DAY, OPEN_FOR, Alert, alerts_since, short
from engine.outbox.post import staff_notice, staff_text
from engine.outbox.post_notice import tell_of_posts
from engine.people.absence import away_among
from engine.people.member import Member
from engine.people.notice_choice import EACH, HOURLY, NoticeChoice, choices_of
from engine.people.texting import phones_of
from templates.vocabulary import base_language
from templates.web.reader import Reader
from templates.words import read_words

#: The ways a notice goes.
BY_MAIL, BY_TEXT, MORE = "email", "sms", "more"
#: From the first words we sent no alert about to the one text that says how many wait.
MORE_AFTER = timedelta(hours=1)
#: A notice holds so many lines of words.
MOST_LINES = 120
#: Where words need a person and nobody has them, so many of the desk are told.
MOST_AT_DESK = 12
#: Notices by mail to one person within an hour; what comes beyond waits for the next.
MOST_AN_HOUR = 20
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Bell:
    """What telling needs besides the database."""

    settings: Settings
    tokens: TokenRing


def due_notices(session: Session, now: datetime) -> list[Notice]:
    """Whom to tell now, the longest waiting first."""
    query = select(Notice).where(Notice.due_at <= now).order_by(Notice.due_at, Notice.thread_id).limit(_BATCH)
    return list(session.scalars(query.with_for_update(skip_locked=True)))


def tell_due(session: Session, bell: Bell, now: datetime) -> int:
    """Whoever was to be told by now has been, or will be at the time they chose; how many rows that settled."""
    rows = due_notices(session, now)
    for row in rows:
        session.delete(row)
    session.flush()
    for row in rows:
        if row.way == MORE:
            _tell_of_more(session, row.member_id, bell, now)
            continue
        thread = session.get(Thread, row.thread_id)
        if thread is not None and _is_worth_telling(session, thread, row.why):
            _tell(session, thread, row, bell, now)
    return len(rows)


def desk_of(session: Session, thread: Thread, now: datetime) -> list[int]:
    """Whoever is at the desk where a conversation needs a person: its chapter's, else the national one. Who is away is
    told only where everybody is."""
    found = _answering(session, and_(Role.chapter_id == thread.chapter_id, Role.role.in_(ANSWERING_ROLES)))
    found = found or _answering(session, and_(Role.chapter_id.is_(None), Role.role == "staff"))
    found = found or _answering(session, and_(Role.chapter_id.is_(None), Role.role == "regional"))
    away = away_among(session, found, now)
    return [each for each in found if each not in away] or found


def zone_of(session: Session, member: Member, settings: Settings) -> Any:
    """By which clock somebody lives: their own, else the organization's."""
    return first_known((member.zone, settings.organization.zone))


# ---- one person told


def _is_worth_telling(session: Session, thread: Thread, why: str) -> bool:
    """Nothing is told of what was answered, closed, or found to be no words of a person meanwhile."""
    if thread.closure_id is not None:
        return False
    if why in (ASSIGNED, HANDED):
        return True
    return thread.waits_since is not None


def _tell(session: Session, thread: Thread, row: Notice, bell: Bell, now: datetime) -> None:
    theirs = thread.responsible_id
    if row.member_id != WHOEVER:
        people = [row.member_id]
        if row.why != RETURNED and theirs is not None and theirs != row.member_id:
            return  # it went to somebody else meanwhile, who is told of that
    elif theirs is not None:
        people = [theirs]
    else:
        people = desk_of(session, thread, now)
    choices = choices_of(session, people)
    for person in people:
        member = session.get(Member, person)
        if member is None or member.erased_at is not None or not answers_anywhere(session, person):
            continue
        choice = choices[person]
        # By mail each post that waits comes at once, with the words that decide about it (engine.outbox.moderating).
        if row.way in ("", BY_MAIL) and choice.by_mail in (EACH, HOURLY) and thread.kind != TOPIC:
            _by_mail(session, thread, member, row, choice, bell, now)
        if row.way in ("", BY_TEXT) and choice.by_text and row.why != RETURNED:
            _by_text(session, thread, member, row, choice, bell, now)


def _by_mail(
    session: Session, thread: Thread, reader: Member, row: Notice, choice: NoticeChoice, bell: Bell, now: datetime
) -> None:
    full = _next_full_hour(now)
    if choice.by_mail == HOURLY and row.way == "":
        owe_by(session, thread.id, reader.id, BY_MAIL, row.why, now, full)
        return
    if row.way == "" and _told_within_the_hour(session, reader.id, now) >= MOST_AN_HOUR:
        owe_by(session, thread.id, reader.id, BY_MAIL, row.why, now, full)
        return
    words = words_since(session, thread, reader.id)
    if not words and (row.why == WORDS or _told_just_now(session, thread, reader, now)):
        return
    shown = words or waiting_words(session, thread) or last_words(session, thread)
    last = shown[-1].id if shown else 0
    staff_notice(
        session,
        reader.id,
        "notice",
        {"thread": _thread_words(session, thread, reader, shown, row.why, bell, now)},
        now,
        key=f"notice:{thread.id}:{reader.id}:{row.why}:{last}:{thread.assignment_id or 0}",
        thread_id=thread.id,
    )
    note_told(session, thread.id, reader.id, last, now)


def _by_text(
    session: Session, thread: Thread, reader: Member, row: Notice, choice: NoticeChoice, bell: Bell, now: datetime
) -> None:
    opens = own_hours(session, reader, choice, bell.settings, now)
    if opens > now:
        owe_by(session, thread.id, reader.id, BY_TEXT, row.why, now, opens)
        return
    phone = phone_for_alerts(session, reader.id)
    zone = zone_of(session, reader, bell.settings)
    day = instant(datetime.combine(now.astimezone(zone).date(), time()), zone)
    if thread.kind == TOPIC:
        if phone is not None:
            tell_of_posts(session, reader, phone, day, now)
        return
    words = waiting_words(session, thread)
    if phone is None or not words:
        return
    if alerts_since(session, reader.id, day) >= MOST_A_DAY:
        owe_by(session, 0, reader.id, MORE, row.why, now, now + MORE_AFTER)
        return
    until = now + OPEN_FOR
    token = bell.tokens.sign_link(Purpose.STAFF_CONVERSATION, thread.id, reader.id, until)
    link = f"{bell.settings.doors.admin_url.rstrip('/')}/a/{token}"
    delivery = staff_text(
        session,
        phone,
        reader.id,
        "sms/alert",
        {"thread": {"words": short(words[-1].text)}, "links": {"one": link}},
        now,
        key=f"alert:{thread.id}:{reader.id}:{words[-1].id}",
        thread_id=thread.id,
    )
    known = session.scalar(select(Alert.id).where(Alert.delivery_id == delivery.id, Alert.member_id == reader.id))
    if known is None:
        session.add(
            Alert(
                id=delivery.id, created_at=now, member_id=reader.id, phone=phone, thread_id=thread.id,
                delivery_id=delivery.id, until_at=until,
            )
        )  # fmt: skip
        session.flush()


def _tell_of_more(session: Session, member_id: int, bell: Bell, now: datetime) -> None:
    """How many more wait, once that day; nothing where everything was answered meanwhile."""
    member = session.get(Member, member_id)
    phone = phone_for_alerts(session, member_id)
    if member is None or member.erased_at is not None or phone is None:
        return
    alerted = exists().where(Alert.thread_id == Thread.id, Alert.member_id == member_id, Alert.until_at > now)
    count = session.scalar(
        select(func.count()).where(
            Thread.responsible_id == member_id, Thread.closure_id.is_(None), Thread.waits_since.is_not(None), ~alerted
        )
    )
    if not count:
        return
    day = now.astimezone(zone_of(session, member, bell.settings)).date()
    staff_text(
        session, phone, member_id, "sms/alert_more", {"thread": {"more": count}}, now,
        key=f"alert-more:{member_id}:{day}",
    )  # fmt: skip


def own_hours(session: Session, member: Member, choice: NoticeChoice, settings: Settings, now: datetime) -> datetime:
    """When a text may reach them: now, or when their own hours next begin."""
    zone = zone_of(session, member, settings)
    local = now.astimezone(zone)
    if choice.opens <= local.hour < choice.closes:
        return now
    day = local.date() if local.hour < choice.opens else local.date() + timedelta(days=1)
    return instant(datetime.combine(day, time(choice.opens)), zone)


def phone_for_alerts(session: Session, member_id: int) -> str | None:
    """The phone alerts go to: their first one that takes texts."""
    phones = phones_of(session, [member_id]).get(member_id, [])
    return next((each.value for each in phones if each.trouble is None), None)


# ---- the words


def waiting_words(session: Session, thread: Thread) -> list[Message]:
    """What the member said since our last word, in order; never what a machine wrote or what is junk."""
    # By their order, not by the clock: in the sandbox it may stand still between them.
    ours = select(func.max(Message.id)).where(Message.thread_id == thread.id, Message.kind == "out")
    since = session.scalar(ours) or 0
    query = select(Message).where(Message.thread_id == thread.id, Message.kind == "in", Message.id > since)
    junk = exists().where(Received.id == Message.received_id, Received.outcome == "junk")
    found = list(session.scalars(query.where(~junk).order_by(Message.id.desc()).limit(20)))
    return found[::-1]


def last_words(session: Session, thread: Thread) -> list[Message]:
    """What the member said last, though it was answered: for whoever the conversation comes to."""
    theirs = select(Message).where(Message.thread_id == thread.id, Message.kind == "in")
    return list(session.scalars(theirs.order_by(Message.id.desc()).limit(1)))


def words_since(session: Session, thread: Thread, reader_id: int) -> list[Message]:
    """What of that they were not told yet."""
    told = session.get(Told, (thread.id, reader_id))
    return [each for each in waiting_words(session, thread) if told is None or each.id > told.message_id]


def _thread_words(
    session: Session, thread: Thread, reader: Member, words: Sequence[Message], why: str, bell: Bell, now: datetime
) -> dict[str, Any]:
    see = Reader(now, zone_of(session, reader, bell.settings), base_language(reader.language))
    lines = [line for each in words for line in (*each.text.splitlines(), "")]
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], "…"]
    if not any(line.strip() for line in lines):
        lines = [each.subject for each in words if each.subject] or ["…"]
    return {
        "because": see.said(thread.reason),
        "lines": lines,
        "answer_by": see.moment(thread.answer_due_at) if thread.answer_due_at is not None else "",
        "about": _about(session, thread, see),
        "answers": _what_they_answer(session, thread, words[0].id) if words else "",
        "is_overdue": why in (OVERDUE, RETURNED),
        "is_handed": why in (HANDED, ASSIGNED),
        "is_returned": why == RETURNED,
    }


def _about(session: Session, thread: Thread, see: Reader) -> str:
    """Who it is, in few words; never an address."""
    words = read_words()
    member = session.get(Member, thread.member_id) if thread.member_id is not None else None
    if member is None:
        return words.say(see.language, "desk_mail.mentioned")
    month = see.date(member.created_at)
    if member.locality:
        return words.say(see.language, "desk_mail.in_since", place=member.locality, month=month)
    return words.say(see.language, "desk_mail.since", month=month)


def _what_they_answer(session: Session, thread: Thread, message_id: int) -> str:
    """The first words of ours before theirs, shortened."""
    ours = session.scalar(
        select(Message)
        .where(Message.thread_id == thread.id, Message.kind.in_(("out", "journey")), Message.id < message_id)
        .order_by(Message.id.desc())
        .limit(1)
    )
    if ours is None:
        return ""
    line = ours.subject if ours.kind == "journey" and ours.subject else first_line(ours.text)
    return line if len(line) <= 120 else f"{line[:119].rstrip()}…"


# ---- one thing each


def _answering(session: Session, where: Any) -> list[int]:
    query = (
        select(Role.member_id)
        .join(Member, Member.id == Role.member_id)
        .where(where, Role.ended_at.is_(None), Member.erased_at.is_(None))
        .distinct()
        .order_by(Role.member_id)
        .limit(MOST_AT_DESK)
    )
    return list(session.scalars(query))


def _told_within_the_hour(session: Session, member_id: int, now: datetime) -> int:
    recent = select(func.count()).where(Told.member_id == member_id, Told.told_at > now - timedelta(hours=1))
    return session.scalar(recent) or 0


def _told_just_now(session: Session, thread: Thread, reader: Member, now: datetime) -> bool:
    told = session.get(Told, (thread.id, reader.id))
    return told is not None and told.told_at > now - 2 * GATHERED_FOR


def _next_full_hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
