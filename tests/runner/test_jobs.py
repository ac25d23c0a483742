"""The runner's jobs on a real broker: woken by what is written, and by the sweeps when a wake was lost."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.sweep import Sweep
from engine.enrollments.enrolling import enroll_many
from engine.enrollments.enrollment import Due
from engine.people.member import add_member
from engine.runner.jobs import SWEEPS, register
from engine.runner.scheduler import Scheduler
from tests.runner.conftest import Town
from tests.runner.test_tick import CONVERSE, WALK


@pytest.fixture
def working(town: Town) -> Iterator[Town]:
    """A town whose workers take wakes."""
    broker = town.services.broker
    register(broker, town.services)
    broker.start()
    town.services.db.waker = broker.wake
    yield town
    broker.stop()


def test_a_fact_that_is_written_moves_the_journey_by_itself(working: Town) -> None:
    working.publish(WALK)
    rosa = working.member()
    working.hears("joined", rosa)
    assert working.services.broker.settle()
    assert working.letters(rosa) == [1]
    working.check_places()


def test_a_lost_wake_is_found_by_the_sweep(working: Town) -> None:
    version = working.publish(WALK)
    rosa, ben = working.member(), working.member("Ben")
    working.services.db.waker = None
    enrollment = working.enroll(rosa, version)
    working.hears("joined", ben)
    working.services.db.waker = working.services.broker.wake
    assert working.services.broker.settle()
    assert working.history(enrollment) == []
    scheduler = Scheduler(working.services, SWEEPS)
    assert scheduler.sweep_once() == 2
    assert working.services.broker.settle()
    assert working.letters(rosa) == working.letters(ben) == [1]
    assert scheduler.sweep_once() == 0


def test_a_sweep_that_goes_wrong_takes_no_other_sweeps_turn(working: Town) -> None:
    looked, woken = threading.Event(), threading.Event()

    def breaks(_session: Session, _now: datetime) -> list[int | None]:
        looked.set()
        raise RuntimeError("a row nobody foresaw")

    working.services.broker.register("good.job", lambda _row_id: woken.set())
    every = timedelta(milliseconds=50)
    sweeps = (Sweep("bad.job", breaks, every), Sweep("good.job", lambda _session, _now: [None], every))
    scheduler = Scheduler(working.services, sweeps)
    scheduler.start()
    assert looked.wait(60) and woken.wait(60)
    scheduler.stop()


def test_many_members_are_worked_through_in_batches_with_one_wake_of_the_courier_each(working: Town) -> None:
    sent: list[int | None] = []
    counted = threading.Lock()

    def send(row_id: int | None) -> None:
        with counted:
            sent.append(row_id)

    working.services.broker.register("outbox.send", send)
    version = working.publish(CONVERSE)
    members = [working.member(f"Neighbor {number}") for number in range(3)]
    with working.services.db.write() as session:
        members += [add_member(session, f"Neighbor {number}", working.now).id for number in range(1200)]
    with working.services.db.write() as session:
        assert len(enroll_many(session, members, version, "by_hand", working.now)) == 1203
    assert working.services.broker.settle()
    assert 1 <= len(sent) <= 3
    with working.services.db.read() as session:
        rows = session.execute(select(Due.phase, Due.due_at)).all()
    assert {(phase, due_at - working.now) for phase, due_at in rows} == {(1, timedelta(days=4))}
