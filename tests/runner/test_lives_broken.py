"""Every check of a life can fail: one thing of ours is broken, and the check for it says so."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from engine.base.bulk import bulk_insert
from engine.conversations import message
from engine.enrollments import enrolling
from engine.outbox import gate, gate_caps, unsure
from engine.people import member_pace
from engine.runner import apply, tick
from engine.runner.decide import decide
from engine.runner.decision import Decision
from tests.runner.life.beginning import START
from tests.runner.life.checks import Broken, Checker
from tests.runner.life.state import state
from tests.runner.life.world import World


class Life:
    """One world that is looked at after each happening."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.checker = Checker(self.world)

    def __call__(self, name: str, **values: Any) -> None:
        self.world.happens(name, **values)
        self.checker.look()

    def everybody(self, name: str, **values: Any) -> None:
        """It happens to each of them."""
        for who in range(3):
            self(name, who=who, **values)

    def goes_by(self, **span: float) -> None:
        """So much time, and then our work."""
        self("time_passes", **span)
        self("works")


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    """A life that begins on a Monday noon."""
    life = Life(tmp_path)
    yield life
    life.world.close()


Patch = pytest.MonkeyPatch


def without(monkeypatch: Patch, rule: str) -> None:
    """The gate has that rule no more."""
    kept = tuple(each for each in gate.RULES if each.name != rule)
    assert len(kept) < len(gate.RULES)
    monkeypatch.setattr(gate, "RULES", kept)


def crowd(life: Life, rounds: int, between: Callable[[], None] = lambda: None) -> None:
    """Everybody is on the journey that says most, for so many days."""
    life.everybody("enrolls", slug="crowd")
    life("works")
    for _ in range(rounds):
        between()
        life.goes_by(hours=25)


def facts_at_night(life: Life) -> None:
    """At midnight in New York, in the quiet hours, a text of that journey is due."""
    life.goes_by(hours=12)
    life("is_tagged", who=0, tag="ready", told=True)
    life("enrolls", who=0, slug="facts")
    life("works")


def test_a_life_in_which_nothing_is_broken_passes_each_of_these_ways(life: Life) -> None:
    crowd(life, 8, lambda: talk_is_over(life))
    facts_at_night(life)
    life.goes_by(hours=36)
    assert len(life.checker.letters) >= 6


def test_a_text_that_comes_twice_is_noticed(life: Life, monkeypatch: Patch) -> None:
    judge = unsure.judge_unsure

    def forgets(session: Session, asked: Sequence[tuple[Any, Any]], now: Any) -> None:
        judge(session, [(delivery, []) for delivery, _ in asked], now)

    monkeypatch.setattr(unsure, "judge_unsure", forgets)
    life("is_in_a_mood", who=0, channel="sms", mood="takes it without a word")
    life("is_tagged", who=0, tag="ready", told=True)
    life("enrolls", who=0, slug="facts")
    with pytest.raises(Broken, match="doubled"):
        for _ in range(5):
            life.goes_by(minutes=11)


def test_a_message_after_a_stop_is_noticed(life: Life, monkeypatch: Patch) -> None:
    without(monkeypatch, "consent")
    life("joins", who=0)
    life("works")
    life("stops", who=0, channel="email", scope="all")
    with pytest.raises(Broken, match="after_stop"):
        life.goes_by(days=2, hours=1)


def test_a_text_at_the_wrong_hour_is_noticed(life: Life, monkeypatch: Patch) -> None:
    without(monkeypatch, "window")
    with pytest.raises(Broken, match="outside_hours"):
        facts_at_night(life)


def test_a_letter_over_the_weekly_cap_is_noticed(life: Life, monkeypatch: Patch) -> None:
    without(monkeypatch, "cap")
    with pytest.raises(Broken, match="over_cap"):
        crowd(life, 8, lambda: talk_is_over(life))


def test_an_ask_over_the_budget_is_noticed(life: Life, monkeypatch: Patch) -> None:
    monkeypatch.setattr(gate_caps, "MONTH", timedelta(0))
    with pytest.raises(Broken, match="over_budget"):
        for _ in range(4):
            crowd(life, 10, lambda: talk_is_over(life))


