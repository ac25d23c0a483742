"""Entering: how people come onto a journey within its limits, and whom its audience has brought in so far.

Who does not fit stands in `waiting_entry` until there is room: nobody is lost silently.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, ForeignKey, Index, String, Table, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.asking import among
from engine.base.broker import wake_on_commit
from engine.base.bulk import insert_into, insert_new
from engine.base.db import Base, one_at_a_time, table_of
from engine.base.log import logger
from engine.enrollments.enrolling import enroll_many, may_begin
from engine.enrollments.enrollment import Enrollment
from engine.enrollments.journey import Journey, Published
from journeys.model import Limits

#: What `entries_per_day` looks back on: any 24 hours, so that no midnight lets a crowd in.
DAY = timedelta(hours=24)

log = logger(__name__)


class AudienceWatch(Base):
    """How far a journey's audience has been looked through, and when it is looked at again."""

    __tablename__ = "audience_watch"

    journey_id: Mapped[int] = mapped_column(ForeignKey("journey.id"), primary_key=True)
    created_at: Mapped[datetime]
    #: The version whose audience it is: a new one is looked through from the beginning.
    version_id: Mapped[int]
    #: Members up to this id have been asked, in the pass that is under way.
    upto_id: Mapped[int] = mapped_column(default=0)
    #: When everybody had been asked for the first time.
    first_at: Mapped[datetime | None]
    #: When the next pass begins, or the one under way goes on; None: never.
    due_at: Mapped[datetime | None]


