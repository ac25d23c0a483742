"""A town with Atlanta (Denise) and Duluth (Ingrid), Maya at the national desk, and Rosa, Walt and Kei."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from engine.base.db import Database
from engine.base.setting_groups.texting import Texting
from inbound.receive import Acceptor
from tests.database import Shape
from tests.outbox.conftest import FURNISHED, House, catalog, house_on
from tests.reply_router.conversation import Town
from tests.reply_router.texting import ATLANTAS, KEI, OURS, ROSA, WALT, Phones

__all__ = ["catalog"]


def _settled(db: Database) -> dict[str, Any]:
    with TemporaryDirectory() as folder, house_on(db, Path(folder), FURNISHED.known(db.name)) as house:
        town = Town(house, Acceptor(db, house.services.clock, house.services.broker))
        town.chapter("Atlanta")
        town.chapter("Duluth")
        town.organizer("Maya Torres", None, "staff")
        town.organizer("Denise Okafor", "Atlanta", "steward")
        town.organizer("Ingrid Halvorsen", "Duluth", "steward")
        town.member("Rosa Marin", "Atlanta", organizer="Denise")
        town.member("Walt Brandt", "Atlanta")
        town.member("Kei Sato", "Duluth")
        return {"house": house.known, "chapters": town.chapters}


#: The people of the town are there.
SETTLED = Shape("settled", _settled, FURNISHED)


@pytest.fixture
def house(tmp_path: Path, new_database: Callable[..., Database]) -> Iterator[House]:
    """The house of the town."""
    db = new_database(tmp_path, SETTLED)
    with house_on(db, tmp_path, SETTLED.known(db.name)["house"]) as house:
        yield house


@pytest.fixture
def town(house: House) -> Iterator[Town]:
    services = house.services
    acceptor = Acceptor(services.db, services.clock, services.broker)
    acceptor.start()
    yield Town(house, acceptor, dict(SETTLED.known(services.db.name)["chapters"]))
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