def test_a_second_ask_without_a_word_between_is_noticed(life: Life, monkeypatch: Patch) -> None:
    without(monkeypatch, "asks")
    with pytest.raises(Broken, match="asked_twice"):
        crowd(life, 8)


def test_a_letter_into_an_open_talk_is_noticed(life: Life, monkeypatch: Patch) -> None:
    monkeypatch.setattr(message, "UNTIL_ANSWERED", START)
    life("joins", who=0)
    life("works")
    life("writes", who=0)
    with pytest.raises(Broken, match="talked_over"):
        life.goes_by(days=1, hours=1)
        life.goes_by(days=1)


def test_a_letter_against_a_wish_is_noticed(life: Life, monkeypatch: Patch) -> None:
    monkeypatch.setattr(member_pace, "PAUSED_FOR", timedelta(0))
    life("asks_for", who=0, wish="pause")
    life("joins", who=0)
    with pytest.raises(Broken, match="against_a_wish"):
        life("works")


def test_a_message_of_a_paused_journey_is_noticed(life: Life, monkeypatch: Patch) -> None:
    without(monkeypatch, "pause")
    facts_at_night(life)
    life("rests", slug="facts")
    with pytest.raises(Broken, match="of_a_paused_journey"):
        life.goes_by(hours=13)


def test_a_mail_to_a_dead_address_is_noticed(life: Life, monkeypatch: Patch) -> None:
    without(monkeypatch, "address")
    life("joins", who=0)
    life("works")
    life("bounces_back", who=0)
    with pytest.raises(Broken, match="to_a_dead_address"):
        life.goes_by(days=2, hours=1)


def test_who_is_due_nowhere_is_noticed(life: Life, monkeypatch: Patch) -> None:
    insert = bulk_insert

    def loses(session: Session, table: Any, *rest: Any) -> None:
        if table.name != "due":
            insert(session, table, *rest)

    monkeypatch.setattr(apply, "bulk_insert", loses)
    life("joins", who=0)
    with pytest.raises(Broken, match="stuck"):
        life("works")


def test_a_step_that_is_due_and_not_settled_is_noticed(life: Life, monkeypatch: Patch) -> None:
    monkeypatch.setattr(tick, "claim", lambda *_: [])
    life("joins", who=0)
    with pytest.raises(Broken, match="stuck"):
        life("works")


def test_a_member_who_is_on_a_journey_twice_is_noticed(life: Life, monkeypatch: Patch) -> None:
    monkeypatch.setattr(enrolling, "_may_begin", lambda _, member_ids, *__: list(member_ids))
    with life.world.db.write() as session:
        session.connection().exec_driver_sql("DROP INDEX uq_enrollment_live")
    life("joins", who=0)
    life("works")
    life("joins", who=0)
    with pytest.raises(Broken, match="lives_twice"):
        life("works")


def test_a_step_to_where_no_way_leads_is_noticed(life: Life, monkeypatch: Patch) -> None:
    def astray(*about: Any) -> Decision:
        decision = decide(*about)
        return decision._replace(step=0) if decision.outcome == "silent" else decision

    monkeypatch.setattr(tick, "decide", astray)
    life("joins", who=0)
    life("works")
    with pytest.raises(Broken, match="history"):
        life.goes_by(days=2, hours=1)


def test_a_death_that_leaves_a_trace_is_noticed(life: Life, monkeypatch: Patch, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    again = Life(tmp_path / "again")
    again.world.mortal = False
    for each in (life, again):
        each("joins", who=0)
        each("works", dies_after=12)
    assert state(life.world) == state(again.world)
    # Whoever goes on an hour later comes to something else.
    for each in (life, again):
        each("time_passes", days=3)
    life("time_passes", hours=1)
    for each in (life, again):
        each("works")
    assert state(life.world) != state(again.world)
    again.world.close()


def talk_is_over(life: Life) -> None:
    """Everybody writes, and is answered."""
    life.everybody("writes")
    life.everybody("is_over")