class InAudience(Base):
    """The audience's condition was so of this member when they were last asked: they enter once, when it becomes so."""

    __tablename__ = "in_audience"
    __table_args__ = {"sqlite_with_rowid": False}

    journey_id: Mapped[int] = mapped_column(ForeignKey("journey.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    created_at: Mapped[datetime]


class WaitingEntry(Base):
    """Somebody for whom a journey would have begun, and who waits until it takes more people."""

    __tablename__ = "waiting_entry"
    __table_args__ = (Index(None, "journey_id", "created_at", "member_id"),)

    journey_id: Mapped[int] = mapped_column(ForeignKey("journey.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    created_at: Mapped[datetime]
    trigger: Mapped[str] = mapped_column(String(80), default="")


_IN_AUDIENCE = table_of(InAudience)
_WAITING = table_of(WaitingEntry)


class Entered(NamedTuple):
    """What came of wanting people on a journey."""

    #: The enrollments that began, by member.
    begun: dict[int, int]
    #: Who waits for room.
    waiting: frozenset[int]


def hold_doors(session: Session, versions: Iterable[Published]) -> None:
    """Nobody else lets people onto those of these journeys that have limits until this transaction ends.

    Always in the same order, so that two workers never wait for each other.
    """
    limited = {version.journey_id for version in versions if version.script.limits is not None}
    for journey_id in sorted(limited):
        one_at_a_time(session, f"entry:{journey_id}")


def enter_many(session: Session, member_ids: Iterable[int], version: Published, trigger: str, now: datetime) -> Entered:
    """Those who may begin are on the journey, as far as its limits let them; the others wait in line, first come first.

    Who may not begin (on it already, or not again) is in neither.
    """
    limits = version.script.limits
    wanted = list(dict.fromkeys(member_ids))
    if limits is None or not wanted:
        return Entered(enroll_many(session, wanted, version, trigger, now), frozenset())
    hold_doors(session, [version])
    able = may_begin(session, wanted, version, now)
    line = session.scalar(select(WaitingEntry.member_id).where(WaitingEntry.journey_id == version.journey_id).limit(1))
    # Nobody overtakes those who wait.
    room = 0 if line is not None else room_for(session, version.journey_id, limits, now)
    fits = able if room is None else able[:room]
    begun = enroll_many(session, fits, version, trigger, now) if fits else {}
    left = [] if room is None else able[room:]
    rows = [
        {"journey_id": version.journey_id, "member_id": member_id, "created_at": now, "trigger": trigger[:80]}
        for member_id in left
    ]
    insert_new(session, _WAITING, rows)
    if left:
        log.info("people wait for room on a journey", journey_id=version.journey_id, waiting=len(left))
        wake_on_commit(session, "runner.enter")
    return Entered(begun, frozenset(left))


def room_for(session: Session, journey_id: int, limits: Limits | None, now: datetime) -> int | None:
    """How many more people the journey takes now; None: as many as come."""
    rooms = []
    if limits is not None and limits.entries is not None:
        rooms.append(limits.entries - _entered(session, journey_id, limits.entries, None))
    if limits is not None and limits.entries_per_day is not None:
        rooms.append(limits.entries_per_day - _entered(session, journey_id, limits.entries_per_day, now - DAY))
    return max(0, min(rooms)) if rooms else None


def room_again_at(session: Session, journey_id: int, limits: Limits | None, now: datetime) -> datetime | None:
    """When somebody who waits fits: now, or later; None: not while the journey is as it is published."""
    if limits is None or room_for(session, journey_id, limits, now) != 0:
        return now
    if limits.entries is not None and _entered(session, journey_id, limits.entries, None) >= limits.entries:
        return None
    oldest = session.scalar(
        select(func.min(Enrollment.created_at)).where(
            Enrollment.journey_id == journey_id, Enrollment.created_at > now - DAY
        )
    )
    return now if oldest is None else oldest + DAY


def mark_in(session: Session, journey_id: int, member_ids: Collection[int], now: datetime) -> list[int]:
    """All of these are in the journey's audience; those who were not before are returned, whoever asks at once."""
    if not member_ids:
        return []
    rows = [{"journey_id": journey_id, "member_id": each, "created_at": now} for each in sorted(member_ids)]
    insert = insert_into(session, _IN_AUDIENCE).on_conflict_do_nothing()
    return list(session.scalars(insert.returning(_IN_AUDIENCE.c.member_id), rows))


def mark_out(session: Session, journey_id: int, member_ids: Collection[int]) -> None:
    """None of these is in the journey's audience any more."""
    if member_ids:
        session.execute(
            delete(InAudience).where(
                InAudience.journey_id == journey_id, among(session, InAudience.member_id, member_ids)
            )
        )


def waiting_line(session: Session, journey_id: int, most: int) -> list[WaitingEntry]:
    """Who waits for room on the journey, first come first."""
    return list(
        session.scalars(
            select(WaitingEntry)
            .where(WaitingEntry.journey_id == journey_id)
            .order_by(WaitingEntry.created_at, WaitingEntry.member_id)
            .limit(most)
        )
    )


def leave_line(session: Session, journey_id: int, member_ids: Collection[int]) -> None:
    """None of these waits for the journey any more."""
    if member_ids:
        session.execute(
            delete(WaitingEntry).where(
                WaitingEntry.journey_id == journey_id, among(session, WaitingEntry.member_id, member_ids)
            )
        )


def carry_entries(session: Session, kept_id: int, gone_id: int) -> None:
    """Where `gone_id` waited for a journey, or was in its audience, `kept_id` does: they are one person."""
    for table in (_IN_AUDIENCE, _WAITING):
        rows = session.execute(select(table).where(*_theirs(table, gone_id))).mappings().all()
        insert_new(session, table, [{**row, "member_id": kept_id} for row in rows])
    forget_entries(session, gone_id)


def forget_entries(session: Session, member_id: int) -> None:
    """The member waits for no journey, and no audience remembers them."""
    for table in (_IN_AUDIENCE, _WAITING):
        session.execute(delete(table).where(*_theirs(table, member_id)))


def _theirs(table: Table, member_id: int) -> tuple[ColumnElement[bool], ...]:
    # By journey and member, as the tables are kept: there are few journeys.
    return (table.c.journey_id.in_(select(Journey.id)), table.c.member_id == member_id)


def _entered(session: Session, journey_id: int, most: int, since: datetime | None) -> int:
    """How many entered the journey, counted no further than `most`."""
    rows = select(Enrollment.id).where(Enrollment.journey_id == journey_id)
    if since is not None:
        rows = rows.where(Enrollment.created_at > since)
    return session.scalar(select(func.count()).select_from(rows.limit(most).subquery())) or 0
