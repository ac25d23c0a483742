"""Run: days go by, from due time to due time, and everything due is done by the real runner and couriers."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from engine.base.db import table_of
from engine.base.ids import counting_from
from engine.base.services import Services
from engine.base.sweep import Sweep
from engine.conversations.task import Task
from engine.enrollments.enrollment import Due, Visit
from engine.enrollments.journey import Published, load_version
from engine.outbox import jobs as outbox
from engine.outbox.classes import TEXTS_FROM
from engine.outbox.courier import send_due
from engine.outbox.delivery import OutboxDue
from engine.outbox.text_courier import send_due_texts
from engine.people.path import Stage
from engine.runner import jobs as runner
from engine.runner.signals import LIMIT as FACTS
from engine.runner.signals import handle_signals
from engine.runner.simulate.observer import BROKEN, Left, Observer, Promises
from engine.runner.simulate.outside import Arrivals, VirtualClock
from engine.runner.simulate.people import FIRST_ID, dice, people
from engine.runner.simulate.town import build_town
from engine.runner.simulate.world import Ear, World
from engine.runner.tick import tick_from

#: Time is looked at so often: what falls due in between is done together, as by a process that wakes so often. With
#: many people it wakes less often, so that there are batches to do.
QUANTA = ((5_000, timedelta(hours=3)), (1_000, timedelta(hours=2)), (0, timedelta(hours=1)))
#: How often every sweep of the rooms looks, and how often the observer looks for who is stuck.
SWEEP_EVERY, LOOK_EVERY = timedelta(hours=12), timedelta(days=1)
#: Deliveries of one batch.
BATCH = 500
#: Rounds at one moment after which it is said that it does not come to rest.
MOST_ROUNDS = 500
#: Ids of what is written while days go by begin here, far above those of people.
FIRST_ROW = 1_000_000_000
#: What every round does itself, whoever wakes it.
_BY_ROUNDS = frozenset({"runner.tick", "runner.signals", "outbox.send", "outbox.text"})
_DUE, _OUTBOX = table_of(Due), table_of(OutboxDue)


@dataclass(frozen=True, slots=True)
class Plan:
    """How many people, for how many days, by which seed, from when; `share` of `shares` of the people live here."""

    members: int
    days: int
    seed: int
    start: datetime
    share: int = 0
    shares: int = 1


@dataclass(slots=True)
class Tally:
    """What happened, as counts; two shares of one plan add up."""

    #: Journey, step, outcome: how often.
    steps: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    #: Path, stage: how many are there at the end.
    stages: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: Day from 1, what: how many.
    per_day: Counter[tuple[int, str]] = field(default_factory=Counter)
    hand_offs: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(BROKEN, 0)))

    def add(self, other: "Tally") -> None:
        """The counts of another share are in here too."""
        for mine, theirs in (
            (self.steps, other.steps), (self.stages, other.stages), (self.per_day, other.per_day),
            (self.hand_offs, other.hand_offs), (self.broken, other.broken),
        ):  # fmt: skip
            mine.update(theirs)  # type: ignore[arg-type]

    def as_json(self, plan: Plan, journeys: Sequence[str]) -> dict[str, Any]:
        """One object; days from 1, every day and every journey named even where nothing happened."""
        steps: dict[str, dict[str, dict[str, int]]] = {slug: {} for slug in journeys}
        for (slug, step, outcome), many in sorted(self.steps.items()):
            steps.setdefault(slug, {}).setdefault(step, {})[outcome] = many
        stages: dict[str, dict[str, int]] = {}
        for (path, stage), many in sorted(self.stages.items()):
            stages.setdefault(path, {})[stage] = many
        whats = ("letters", "texts", "answers", "words", "from_people")
        return {
            "members": plan.members,
            "days": plan.days,
            "seed": plan.seed,
            "steps": steps,
            "stages": stages,
            "per_day": [
                {"day": day, **{what: self.per_day[day, what] for what in whats}} for day in range(1, plan.days + 1)
            ],
            "hand_offs": {what: self.hand_offs[what] for what in ("asked", "done", "withdrawn", "left")},
            "broken": {name: self.broken[name] for name in BROKEN},
        }


def simulate(
    services: Services,
    clock: VirtualClock,
    arrivals: Arrivals,
    journeys: Sequence[Published],
    ear: Ear,
    plan: Plan,
    tell: Callable[[int], None] = lambda _day: None,
) -> Tally:
    """So many days have gone by for the people of this share, and what happened is counted.

    `services` are of a database of their own, in which these journeys are published; their channels end in `arrivals`,
    and their clock is `clock`. `tell` hears each day as it is over.
    """
    with counting_from(FIRST_ROW):
        return _Days(services, clock, arrivals, journeys, ear, plan).live(tell)


class _Days:
    """One share of a plan, being lived."""

    def __init__(
        self,
        services: Services,
        clock: VirtualClock,
        arrivals: Arrivals,
        journeys: Sequence[Published],
        ear: Ear,
        plan: Plan,
    ) -> None:
        settings = services.settings
        self._services, self._clock, self._arrivals, self._plan = services, clock, arrivals, plan
        self._observer = Observer(
            Promises(
                settings.sending.letters_per_week,
                settings.sending.asks_per_month,
                settings.sms.opens,
                settings.sms.closes,
                timedelta(hours=settings.conversations.hold_after_our_word_hours),
            )
        )
        self._woken: list[tuple[str, int | None]] = []
        services.db.waker = lambda name, row_id: self._woken.append((name, row_id))
        self._sweeps: list[Sweep] = []
        for room in (runner, outbox):
            room.register(services.broker, services)
            self._sweeps += [each for each in room.SWEEPS if not each.asks_outside]
        clock.moment = plan.start
        with services.db.write() as session:
            chapters, organizers = build_town(session, dice(plan.seed, "town"), plan.start)
        numbers = range(plan.share, plan.members, plan.shares)
        crowd = people(plan.seed, numbers, len(chapters), plan.start, plan.days)
        self._world = World(settings, crowd, chapters, organizers, journeys, self._observer, ear, plan.seed, plan.days)
        self._quantum = next(span for least, span in QUANTA if plan.members >= least)
        self._tally = Tally()

    def live(self, tell: Callable[[int], None]) -> Tally:
        """All the days."""
        end = self._plan.start + timedelta(days=self._plan.days)
        swept = looked = self._plan.start
        day = 0
        rounds = 0
        while (now := self._next()) is not None and now < end:
            rounds = rounds + 1 if now == self._clock.moment else 0
            if rounds > MOST_ROUNDS:
                raise RuntimeError(f"what is due at {now} does not come to rest")
            self._clock.moment = now
            while now >= self._plan.start + timedelta(days=day + 1):
                day += 1
                tell(day)
            self._round(now)
            if now - swept >= SWEEP_EVERY:
                swept = now
                self._sweep(now)
            if now - looked >= LOOK_EVERY:
                looked = now
                self._look_for_stuck(now)
        self._clock.moment = end
        self._round(end)
        self._look_for_stuck(end)
        tell(self._plan.days)
        return self._count()

    def _next(self) -> datetime | None:
        """When something is next due or done, at the next stroke of the clock."""
        with self._services.db.read() as session:
            moments = [
                session.scalar(select(_DUE.c.due_at).order_by(_DUE.c.due_at).limit(1)),
                session.scalar(select(func.min(_OUTBOX.c.send_at)).where(_OUTBOX.c.leased_until_at.is_(None))),
                self._world.next_at(),
            ]
        known = [moment for moment in moments if moment is not None]
        if not known:
            return None
        ahead: timedelta = max(min(known), self._clock.moment) - self._plan.start
        return self._plan.start + -(-ahead // self._quantum) * self._quantum

    def _round(self, now: datetime) -> None:
        """What people do now, what follows, and what leaves."""
        services = self._services
        due = self._world.next_at()
        if due is not None and due <= now:
            before = Counter(self._world.done)
            with services.db.write() as session:
                self._world.act(session, now)
            for what in ("answers", "words"):
                self._note(now, what, self._world.done[what] - before[what])
        self._follow()
        asked = self._move_on()
        self._follow()
        self._send(now)
        self._release()
        arrived = self._arrivals.take()
        if arrived or asked:
            with services.db.read() as session:
                left = self._observer.look(session, arrived)
                self._world.hears(session, left, now)
                if asked:
                    self._world.look_for_tasks(session, now)
            self._note_left(now, left)

    def _follow(self) -> None:
        """What was said since the last time is heard by the runner, where its wake says that something was."""
        while ("runner.signals", None) in self._woken:
            self._woken.remove(("runner.signals", None))
            while handle_signals(self._services) >= FACTS:
                pass

    def _move_on(self) -> bool:
        """Whatever is due has been settled; whether anything was."""
        floor: datetime | None = None
        moved = False
        while (ticked := tick_from(self._services, floor)).settled:
            moved, floor = True, ticked.floor
        return moved

    def _send(self, now: datetime) -> None:
        """Whatever may leave has left."""
        taken = 1
        while taken and (ranks := self._leaving(now)):
            taken = send_due(self._services, limit=BATCH) if any(rank < TEXTS_FROM for rank in ranks) else 0
            if any(rank >= TEXTS_FROM for rank in ranks):
                taken += send_due_texts(self._services, limit=BATCH)

    def _leaving(self, now: datetime) -> set[int]:
        """The ranks of the courier's queues in which something is due."""
        with self._services.db.read() as session:
            return set(session.scalars(select(_OUTBOX.c.rank).where(_OUTBOX.c.send_at <= now).distinct()))

    def _release(self) -> None:
        """What a row's own wake would have done by now: what was held for a talk comes back (law 7)."""
        woken, self._woken = self._woken, []
        for name, row_id in woken:
            if name not in _BY_ROUNDS:
                self._services.broker.run_here(name, row_id)

    def _sweep(self, now: datetime) -> None:
        """Every room's sweeps find what is due, and do it."""
        with self._services.db.read() as session:
            found = [(sweep.name, row) for sweep in self._sweeps for row in sweep.due(session, now)]
        for name, row_id in found:
            self._services.broker.run_here(name, row_id)

    def _look_for_stuck(self, now: datetime) -> None:
        with self._services.db.read() as session:
            self._observer.look_for_stuck(session, now)

    def _note(self, now: datetime, what: str, many: int = 1) -> None:
        if many:
            day = min(self._plan.days, (now - self._plan.start) // timedelta(days=1) + 1)
            self._tally.per_day[day, what] += many

    def _note_left(self, now: datetime, left: Sequence[Left]) -> None:
        for message in left:
            by_machine = message.message_class == "journey"
            what = "from_people" if not by_machine else "texts" if message.channel == "sms" else "letters"
            self._note(now, what)

    def _count(self) -> Tally:
        tally = self._tally
        with self._services.db.read() as session:
            for version_id, step, outcome, many in session.execute(
                select(Visit.version_id, Visit.step, Visit.outcome, func.count()).group_by(
                    Visit.version_id, Visit.step, Visit.outcome
                )
            ):
                version = load_version(session, version_id)
                tally.steps[version.script.slug, version.script.steps[step].id, outcome] += many
            for path, stage, many in session.execute(
                select(Stage.path, Stage.stage, func.count())
                .where(Stage.member_id >= FIRST_ID)
                .group_by(Stage.path, Stage.stage)
            ):
                tally.stages[path, stage] += many
            asked, ended, by_people = session.execute(
                select(func.count(), func.count(Task.done_at), func.count(Task.done_by_id))
            ).one()
        tally.hand_offs.update(
            {"asked": asked, "done": by_people, "withdrawn": ended - by_people, "left": asked - ended}
        )
        tally.broken.update(self._observer.broken)
        return tally
