"""The runner's jobs: journeys move when something is due or something was heard."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.broker import Broker
from engine.base.services import Services
from engine.base.sweep import Sweep
from engine.enrollments.enrollment import Due
from engine.enrollments.pause import unjudged
from engine.enrollments.signal import Signal
from engine.runner.enter import enter, needs_entering
from engine.runner.overdue import LIMIT as TASKS
from engine.runner.overdue import needs_tending, tend_tasks
from engine.runner.pausing import judge
from engine.runner.signals import LIMIT as FACTS
from engine.runner.signals import handle_signals
from engine.runner.tick import LIMIT as STEPS
from engine.runner.tick import NEARLY, tick_from

#: Batches one job works through before it lets others have the worker; it wakes itself for the rest.
MOST_BATCHES = 100


def register(broker: Broker, services: Services) -> None:
    """This process moves journeys on and hears what happened."""

    def move_on(_row_id: int | None) -> None:
        floor: datetime | None = None
        alone = broker.is_shared
        for _ in range(MOST_BATCHES):
            ticked = tick_from(services, floor)
            if (not ticked.settled and floor is None) or broker.is_stopping:
                return
            if alone and ticked.settled >= STEPS:
                broker.wake("runner.tick")  # more is due than one batch holds: another worker helps
                alone = False
            floor = ticked.floor
        broker.wake("runner.tick")

    def hear(_row_id: int | None) -> None:
        for _ in range(MOST_BATCHES):
            if handle_signals(services) < FACTS or broker.is_stopping:
                return
        broker.wake("runner.signals")

    def resume(_row_id: int | None) -> None:
        with services.db.read() as session:
            over = unjudged(session)
        for pause_id in over:
            judge(services.db, pause_id, services.clock.now())

    def tend(_row_id: int | None) -> None:
        while tend_tasks(services) >= TASKS and not broker.is_stopping:
            pass

    def let_in(_row_id: int | None) -> None:
        enter(services, stops=lambda: broker.is_stopping)

    broker.register("runner.enter", let_in)
    broker.register("runner.tasks", tend)
    broker.register("runner.tick", move_on)
    broker.register("runner.signals", hear)
    broker.register("runner.resume", resume)


def _due(session: Session, now: datetime) -> list[int | None]:
    found = session.scalar(select(Due.enrollment_id).where(Due.due_at <= now + NEARLY).order_by(Due.due_at).limit(1))
    return [] if found is None else [None]


def _heard(session: Session, _now: datetime) -> list[int | None]:
    found = session.scalar(select(Signal.id).where(Signal.handled_at.is_(None)).limit(1))
    return [] if found is None else [None]


def _resumed(session: Session, _now: datetime) -> list[int | None]:
    return [None] if unjudged(session) else []


def _lying(session: Session, now: datetime) -> list[int | None]:
    return [None] if needs_tending(session, now) else []


def _waiting(session: Session, now: datetime) -> list[int | None]:
    return [None] if needs_entering(session, now) else []


SWEEPS = (
    Sweep("runner.tick", _due, timedelta(seconds=5)),
    Sweep("runner.signals", _heard, timedelta(seconds=5)),
    Sweep("runner.enter", _waiting, timedelta(seconds=5)),
    Sweep("runner.resume", _resumed, timedelta(seconds=10)),
    Sweep("runner.tasks", _lying, timedelta(seconds=60)),
)
