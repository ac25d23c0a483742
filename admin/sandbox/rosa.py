"""Rosa: the tour's first stop. You are a member with a phone; Denise texts you, and you answer in your own words.

Nothing of it is played here: Denise's text is posted as any organizer's answer is, and leaves through the provider;
what you write comes back through the door of texts; and what stands on Denise's side is read from the database.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.sandbox.phones import Bubble, bubbles
from admin.sandbox.world import World
from engine.base.errors import Invalid
from engine.chapters.membership import home_chapter
from engine.conversations.assignment import assign
from engine.conversations.hold import held_members
from engine.conversations.message import Message
from engine.conversations.thread import Thread, open_person_thread, open_thread
from engine.outbox.post import answer
from engine.people.address import members_with
from engine.people.member import Member
from engine.people.texting_hours import opens_at, zones_of

ROSA, DENISE = "rosa.marin", "denise"
#: What Denise writes when they have not talked yet, and when Rosa has said that she does not drive any more.
HELLO = (
    "Hi Rosa – Denise here, from the Oakhurst end of Memorial Drive. On Saturday 22 of us are planting along the "
    "creek, then soup. No experience needed. What would make it easy for you to come? Just reply; it comes to me."
)
A_RIDE = (
    "Hi Rosa – Denise here, from the Oakhurst end of Memorial Drive. You should not have to drive to eat soup. On "
    "Saturday 22 of us are planting along the creek: who would you like to be picked up by, and when? Just reply; it "
    "comes to me."
)
#: How far past the beginning of texting hours the clock goes, so that what waited has left.
A_LITTLE = timedelta(minutes=1)
#: Wall seconds within which a text comes where it goes, on a quiet machine.
SOON = 10.0
#: Where the outside world remembers Denise's text: its place in the conversation, by its delivery.
FACT = "tour rosa"


@dataclass(frozen=True, slots=True)
class DenisesSide:
    """The same moment in the inbox."""

    conversation: int
    words: str
    at: datetime
    zone: ZoneInfo
    answers: str
    answer_by: datetime | None
    holds: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """How far it has come."""

    #: What is on the phone from Denise's text on.
    phone: Sequence[Bubble]
    #: When texts may arrive again, while Denise's waits for that.
    waits_until: datetime | None
    denise: DenisesSide | None

    @property
    def begun(self) -> bool:
        """Whether Denise has written."""
        return bool(self.phone) or self.waits_until is not None


@dataclass
class RosasPhone:
    """The phone on the screen."""

    world: World

    @property
    def number(self) -> str:
        """Rosa's number."""
        return self.world.cast.by_key(ROSA).phone

    def begin(self) -> None:
        """Denise's text is on its way to Rosa, who is a member for it if she was not one yet. Begun once."""
        world, person = self.world, self.world.cast.by_key(ROSA)
        if world.store.fact(FACT) is not None:
            return
        if not self._member():
            world.living.joins(person)
        with world.services.db.write() as session:
            now = world.clock.now()
            (rosa, *_) = members_with(session, "email", person.mailbox)
            denise = self._denise(session)
            thread = open_person_thread(session, rosa)
            if thread is None:
                thread = _new_thread(session, rosa, denise, now)
            says = A_RIDE if thread.waits_since is not None else HELLO
            posted = answer(session, thread, denise, says, now, key="tour rosa", channel="sms")
            world.store.note(FACT, str(posted.id))
        if self.hours_begin() is None:  # at night it waits, and nobody need wait for that
            _until(lambda: bool(self.scene().phone))

    def hours_begin(self) -> datetime | None:
        """When texts may arrive again where Rosa is; None: they may now."""
        settings, now = self.world.services.settings.sms, self.world.clock.now()
        with self.world.services.db.read() as session:
            member = next(iter(members_with(session, "email", self.world.cast.by_key(ROSA).mailbox)), None)
            rosa = session.get(Member, member) if member is not None else None
            begins = opens_at(zones_of(rosa, self.number), settings.opens, settings.closes, now)
        return begins if begins is not None and begins > now else None

    def say(self, words: str) -> bool:
        """Rosa has sent the text; False when our door did not take it. Raises Invalid for no words at all."""
        if not words.strip():
            raise Invalid("There is nothing written yet. One word is enough.")
        line = self.world.carrier.texts.last_number(self.number) or self.world.cast.number_at("atlanta")
        _, taken = self.world.carrier.send(self.number, line, words.strip())
        if taken:
            _until(lambda: self.scene().denise is not None)
        return taken

    def scene(self) -> Scene:
        """What stands on the phone, and on Denise's side."""
        posted = self.world.store.fact(FACT)
        if posted is None:
            return Scene((), None, None)
        with self.world.services.db.read() as session:
            first = session.scalar(select(Message).where(Message.delivery_id == int(posted)))
            denise = _denises_side(session, first, self.world.clock.now()) if first is not None else None
            since = first.at if first is not None else None
        shown = [each for each in bubbles(self.world, self.number) if since is None or each.text.at >= since]
        theirs = any(not each.own for each in shown)
        return Scene(shown if theirs else (), None if theirs else self.hours_begin(), denise if theirs else None)

    def _member(self) -> bool:
        with self.world.services.db.read() as session:
            return bool(members_with(session, "email", self.world.cast.by_key(ROSA).mailbox))

    def _denise(self, session: Session) -> int:
        mailbox = next(each.mailbox for each in self.world.cast.organizers if each.key == DENISE)
        return members_with(session, "email", mailbox)[0]


def _new_thread(session: Session, rosa: int, denise: int, now: datetime) -> Thread:
    member = session.get_one(Member, rosa)
    home, why = home_chapter(session, rosa), f"Denise wrote to {member.called} first."
    thread = open_thread(session, now, member_id=rosa, chapter_id=home, subject="", reason=why)
    assign(session, thread, denise, denise, "wrote first", now)
    return thread


def _denises_side(session: Session, first: Message, now: datetime) -> DenisesSide | None:
    """The inbox once Rosa's words have come after Denise's; None before."""
    said = session.scalar(
        select(Message)
        .where(Message.thread_id == first.thread_id, Message.kind == "in", Message.at >= first.at)
        .order_by(Message.at.desc(), Message.id.desc())
        .limit(1)
    )
    if said is None or said.thread_id is None or said.member_id is None:
        return None
    thread, rosa = session.get_one(Thread, said.thread_id), session.get_one(Member, said.member_id)
    responsible = session.get(Member, thread.responsible_id) if thread.responsible_id is not None else None
    return DenisesSide(
        conversation=thread.id,
        words=said.text,
        at=said.at,
        zone=ZoneInfo(rosa.zone or "America/New_York"),
        answers=responsible.name if responsible is not None else "",
        answer_by=thread.answer_due_at,
        holds=bool(held_members(session, [rosa.id], now)),
    )


def _until(so: Callable[[], bool]) -> None:
    """It is so, or SOON has gone by: then the page tells that it is on its way."""
    end = time.monotonic() + SOON
    while not so() and time.monotonic() < end:
        time.sleep(0.05)
