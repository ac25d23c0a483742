"""Merging: two records prove to be one person, or somebody asks to be forgotten, while they are on journeys.

Nobody is on a journey twice, nobody hears the same again because they had two records, and nobody is left standing.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session, aliased

from engine.audit.entry import record
from engine.base.asking import among
from engine.base.db import one_member_at_a_time, table_of
from engine.base.errors import Invalid
from engine.conversations.question import Question
from engine.conversations.task import Task
from engine.enrollments.enrolling import may_again
from engine.enrollments.enrollment import FINISHED, Due, Enrollment, Standing, Visit, end, standing, visits_of
from engine.enrollments.entering import carry_entries, forget_entries
from engine.enrollments.journey import load_version
from engine.enrollments.signal import Signal
from engine.outbox import queue
from engine.outbox.delivery import Delivery, DeliveryKey
from engine.people.member_pace import join_paces
from engine.people.wish import join_wishes

#: The end reason of an enrollment whose member proved to be somebody who is, or was, on the journey too.
MERGED = "merged"
ERASED = "erased"
#: Outcomes of visits that said something.
_SAID = ("sent", "asked")
#: How often those are looked for again whom a tick moved at this very moment.
_MOST_LOOKS = 5


class Joined(NamedTuple):
    """How many enrollments are the kept member's now, and how many ended because of it."""

    carried: int
    ended: int


class _Life(NamedTuple):
    """One enrollment, where it stands (None: it has ended), and what its visits have said, by their due time."""

    row: Enrollment
    here: Standing | None
    said: tuple[datetime, ...]


def join_enrollments(session: Session, kept_id: int, gone_id: int, now: datetime, by_id: int | None = None) -> Joined:
    """Whatever `gone_id` had of journeys is `kept_id`'s: the same person, known by two records until now.

    Where both are on a journey, whoever has heard more goes on and the other's ends; where one has been through it and
    it may not begin again yet, the other's ends too. What still waits in the outbox goes with its enrollment, or is
    refused with the reason. Raises Invalid for one and the same member.
    """
    if kept_id == gone_id:
        raise Invalid("These are one record already.")
    one_member_at_a_time(session, (kept_id, gone_id))
    lives: dict[int, list[_Life]] = defaultdict(list)
    for life in _lives(session, (kept_id, gone_id)):
        lives[life.row.journey_id].append(life)
    ended = [life for each in lives.values() for life in _too_many(session, each, kept_id, now)]
    ids = [life.row.id for life in ended]
    end(session, [life.here for life in ended if life.here is not None], MERGED, now)
    _close(session, [life.row.member_id for life in ended], ids, now)
    _refuse(session, ended, now)
    carried = [life for each in lives.values() for life in each if life.row.member_id == gone_id]
    _carry(session, carried, kept_id, gone_id)
    carry_entries(session, kept_id, gone_id)
    join_paces(session, kept_id, gone_id, now)
    join_wishes(session, kept_id, gone_id)
    record(
        session, by_id, "journeys_joined", "member", kept_id, now, gone=gone_id, carried=len(carried), ended=len(ended)
    )
    return Joined(len(carried), len(ended))


def end_for_erased(session: Session, member_id: int, now: datetime) -> int:
    """Nothing of any journey goes on for the member; how many enrollments that ended.

    What waits for them in the outbox is refused by the gate, which knows who asked to be forgotten.
    """
    live = [life for life in _lives(session, (member_id,)) if life.here is not None]
    end(session, [life.here for life in live if life.here is not None], ERASED, now)
    _close(session, [member_id], [life.row.id for life in live], now)
    forget_entries(session, member_id)
    return len(live)


def _lives(session: Session, member_ids: Sequence[int]) -> list[_Life]:
    rows = list(session.scalars(select(Enrollment).where(Enrollment.member_id.in_(member_ids)).order_by(Enrollment.id)))
    live = [row.id for row in rows if row.ended_at is None]
    places: dict[int, Standing] = {}
    for _ in range(_MOST_LOOKS):
        # A row that a tick moved while we waited for its lock stands at its new place now.
        places |= standing(session, [id_ for id_ in live if id_ not in places], lock=True)
        if len(places) == len(live):
            break
    said = _said(session, [row.id for row in rows])
    return [_Life(row, places.get(row.id), tuple(said.get(row.id, ()))) for row in rows]


