"""An hour that very many wait for is shared out; nobody leaves the window for it, and nobody hears twice."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.enrollments import spread
from engine.enrollments.enrolling import enroll_many
from engine.enrollments.enrollment import Due
from engine.enrollments.journey import JourneyVersion
from engine.enrollments.spread import spread_for
from engine.outbox.delivery import Delivery, DeliveryKey
from tests.runner.conftest import Town

NINE = """
slug: nine
title: At nine
purpose: To write at nine.
triggers: [by_hand]
RULE
steps:
  - {id: morning, do: wait, until: {hour: "HOUR"}}
  - {id: hello, do: email, template: t/hello, speaks: give, signed_by: desk}
"""


def at_nine(town: Town, people: int, rule: str = "", hour: str = "09:00") -> tuple[JourneyVersion, list[int]]:
    version = town.publish(NINE.replace("RULE", rule).replace("HOUR", hour))
    members = [town.member(zone="America/New_York") for _ in range(people)]
    with town.services.db.write() as session:
        enroll_many(session, members, version, "by_hand", town.now)
    town.run()
    return version, members


def due(town: Town) -> dict[int, timedelta]:
    """How long after noon in New York each member is due."""
    with town.services.db.read() as session:
        return {row.member_id: row.due_at - town.now for row in session.scalars(select(Due))}


def test_many_who_wait_for_nine_come_one_after_the_other_each_at_their_own_moment(town: Town) -> None:
    _, members = at_nine(town, 40, "spread: PT20M")
    first = due(town)
    nine = timedelta(hours=21)
    assert all(nine <= at < nine + timedelta(minutes=20) for at in first.values())
    assert len(set(first.values())) > 30
    town.pass_time(days=1)
    # The key of what is sent is the moment that was theirs, and there is one for each.
    with town.services.db.read() as session:
        sent = session.scalars(select(Delivery)).all()
        assert {each.member_id for each in sent} == set(members)
        assert len(sent) == 40 == len(session.scalars(select(DeliveryKey)).all())
        times = [each.visit_at for each in sent if each.visit_at is not None]
    assert max(times) - min(times) > timedelta(minutes=10)


def test_nobody_leaves_the_window_for_it(town: Town) -> None:
    at_nine(town, 40, "spread: PT20M", hour="19:55")
    closes = timedelta(hours=8)
    assert all(timedelta(hours=7, minutes=55) <= at < closes for at in due(town).values())


def test_a_small_group_is_not_spread_and_a_large_one_by_how_many_they_are(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, _ = at_nine(town, 10)
    assert set(due(town).values()) == {timedelta(hours=21)}
    monkeypatch.setattr(spread, "MANY", 20)
    with town.services.db.read() as session:
        assert spread_for(session, version.journey_id) == timedelta(minutes=10)
