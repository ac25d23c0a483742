"""Enrolling: who may begin a journey, and that they are on it from now."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import assert_never

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from engine.base.asking import among
from engine.base.broker import wake_on_commit
from engine.base.bulk import bulk_insert, insert_into
from engine.base.db import table_of
from engine.base.ids import new_ids
from engine.base.stored_time import stored_time
from engine.enrollments.enrollment import Due, Enrollment, in_batches
from engine.enrollments.journey import JourneyVersion, Published, load_version
from journeys.model import AfterExit, AfterSpan, AtMost, Never, ReEntry

_ENROLLMENT = table_of(Enrollment)
_DUE = table_of(Due)


def enroll(
    session: Session, member_id: int, version: JourneyVersion | Published, trigger: str, now: datetime
) -> Enrollment | None:
    """The member is on the journey from now; None when they are on it already or it may not begin again (yet)."""
    begun = enroll_many(session, [member_id], version, trigger, now)
    return session.get(Enrollment, begun[member_id]) if begun else None


def enroll_many(
    session: Session, member_ids: Iterable[int], version: JourneyVersion | Published, trigger: str, now: datetime
) -> dict[int, int]:
    """Those members who may begin are on the journey from now: their enrollments' ids by member."""
    re_entry = load_version(session, version.id).script.re_entry
    begun: dict[int, int] = {}
    for some in in_batches(member_ids):
        wanted = _may_begin(session, some, version.journey_id, re_entry, now)
        if not wanted:
            continue
        begun |= begin_at(session, wanted, version, 0, trigger, now)
    return begun


def begin_at(
    session: Session,
    member_ids: Sequence[int],
    version: JourneyVersion | Published,
    step: int,
    trigger: str,
    now: datetime,
) -> dict[int, int]:
    """Those of these members who are not on the journey are at that step of it: their enrollments' ids by member."""
    # At most one live enrollment per member and journey: the index says so, and who loses a race is left out.
    rows = [
        {
            "id": id_,
            "created_at": now,
            "member_id": member_id,
            "journey_id": version.journey_id,
            "version_id": version.id,
            "trigger": trigger[:80],
            "first_at": now,
            "ended_at": None,
            "end_reason": "",
        }
        for id_, member_id in zip(new_ids(len(member_ids)), member_ids, strict=True)
    ]
    insert = insert_into(session, _ENROLLMENT).on_conflict_do_nothing()
    wrote = session.execute(insert.returning(_ENROLLMENT.c.id, _ENROLLMENT.c.member_id), rows)
    begun = {member_id: id_ for id_, member_id in wrote}
    at = stored_time(session, now)
    bulk_insert(
        session,
        _DUE,
        ("due_at", "enrollment_id", "member_id", "version_id", "step", "phase", "heard", "tries"),
        [(at, id_, member_id, version.id, step, 0, "", 0) for member_id, id_ in begun.items()],
    )
    if begun:
        wake_on_commit(session, "runner.tick")
    return begun


def may_begin(
    session: Session, member_ids: Iterable[int], version: JourneyVersion | Published, now: datetime
) -> list[int]:
    """Those of these members whom the journey's own rule lets begin now; nobody has begun yet."""
    re_entry = load_version(session, version.id).script.re_entry
    return [
        member_id
        for some in in_batches(member_ids)
        for member_id in _may_begin(session, some, version.journey_id, re_entry, now)
    ]


def _may_begin(
    session: Session, member_ids: Sequence[int], journey_id: int, re_entry: ReEntry, now: datetime
) -> list[int]:
    earlier = {
        member_id: (live, last, times)
        for member_id, live, last, times in session.execute(
            select(
                Enrollment.member_id,
                func.count(case((Enrollment.ended_at.is_(None), 1))),
                func.max(Enrollment.ended_at),
                func.count(Enrollment.id),
            )
            .where(Enrollment.journey_id == journey_id, among(session, Enrollment.member_id, member_ids))
            .group_by(Enrollment.member_id)
        )
    }

    def may(member_id: int) -> bool:
        if member_id not in earlier:
            return True
        live, last, times = earlier[member_id]
        if live or last is None:
            return False
        return may_again(re_entry, times, last, now)

    return [member_id for member_id in member_ids if may(member_id)]


def may_again(re_entry: ReEntry, times: int, last: datetime, now: datetime) -> bool:
    """Whether a journey that somebody was on so many times, at last until `last`, may begin again for them now."""
    match re_entry:
        case Never():
            return False
        case AfterExit():
            return True
        case AfterSpan(span=span):
            return last + span <= now
        case AtMost(times=most, after=span):
            return times < most and (span is None or last + span <= now)
        case _:
            assert_never(re_entry)
