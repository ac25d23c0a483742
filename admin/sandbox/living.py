"""Living: days pass in the sandbox. The clock stands still while anything is due, queued or claimed; when all has
settled it is moved to the next thing that happens, in the engine or in the world outside. So a run repeats exactly.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin.sandbox.carrier.carrier import Carrier
from admin.sandbox.carrier.text import Text
from admin.sandbox.cast import Cast, Person
from admin.sandbox.crowd import dealt
from admin.sandbox.deeds import Deeds, Door, script_of
from admin.sandbox.pen import is_of_a_topic, is_to_everyone
from admin.sandbox.store import Letter, Plan, Store
from admin.sandbox.talk import when
from engine.base.clock import SandboxClock
from engine.base.errors import HearthlineError
from engine.base.services import Services
from engine.conversations.balance import balance
from engine.conversations.message import Message
from engine.conversations.task import Task
from engine.conversations.thread import Thread
from engine.conversations.topic_post import TopicPost, next_release_at
from engine.enrollments.enrollment import Due
from engine.outbox.breaker import mail_waits_until
from engine.outbox.classes import ranks_of
from engine.outbox.delivery import Delivery, OutboxDue
from engine.people.address import Address
from engine.runner.enter import next_entering_at
from engine.runner.scheduler import Scheduler

#: Wall seconds after which a world that does not settle is called stuck.
PATIENCE_SECONDS = 60.0
#: Wall time between two looks at the rows that processes of their own work on, and between two sweeps meanwhile.
SHARED_PAUSE_SECONDS, SHARED_SWEEP_SECONDS = 0.003, 0.25
#: Of the calls that journeys ask for, how many are made; the rest wait for somebody.
CALLS_MADE = 0.8
#: So long after a neighbor's first words to their chapter its steward has read them.
LOOKED_AT_AFTER = timedelta(minutes=50)
#: The chapters of a member whose steward has been silent for a month.
SILENT = ("oakland-flats",)


class Stuck(HearthlineError):
    """Something never settled; the text says what is still open."""


class Ended(HearthlineError):
    """Somebody asked for an end while days were lived; the text says how to go on."""


class Living:
    """The world outside and the clock, moved together."""

    def __init__(
        self,
        services: Services,
        clock: SandboxClock,
        scheduler: Scheduler,
        store: Store,
        cast: Cast,
        door: Door,
        seed: int,
        carrier: Carrier,
    ) -> None:
        self._services = services
        self._clock = clock
        self._scheduler = scheduler
        self._store = store
        self._cast = cast
        self._seed = seed
        self._carrier = carrier
        self._owed: set[tuple[int | None, str, datetime]] = set()
        #: The calls that their organizers have thought about, and when the last of them was asked for.
        self._called: set[int] = set()
        self._called_at = datetime.min.replace(tzinfo=UTC)
        #: The posts that their stewards have thought about.
        self._let_out: set[int] = set()
        self._deeds = Deeds(services, clock, store, cast, door, seed, carrier)
        #: A mail at our door, and somebody a member: for whoever does it by hand.
        self.send, self.joins = self._deeds.send, self._deeds.joins

    def serve(self, services: Services, scheduler: Scheduler) -> None:
        """Hearthline has been started anew, and is this one now."""
        self._services, self._scheduler = services, scheduler
        self._deeds.serve(services)

    def live(
        self,
        until: datetime,
        tell: Callable[[datetime], None] | None = None,
        ended: Callable[[], bool] = lambda: False,
    ) -> None:
        """Everything that happens until then has happened and settled, and the clock stands at `until`.

        Raises Ended, with all settled, when somebody asks for an end.
        """
        self.settle()
        day = self._clock.now().date()
        while True:
            if ended():
                raise Ended(
                    f"Ended on {self._clock.now():%A, %d %B}, as you asked. What was lived is kept, and the same "
                    "command goes on from there."
                )
            self._think()
            moment, plan = self._next(until)
            if moment is None:
                break
            if moment > self._clock.now():
                self._clock.hold(moment)
            if tell is not None and self._clock.now().date() > day:
                day = self._clock.now().date()
                tell(self._clock.now())
            if plan is not None:
                self._do(plan)
            self.settle()
        if until > self._clock.now():
            self._clock.hold(until)
        self.settle()

    def go_on(self) -> None:
        """What is due out there by now has happened; the clock is left alone."""
        self._think()
        while (plan := self._store.next_plan(self._clock.now())) is not None:
            self._do(plan)

    def settle(self) -> None:
        """Nothing is due, queued or claimed at this instant. Raises Stuck after a minute of wall time."""
        patience = time.monotonic() + PATIENCE_SECONDS
        sweeps_at = 0.0
        while True:
            self._carrier.settle(PATIENCE_SECONDS)
            self._services.broker.settle(PATIENCE_SECONDS)
            if self._is_at_rest():
                return
            if time.monotonic() > patience:
                raise Stuck(f"The sandbox does not settle at {self._clock.now():%Y-%m-%d %H:%M}: {self._open()}.")
            if not self._services.broker.is_shared or time.monotonic() > sweeps_at:
                self._scheduler.sweep_once()
                sweeps_at = time.monotonic() + SHARED_SWEEP_SECONDS
            else:
                time.sleep(SHARED_PAUSE_SECONDS)  # others do the work, and only its rows tell us

    def _is_at_rest(self) -> bool:
        if self._open():
            return False
        if not self._services.broker.is_shared:
            return not self._scheduler.sweep_once()
        # What moves on in other processes between two looks is somewhere in each of them, but may be where the one has
        # not looked yet and the other no more: all is seen at one moment, and a second time after it.
        return not self._scheduler.finds_anything() and not self._open() and not self._scheduler.finds_anything()

    def _open(self) -> str:
        now = self._clock.now()
        with self._services.db.read() as session:
            unsettled = balance(session).unsettled
            due = session.scalar(select(func.count()).where(Due.due_at <= now)) or 0
            there = [OutboxDue.send_at <= now]
            if mail_waits_until(session, now) is not None:
                there.append(OutboxDue.rank.not_in(ranks_of("email")))
            leaving = session.scalar(select(func.count()).where(*there)) or 0
        counts = ((unsettled, "received"), (due, "steps"), (leaving, "messages"), (self._carrier.in_flight, "webhooks"))
        return ", ".join(f"{n} {what}" for n, what in counts if n)

    def _next(self, until: datetime) -> tuple[datetime | None, Plan | None]:
        plan = self._store.next_plan(until)
        with self._services.db.read() as session:
            times = [
                moment
                for moment in (
                    session.scalar(select(func.min(Due.due_at))),
                    *_leave_at(session, self._clock.now()),
                    next_entering_at(session, self._clock.now()),
                    next_release_at(session),
                )
                if moment is not None and moment <= until
            ]
        engine = min(times, default=None)
        if plan is not None and (engine is None or plan.at <= engine):
            return max(plan.at, self._clock.now()), plan
        return engine, None

    # What people out there do.

    def _think(self) -> None:
        """Everybody who got a letter, or owes an answer, has decided what to do about it."""
        for letter in self._store.unnoticed():
            with self._store.together():
                self._read(letter)
                self._store.notice(letter.id)
        for text, kind in self._texts():
            with self._store.together():
                person = self._cast.by_phone(text.phone)
                if person is not None and kind:
                    self._react(person, kind, text.at, {})
                self._carrier.texts.notice(text.sid)
        with self._services.db.read() as session:
            self._see_who_waits(session)
            self._see_calls(session)
            self._see_posts(session)

    def _texts(self) -> list[tuple[Text, str]]:
        """Texts that nobody out there has thought about, and what each is: a person's answer, a journey's, or neither.

        Whoever reads them sees that; the script asks what they were posted as.
        """
        fresh = self._carrier.texts.unnoticed()
        if not fresh:
            return []
        kinds = {"answer": "answers", "journey": "texts"}
        with self._services.db.read() as session:
            posted = select(Delivery.provider_id, Delivery.message_class).where(
                Delivery.channel == "sms", Delivery.provider_id.in_([text.sid for text in fresh])
            )
            classes = dict(session.execute(posted).tuples().all())
        return [(text, kinds.get(classes.get(text.sid, ""), "")) for text in fresh]

    def _see_who_waits(self, session: Session) -> None:
        waiting = session.execute(
            select(Thread.member_id, Thread.waits_since, func.coalesce(Address.value, Thread.correspondent))
            .outerjoin(Address, (Address.member_id == Thread.member_id) & (Address.kind == "email"))
            .where(Thread.waits_since.is_not(None))
            .order_by(Thread.waits_since, Thread.id)
        ).all()
        for member_id, since, mailbox in waiting:
            person = self._cast.by_mailbox(mailbox)
            if person is None or (member_id, mailbox, since) in self._owed:
                continue
            if member_id is None and person.handled is not None:
                key = f"{person.key} handled"
                at = when(person, person.handled[1], since, key, self._seed, by_member=False)
                self._store.intend(Plan(key, at, "handle", {"person": person.key}))
            elif member_id is not None and person.answered:
                self._owe(session, person, member_id, since)
            self._owed.add((member_id, mailbox, since))

    def _see_calls(self, session: Session) -> None:
        """Organizers make the calls that a journey asks of them, most of them in time."""
        calls = session.execute(
            select(Task.id, Task.created_at, Address.value)
            .join(Address, (Address.member_id == Task.member_id) & (Address.kind == "email"))
            .where(Task.done_at.is_(None), Task.assignee_id.is_not(None), Task.created_at >= self._called_at)
            .order_by(Task.created_at, Task.id)
        ).all()
        for task_id, since, mailbox in calls:
            if task_id in self._called:
                continue
            self._called.add(task_id)
            self._called_at = since
            person = self._cast.by_mailbox(mailbox)
            if person is None or person.chapters[:1] == SILENT or person.by_hand:
                continue
            chance = dealt(self._seed, f"{person.key} called")
            if chance.random() < CALLS_MADE:
                at = since + timedelta(minutes=chance.randrange(200, 3600))
                detail = {"person": person.key, "since": since.isoformat()}
                self._store.intend(Plan(f"{person.key} called {since:%m-%d %H:%M}", at, "call", detail))

    def _see_posts(self, session: Session) -> None:
        """Stewards let out the first words of their neighbors; what looks private waits for you."""
        held = session.execute(
            select(TopicPost.message_id, TopicPost.created_at, Address.value)
            .join(Address, (Address.member_id == TopicPost.author_id) & (Address.kind == "email"))
            .where(TopicPost.state == "held", TopicPost.why_held == "first_post", TopicPost.release_at.is_(None))
            .order_by(TopicPost.created_at, TopicPost.message_id)
        ).all()
        for message_id, since, mailbox in held:
            person = self._cast.by_mailbox(mailbox)
            if person is None or message_id in self._let_out:
                continue
            self._let_out.add(message_id)
            key = f"{person.key} let out {since:%m-%d %H:%M}"
            detail = {"person": person.key, "post": message_id}
            self._store.intend(Plan(key, since + LOOKED_AT_AFTER, "let_out", detail))

    def _read(self, letter: Letter) -> None:
        person = self._cast.by_mailbox(letter.mailbox)
        if person is None:
            return
        if person.gone:
            key = f"{person.key} bounces {letter.message_id}"
            self._store.intend(Plan(key, letter.at, "bounce", {"letter": letter.id}))
            return
        kind = "topics" if is_of_a_topic(letter) else "letters" if is_to_everyone(letter) else "answers"
        self._react(person, kind, letter.at, {"letter": letter.id})

    def _react(self, person: Person, kind: str, at: datetime, what: dict[str, int]) -> None:
        """They have read one more of that kind (see script_of), and will do what the script says."""
        number = int(self._store.fact(f"{person.key} {kind}") or 0) + 1
        self._store.note(f"{person.key} {kind}", str(number))
        reaction = script_of(person, kind).get(number)
        if reaction is not None:
            key = f"{person.key} {kind} {number}"
            soon = when(person, reaction, at, key, self._seed)
            detail = {"person": person.key, **what, "which": [kind, number]}
            self._store.intend(Plan(key, soon, reaction.does or "mail", detail))

    def _owe(self, session: Session, person: Person, member_id: int | None, since: datetime) -> None:
        """Their organizer will answer, if the cast says so."""
        said = session.scalar(select(func.count()).where(Message.member_id == member_id, Message.kind == "in")) or 0
        reaction = person.answered.get(said)
        if reaction is not None:
            key = f"{person.key} answered {said}"
            at = when(person, reaction, since, key, self._seed, by_member=False)
            self._store.intend(Plan(key, at, "answer", {"person": person.key, "number": said}))

    def _do(self, plan: Plan) -> None:
        self._deeds.do(plan)
        self._store.done(plan.key)


def _leave_at(session: Session, now: datetime) -> list[datetime | None]:
    """When the next text leaves, and the next letter: not before a relay that nobody can use is tried again."""
    texts, letters = (
        session.scalar(select(func.min(OutboxDue.send_at)).where(OutboxDue.rank.in_(ranks_of(channel))))
        for channel in ("sms", "email")
    )
    waits = mail_waits_until(session, now)
    return [texts, max(letters, waits) if letters is not None and waits is not None else letters]
