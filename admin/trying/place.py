"""A place to try journeys in: a database that is thrown away, channels that lead nowhere, and time that is moved."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event

import engine.tables  # noqa: F401  (every table is known before the first query)
from engine.base.broker import Broker
from engine.base.db import Database
from engine.base.services import Services
from engine.base.setting_groups.mail import Mail
from engine.base.setting_groups.organization import Organization
from engine.base.setting_groups.texting import Texting
from engine.base.settings import Settings
from engine.base.tokens import TokenRing
from engine.enrollments.journey import Published, load_version
from engine.runner.simulate.outside import Arrivals, MailOutside, TextOutside, VirtualClock

#: A Monday in early spring: the clocks of the United States change a week later, Europe's four weeks later.
START = datetime(2027, 3, 8, 14, 0, tzinfo=UTC)
#: Ours in the play; 555 01 belongs to nobody.
_NUMBERS = [f"+1404555010{digit}" for digit in range(4)]


@dataclass(frozen=True, slots=True)
class Place:
    """Everything below the edges, with the two things that a test of journeys holds in its hand."""

    services: Services
    clock: VirtualClock
    arrivals: Arrivals


def settings_of(folder: Path, organization: str = "Neighbors for Progress") -> Settings:
    """The settings that journeys are tried with: the limits and hours an organization begins with."""
    return Settings(
        data_dir=folder,
        log_level="ERROR",
        organization=Organization(name=organization, postal_address="12 Porch Lane, Decatur GA 30030"),
        mail=Mail(domain="nfp.example", connections=1),
        sms=Texting(
            account_sid="AC0", numbers=_NUMBERS, per_second=10_000.0, look_ups=False,
        ),
    )  # fmt: skip


@contextmanager
def a_place(start: datetime = START) -> Iterator[Place]:
    """A place of its own, gone again afterwards. Nothing in it survives a power cut, nor needs to."""
    from engine.base.log import set_up
    from engine.migrations import migrate

    with tempfile.TemporaryDirectory(prefix="hearthline-trying-") as folder:
        settings = settings_of(Path(folder))
        set_up(level="ERROR", json=False, secrets=settings.secrets())
        db = Database(settings.database)
        event.listen(db.engine, "connect", _throw_away)
        clock, tokens = VirtualClock(start), TokenRing({1: b"a key for what is thrown away...."})
        arrivals = Arrivals(clock)
        mail, texts = MailOutside(arrivals, tokens), TextOutside(arrivals, tokens)
        try:
            migrate.upgrade(db)
            yield Place(Services(settings, clock, db, Broker(), tokens, mail, texts), clock, arrivals)
        finally:
            db.close()


def _throw_away(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.execute("PRAGMA wal_autocheckpoint=20000")
    cursor.execute("PRAGMA cache_size=-131072")
    cursor.close()


def publish(place: Place, files: Sequence[tuple[str, Any]], catalog: Any) -> list[Published]:
    """These journeys (source, and as read) are published there with their letters."""
    from admin.publishing import publish_checked
    from engine.content.template import publish_library
    from templates.catalog import our_library

    now = place.clock.now()
    with place.services.db.write() as session:
        publish_library(session, our_library(), now)
        ids = [publish_checked(session, source, script, catalog, now).version_id for source, script in files]
    with place.services.db.read() as session:
        return [load_version(session, version_id) for version_id in ids]
