"""Enter: journeys' audiences are looked through, and who waits for room comes in, batch by batch.

Every batch is a transaction of its own and leaves behind how far it came, so that a pass over a million members may be
broken off anywhere and goes on from there.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.audience.compiler import compile, members_matching
from engine.audience.scope import Scope
from engine.base.bulk import insert_new
from engine.base.db import table_of
from engine.base.log import logger
from engine.base.services import Services
from engine.enrollments.enrolling import enroll_many, may_begin
from engine.enrollments.entering import (
    AudienceWatch,
    InAudience,
    WaitingEntry,
    enter_many,
    hold_doors,
    leave_line,
    mark_in,
    mark_out,
    room_again_at,
    room_for,
    waiting_line,
)
from engine.enrollments.journey import Published, current_versions
from engine.people.member import Member
from engine.runner.begin import BY_AUDIENCE
from journeys.entry import Audience
from journeys.vocabulary import Entering

#: Members brought in by one transaction.
BATCH = 500
#: Members found by one look through the audience, written in batches.
FOUND = 20_000
#: How soon an audience is looked through again; what a signal tells of is acted on at once.
AGAIN = timedelta(minutes=5)

log = logger(__name__)


def needs_entering(session: Session, now: datetime) -> bool:
    """Whether an audience is due to be looked through, or somebody who waits would fit."""
    open_now = current_versions(session)
    if any(_is_due(session, version, now) for version in open_now):
        return True
    waited_for = set(session.scalars(select(WaitingEntry.journey_id).distinct()))
    return any(
        room_for(session, version.journey_id, version.script.limits, now) != 0
        for version in open_now
        if version.journey_id in waited_for
    )


def next_entering_at(session: Session, now: datetime) -> datetime | None:
    """The next moment at which there is something for `enter` to do; None: nothing lies ahead."""
    open_now = {version.journey_id: version for version in current_versions(session)}
    moments = [now for version in open_now.values() if _is_due(session, version, now)]
    watches = session.execute(select(AudienceWatch.journey_id, AudienceWatch.due_at))
    moments += [due_at for journey_id, due_at in watches if due_at is not None and journey_id in open_now]
    for journey_id in session.scalars(select(WaitingEntry.journey_id).distinct()):
        if journey_id in open_now:
            at = room_again_at(session, journey_id, open_now[journey_id].script.limits, now)
            moments += [at] if at is not None else []
    return min(moments, default=None)


def enter(services: Services, *, stops: Callable[[], bool] = lambda: False) -> int:
    """Who waits and fits is on their journey, and each audience that is due was looked through; how many began.

    Between two batches `stops` is asked: a pass over a million people keeps no process from ending.
    """
    now = services.clock.now()
    with services.db.read() as session:
        open_now = current_versions(session)
        waited_for = set(session.scalars(select(WaitingEntry.journey_id).distinct()))
        due = [version for version in open_now if _is_due(session, version, now)]
    begun = 0
    for version in open_now:
        if version.journey_id in waited_for:
            begun += _let_in(services, version, now, stops)
    for version in due:
        begun += _look_through(services, version, now, stops)
    return begun


def _is_due(session: Session, version: Published, now: datetime) -> bool:
    if version.script.audience is None:
        return False
    watch = session.get(AudienceWatch, version.journey_id)
    return watch is None or watch.version_id != version.id or (watch.due_at is not None and watch.due_at <= now)


def _let_in(services: Services, version: Published, now: datetime, stops: Callable[[], bool]) -> int:
    """The line of those who wait has moved up as far as there is room."""
    begun = 0
    while not stops():
        with services.db.write() as session:
            hold_doors(session, [version])
            room = room_for(session, version.journey_id, version.script.limits, now)
            line = waiting_line(session, version.journey_id, BATCH if room is None else min(room, BATCH))
            if not line:
                return begun
            ids = [each.member_id for each in line]
            able = may_begin(session, _still_wanted(session, version, line, now), version, now)
            by_trigger = {each.member_id: each.trigger for each in line}
            for trigger in dict.fromkeys(by_trigger[member_id] for member_id in able):
                some = [member_id for member_id in able if by_trigger[member_id] == trigger]
                begun += len(enroll_many(session, some, version, trigger, now))
            leave_line(session, version.journey_id, ids)
            if len(able) < len(ids):
                left = len(ids) - len(able)
                log.info("some who waited may not enter any more", journey=version.script.slug, left=left)
    return begun


def _still_wanted(session: Session, version: Published, line: Iterable[WaitingEntry], now: datetime) -> list[int]:
    """Those in the line, in order, of whom the audience that brought them is still so."""
    audience = version.script.audience
    brought = {each.member_id for each in line if each.trigger == BY_AUDIENCE}
    fitting = members_matching(session, audience.when, brought, now) if audience is not None and brought else set()
    return [each.member_id for each in line if each.member_id not in brought or each.member_id in fitting]


def _look_through(services: Services, version: Published, now: datetime, stops: Callable[[], bool]) -> int:
    """One pass over the audience is done: who has come to fit it entered, who fits it no more is out."""
    audience = version.script.audience
    assert audience is not None
    first, upto = _take_up(services, version, now)
    begun = 0
    while True:
        with services.db.read() as session:
            found = _newly_fitting(session, version.journey_id, audience, upto, now)
        for at in range(0, len(found), BATCH):
            if stops():
                return begun
            begun += _bring_in(services, version, audience, found[at : at + BATCH], now, first=first)
        if len(found) < FOUND:
            break
        upto = found[-1]
    if audience.entry is not Entering.ONLY_CURRENT:
        _let_go(services, version, audience, now)
    with services.db.write() as session:
        watch = session.get_one(AudienceWatch, version.journey_id)
        if watch.version_id == version.id:
            watch.upto_id, watch.first_at = 0, watch.first_at or now
            watch.due_at = None if audience.entry is Entering.ONLY_CURRENT else now + AGAIN
    return begun


def _take_up(services: Services, version: Published, now: datetime) -> tuple[bool, int]:
    """The pass is begun, or the one that was broken off goes on: whether it is the first, and from whom on."""
    with services.db.write() as session:
        row = {"journey_id": version.journey_id, "created_at": now, "version_id": version.id, "upto_id": 0}
        insert_new(session, table_of(AudienceWatch), [{**row, "due_at": now}])
        watch = session.get_one(AudienceWatch, version.journey_id, with_for_update=True)
        if watch.version_id != version.id or watch.due_at is None:
            watch.version_id, watch.upto_id, watch.first_at = version.id, 0, None
        watch.due_at = now
        return watch.first_at is None, watch.upto_id


def _newly_fitting(session: Session, journey_id: int, audience: Audience, upto: int, now: datetime) -> list[int]:
    """Members after `upto`, in order, whom the audience fits and who are not marked as being in it."""
    known = select(InAudience.member_id).where(InAudience.journey_id == journey_id, InAudience.member_id == Member.id)
    query = (
        select(Member.id)
        .where(
            Member.id > upto,
            Member.erased_at.is_(None),
            compile(audience.when, Scope(session, now, whole=True)),
            ~known.exists(),
        )
        .order_by(Member.id)
        .limit(FOUND)
    )
    return list(session.scalars(query))


def _bring_in(
    services: Services, version: Published, audience: Audience, ids: Collection[int], now: datetime, *, first: bool
) -> int:
    """These are marked as being in the audience, and (but for those whom `only_future` finds there already) enter."""
    with services.db.write() as session:
        hold_doors(session, [version])
        # Asked again: what was found a while ago may not be so any more.
        fresh = mark_in(session, version.journey_id, members_matching(session, audience.when, ids, now), now)
        watch = session.get_one(AudienceWatch, version.journey_id)
        if watch.version_id == version.id:
            watch.upto_id = max(ids)
        if first and audience.entry is Entering.ONLY_FUTURE:
            return 0
        return len(enter_many(session, sorted(fresh), version, BY_AUDIENCE, now).begun)


def _let_go(services: Services, version: Published, audience: Audience, now: datetime) -> None:
    """Whom the audience fits no more is marked as out: should it fit them again, that is a new day (B3)."""
    with services.db.read() as session:
        query = (
            select(InAudience.member_id)
            .join(Member, Member.id == InAudience.member_id)
            .where(InAudience.journey_id == version.journey_id, ~compile(audience.when, Scope(session, now)))
        )
        gone = list(session.scalars(query))
    for at in range(0, len(gone), BATCH):
        with services.db.write() as session:
            some = gone[at : at + BATCH]
            still = members_matching(session, audience.when, some, now)
            mark_out(session, version.journey_id, [each for each in some if each not in still])
