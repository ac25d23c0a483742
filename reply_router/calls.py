"""The straight line of what is told of one call: judge, find, file, ask somebody to call back.

Beside `reply_router.route`, which takes, leases and settles rows of every door. A known phone is the member's, else
whoever answers for the number that was called sees it. A call stands in its conversation once, whatever is told of it
and in which order: a recording that comes after the call's end is put where the call stands.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.broker import wake_on_commit
from engine.base.db import one_at_a_time
from engine.base.ids import new_id
from engine.base.settings import Settings
from engine.conversations.closure import close
from engine.conversations.message import Message, Words, file_words_in
from engine.conversations.received import Received
from engine.conversations.task import Task, give_task
from engine.conversations.thread import Thread, last_person_thread, mark, open_thread
from engine.conversations.voicemail import Voicemail, length_in_words
from engine.people.address import masked
from reply_router.assign import see_to_it
from reply_router.call_rules import CallCase, CallRule, judge_call
from reply_router.content import file_once, key_of
from reply_router.filing import Entry, filed_before
from reply_router.mail_words import stored
from reply_router.reading import READING_VERSION
from reply_router.reading.call import Call
from reply_router.reading.text_message import TextMessage
from reply_router.reading.texts import TextKind, TextWords
from reply_router.text_find import SHARED_PHONE, find_text
from templates.web.reader import WORDS

DOOR, CHANNEL = "voice", "voice"
#: The job that fetches recordings (inbound.sms.jobs).
VOICEMAIL = "calls.voicemail"
CALL_BACK = "call_back"
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
#: What a phone shows that hides its number (https://help.twilio.com/articles/223179988).
_HIDDEN = frozenset({"+266696687", "+7378742883", "+2562533", "+8656696", "+86282452253"})


@dataclass(frozen=True, slots=True)
class _Called:
    """One call on its way to its place."""

    received: Received
    case: CallCase
    rule: CallRule
    sentence: str
    settings: Settings

    @property
    def answer_within(self) -> timedelta:
        return timedelta(hours=self.settings.conversations.answer_within_hours)


def route_call(session: Session, received: Received, call: Call, settings: Settings, now: datetime) -> None:
    """The row has its one outcome and everything that follows from it."""
    caller = received.mail_from if _NUMBER.fullmatch(received.mail_from) else ""
    caller = "" if caller in _HIDDEN else caller
    if caller:
        # What is told of one phone is filed one after the other, with its texts.
        one_at_a_time(session, f"text from {caller}")
    first = told_by = None
    if received.provider_id:
        first = file_once(session, key_of("provider", received.provider, received.provider_id), received.id, now)
    if call.sid and first is None:
        told_by = file_once(session, key_of("call", received.provider, call.sid), received.id, now)
    silence = TextMessage("", caller, received.rcpt_to, "", TextWords(TextKind.EMPTY))
    case = CallCase(call, find_text(session, silence, settings, now), duplicate_of=first, told_by=told_by)
    rule, sentence = judge_call(case)
    if rule.filed:
        entry = _file(session, _Called(received, case, rule, sentence, settings), now)
    else:
        entry = filed_before(session, first if first is not None else told_by)
    received.outcome, received.reason = rule.outcome, f"{rule.name}: {sentence}"
    received.duplicate_of = (first or told_by) if not rule.filed else None
    received.effect = entry.effect
    received.thread_id = entry.thread.id if entry.thread is not None else None
    received.message_id = entry.message.id if entry.message is not None else None
    received.member_id = entry.member_id
    received.reading_version = READING_VERSION
    received.settled_at, received.leased_until_at = now, None
    session.flush()


def _file(session: Session, called: _Called, now: datetime) -> Entry:
    case = called.case
    waits = case.call.has_words or called.rule.name == "broken"
    before = filed_before(session, case.told_by)
    thread, message = before.thread, before.message
    if thread is not None and message is not None:
        # The call's end was told first, and said that there were no words: now there are.
        message = _say(session, called, thread, now, waits=waits, instead_of=message)
    else:
        thread = _thread(session, called, now, waits=waits)
        is_new = thread.last_in_at is None
        message = _say(session, called, thread, now, waits=waits)
        if is_new and not waits:
            close(session, thread, None, now, "nothing in it waits for a person")
    if len(case.place.household) > 1:
        mark(thread, SHARED_PHONE)
    if case.call.has_words:
        _expect_recording(session, called, message, now)
    if called.rule.outcome != "needs_person":
        see_to_it(session, thread, now)
    asked = "call" in called.rule.effects and _ask_to_call_back(session, called, thread, now)
    return Entry(thread, message, thread.member_id, "call" if asked else "")


def _thread(session: Session, called: _Called, now: datetime, *, waits: bool) -> Thread:
    place = called.case.place
    thread = place.thread
    if thread is None and not waits and place.member is not None:
        thread = last_person_thread(session, place.member.id)
    if thread is not None:
        session.refresh(thread, with_for_update=True)
        if waits and thread.closure_id is not None:
            thread.reason = called.sentence
            thread.detail = {**thread.detail, "rule": called.rule.name}
        return thread
    thread = open_thread(
        session,
        now,
        member_id=place.member.id if place.member is not None else None,
        chapter_id=place.chapter_id,
        subject=_words_of(called),
        reason=called.sentence,
        correspondent="" if place.member is not None else place.phone,
    )
    thread.detail = {"rule": called.rule.name}
    return thread


def _say(
    session: Session, called: _Called, thread: Thread, now: datetime, *, waits: bool, instead_of: Message | None = None
) -> Message:
    member, phone = called.case.place.member, called.case.place.phone
    if instead_of is not None:
        # Two lines for one call would be one too many.
        session.delete(instead_of)
        session.flush()
    words = Words(
        text=_words_of(called),
        channel=CHANNEL,
        author_id=member.id if member is not None else None,
        author_name=member.name if member is not None else masked(phone) if phone else "",
        received_id=called.received.id,
        detail={"rule": called.rule.name, "call": {"seconds": called.case.call.seconds}, "from": stored(phone)},
    )
    message = file_words_in(session, thread, words, now, waits=waits, answer_within=called.answer_within)
    message.at = called.received.created_at
    if instead_of is not None and called.case.told_by is not None:
        session.get_one(Received, called.case.told_by).message_id = message.id
    return message


def _words_of(called: _Called) -> str:
    """What stands in the conversation for the call, in the organization's language: nobody wrote it down."""
    language, call = called.settings.organization.language, called.case.call
    if call.has_words:
        return WORDS.say(language, "call.voicemail", length=length_in_words(call.seconds))
    return WORDS.say(language, "call.no_words")


