"""The work of topics in the background: posts on their way to their chapters, and digests when they are due."""

import time
from datetime import timedelta

from engine.base.broker import Broker
from engine.base.services import Services
from engine.base.sweep import Sweep
from engine.outbox.fan_out import FAN_OUT, due_fan_outs, fan_out
from engine.outbox.jobs import JOB_SECONDS
from engine.outbox.topic_digest import DIGESTS, any_digest_due, send_digests


def register(broker: Broker, services: Services) -> None:
    """The jobs `topics.fan_out` and `topics.digests` are known."""

    def out(message_id: int | None) -> None:
        if message_id is not None and not send_out(services, message_id):
            broker.wake(FAN_OUT, message_id)

    def digests(_row_id: int | None) -> None:
        until = time.monotonic() + JOB_SECONDS
        zone = services.settings.organization.zone
        while not broker.is_stopping:
            with services.db.write() as session:
                settled = send_digests(session, services.clock.now(), home_zone=zone)
            if not settled:
                return
            if time.monotonic() > until:
                broker.wake(DIGESTS)
                return

    broker.register(FAN_OUT, out)
    broker.register(DIGESTS, digests)


def send_out(services: Services, message_id: int, *, seconds: float = JOB_SECONDS) -> bool:
    """The post's deliveries stand in the outbox; False when that was not done within so many seconds."""
    until = time.monotonic() + seconds
    while not services.broker.is_stopping:
        with services.db.write() as session:
            more = fan_out(session, message_id, services.clock.now())
        if not more:
            return True
        if time.monotonic() > until:
            return False
    return True


SWEEPS = (
    Sweep(FAN_OUT, due_fan_outs, timedelta(seconds=10)),
    Sweep(DIGESTS, any_digest_due, timedelta(seconds=30)),
)
