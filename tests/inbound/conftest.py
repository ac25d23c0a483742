"""What the doors' tests stand on: a real database file, a broker that notes its wakes, and doors on free ports."""

import os
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
from engine.base.settings import Doors, Mail, Settings
from engine.migrations import migrate
from inbound.mail.door import MailDoor
from inbound.receive import ROUTE, Acceptor

DOMAIN = "nfp.example"


@dataclass
class House:
    """One installation with its mail doors open."""

    path: Path
    db: Database
    acceptor: Acceptor
    door: MailDoor
    broker: Broker
    woken: list[int | None] = field(default_factory=list)

    @property
    def smtp(self) -> tuple[str, int]:
        """Where the SMTP door listens."""
        assert self.door.smtp_port is not None
        return "127.0.0.1", self.door.smtp_port

    @property
    def lmtp(self) -> tuple[str, int]:
        """Where the LMTP door listens."""
        assert self.door.lmtp_port is not None
        return "127.0.0.1", self.door.lmtp_port

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
def a_house(folder: Path, **doors: Any) -> Iterator[House]:
    """An installation in `folder`, its doors open until the block ends."""
    path = folder / "hearthline.db"
    db = Database(f"sqlite:///{path}")
    migrate.upgrade(db)
    settings = Settings(
        data_dir=folder,
        mail=Mail(domain=DOMAIN),
        doors=Doors(**{"smtp_port": 0, "lmtp_port": 0} | doors),
    )
    broker = Broker()
    acceptor = Acceptor(db, SystemClock(), broker)
    house = House(path, db, acceptor, MailDoor(settings, acceptor), broker)
    broker.register(ROUTE, house.woken.append)
    broker.start()
    acceptor.start()
    house.door.start()
    try:
        yield house
    finally:
        house.door.stop(grace_seconds=1)
        acceptor.stop()
        broker.stop()
        db.close()
        if folder.exists():
            os.chmod(folder, 0o700)


@pytest.fixture
def house(new_house: Callable[..., House]) -> House:
    """One installation with its mail doors open."""
    return new_house()