def _expect_recording(session: Session, called: _Called, message: Message, now: datetime) -> None:
    """The recording has its row, and is fetched after the call itself is safe."""
    call = called.case.call
    fits = len(call.url) <= 500
    row = Voicemail(
        id=new_id(),
        created_at=now,
        received_id=called.received.id,
        message_id=message.id,
        url=stored(call.url)[:500],
        seconds=call.seconds,
        refusal="" if fits else "The provider's address of it is too long to be one.",
        due_at=now if fits else None,
    )
    session.add(row)
    session.flush()
    if fits:
        wake_on_commit(session, VOICEMAIL, row.id)


def _ask_to_call_back(session: Session, called: _Called, thread: Thread, now: datetime) -> bool:
    """Somebody has a call to make, unless they have it already; nobody calls a number that is hidden."""
    place, language = called.case.place, called.settings.organization.language
    if not place.phone:
        return False
    open_tasks = session.scalars(select(Task).where(Task.thread_id == thread.id, Task.done_at.is_(None)))
    if any(each.detail.get("why") == CALL_BACK for each in open_tasks):
        return False
    who = place.member.called if place.member is not None else masked(place.phone)
    give_task(
        session,
        WORDS.say(language, "call.task", who=who),
        now + called.answer_within,
        now,
        script=WORDS.say(language, "call.script" if called.case.call.has_words else "call.script_no_words", who=who),
        member_id=thread.member_id,
        chapter_id=thread.chapter_id,
        assignee_id=thread.responsible_id,
        thread_id=thread.id,
        detail={"why": CALL_BACK},
    )
    return True
