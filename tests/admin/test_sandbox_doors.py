"""The sandbox's own pages answer the browser on this machine, and no other site's page in it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

import engine.tables  # noqa: F401
from admin.sandbox.carrier.carrier import Account, Carrier
from admin.sandbox.carrier.our_door import OurDoor
from admin.sandbox.crowd import community
from admin.sandbox.deeds import Door
from admin.sandbox.living import Living
from admin.sandbox.store import Store
from admin.sandbox.web import create_app
from admin.sandbox.world import World
from engine.base.broker import Broker
from engine.base.clock import SandboxClock
from engine.base.db import Database
from engine.base.services import Services
from engine.base.settings import Settings
from engine.base.tokens import TokenRing
from engine.channels.email import SmtpRelay
from engine.migrations import migrate
from engine.runner.scheduler import Scheduler


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[FlaskClient]:
    settings = Settings.model_validate(
        {"data_dir": tmp_path, "keys": ["1:" + "5a" * 32], "sandbox": {"enabled": True}, "mail": {"host": "127.0.0.1"}}
    )
    db = Database(settings.database)
    migrate.upgrade(db)
    clock = SandboxClock(db)
    services = Services(settings, clock, db, Broker(), TokenRing(settings.key_ring()), SmtpRelay(settings.mail))
    store = Store(tmp_path / "world.db")
    people = community(1, datetime(2026, 3, 2, 14, tzinfo=UTC))
    carrier = Carrier(store, clock, Account("AC1", "x", ("+14045550100",)), OurDoor("http://127.0.0.1:1", "x"))
    living = Living(services, clock, Scheduler(services, ()), store, people, Door("127.0.0.1", 1), 1, carrier)
    yield create_app(World(services, clock, store, living, people, carrier)).test_client()
    store.close()
    db.close()


@pytest.mark.parametrize("host", ["127.0.0.1:8401", "localhost:8401", "[::1]:8401", "LOCALHOST:8401"])
def test_it_answers_under_this_machines_names(browser: FlaskClient, host: str) -> None:
    assert browser.get("/api/clock", headers={"Host": host}).status_code == 200
    assert browser.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example:8401", "127.0.0.1.evil.example", "localhost.evil.example", "[bad"])
@pytest.mark.parametrize("path", ["/", "/outbox", "/api/clock", "/api/mailboxes/dana@mail.example"])
def test_a_name_that_another_site_lets_point_here_shows_nothing(browser: FlaskClient, host: str, path: str) -> None:
    assert browser.get(path, headers={"Host": host}).status_code in (400, 403)


def test_such_a_name_writes_nothing_though_the_browser_calls_it_the_same_origin(browser: FlaskClient) -> None:
    headers = {"Host": "evil.example:8401", "Origin": "http://evil.example:8401", "Sec-Fetch-Site": "same-origin"}
    assert browser.post("/api/clock", json={"advance": "P1D"}, headers=headers).status_code == 403
    assert browser.post("/clock", data={"advance": "P1D"}, headers=headers).status_code == 403


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_another_sites_form_writes_nothing(browser: FlaskClient, headers: dict[str, str]) -> None:
    assert browser.post("/clock", data={"advance": "P1D"}, headers=headers).status_code == 403
