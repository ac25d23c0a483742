"""Listening: enrollments that any fact about their member may move on, because they wait for one or may end by one."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.asking import among
from engine.base.errors import HearthlineError
from engine.enrollments.enrollment import Enrollment, Standing, bring_forward
from engine.enrollments.journey import Published, load_version
from engine.runner.apply import Settled, apply
from engine.runner.decision import over
from engine.runner.ending import endings, hears_any_fact, may_end
from engine.runner.facts import Batch


def listeners(session: Session, member_ids: Collection[int]) -> list[tuple[int, int]]:
    """(enrollment id, member id) of every live enrollment of these members on a journey that listens."""
    if not member_ids:
        return []
    rows = session.execute(
        select(Enrollment.id, Enrollment.member_id, Enrollment.version_id)
        .where(among(session, Enrollment.member_id, member_ids), Enrollment.ended_at.is_(None))
        .order_by(Enrollment.id)
    ).all()
    versions = _readable(session, {version_id for _, _, version_id in rows})
    listen = {version_id for version_id, version in versions.items() if hears_any_fact(version)}
    return [(id_, member_id) for id_, member_id, version_id in rows if version_id in listen]


def leave(session: Session, rows: Iterable[Standing], now: datetime) -> set[Standing]:
    """Those who have reached their journey's goal, or meet an exit, are on it no more; who they are.

    Lock the rows with `standing` first. Who waits on loses nothing of the wait.
    """
    rows = list(rows)
    versions = _readable(session, {here.version_id for here in rows})
    may = [here for here in rows if here.version_id in versions and may_end(versions[here.version_id])]
    found = endings(session, may, versions, now)
    leaving = {here: here.heard for here in may if here.enrollment_id in found}
    if leaving:
        moved = list(bring_forward(session, leaving, now).values())
        settled = [Settled(here, over(here, found[here.enrollment_id])) for here in moved]
        apply(session, Batch(moved, versions, {}, {}), settled, now)
    return set(leaving)


def _readable(session: Session, version_ids: Collection[int]) -> dict[int, Published]:
    """Versions that only a newer program can read are left out: they keep nobody else from being heard."""
    found: dict[int, Published] = {}
    for version_id in version_ids:
        try:
            found[version_id] = load_version(session, version_id)
        except (HearthlineError, ValueError):
            continue
    return found
