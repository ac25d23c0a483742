"""How fast our numbers speak: never faster than they may, over all couriers, on SQLite and on PostgreSQL."""

import random
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from engine.base.clock import SystemClock
from engine.base.db import Database
from engine.outbox import breaker, pace
from engine.outbox.line import Breaker
from engine.outbox.pace import HORIZON, LATEST, ON_THE_WAY, Turn, Wish

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
OURS, OTHER = "+14045550100", "+14045550101"
SECOND = timedelta(seconds=1)


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest) -> Iterator[Database]:
    yield request.getfixturevalue("db" if request.param == "sqlite" else "postgres_db")


class Standing:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOW


def reserve(db: Database, *wishes: Wish, per_second: float = 1.0, now: datetime = NOW) -> dict[int, Turn]:
    with db.write() as session:
        return pace.reserve(session, wishes, per_second, now)


def most_in_a_second(moments: list[float]) -> int:
    """How many of these moments lie in the fullest second there is."""
    moments = sorted(moments)
    return max(sum(1 for other in moments if each <= other < each + 1.0) for each in moments)


def test_a_number_gives_moments_for_a_short_while_ahead_and_then_says_when_to_ask_again(db: Database) -> None:
    turns = reserve(db, *(Wish(key, OURS, 1) for key in range(4)))
    assert [turn.granted for turn in turns.values()] == [True, True, False, False]
    assert turns[1].at - turns[0].at == pace.spacing(1.0) > SECOND
    assert turns[2].at > NOW + HORIZON


def test_each_number_has_a_pace_of_its_own_and_a_longer_text_takes_more_of_it(db: Database) -> None:
    turns = reserve(db, Wish(1, OURS, 3), Wish(2, OTHER, 1), Wish(3, OURS, 1))
    assert turns[1].at == turns[2].at
    assert not turns[3].granted and turns[3].at - turns[1].at == 3 * pace.spacing(1.0)


def test_what_may_wait_queues_behind_one_another_and_an_answer_passes_it(db: Database) -> None:
    many = reserve(db, *(Wish(key, OURS, 1, may_wait=True) for key in range(10)))
    later = sorted(turn.at for turn in many.values() if not turn.granted)
    assert all(second - first == pace.spacing(1.0) for first, second in pairwise(later))
    when = NOW + 3 * SECOND
    answer = reserve(db, Wish(99, OURS, 1), now=when)[99]
    assert answer.granted and answer.at < later[1]


def test_a_slowed_number_keeps_to_a_quarter_for_an_hour(db: Database) -> None:
    with db.write() as session:
        pace.slow_down(session, OURS, NOW)
    turns = reserve(db, Wish(1, OURS, 1), Wish(2, OURS, 1))
    assert turns[2].at - turns[1].at == pace.spacing(0.25)
    hours = NOW + timedelta(hours=2)
    turns = reserve(db, Wish(3, OURS, 1), Wish(4, OURS, 1), now=hours)
    assert turns[4].at - turns[3].at == pace.spacing(1.0)


@pytest.mark.parametrize("per_second", [1, 3, 10, 100])
def test_even_the_latest_courier_never_makes_a_second_too_full(per_second: int) -> None:
    dice = random.Random(per_second)
    space, late = pace.spacing(per_second).total_seconds(), (LATEST + ON_THE_WAY).total_seconds()
    for _ in range(20):
        moments = [number * space + dice.choice([0.0, late, dice.random() * late]) for number in range(3 * per_second)]
        assert most_in_a_second(moments) <= per_second


def test_a_moment_that_is_past_is_given_up_and_where_time_stands_still_nobody_waits() -> None:
    clock = SystemClock()
    now = clock.now()
    assert not pace.wait_for(now - SECOND, clock)
    assert pace.wait_for(now + timedelta(milliseconds=50), clock) and clock.now() >= now + timedelta(milliseconds=50)
    began = time.monotonic()
    assert pace.wait_for(NOW + timedelta(hours=1), Standing())
    assert time.monotonic() - began < 1.0


def test_several_couriers_together_keep_the_rate(either: Database) -> None:
    per_second, each = 20, 24
    left: list[float] = []
    clock = SystemClock()
    until = time.monotonic() + 120.0

    def courier(number: int) -> None:
        waiting = list(range(each))
        while waiting and time.monotonic() < until:
            wishes = [Wish(number * each + one, OURS, 1) for one in waiting[:6]]
            with either.write() as session:
                turns = pace.reserve(session, wishes, per_second, clock.now())
            for wish in wishes:
                if turns[wish.key].granted and pace.wait_for(turns[wish.key].at, clock):
                    left.append(turns[wish.key].at.timestamp())
                    waiting.remove(wish.key - number * each)
            if not any(turn.granted for turn in turns.values()):
                time.sleep(0.05)

    couriers = [threading.Thread(target=courier, args=(number,)) for number in range(3)]
    for one in couriers:
        one.start()
    for one in couriers:
        one.join(120.0)
    assert len(left) == 3 * each
    # Nobody leaves later after its moment than `LATEST` (above), however late the machine is.
    assert most_in_a_second(sorted(left)) <= per_second


def test_twenty_failures_in_a_minute_open_the_breaker_and_one_success_closes_it(either: Database) -> None:
    with either.write() as session:
        breaker.note(session, [False] * 19, "down", NOW)
        assert breaker.lets_through(session, NOW, 100) == 100
        # A new minute counts from nothing.
        breaker.note(session, [False] * 19, "down", NOW + timedelta(seconds=61))
        assert breaker.lets_through(session, NOW, 100) == 100
        breaker.note(session, [True, False], "down", NOW + timedelta(seconds=62))
    opened = NOW + timedelta(seconds=62)
    with either.write() as session:
        assert breaker.is_shut(session, opened) and breaker.lets_through(session, opened, 100) == 0
        probe = opened + timedelta(seconds=60)
        assert not breaker.is_shut(session, probe)
        assert breaker.lets_through(session, probe, 100) == 1
        assert breaker.lets_through(session, probe, 100) == 0
        breaker.note(session, [False], "down", probe)
        assert breaker.lets_through(session, probe + timedelta(seconds=60), 100) == 1
        breaker.note(session, [True], "", probe + timedelta(seconds=60))
        assert breaker.lets_through(session, probe + timedelta(seconds=60), 100) == 100
        assert breaker.troubles(session) == []


def test_what_carriers_forbid_is_ended_by_a_person_alone(either: Database) -> None:
    with either.write() as session:
        breaker.stop(session, "not registered", NOW)
        breaker.note(session, [True], "", NOW)
        later = NOW + timedelta(days=3)
        assert breaker.is_shut(session, later) and breaker.lets_through(session, later, 100) == 0
        assert breaker.let_go_on(session, 1, later)
        assert breaker.lets_through(session, later, 100) == 100
        assert session.get_one(Breaker, breaker.BRAND).reason == ""
