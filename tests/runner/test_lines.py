"""Whatever happens in whatever order, a limited journey takes no more than it may and loses nobody."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from engine.base.db import Database
from engine.enrollments.enrollment import Enrollment
from engine.enrollments.entering import WaitingEntry
from engine.enrollments.journey import Journey
from engine.runner.enter import enter
from engine.runner.signals import handle_signals
from tests.database import database_in
from tests.runner.conftest import Town, build
from tests.runner.entering import journey, look, on_it

DAY = timedelta(days=1)
#: So many join, so many hours pass, or the line is looked at.
EVENTS = st.lists(
    st.tuples(st.just("join"), st.integers(1, 4))
    | st.tuples(st.just("hours"), st.integers(1, 30))
    | st.tuples(st.just("look"), st.just(0)),
    max_size=14,
)


@settings(deadline=None, max_examples=15)
@given(events=EVENTS, per_day=st.integers(1, 4), in_all=st.none() | st.integers(1, 8))
def test_no_day_takes_too_many_nobody_is_lost_and_nobody_overtakes(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, int]], per_day: int, in_all: int | None
) -> None:
    folder = tmp_path_factory.mktemp("line")
    db = database_in(folder)
    town = build(folder, db)
    most = f", entries: {in_all}" if in_all else ""
    town.publish(journey(f"triggers: joined, limits: {{entries_per_day: {per_day}{most}}}"))
    came: list[int] = []
    for what, number in events:
        if what == "join":
            came += [joins(town) for _ in range(number)]
            town.run()
        elif what == "hours":
            town.clock.moment += timedelta(hours=number)
        else:
            look(town)
        began, waiting = entered(town)
        assert [member for member, _ in began] + waiting == came
        assert in_all is None or len(began) <= in_all
        for _, at in began:
            assert sum(1 for _, other in began if at <= other < at + DAY) <= per_day
    town.check_places()
    for _ in came:
        town.clock.moment += DAY
        look(town)
    began, waiting = entered(town)
    assert len(began) == min(len(came), in_all or len(came))
    db.close()


@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
def test_workers_side_by_side_let_no_more_in_than_one(tmp_path: Path, new_database: Callable[[Path], Database]) -> None:
    town = build(tmp_path, new_database(tmp_path))
    begins = "triggers: joined, audience: {when: {joined_after: P1D}}"
    town.publish(journey(f"{begins}, limits: {{entries: 20}}"))
    town.publish(journey(f"{begins}, limits: {{entries: 30}}", slug="other"))
    people = [joins(town) for _ in range(120)]

    def work(number: int) -> None:
        for _ in range(10):
            if number % 2:
                enter(town.services)
            else:
                handle_signals(town.services, limit=15)

    with ThreadPoolExecutor(max_workers=4) as workers:
        for done in [workers.submit(work, number) for number in range(4)]:
            done.result(timeout=60)
    look(town)
    assert (len(on_it(town)), len(on_it(town, "other"))) == (20, 30)
    began, waiting = entered(town)
    assert sorted([member for member, _ in began] + waiting) == sorted(people)


def joins(town: Town) -> int:
    """Somebody joined, and journeys will hear of it."""
    member = town.member()
    town.hears("joined", member)
    return member


def entered(town: Town, slug: str = "walk") -> tuple[list[tuple[int, datetime]], list[int]]:
    """Who is on the journey since when, and who waits for it, each in their order."""
    with town.services.db.read() as session:
        journey_id = session.scalars(select(Journey.id).where(Journey.slug == slug)).one()
        began = session.execute(
            select(Enrollment.member_id, Enrollment.created_at)
            .where(Enrollment.journey_id == journey_id)
            .order_by(Enrollment.created_at, Enrollment.id)
        ).all()
        waiting = session.scalars(
            select(WaitingEntry.member_id)
            .where(WaitingEntry.journey_id == journey_id)
            .order_by(WaitingEntry.created_at, WaitingEntry.member_id)
        ).all()
    return [(member, at) for member, at in began], list(waiting)
