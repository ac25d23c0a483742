"""A town with Atlanta (Denise) and Duluth (Ingrid), Maya at the national desk, and Rosa, Walt and Kei."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from engine.base.setting_groups.texting import Texting
from inbound.receive import Acceptor
from tests.outbox.conftest import House, catalog, house
from tests.reply_router.conversation import Town
from tests.reply_router.texting import ATLANTAS, KEI, OURS, ROSA, WALT, Phones

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


@pytest.fixture
def phones(town: Town) -> Phones:
    """The town with phones: Rosa's, Walt's and Kei's; one number of ours for everybody, one of Atlanta's own."""
    texting = Texting(account_sid="AC1", auth_token="secret", numbers=[OURS], chapter_numbers={"atlanta": ATLANTAS})
    settings = town.house.services.settings.model_copy(update={"sms": texting})
    town.house.services = replace(town.house.services, settings=settings)
    phones = Phones(town)
    for name, phone in (("Rosa", ROSA), ("Walt", WALT), ("Kei", KEI)):
        phones.has(name, phone)
    return phones
