"""A walk: one made-up member on one journey, whose replies, waits and tasks somebody chooses at a terminal.

The real runner, gate and couriers move them on; the reply router's own recognition decides what their words mean.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.trying.ear import RouterEar, answer_in
from admin.trying.place import Place
from engine.base.db import table_of
from engine.chapters.chapter import add_chapter
from engine.chapters.membership import give_role, join
from engine.conversations.closure import close
from engine.conversations.task import Task, finish_task
from engine.conversations.thread import Thread, open_person_thread
from engine.enrollments.choice import stop_everything
from engine.enrollments.enrolling import enroll
from engine.enrollments.enrollment import Due, Enrollment, Standing, standing
from engine.enrollments.journey import Published
from engine.enrollments.signal import signal
from engine.outbox.courier import send_due
from engine.outbox.delivery import Delivery, OutboxDue
from engine.outbox.held import release_held
from engine.outbox.post import answer
from engine.outbox.press import press
from engine.outbox.stopping import stop_texts
from engine.outbox.text_courier import send_due_texts
from engine.outbox.view import copy_of
from engine.people.address import add_email, add_phone
from engine.people.consent import EVERYTHING, Said, record_consent
from engine.people.member import Member, add_member, tag_many
from engine.people.path import BELONGING, StageChange, move
from engine.runner.explain import history
from engine.runner.explain_words import SAYS, said_of
from engine.runner.signals import handle_signals
from engine.runner.tick import tick
from journeys.model import Joined, TagAdded
from journeys.model import Journey as Script
from journeys.steps import STEP_KINDS
from journeys.steps.hand_off import HandOff

#: Whoever walks is asked so often at most: a journey that goes round for ever ends the walk and not the terminal.
MOST_ROUNDS = 500
#: The visits that are told as they happen; a wait is told by what is awaited.
_SILENT = frozenset({"waits", "asked", "sent"})
_DUE, _OUTBOX = table_of(Due), table_of(OutboxDue)

#: Asks a question and gives what was typed, without its end of line; None when nothing more will come.
Ask = Callable[[str], str | None]
Tell = Callable[[str], None]

HELP = (
    "Type words to write to us, or press Enter to let time go on to whatever comes next. "
    "/stop asks us to stop, /tag WORD puts a tag on them, /quit ends the walk."
)


@dataclass(slots=True)
class Walker:
    """Who walks: the language they read, where they live, how they can be reached, whether a chapter is theirs."""

    language: str = "en"
    zone: str = "America/New_York"
    name: str = "Rosa Marsh"
    has_phone: bool = True
    has_email: bool = True
    has_chapter: bool = True


@dataclass(slots=True)
class Walk:
    """One walk in a place of its own. `ask` and `tell` are the terminal."""

    place: Place
    journey: Published
    walker: Walker
    ask: Ask
    tell: Tell
    member_id: int = 0
    organizer_id: int = 0
    enrollment_id: int = 0
    #: The last message they had, which words answer: its delivery and channel.
    last: tuple[int, str] | None = None
    _visits: set[datetime] = field(default_factory=set)
    _tasks: int = 0
    _changes: int = 0

    def run(self) -> str:
        """They have walked until the journey was over, or whoever chooses had enough; how it ended, in a sentence."""
        self._arrive()
        self.tell(f"{self.journey.script.title}: {self.journey.script.purpose}")
        self.tell(HELP)
        for _ in range(MOST_ROUNDS):
            self._settle()
            here = self._here()
            if here is None:
                return self._over()
            if not self._round(here):
                return "The walk ends here; the journey does not."
        return f"After {MOST_ROUNDS} rounds the journey was still not over."

    # ---- arriving

    def _arrive(self) -> None:
        """The member is there, with whoever answers them, and the journey has begun for them."""
        now, walker = self._now(), self.walker
        with self.place.services.db.write() as session:
            chapter_id, _ = add_chapter(session, "Riverside", "riverside", now, zone=walker.zone, language="en")
            self.organizer_id = add_member(session, "Maya Torres", now).id
            give_role(session, self.organizer_id, chapter_id, "steward", now)
            give_role(session, self.organizer_id, None, "staff", now)
            member = add_member(
                session, walker.name, now, language=walker.language, zone=walker.zone, organizer_id=self.organizer_id
            )
            self.member_id = member.id
            said = Said("sign-up", "walked")
            if walker.has_email:
                add_email(session, member.id, "rosa@home.example", now)
                record_consent(session, member.id, "email", EVERYTHING, True, said, now)
            if walker.has_phone:
                add_phone(session, member.id, "+14045550123", now, proven=True)
                record_consent(session, member.id, "sms", EVERYTHING, True, said, now)
            if walker.has_chapter:
                join(session, member.id, chapter_id, now)
            move(session, member.id, BELONGING, "curious", "Joined (walked).", now)
            begun = enroll(session, member.id, self.journey, trigger_word(self.journey.script), now)
            if begun is None:
                raise ValueError("a journey always begins for somebody who was never on it")
            self.enrollment_id = begun.id

    # ---- one round

    def _settle(self) -> None:
        """Everything heard and due at this moment is done, and what left is printed."""
        services = self.place.services
        for _ in range(50):
            with services.db.write() as session:
                release_held(session, self.member_id, self._now())
            moved = handle_signals(services) + tick(services)
            self._tell_visits()
            sent = send_due(services) + send_due_texts(services)
            self._tell_arrivals()
            if not moved and not sent:
                break
        self._tell_changes()

    def _round(self, here: Standing) -> bool:
        """One thing is chosen; False when whoever walks wants no more."""
        if (task := self._open_task(here)) is not None:
            return self._choose_outcome(task)
        self.tell(f"   … {self._waits_for(here)}")
        words = self.ask("> ")
        if words is None or not words.strip():
            self._let_time_go_on()
            return True
        words = words.strip()
        command, _, rest = words.partition(" ")
        match command:
            case "/quit":
                return False
            case "/stop":
                self._stop()
            case "/tag" if rest.strip():
                self._tag(rest.strip())
            case _ if command.startswith("/"):
                self.tell(HELP)
            case _:
                self._say(words)
        return True

    def _let_time_go_on(self) -> None:
        with self.place.services.db.read() as session:
            moments = [
                session.scalar(select(_DUE.c.due_at).order_by(_DUE.c.due_at).limit(1)),
                session.scalar(select(_OUTBOX.c.send_at).order_by(_OUTBOX.c.send_at).limit(1)),
            ]
        soonest = min((moment for moment in moments if moment is not None), default=None)
        if soonest is not None:
            self.place.clock.moment = max(self._now() + timedelta(seconds=1), soonest)

    def _say(self, words: str) -> None:
        """Their words are heard as the reply router hears them; what it made of them is told."""
        now = self._now() + timedelta(minutes=1)
        self.place.clock.moment = now
        services = self.place.services
        delivery_id, channel = self.last or (0, "email")
        with services.db.write() as session:
            member = session.get_one(Member, self.member_id)
            _, recognized = answer_in(session, delivery_id, words, now, member)
            heard = RouterEar(services.settings).hear(session, self.member_id, delivery_id, channel, words, now)
        if recognized is not None:
            self.tell(f"   = understood as “{recognized.name.replace('_', ' ')}”" + (", and more" * recognized.more))
        if not heard.waits:
            return
        self.tell("   = words for a person. Journeys wait while they talk.")
        said = self.ask("   Maya answers (Enter: “Thank you for writing.” and the talk is over; /nobody: no answer): ")
        if said is not None and said.strip() == "/nobody":
            return
        with services.db.write() as session:
            thread = session.get_one(Thread, heard.thread_id)
            answer(session, thread, self.organizer_id, (said or "").strip() or "Thank you for writing.", now,
                   key=f"walk:{now.isoformat()}", channel="sms" if channel == "sms" else "email")  # fmt: skip
        self._settle()
        self.place.clock.moment = now + timedelta(hours=2)
        with services.db.write() as session:
            open_one = open_person_thread(session, self.member_id)
            if open_one is not None:
                close(session, open_one, self.organizer_id, self._now())

    def _stop(self) -> None:
        channel = self.last[1] if self.last else "email"
        with self.place.services.db.write() as session:
            if channel == "sms":
                stop_texts(session, "+14045550123", "text", "STOP", self._now())
            else:
                stop_everything(session, self.member_id, ("email",), Said("one-click", "Unsubscribe"), self._now())
        self.tell(f"   = no more {'texts' if channel == 'sms' else 'mail'} to them.")

    def _tag(self, word: str) -> None:
        with self.place.services.db.write() as session:
            for member_id, tag in tag_many(session, [(self.member_id, word)], self._now()):
                signal(session, "tagged", member_id, self._now(), tag=tag)

    # ---- tasks

    def _open_task(self, here: Standing) -> Task | None:
        """A task of theirs that nobody has been asked about yet."""
        with self.place.services.db.read() as session:
            return session.scalar(
                select(Task)
                .where(Task.member_id == self.member_id, Task.id > self._tasks, Task.done_at.is_(None))
                .order_by(Task.id)
                .limit(1)
            )

    def _choose_outcome(self, task: Task) -> bool:
        self._tasks = task.id
        self.tell(f"   ! a task for a person, by {self._local(task.due_at)}: {task.title}")
        for line in task.script.splitlines():
            self.tell(f"     {line}")
        offered = task.outcomes
        for number, outcome in enumerate(offered, start=1):
            self.tell(f"     {number}. {task.label(self.walker.language, outcome['name'])}")
        how = f"a number from 1 to {len(offered)}" if offered else "what came of it"
        while True:
            said = self.ask(f"   How did it turn out ({how}; Enter: nobody does it)? ")
            said = (said or "").strip()
            if said == "/quit":
                return False
            if not said:
                return True
            if not offered:
                self._finish(task, said, None)
                return True
            names = [str(outcome["name"]) for outcome in offered]
            chosen = names[int(said) - 1] if said.isdecimal() and 0 < int(said) <= len(names) else said
            if chosen in names:
                self._finish(task, "As walked.", chosen)
                return True
            self.tell(f"   Type {how}.")

    def _finish(self, task: Task, words: str, choice: str | None) -> None:
        # It takes a person an hour, and no longer than until it is due.
        self.place.clock.moment = self._now() + timedelta(hours=1)
        with self.place.services.db.write() as session:
            row = session.get_one(Task, task.id)
            finish_task(session, row, self.organizer_id, words, self._now(), choice=choice)

    # ---- telling

    def _tell_visits(self) -> None:
        with self.place.services.db.read() as session:
            visits = history(session, [self.enrollment_id])[self.enrollment_id]
        for visit in visits:
            if visit.visit_at in self._visits:
                continue
            self._visits.add(visit.visit_at)
            step = self.journey.script.steps[visit.step]
            if visit.outcome not in _SILENT:
                why = f" {visit.why}" if visit.why else ""
                said = SAYS.get(visit.outcome, said_of(visit.outcome))
                kind = STEP_KINDS[type(step)].name
                self.tell(f"   - {self._local(visit.acted_at)} {step.id} ({kind}): {said}.{why}")

    def _tell_arrivals(self) -> None:
        services = self.place.services
        ids = [each.delivery_id for each in self.place.arrivals.take() if each.delivery_id is not None]
        with services.db.read() as session:
            for delivery_id in ids:
                self._tell_message(session, delivery_id)

    def _tell_message(self, session: Session, delivery_id: int) -> None:
        services = self.place.services
        found = copy_of(session, press(services.settings, services.tokens), delivery_id, self._now())
        delivery: Delivery = found.delivery
        if delivery.member_id != self.member_id:
            return
        head = dict(found.headers)
        self.tell("")
        if delivery.channel == "sms":
            self.tell(f"== Text, {self._local(self._now())}, from {delivery.our_number}")
        else:
            self.tell(f"== Letter, {self._local(self._now())}")
            self.tell(f"   From: {head.get('From', '')}")
            self.tell(f"   Subject: {found.subject}")
        self.tell("")
        for line in found.text.splitlines():
            self.tell(f"   {line}".rstrip())
        self.tell("")
        if delivery.message_class != "answer":
            self.last = (delivery.id, delivery.channel)

    def _tell_changes(self) -> None:
        with self.place.services.db.read() as session:
            changes: Iterable[StageChange] = session.scalars(
                select(StageChange)
                .where(StageChange.member_id == self.member_id, StageChange.id > self._changes)
                .order_by(StageChange.id)
            )
            for change in changes:
                self._changes = change.id
                self.tell(f"   * {change.path}: {change.from_stage or 'new'} to {change.to_stage} ({change.evidence})")

    def _waits_for(self, here: Standing) -> str:
        step = self.journey.script.steps[here.step]
        with self.place.services.db.read() as session:
            waiting = session.scalar(
                select(Delivery)
                .where(Delivery.member_id == self.member_id, Delivery.state == "queued", Delivery.refusal.is_not(None))
                .limit(1)
            )
        if waiting is not None:
            return f"{self._local(waiting.send_at)}: {waiting.refusal}"
        says = "goes on when the task has its outcome" if isinstance(step, HandOff) else ""
        return f"{step.id}: {says or step.describe(self.journey.script.ids)}; {self._local(here.due_at)} at the latest"

    def _over(self) -> str:
        with self.place.services.db.read() as session:
            row = session.get_one(Enrollment, self.enrollment_id)
        days = ((row.ended_at or self._now()) - row.created_at).days
        return f"The journey is over after {days} days: {said_of(row.end_reason).lower()}."

    def _here(self) -> Standing | None:
        with self.place.services.db.read() as session:
            return standing(session, [self.enrollment_id]).get(self.enrollment_id)

    def _now(self) -> datetime:
        return self.place.clock.moment

    def _local(self, moment: datetime) -> str:
        return f"{moment.astimezone(ZoneInfo(self.walker.zone)):%a %d %b %Y %H:%M}"


def trigger_word(script: Script) -> str:
    """How an enrollment names the first of a journey's triggers; whoever reads a letter is told by it why they do."""
    match script.triggers[0]:
        case Joined():
            return "joined"
        case TagAdded(tag=tag):
            return f"tag:{tag}"
        case _:
            return "by_hand"
