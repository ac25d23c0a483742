"""The observer: reads what left, and judges it by books of its own.

It is told what members and organizers did (never what the program made of it), reads what came out at the other end of
the channels, and counts whatever broke a promise. It asks neither the gate nor the runner.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine.base.asking import among
from engine.base.db import table_of
from engine.content.template import TemplateVersion
from engine.enrollments.enrollment import Due, Enrollment
from engine.outbox.delivery import Delivery, OutboxDue
from engine.runner.simulate.outside import Arrived

#: What may be broken, in the order in which it is told.
BROKEN = ("doubled", "outside_hours", "after_stop", "over_cap", "over_budget", "talked_over", "stuck")
WEEK, MONTH = timedelta(days=7), timedelta(days=30)
#: What a machine sends to many; a person's answers and what confirms a stop are promised nothing here.
_BY_MACHINE = frozenset({"journey", "broadcast", "invitation", "digest", "chapter"})
#: The same step of the same enrollment within so long is the same thing said twice, whatever the rows say.
_TWICE_WITHIN = timedelta(hours=1)
#: How long something may lie about past its time before it counts as stuck.
_LATE = timedelta(hours=1)
#: How long after the end of every talk a step that was put off may take to go on.
_PUT_OFF = timedelta(days=4)
#: So many failures in a row mean that nobody moves there any more without help.
_FAILURES = 3

_DUE = table_of(Due)
_ENROLLMENT = table_of(Enrollment)
_OUTBOX = table_of(OutboxDue)


@dataclass(frozen=True, slots=True)
class Promises:
    """What the organization says of itself: so many letters and asks, these hours, this long after our last word."""

    letters_per_week: int
    asks_per_month: int
    opens: time
    closes: time
    hold_for: timedelta


@dataclass(slots=True)
class Book:
    """What is known of one person, as an onlooker would write it down."""

    zone: ZoneInfo
    letters: list[datetime] = field(default_factory=list)
    asks: list[datetime] = field(default_factory=list)
    last_was_ask: bool = False
    wrote_at: datetime | None = None
    stopped: dict[str, datetime] = field(default_factory=dict)
    #: Their words wait for a person.
    waits: bool = False
    #: We wrote last in a talk nobody has closed.
    ours_at: datetime | None = None
    quiet_since: datetime | None = None


class Left(NamedTuple):
    """A message that left: when, to whom, and what it was."""

    at: datetime
    delivery_id: int
    channel: str
    message_class: str
    member_id: int
    enrollment_id: int | None
    version_id: int | None
    step: int | None
    visit_at: datetime | None
    template_version_id: int | None


class Observer:
    """Counts what was broken."""

    def __init__(self, promises: Promises) -> None:
        self._promises = promises
        self.broken: Counter[str] = Counter(dict.fromkeys(BROKEN, 0))
        self._books: dict[int, Book] = {}
        self._seen: set[int] = set()
        self._visits: set[tuple[int, datetime, str]] = set()
        self._steps: dict[tuple[int, int, str], datetime] = {}
        self._speaks: dict[int, str] = {}
        self._stuck: set[tuple[str, int]] = set()

    # ---- what it is told

    def joined(self, member_id: int, zone: str, at: datetime) -> None:
        """Somebody is there, and lives by that clock."""
        self._books[member_id] = Book(ZoneInfo(zone), quiet_since=at)

    def travelled(self, member_id: int, zone: str) -> None:
        """They live by another clock from now on, and told us."""
        self._books[member_id].zone = ZoneInfo(zone)

    def stopped(self, member_id: int, channel: str, at: datetime) -> None:
        """They asked for no more on this channel."""
        self._books[member_id].stopped.setdefault(channel, at)

    def wrote(self, member_id: int, at: datetime, *, waits: bool) -> None:
        """They wrote; `waits`: more than a plain answer, so that a person owes them words."""
        book = self._books[member_id]
        book.wrote_at = at
        if waits:
            book.waits, book.ours_at, book.quiet_since = True, None, None

    def answered(self, member_id: int, at: datetime) -> None:
        """A person of ours wrote back."""
        book = self._books[member_id]
        book.waits, book.ours_at = False, at
        book.quiet_since = at + self._promises.hold_for

    def closed(self, member_id: int, at: datetime) -> None:
        """A person of ours closed the talk."""
        book = self._books[member_id]
        book.waits, book.ours_at, book.quiet_since = False, None, at

    # ---- what it sees

    def look(self, session: Session, arrived: Sequence[Arrived]) -> list[Left]:
        """What came out is judged; the messages to members among it, in order."""
        ids = {each.delivery_id for each in arrived if each.delivery_id is not None}
        if len(ids) < len({(each.delivery_id, each.to) for each in arrived}):
            raise ValueError("a message left that does not say which delivery it is, or to two addresses")
        rows = {row.id: row for row in session.execute(_what_left(session, ids))}
        self._learn(session, {row.template_version_id for row in rows.values()})
        left: list[Left] = []
        for each in sorted(arrived, key=lambda one: self._order(one, rows)):
            row = rows.get(each.delivery_id)
            if row is None:
                raise ValueError("a message left that no row tells of")
            if row.id in self._seen:
                self.broken["doubled"] += 1
                continue
            self._seen.add(row.id)
            if row.member_id not in self._books:
                continue  # a notice to somebody who organizes
            message = Left(
                each.at, row.id, each.channel, row.message_class, row.member_id, row.enrollment_id, row.version_id,
                row.step, row.visit_at, row.template_version_id,
            )  # fmt: skip
            left.append(message)
            if message.message_class in _BY_MACHINE:
                self._judge(message)
        return left

    def _order(self, each: Arrived, rows: Mapping[int, Any]) -> tuple[datetime, bool, int]:
        """Of what left at one moment, an ask comes before whatever was said beside it: it was not said after it."""
        row = rows.get(each.delivery_id or 0)
        asks = row is not None and self._speaks.get(row.template_version_id or 0) == "ask"
        return each.at, not asks, each.delivery_id or 0

    def _judge(self, message: Left) -> None:
        book, at = self._books[message.member_id], message.at
        self._twice(message)
        if message.channel == "sms" and not self._promises.opens <= at.astimezone(book.zone).time() < (
            self._promises.closes
        ):
            self.broken["outside_hours"] += 1
        if message.channel in book.stopped:
            self.broken["after_stop"] += 1
        if self.talks(message.member_id, at):
            self.broken["talked_over"] += 1
        book.letters = [each for each in book.letters if each > at - WEEK] + [at]
        if len(book.letters) > self._promises.letters_per_week:
            self.broken["over_cap"] += 1
        speaks = self._speaks.get(message.template_version_id or 0, "")
        if speaks == "ask":
            in_a_row = book.last_was_ask and (book.wrote_at is None or book.wrote_at <= book.asks[-1])
            book.asks = [each for each in book.asks if each > at - MONTH] + [at]
            if in_a_row or len(book.asks) > self._promises.asks_per_month:
                self.broken["over_budget"] += 1
        book.last_was_ask = speaks == "ask"

    def _twice(self, message: Left) -> None:
        if message.enrollment_id is None or message.visit_at is None or message.step is None:
            return
        visit = (message.enrollment_id, message.visit_at, message.channel)
        step = (message.enrollment_id, message.step, message.channel)
        before = self._steps.get(step)
        if visit in self._visits or (before is not None and message.at - before < _TWICE_WITHIN):
            self.broken["doubled"] += 1
        self._visits.add(visit)
        self._steps[step] = message.at

    def talks(self, member_id: int, at: datetime) -> bool:
        """Whether a person of ours and they are talking at that moment."""
        book = self._books[member_id]
        return book.waits or (book.ours_at is not None and at < book.ours_at + self._promises.hold_for)

    def look_for_stuck(self, session: Session, now: datetime) -> None:
        """Whoever should have gone on and did not is counted, once."""
        found: set[tuple[str, int]] = set()
        live = dict(
            session.execute(select(_ENROLLMENT.c.id, _ENROLLMENT.c.member_id).where(_ENROLLMENT.c.ended_at.is_(None)))
            .tuples()
            .all()
        )
        places: Counter[int] = Counter()
        for row in session.execute(
            select(_DUE.c.enrollment_id, _DUE.c.member_id, _DUE.c.due_at, _DUE.c.wanted_at, _DUE.c.tries)
        ):
            places[row.enrollment_id] += 1
            late = row.due_at < now - _LATE or row.tries >= _FAILURES
            if late or self._should_have_gone_on(row.member_id, row.wanted_at, now):
                found.add(("enrollment", row.enrollment_id))
        found |= {("enrollment", id_) for id_ in live if places[id_] != 1}
        found |= {("enrollment", id_) for id_ in places if id_ not in live}
        waiting = select(_OUTBOX.c.delivery_id).where(_OUTBOX.c.send_at < now - _LATE)
        found |= {("delivery", id_) for id_ in session.scalars(waiting)}
        self.broken["stuck"] += len(found - self._stuck)
        self._stuck |= found

    def _should_have_gone_on(self, member_id: int, wanted_at: datetime | None, now: datetime) -> bool:
        book = self._books.get(member_id)
        if wanted_at is None or book is None or book.quiet_since is None or self.talks(member_id, now):
            return False
        return now - max(wanted_at, book.quiet_since) > _PUT_OFF

    def _learn(self, session: Session, versions: Collection[int | None]) -> None:
        new = {each for each in versions if each is not None and each not in self._speaks}
        if new:
            rows = session.execute(
                select(TemplateVersion.id, TemplateVersion.speaks).where(TemplateVersion.id.in_(new))
            )
            self._speaks |= dict(rows.tuples().all())


def _what_left(session: Session, ids: Collection[int]) -> Select[Any]:
    return select(
        Delivery.id,
        Delivery.message_class,
        Delivery.member_id,
        Delivery.enrollment_id,
        Delivery.version_id,
        Delivery.step,
        Delivery.visit_at,
        Delivery.template_version_id,
    ).where(among(session, Delivery.id, ids))
