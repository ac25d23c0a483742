"""Hand-off: the tasks that a batch of steps gives, each with the person who does it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, assert_never

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from engine.base.ids import new_ids
from engine.chapters.membership import ANSWERING_ROLES, Role
from engine.conversations.scope import SEES_ALL
from engine.conversations.task import HANDED_ON, OUTCOMES, Task
from engine.enrollments.enrollment import Standing
from engine.people.address import Address
from engine.runner.facts import NOBODY, Person
from journeys.steps import HandOff, Note, Overdue, ToPerson, ToRole
from journeys.vocabulary import HandTo

#: Roles whose holders find tasks on their list.
DO_TASKS = frozenset({*ANSWERING_ROLES, *SEES_ALL})


class Handed(NamedTuple):
    """One member at a step that gives a task."""

    here: Standing
    step: HandOff


def tasks_of(
    session: Session, handed: Sequence[Handed], people: dict[int, Person], now: datetime
) -> list[dict[str, Any]]:
    """A row of Task for each, given to somebody who can see it; to nobody (the desk) where nobody else is there."""
    if not handed:
        return []
    doers = _Doers(session, handed, people)
    return [
        _row(id_, each, doers.for_(each), people.get(each.here.member_id, NOBODY).chapter_id, now)
        for id_, each in zip(new_ids(len(handed)), handed, strict=True)
    ]


def _row(id_: int, each: Handed, doer: int | None, chapter_id: int | None, now: datetime) -> dict[str, Any]:
    here, step = each
    due_at = now + step.due
    later = _handed_on(step.overdue)
    detail: dict[str, Any] = {"step": step.id}
    if step.outcomes:
        detail[OUTCOMES] = [
            {
                "name": outcome.name,
                "label": [list(pair) for pair in outcome.label],
                "note": outcome.note is Note.REQUIRED,
            }
            for outcome in step.outcomes
        ]
    if later:
        detail[HANDED_ON] = later
    return {
        "id": id_,
        "created_at": now,
        "title": step.title,
        "script": step.script,
        "member_id": here.member_id,
        "chapter_id": None if step.to is HandTo.DESK else chapter_id,
        "assignee_id": doer,
        "enrollment_id": here.enrollment_id,
        "due_at": due_at,
        "outcome": "",
        "detail": detail,
        "step": step.id,
        "choice": None,
        "hand_on_at": due_at + timedelta(seconds=later[0][0]) if later else None,
        "withdrawn": "",
    }


def _handed_on(overdue: Overdue | None) -> list[list[Any]]:
    if overdue is None:
        return []
    spans = [(overdue.steward, "steward"), (overdue.desk, "desk")]
    return sorted([int(span.total_seconds()), to] for span, to in spans if span is not None)


class _Doers:
    """Who can be given a task, loaded for a whole batch in at most three queries."""

    def __init__(self, session: Session, handed: Sequence[Handed], people: dict[int, Person]) -> None:
        self._people = people
        chapters = {people[each.here.member_id].chapter_id for each in handed if each.here.member_id in people}
        self._holders = role_holders(session, {chapter for chapter in chapters if chapter is not None})
        organizers = {people[each.here.member_id].organizer_id for each in handed if each.here.member_id in people}
        addresses = {each.step.to.address.lower() for each in handed if isinstance(each.step.to, ToPerson)}
        self._named: dict[str, int] = {}
        if addresses:
            for value, member_id in session.execute(
                select(Address.value, Address.member_id)
                .where(
                    Address.kind == "email",
                    Address.value.in_(addresses),
                    Address.member_id.in_(
                        select(Role.member_id).where(Role.role.in_(DO_TASKS), Role.ended_at.is_(None))
                    ),
                )
                .order_by(Address.id)
            ):
                self._named.setdefault(value, member_id)
        self._answering = who_do_tasks(session, {each for each in organizers if each is not None})

    def for_(self, each: Handed) -> int | None:
        person = self._people.get(each.here.member_id, NOBODY)
        match each.step.to:
            case HandTo.ORGANIZER:
                own = person.organizer_id
                return own if own in self._answering else self._steward(person)
            case HandTo.STEWARD:
                return self._steward(person)
            case HandTo.DESK:
                return None
            case ToPerson(address=address):
                named = self._named.get(address.lower())
                return self._steward(person) if named is None else named
            case ToRole(role=role):
                chapter = person.chapter_id if str(role) in ANSWERING_ROLES else None
                one = self._least_busy(chapter, str(role)) if chapter or str(role) in SEES_ALL else None
                return self._steward(person) if one is None else one
            case _:
                assert_never(each.step.to)

    def _steward(self, person: Person) -> int | None:
        return None if person.chapter_id is None else self._least_busy(person.chapter_id, "steward")

    def _least_busy(self, chapter_id: int | None, role: str) -> int | None:
        holders = self._holders.get((chapter_id, role))
        if not holders:
            return None
        one = min(holders, key=lambda holder: holder.open)
        one.open += 1  # the next of this batch goes to somebody else
        return one.member_id


class Holder:
    """Somebody with a role, and how many tasks are open for them."""

    def __init__(self, member_id: int, open_: int) -> None:
        self.member_id = member_id
        self.open = open_


def role_holders(session: Session, chapters: Collection[int]) -> dict[tuple[int | None, str], list[Holder]]:
    """Who has each role in these chapters, and who for the whole organization; the longest-serving first."""
    open_now = (
        select(func.count())
        .where(Task.assignee_id == Role.member_id, Task.done_at.is_(None))
        .correlate(Role)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Role.chapter_id, Role.role, Role.member_id, open_now)
        .where(
            Role.ended_at.is_(None),
            or_(
                and_(Role.chapter_id.in_(chapters), Role.role.in_(ANSWERING_ROLES)),
                and_(Role.chapter_id.is_(None), Role.role.in_(SEES_ALL)),
            ),
        )
        .order_by(Role.id)
    )
    holders: dict[tuple[int | None, str], list[Holder]] = defaultdict(list)
    everybody: dict[int, Holder] = {}
    for chapter_id, role, member_id, open_ in rows:
        holders[chapter_id, role].append(everybody.setdefault(member_id, Holder(member_id, open_)))
    return holders


def who_do_tasks(session: Session, member_ids: Iterable[int]) -> set[int]:
    """Which of these people have a role that brings tasks to them."""
    wanted = set(member_ids)
    if not wanted:
        return set()
    return set(
        session.scalars(
            select(Role.member_id).where(Role.member_id.in_(wanted), Role.role.in_(DO_TASKS), Role.ended_at.is_(None))
        )
    )
