"""A provider on loopback, with two numbers of ours, and a door that listens."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from admin.sandbox.carrier.api import CarrierServer
from admin.sandbox.carrier.carrier import Account, Carrier
from admin.sandbox.carrier.our_door import OurDoor
from admin.sandbox.store import Store
from tests.sandbox.listener import Listener

SID, TOKEN, SERVICE = "AC" + "5a" * 16, "b7" * 16, "MG" + "c3" * 16
OURS, ALSO_OURS, DANA, LANDLINE = "+14045550100", "+14045550101", "+14045550142", "+14045550177"
PUBLIC = "https://texts.nfp.example"
#: Seconds the provider's library waits for an answer.
PATIENCE_OF_CLIENT = 2.0


class Standing:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 15, tzinfo=UTC)

    def now(self) -> datetime:
        """The moment."""
        return self.at

    def passes(self, **much: int) -> None:
        """Time goes by."""
        self.at += timedelta(**much)


@dataclass
class Provider:
    """Everything at once."""

    carrier: Carrier
    server: CarrierServer
    door: Listener
    clock: Standing
    store: Store

    def client(self, token: str = TOKEN) -> Client:
        """The provider's own library, pointed here."""
        client = Client(SID, token, http_client=TwilioHttpClient(timeout=PATIENCE_OF_CLIENT))
        for domain in (client.api, client.lookups, client.messaging):
            domain.base_url = self.server.url
        return client


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    """A provider and our door."""
    store = Store(tmp_path / "world.db")
    clock = Standing()
    listener = Listener(PUBLIC)
    carrier = Carrier(
        store,
        clock,
        Account(SID, TOKEN, (OURS, ALSO_OURS), SERVICE),
        OurDoor(PUBLIC, TOKEN, listens_at=listener.url),
        landlines=frozenset({LANDLINE}),
        pauses=(0.01, 0.01, 0.01, 0.01, 0.01),
    )
    server = CarrierServer(carrier, clock, threads=6)
    server.start()
    yield Provider(carrier, server, listener, clock, store)
    server.stop()
    listener.server.stop()
    store.close()
