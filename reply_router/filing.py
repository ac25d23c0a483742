"""Filing: words stand where they belong, and everything follows that words bring with them.

A recognized answer takes its branch; other words wait for a person, hold the member's journeys and tell the runner.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.log import logger
from engine.chapters.membership import home_chapter
from engine.conversations.closure import close
from engine.conversations.feed import tell
from engine.conversations.message import Message, came_by, file_machine_mail, file_words_in, first_line
from engine.conversations.received import Received
from engine.conversations.storm import watch
from engine.conversations.thread import Thread, is_mine, is_new, mark, open_thread
from engine.conversations.thread_chapter import show_in
from engine.people.member import Member
from reply_router.addresses import Room
from reply_router.asked import Answering, answer, answering, ask_which_by_mail, names_around
from reply_router.assign import see_to_it
from reply_router.branch import tell_words
from reply_router.case import Filed
from reply_router.content import file_once, key_of, owner_of
from reply_router.mail_commands import DONE, is_told
from reply_router.mail_words import Mail, identifier_of, only_the_command, stored, words_of
from reply_router.reading import Kind
from reply_router.subject import stripped

REUSED_ID = "re-used id"
#: How the mark begins that names a further chapter which sees a conversation.
ALSO_IN = "also in "
ASKS_TO_STOP = "asks to stop: not proven"
NOT_PROVEN = "sender not proven"
UNREADABLE = "open the original"
#: The most threads and people named as best guesses.
MOST_GUESSES = 3

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """Where it stands now: what the received row will say."""

    thread: Thread | None = None
    message: Message | None = None
    member_id: int | None = None
    effect: str = ""
    #: It stands in that conversation already, by another of our addresses.
    same_as: int | None = None


def filed_before(session: Session, duplicate_of: int | None) -> Entry:
    """Where the first of a duplicate stands: what came again points there, and stands nowhere else."""
    first = session.get(Received, duplicate_of) if duplicate_of is not None else None
    if first is None:
        return Entry()
    thread = session.get(Thread, first.thread_id) if first.thread_id is not None else None
    message = session.get(Message, first.message_id) if first.message_id is not None else None
    return Entry(thread, message, first.member_id)


def file_in_place(session: Session, mail: Mail, now: datetime) -> Entry:
    """The words stand in the conversation that was found or a new one, and what they bring with them is done."""
    place, case = mail.case.place, mail.case
    thread = place.thread
    if thread is not None:
        # Another worker may file another mail in it just now: marks and pointers are read anew under its lock.
        if not is_mine(session, thread.id):
            session.refresh(thread, with_for_update=True)
        same = _stands_already(session, thread, mail, now)
        room = getattr(case.aim, "chapter_id", None)
        if same is not None and (place.ours or room is None or room == thread.chapter_id):
            return Entry(thread, same_as=same, member_id=thread.member_id)
        if same is not None:
            # The same mail to two chapters: each has its own conversation about it.
            thread = None
    is_new = thread is None
    if thread is None:
        chapter_id = getattr(case.aim, "chapter_id", None) if place.thread is not None else place.chapter_id
        thread = open_talk(session, mail, now, chapter_id=chapter_id, linked=True)
        _stands_already(session, thread, mail, now)
    _bring_letter(place.said, thread)
    for words in place.marks:
        mark(thread, words)
    if place.grew_from is not None:
        thread.detail = {**thread.detail, "grew_from": place.grew_from}
    if place.known and place.member is not None:
        # Answers go back to where they wrote from.
        thread.correspondent = case.sender.address
    said = answering(session, case, names_around(session, case), now) if mail.rule.outcome == "thread" else Answering()
    question, heard = said.question, said.heard
    done = DONE.get(mail.rule.name)
    if done is not None or mail.rule.name == "asks_first":
        # Beyond what a machine may say to one person, a person sees what was asked.
        unheard = done is not None and not is_told(session, case, mail.rule.name, thread, now)
        waits = not only_the_command(mail) or unheard
    elif mail.rule.filed is Filed.SIGN_UP:
        waits = (case.joins.more if case.joins else False) or (case.confirms.heard.more if case.confirms else False)
    elif mail.rule.name == "own_word":
        waits = False
    else:
        waits = (heard is None or heard.more) and len(said.several) < 2
    if said.mark:
        mark(thread, said.mark)
    if waits and thread.closure_id is not None:
        _because(thread, mail)
    message = _say(session, thread, mail, now, waits=waits)
    effect = "answer" if heard is not None else ""
    if done is not None:
        effect = done(session, case, mail.received, thread, now)
    elif case.proof.failed:
        # A person sees the words; no journey goes on by them (law 9).
        mark(thread, NOT_PROVEN)
    elif heard is not None and question is not None:
        answer(session, question, heard, message, thread, _journey_of(mail), now)
    elif said.several:
        ask_which_by_mail(session, said.several, message, thread, case.sender.address, now)
    elif mail.rule.outcome == "thread" and mail.reading.kind is Kind.HUMAN:
        # What a calendar wrote is for a person to see, and no answer that a journey waits for.
        tell_words(session, question, message, thread, _journey_of(mail), now)
    if mail.rule.outcome != "needs_person" and (waits or is_new):
        see_to_it(session, thread, now, wished=place.responsible_id, why=place.responsible_why)
    if is_new and not waits:
        close(session, thread, None, now, "nothing in it waits for a person")
    if mail.rule.name == "asks_to_stop":
        mark(thread, ASKS_TO_STOP)
    if mail.reading.kind is Kind.UNREADABLE or mail.reading.trouble:
        mark(thread, UNREADABLE)
    return Entry(thread, message, thread.member_id, effect)


def file_beside(session: Session, mail: Mail, now: datetime) -> Entry:
    """The words stand where the same mail to another chapter put them; this chapter sees that conversation too."""
    first, room = mail.case.beside, mail.case.aim
    if first is None or not isinstance(room, Room):
        raise ValueError("no other chapter had this mail")
    entry = filed_before(session, first.id)
    if entry.thread is not None and show_in(session, entry.thread, room.chapter_id, now):
        mark(entry.thread, f"{ALSO_IN}{room.name}")
        tell(session, entry.thread, "message", now)
    return entry


def file_apart(session: Session, mail: Mail, now: datetime) -> Entry:
    """The words stand in a conversation with whoever wrote, linked to no member, with the best guesses beside it."""
    sender = mail.case.sender
    thread = None
    if sender.address:
        thread = session.scalar(
            select(Thread)
            .where(
                Thread.correspondent == sender.address,
                Thread.member_id.is_(None),
                Thread.closure_id.is_(None),
                Thread.kind == "person",
            )
            .order_by(Thread.last_at.desc())
            .limit(1)
        )
    chapter_id = mail.case.place.chapter_id
    if chapter_id is None and sender.member_ids:
        chapter_id = home_chapter(session, sender.member_ids[0])
    if thread is None or thread.chapter_id != chapter_id:
        thread = open_talk(session, mail, now, chapter_id=chapter_id, linked=False)
    same = _stands_already(session, thread, mail, now)
    if same is not None:
        return Entry(thread, same_as=same)
    thread.detail = {**thread.detail, "guesses": _guesses(session, mail)}
    return Entry(thread, _say(session, thread, mail, now, waits=True))


def file_machine(session: Session, mail: Mail, now: datetime, *, member_id: int | None, what: str) -> Entry:
    """A machine's mail stands folded where it belongs: in the conversation, or in the member's own timeline."""
    thread = mail.case.place.thread
    if member_id is not None and thread is not None and thread.member_id != member_id:
        thread = None
    words = words_of(mail, what=what)
    message = file_machine_mail(session, thread, words, now, member_id=member_id)
    return Entry(thread, message, message.member_id)


# ---- one thing each


def open_talk(session: Session, mail: Mail, now: datetime, *, chapter_id: int | None, linked: bool) -> Thread:
    place, sender = mail.case.place, mail.case.sender
    member_id = place.member.id if linked and place.member is not None else None
    subject = stripped((place.subject if linked else "") or mail.reading.subject or "") or first_line(mail.reading.text)
    return open_thread(
        session,
        now,
        member_id=member_id,
        chapter_id=chapter_id,
        subject=stored(subject),
        reason=mail.sentence,
        correspondent=stored(sender.address) if member_id is None or place.known else "",
        correspondent_name=stored(sender.name) if member_id is None else "",
        detail={"rule": mail.rule.name},
    )


def _because(thread: Thread, mail: Mail) -> None:
    thread.reason = mail.sentence
    thread.detail = {**thread.detail, "rule": mail.rule.name}


def _stands_already(session: Session, thread: Thread, mail: Mail, now: datetime) -> int | None:
    """The received row by which this very mail stands in the conversation already, else None, and it does now."""
    key = key_of("thread", thread.id, mail.fingerprint)
    if is_new(session, thread.id) and not owner_of.is_foreseen(session, key):
        owner_of.foresee(session, None, key)
    return file_once(session, key, mail.received.id, now)


def _bring_letter(said: Message | None, thread: Thread) -> None:
    """The letter that is answered stands above its answer."""
    if said is not None and said.kind == "journey" and said.thread_id is None and said.member_id == thread.member_id:
        said.thread_id = thread.id


def _say(session: Session, thread: Thread, mail: Mail, now: datetime, *, waits: bool) -> Message:
    _mark_reused_id(session, thread, mail)
    message = file_words_in(session, thread, words_of(mail), now, waits=waits, answer_within=mail.answer_within)
    watch(session, thread, now)
    return message


def _mark_reused_id(session: Session, thread: Thread, mail: Mail) -> None:
    """Both are shown when a sender uses one Message-ID for two mails."""
    if mail.reading.message_id is None:
        return
    before = came_by(session, thread.id, identifier_of(mail.reading))
    if any(content != mail.fingerprint.hex() for content in before):
        mark(thread, REUSED_ID)


def _journey_of(mail: Mail) -> int | None:
    delivery = mail.case.place.delivery
    return delivery.enrollment_id if delivery is not None else None


def _guesses(session: Session, mail: Mail) -> list[dict[str, int]]:
    """Whose words these may be, the likeliest first."""
    place, sender = mail.case.place, mail.case.sender
    guesses: list[dict[str, int]] = []
    if place.thread is not None:
        guesses.append({"thread_id": place.thread.id})
    members = [place.member.id] if place.member is not None else []
    members += sender.member_ids
    if sender.name:
        members += session.scalars(select(Member.id).where(Member.name == sender.name).limit(MOST_GUESSES))
    guesses += [{"member_id": member_id} for member_id in dict.fromkeys(members)]
    return guesses[:MOST_GUESSES]
