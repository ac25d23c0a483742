"""A simulation by the real runner, gate and couriers; and that its observer would see each promise broken."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from engine.base.db import table_of
from engine.base.ids import new_id
from engine.enrollments.enrollment import Due
from engine.outbox import gate
from engine.outbox.classes import rank_of
from engine.outbox.delivery import Delivery, DeliveryKey, OutboxDue
from engine.outbox.journey_letters import journey_letters
from engine.runner import facts
from engine.runner.simulate import observer, run, town, world
from engine.runner.simulate import people as crowd
from engine.runner.simulate.observer import BROKEN
from engine.runner.simulate.people import people
from engine.runner.simulate.world import World
from journeys.steps import STEP_KINDS
from tests.cli.shell import ROOT

LIBRARY = sorted((ROOT / "journeys" / "library").glob("*.yaml"))

Live = Callable[..., dict[str, Any]]


def without(monkeypatch: pytest.MonkeyPatch, *rules: str) -> None:
    """The gate has these rules no more."""
    kept = tuple(rule for rule in gate.RULES if rule.name not in rules)
    assert len(kept) == len(gate.RULES) - len(rules)
    monkeypatch.setattr(gate, "RULES", kept)


def test_nothing_is_broken_and_the_same_seed_gives_the_same_lives(lived: Live) -> None:
    first, again, other = lived(seed=3), lived(seed=3), lived(members=8, seed=4)
    assert first["broken"] == dict.fromkeys(BROKEN, 0) == other["broken"]
    first.pop("seconds"), again.pop("seconds"), other.pop("seconds")
    assert first == again
    assert first["per_day"] != other["per_day"]


@pytest.mark.long
def test_people_answer_write_and_are_answered_and_tasks_are_done_or_left(lived: Live) -> None:
    found = lived(members=60, days=10)
    said = {what: sum(day[what] for day in found["per_day"]) for what in found["per_day"][0]}
    assert all(said[what] > 0 for what in ("letters", "texts", "answers", "words", "from_people")), said
    outcomes = {outcome for steps in found["steps"].values() for step in steps.values() for outcome in step}
    assert {"asked", "sent", "silent", "held", "handed_off", "finished"} <= outcomes
    assert any(outcome.startswith("answered:") for outcome in outcomes)
    assert 0 < found["hand_offs"]["done"] < found["hand_offs"]["asked"]
    assert found["stages"]["belonging"]["curious"] == 60


def test_a_gate_without_its_rules_is_seen_by_an_observer_who_does_not_ask_it(
    lived: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "window", "cap", "asks")
    broken = lived()["broken"]
    assert broken["outside_hours"] and broken["over_cap"] and broken["over_budget"], broken
    assert not broken["after_stop"] and not broken["talked_over"] and not broken["doubled"], broken


def test_a_gate_that_does_not_look_for_a_stop_is_seen(lived: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "consent", "phone")
    # The runner would end their journeys; here it does not hear of it either. And everybody stops at once.
    monkeypatch.setattr("engine.runner.signals._unreachable", lambda _session, _members: set())
    monkeypatch.setattr(run, "people", lambda *dealt: [replace(each, stops_after=1) for each in people(*dealt)])
    assert lived()["broken"]["after_stop"] > 0


def test_a_runner_and_a_gate_that_talk_into_an_open_conversation_are_seen(
    lived: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "hold")
    monkeypatch.setattr(facts, "held_members", lambda _session, _members, _now: {})
    assert lived(members=30)["broken"]["talked_over"] > 0


def test_a_delivery_that_leaves_a_second_time_is_seen(lived: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    act = World.act

    def act_and_doctor(self: World, session: Session, now: Any) -> None:
        act(self, session, now)
        row = session.scalar(select(Delivery).where(Delivery.state == "sent", Delivery.channel == "email").limit(1))
        if row is not None and row.error_code is None:
            row.state, row.error_code = "queued", "doctored"
            session.execute(
                insert(table_of(OutboxDue)),
                {"rank": rank_of(row.message_class, row.channel), "send_at": row.send_at, "delivery_id": row.id},
            )

    monkeypatch.setattr(World, "act", act_and_doctor)
    without(monkeypatch, "cap")
    assert lived()["broken"]["doubled"] > 0


def test_a_second_message_for_one_visit_is_seen(lived: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key that forbids it is taken away, and the same visit is posted twice."""
    once = journey_letters

    def twice(session: Session, letters: Any, now: Any) -> None:
        once(session, letters, now)
        session.execute(delete(DeliveryKey))
        once(session, [letter._replace(delivery_id=new_id()) for letter in letters], now)

    monkeypatch.setattr("engine.runner.apply.journey_letters", twice)
    assert lived(members=12)["broken"]["doubled"] > 0


@pytest.mark.parametrize("doctored", ["gone", "failing", "twice"])
def test_somebody_who_does_not_go_on_is_seen(lived: Live, monkeypatch: pytest.MonkeyPatch, doctored: str) -> None:
    act = World.act

    def act_and_doctor(self: World, session: Session, now: Any) -> None:
        act(self, session, now)
        one = select(Due.enrollment_id).order_by(Due.enrollment_id).limit(1).scalar_subquery()
        if doctored == "gone":
            session.execute(delete(Due).where(Due.enrollment_id == one))
        elif doctored == "failing":
            session.execute(update(Due).where(Due.enrollment_id == one, Due.tries == 0).values(tries=5))
        else:
            session.execute(update(OutboxDue).values(leased_until_at=now.replace(year=2200)))

    monkeypatch.setattr(World, "act", act_and_doctor)
    assert lived(members=12)["broken"]["stuck"] > 0


@pytest.mark.long
def test_the_library_breaks_nothing(lived: Live) -> None:
    found = lived(*(file.read_text("utf-8") for file in LIBRARY), members=20, days=12)
    assert len(found["steps"]) == len(LIBRARY) >= 5
    assert found["broken"] == dict.fromkeys(BROKEN, 0)


@pytest.mark.long
def test_the_library_breaks_nothing_in_four_months_of_two_thousand_people(lived: Live) -> None:
    found = lived(*(file.read_text("utf-8") for file in LIBRARY), members=2_000, days=120, seed=7)
    assert found["broken"] == dict.fromkeys(BROKEN, 0)
    assert all(found["steps"].values())


def test_every_kind_of_step_is_lived_through_by_what_it_is_and_not_by_its_name() -> None:
    """Nothing of the simulation names a kind but the one that asks, so that a new kind is lived through as it is."""
    named = {cls.__name__ for cls in STEP_KINDS}
    used = {name for module in (observer, crowd, run, town, world) for name in named if name in vars(module)}
    assert used <= {"Ask"}, used
