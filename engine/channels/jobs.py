"""The channels' work in the background: looking whether the records of our keys are in the DNS."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from engine.base.broker import Broker
from engine.base.services import Services
from engine.base.settings import Settings
from engine.base.sweep import Sweep
from engine.channels import dkim_keys
from engine.channels.names import Cache, Names

LOOK = "dkim.look"


def may_ask(settings: Settings) -> bool:
    """Whether the DNS may be asked: a sandbox asks nobody but a resolver on this machine."""
    return not settings.sandbox.enabled or settings.mail.asks_this_machine


def look_at_keys(services: Services, *, every: bool = False) -> list[dkim_keys.DkimKey]:
    """The records of our keys were asked for, and what was seen is noted; returns the keys that began to sign.

    `every`: those too that were looked at a moment ago.
    """
    settings, now = services.settings, services.clock.now()
    if not may_ask(settings):
        return []
    with services.db.read() as session:
        rows = dkim_keys.keys_of(session) if every else dkim_keys.to_look_at(session, now)
    # Asked afresh: an operator who has just mended a record is not to be told what stood there before.
    names = Names(settings.mail.resolver_address, settings.mail.dns_seconds, Cache())
    looks = {row.id: dkim_keys.look(names, row) for row in rows if row.retired_at is None}
    with services.db.write() as session:
        began = dkim_keys.note(session, looks, now)
        dkim_keys.retire_due(session, now)
    return began


def register(broker: Broker, services: Services) -> None:
    """The jobs of SWEEPS are known."""

    def look(_row_id: int | None) -> None:
        look_at_keys(services)

    broker.register(LOOK, look)


def _due(session: Session, now: datetime) -> list[int | None]:
    return [None] if dkim_keys.to_look_at(session, now) or dkim_keys.any_to_retire(session, now) else []


#: It asks the world outside, so a sandbox's clock waits for none.
SWEEPS = (Sweep(LOOK, _due, timedelta(minutes=1), asks_outside=True),)