def _said(session: Session, enrollment_ids: Sequence[int]) -> dict[int, list[datetime]]:
    said: dict[int, list[datetime]] = defaultdict(list)
    query = visits_of(session, enrollment_ids, Visit.enrollment_id, Visit.visit_at).where(Visit.outcome.in_(_SAID))
    for enrollment_id, at in session.execute(query):
        said[enrollment_id].append(at)
    return said


def _too_many(session: Session, lives: Sequence[_Life], kept_id: int, now: datetime) -> list[_Life]:
    """Those of one person's lives on one journey that must not go on."""
    live = [life for life in lives if life.here is not None]
    if not live:
        return []
    # Whoever has heard most goes on; of two who heard as much, the one whose record is kept.
    first = max(live, key=lambda life: (len(life.said), life.row.member_id == kept_id))
    others = [life for life in live if life is not first]
    others_over = [
        life.row.ended_at
        for life in lives
        if life.row.end_reason == FINISHED and life.row.ended_at and life.row.member_id != first.row.member_id
    ]
    if others_over:
        last, began = max(others_over), first.row.created_at
        re_entry = load_version(session, first.row.version_id).script.re_entry
        if began < last or not may_again(re_entry, len(others_over), last, began):
            return live
    return others


def _carry(session: Session, carried: Sequence[_Life], kept_id: int, gone_id: int) -> None:
    ids = [life.row.id for life in carried]
    if not ids:
        return
    kept = aliased(Question)
    for life in carried:
        life.row.member_id = kept_id
    session.flush()
    due = table_of(Due)
    session.execute(update(due).where(among(session, due.c.enrollment_id, ids)).values(member_id=kept_id))
    # A digit answers one question: of two that waited for one, the kept person's own does.
    session.execute(
        update(Question)
        .where(Question.member_id == gone_id, Question.numbered.is_(True), Question.answered_at.is_(None))
        .where(
            exists().where(
                kept.member_id == kept_id, kept.numbered.is_(True), kept.answered_at.is_(None),
                func.coalesce(kept.our_number, "") == func.coalesce(Question.our_number, ""),
            )
        )
        .values(numbered=False)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    session.execute(
        update(Question)
        .where(Question.member_id == gone_id, Question.subject_kind == "enrollment", Question.subject_id.in_(ids))
        .values(member_id=kept_id)
        .execution_options(synchronize_session=False)
    )
    # What somebody still has to do for them, and how it turned out before, is about the one person now.
    session.execute(
        update(Task)
        .where(Task.member_id == gone_id, Task.enrollment_id.in_(ids))
        .values(member_id=kept_id)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(Signal)
        .where(Signal.member_id == gone_id, Signal.handled_at.is_(None))
        .values(member_id=kept_id)
        .execution_options(synchronize_session=False)
    )
    for delivery in _waiting(session, carried):
        delivery.member_id = kept_id
    session.flush()


def _close(session: Session, member_ids: Sequence[int], enrollment_ids: Sequence[int], now: datetime) -> None:
    """What these enrollments asked is asked no more."""
    if enrollment_ids:
        session.execute(
            update(Question)
            .where(
                Question.member_id.in_(member_ids),
                Question.subject_kind == "enrollment",
                Question.subject_id.in_(enrollment_ids),
                Question.answered_at.is_(None),
                Question.until_at > now,
            )
            .values(until_at=now)
            .execution_options(synchronize_session=False)
        )


def _refuse(session: Session, ended: Sequence[_Life], now: datetime) -> None:
    why = "They were known by two records, and the other one's journey goes on: this would come twice."
    rows = _waiting(session, ended)
    for delivery in rows:
        delivery.state, delivery.state_at, delivery.refusal = "refused", now, why
    queue.remove(session, rows)
    session.flush()


def _waiting(session: Session, lives: Sequence[_Life]) -> list[Delivery]:
    """The messages of these enrollments that wait in the outbox."""
    keys = {at for life in lives for at in life.said}
    if not keys:
        return []
    ids = select(DeliveryKey.delivery_id).where(
        DeliveryKey.due_at.in_(keys), DeliveryKey.enrollment_id.in_([life.row.id for life in lives])
    )
    query = select(Delivery).where(Delivery.id.in_(ids), Delivery.state == "queued").order_by(Delivery.id)
    return list(session.scalars(query.with_for_update()))
