"""What the doors' tests stand on: a real database file, a broker that notes its wakes, and doors on free ports."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from engine.base.broker import Broker
from engine.base.clock import SystemClock
from engine.base.db import Database
from engine.base.services import Services
from engine.base.setting_groups.doors import Doors
from engine.base.setting_groups.mail import Mail
from engine.base.setting_groups.organization import Organization
from engine.base.setting_groups.texting import Texting
from engine.base.settings import Settings
from engine.base.tokens import TokenRing
from engine.channels.email import SmtpRelay
from inbound.mail.server import MailDoor
from inbound.receive import ROUTE, Acceptor
from tests.database import database_in

DOMAIN = "nfp.example"


@dataclass
class House:
    """One installation with its mail doors open."""

    path: Path
    db: Database
    acceptor: Acceptor
    door: MailDoor
    local_door: MailDoor
    broker: Broker
    services: Services
    woken: list[int | None] = field(default_factory=list)

    @property
    def smtp(self) -> tuple[str, int]:
        """Where the SMTP door listens."""
        return "127.0.0.1", self.door.port

    @property
    def lmtp(self) -> tuple[str, int]:
        """Where the LMTP door listens."""
        return "127.0.0.1", self.local_door.port

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """What another process would read: a connection of its own, on the file alone."""
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def bodies(self) -> list[bytes]:
        """Every message kept, in order."""
        return [body for (body,) in self.ask("select body from received_bytes order by id")]

    def recipients(self) -> list[str]:
        """Whom every row is for, in order."""
        return [to for (to,) in self.ask("select rcpt_to from received order by id")]


@pytest.fixture
def new_house(tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Opens installations, each in a folder of its own; the doors' settings can be given."""
    with ExitStack() as stack:

        def build(**doors: Any) -> House:
            folder = tmp_path / f"house-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            return stack.enter_context(a_house(folder, **doors))

        yield build


@contextmanager
def a_house(
    folder: Path, *, relay_port: int = 1, sms: Texting | None = None, pages: dict[str, str] | None = None, **doors: Any
) -> Iterator[House]:
    """An installation in `folder`, its doors open until the block ends; its mail would leave by the relay's port."""
    path = folder / "hearthline.db"
    db = database_in(folder)
    settings = Settings(
        data_dir=folder,
        organization=Organization.model_validate({"name": "Neighbors for Progress", **(pages or {})}),
        mail=Mail(domain=DOMAIN, host="127.0.0.1", port=relay_port, security="none"),
        sms=sms or Texting(),
        doors=Doors(**doors),
    )
    broker = Broker()
    db.waker = broker.wake
    clock = SystemClock()
    services = Services(settings, clock, db, broker, TokenRing({1: b"k" * 32}), SmtpRelay(settings.mail))
    acceptor = Acceptor(db, clock, broker)
    door, local_door = MailDoor(services, acceptor, port=0), MailDoor(services, acceptor, port=0, lmtp=True)
    house = House(path, db, acceptor, door, local_door, broker, services)
    broker.register(ROUTE, house.woken.append)
    broker.start()
    acceptor.start()
    door.start()
    local_door.start()
    try:
        yield house
    finally:
        door.stop(grace_seconds=1)
        local_door.stop(grace_seconds=1)
        acceptor.stop()
        broker.stop()
        db.close()


@pytest.fixture
def house(new_house: Callable[..., House]) -> House:
    """One installation with its mail doors open."""
    return new_house()
