"""A town with Atlanta (Denise) and Duluth (Ingrid), Maya at the national desk, and Rosa, Walt and Kei."""

from collections.abc import Iterator

import pytest

from inbound.receive import Acceptor
from tests.outbox.conftest import House, catalog, house
from tests.reply_router.conversation import Town

__all__ = ["catalog", "house"]


@pytest.fixture
def town(house: House) -> Iterator[Town]:
    services = house.services
    acceptor = Acceptor(services.db, services.clock, services.broker)
    acceptor.start()
    town = Town(house, acceptor)
    town.chapter("Atlanta")
    town.chapter("Duluth")
    town.organizer("Maya Torres", None, "staff")
    town.organizer("Denise Okafor", "Atlanta", "steward")
    town.organizer("Ingrid Halvorsen", "Duluth", "steward")
    town.member("Rosa Marin", "Atlanta", organizer="Denise")
    town.member("Walt Brandt", "Atlanta")
    town.member("Kei Sato", "Duluth")
    yield town
    acceptor.stop()
