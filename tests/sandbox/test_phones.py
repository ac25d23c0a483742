"""The sandbox's phones: pages that look like phones, and the same for programs."""

import shutil
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient

import engine.tables  # noqa: F401
from admin.sandbox.carrier.carrier import Account, Carrier, Draft
from admin.sandbox.carrier.our_door import OurDoor
from admin.sandbox.carrier.tally import tally
from admin.sandbox.carrier.trouble import Trouble
from admin.sandbox.cast import Cast
from admin.sandbox.deeds import Door
from admin.sandbox.living import Living
from admin.sandbox.phones import pieces
from admin.sandbox.store import Store
from admin.sandbox.web import create_app
from admin.sandbox.world import World
from engine.base.broker import Broker
from engine.base.clock import SandboxClock
from engine.base.db import Database
from engine.base.ids import new_id
from engine.base.services import Services
from engine.base.settings import Settings
from engine.base.tokens import TokenRing
from engine.channels.email import SmtpRelay
from engine.conversations.received import Received
from engine.migrations import migrate
from engine.people.address import Address, add_email
from engine.people.member import add_member
from engine.runner.scheduler import Scheduler
from tests.sandbox.conftest import DANA, OURS, SID, TOKEN
from tests.sandbox.listener import Listener
from tests.waiting import soon

MONDAY = datetime(2026, 3, 2, 15, tzinfo=UTC)


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener("https://texts.nfp.example")
    yield listener
    listener.server.stop()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with every table in it."""
    folder = tmp_path_factory.mktemp("empty")
    db = Database(f"sqlite:///{folder / 'hearthline.db'}")
    migrate.upgrade(db)
    db.close()
    return folder / "hearthline.db"


@pytest.fixture
def world(tmp_path: Path, empty: Path, listener: Listener) -> Iterator[World]:
    settings = Settings.model_validate(
        {"data_dir": tmp_path, "keys": ["1:" + "5a" * 32], "sandbox": {"enabled": True}, "mail": {"host": "127.0.0.1"}}
    )
    shutil.copy(empty, tmp_path)
    db = Database(settings.database)
    clock = SandboxClock(db)
    clock.hold(MONDAY)
    services = Services(settings, clock, db, Broker(), TokenRing(settings.key_ring()), SmtpRelay(settings.mail))
    store = Store(tmp_path / "world.db")
    people = Cast({}, (), (), ())
    door = OurDoor(listener.public_url, TOKEN, listens_at=listener.url)
    carrier = Carrier(store, clock, Account(SID, TOKEN, (OURS, "+12185550100")), door, pauses=(0.01,))
    carrier.start("http://127.0.0.1:1")
    living = Living(services, clock, Scheduler(services, ()), store, people, Door("127.0.0.1", 1), 1, carrier)
    with db.write() as session:
        dana = add_member(session, "Dana Reyes", MONDAY)
        add_email(session, dana.id, "dana@mail.example", MONDAY)
        session.add(Address(id=new_id(), created_at=MONDAY, member_id=dana.id, kind="phone", value=DANA))
        lee = add_member(session, "Lee Anders", MONDAY)
        session.add(Address(id=new_id(), created_at=MONDAY, member_id=lee.id, kind="phone", value="+12185550143"))
    yield World(services, clock, store, living, people, carrier)
    carrier.stop()
    store.close()
    db.close()


@pytest.fixture
def browser(world: World) -> FlaskClient:
    return create_app(world).test_client()


def arrives(world: World, words: str, to: str = DANA, sender: str = OURS) -> None:
    world.carrier.create(Draft(to, words, sender), Trouble())
    assert world.carrier.settle(5)


# For people.


def test_the_list_has_the_latest_first_and_those_with_nothing_last(world: World, browser: FlaskClient) -> None:
    assert "No texts yet" in browser.get("/phones").text
    arrives(world, "first")
    arrives(world, "second", "+14045550199")
    page = browser.get("/phones").text
    assert page.index("second") < page.index("first") < page.index("No texts yet") < page.index("Lee Anders")
    assert "Dana Reyes" in page


@pytest.mark.parametrize("asked", ["dana", "555-0142", "(404) 555-0142", "SOUP"])
def test_a_phone_is_found_by_name_number_or_words(world: World, browser: FlaskClient, asked: str) -> None:
    arrives(world, "soup at six")
    arrives(world, "bring a spoon", "+14045550199")
    page = browser.get("/phones", query_string={"q": asked}).text
    assert "Dana Reyes" in page
    assert "spoon" not in page


def test_a_number_nobody_knows_can_be_opened(world: World, browser: FlaskClient) -> None:
    assert 'href="/phones/+17705550188"' in browser.get("/phones", query_string={"q": "770 555 0188"}).text
    assert "Nobody here knows" in browser.get("/phones/+17705550188").text
    assert "No phone fits" in browser.get("/phones", query_string={"q": "zebra"}).text


@pytest.mark.parametrize("path", ["14045550142", "%2B14045550142", "404-555-0142"])
def test_a_phone_has_one_address(browser: FlaskClient, path: str) -> None:
    answer = browser.get(f"/phones/{path}", follow_redirects=True)
    assert (answer.status_code, answer.request.path) == (200, f"/phones/{DANA}")
    assert "/mailboxes/dana@mail.example" in answer.text


def test_a_path_that_is_no_number_is_not_there(browser: FlaskClient) -> None:
    assert browser.get("/phones/soup").status_code == 404
    assert browser.get("/pictures/ME1").status_code == 404


def test_what_arrives_is_on_the_screen_and_the_screen_looks_again(world: World, browser: FlaskClient) -> None:
    assert "Nothing is on this phone yet" in browser.get(f"/phones/{DANA}/screen").text
    arrives(world, "Come by <b>at six</b>: https://nfp.example/p?a=1&b=2.")
    answer = browser.get(f"/phones/{DANA}/screen")
    assert answer.headers["Refresh"] == "3"
    assert "&lt;b&gt;at six" in answer.text
    assert 'href="https://nfp.example/p?a=1&amp;b=2" target="_top" rel="noreferrer"' in answer.text


def test_what_is_typed_goes_to_our_door_and_stands_on_the_screen(
    world: World, browser: FlaskClient, listener: Listener
) -> None:
    browser.post(f"/phones/{DANA}", data={"body": "I have three seats", "to": OURS})
    assert listener.heard[0].form["Body"] == "I have three seats"
    screen = browser.get(f"/phones/{DANA}/screen").text
    assert screen.index("I have three seats") < screen.index("Delivered")


def test_a_door_that_does_not_take_it_is_said(browser: FlaskClient, listener: Listener) -> None:
    listener.answers = [503] * 9
    answer = browser.post(f"/phones/{DANA}", data={"body": "hello?"}, follow_redirects=True)
    assert "did not take it" in answer.text
    assert "Not delivered" in browser.get(f"/phones/{DANA}/screen").text


def test_a_picture_is_sent_and_shown_and_other_files_are_refused(browser: FlaskClient, listener: Listener) -> None:
    picture = (BytesIO(b"\x89PNG"), "soup.png", "image/png")
    browser.post(f"/phones/{DANA}", data={"body": "", "picture": picture})
    assert listener.heard[0].form["NumMedia"] == "1"
    sid = listener.heard[0].form["MediaUrl0"].rpartition("/")[2]
    assert f'<img src="/pictures/{sid}"' in browser.get(f"/phones/{DANA}/screen").text
    shown = browser.get(f"/pictures/{sid}")
    assert (shown.data, shown.mimetype, shown.headers["X-Content-Type-Options"]) == (b"\x89PNG", "image/png", "nosniff")
    svg = (BytesIO(b"<svg onload=x>"), "x.svg", "image/svg+xml")
    refused = browser.post(f"/phones/{DANA}", data={"body": "", "picture": svg}, follow_redirects=True)
    assert "JPEG, PNG, GIF or WebP" in refused.text
    assert len(listener.heard) == 1


def test_an_answer_goes_to_the_number_that_was_heard_last(world: World, browser: FlaskClient) -> None:
    arrives(world, "hi from Duluth", sender="+12185550100")
    assert '<option value="+12185550100" selected' in browser.get(f"/phones/{DANA}").text
    browser.post(f"/api/phones/{DANA}", json={"body": "hi"})
    assert world.carrier.texts.on_phone(DANA)[-1].recipient == "+12185550100"


def test_an_empty_text_is_not_sent(browser: FlaskClient, listener: Listener) -> None:
    assert "nothing written" in browser.post(f"/phones/{DANA}", data={"body": " "}, follow_redirects=True).text
    assert listener.heard == []


# For programs.


@pytest.mark.parametrize("number", ["+14045550142", "%2B14045550142", "14045550142"])
def test_a_program_reads_a_phone_oldest_first(world: World, browser: FlaskClient, number: str) -> None:
    arrives(world, "first")
    arrives(world, "second")
    browser.post(f"/api/phones/{number}", json={"to": OURS, "body": "mine"})
    messages = browser.get(f"/api/phones/{number}").json["messages"]  # type: ignore[index]
    assert [each["text"] for each in messages] == ["first", "second"]
    assert set(messages[0]) == {"id", "at", "from", "to", "subject", "text", "html", "headers"}
    assert (messages[0]["from"], messages[0]["to"], messages[0]["at"]) == (OURS, DANA, MONDAY.isoformat())


def test_a_program_texts_and_hears_back_when_our_door_has_it(browser: FlaskClient, listener: Listener) -> None:
    wish = {"to": OURS, "body": "hi", "media": [{"content_type": "image/gif", "base64": b64encode(b"GIF").decode()}]}
    answer = browser.post(f"/api/phones/{DANA}", json=wish)
    assert answer.status_code == 201
    assert answer.json == {"id": listener.heard[0].form["MessageSid"], "taken": True}
    assert listener.heard[0].form["NumMedia"] == "1"


@pytest.mark.parametrize(
    ("path", "wish", "words"),
    [
        (DANA, {"to": "+19995550100", "body": "x"}, "no number of ours"),
        (DANA, {"to": OURS, "body": ""}, "nothing written"),
        (DANA, {"to": OURS, "body": "x", "media": [{"base64": "§"}]}, "media is"),
        ("soup", {"to": OURS, "body": "x"}, "not a number"),
    ],
)
def test_a_program_is_told_what_is_wrong(browser: FlaskClient, path: str, wish: dict[str, str], words: str) -> None:
    answer = browser.post(f"/api/phones/{path}", json=wish)
    assert answer.status_code == 400
    assert words in answer.json["error"]  # type: ignore[index]


def test_a_program_scripts_trouble(world: World, browser: FlaskClient) -> None:
    assert browser.post(f"/api/troubles/{DANA}", json={"code": 30007, "times": 1}).status_code == 201
    assert browser.post("/api/troubles/*", json={"latency_seconds": 0.5}).status_code == 201
    assert set(browser.get("/api/troubles").json) == {"*", DANA}  # type: ignore[arg-type]
    assert world.carrier.texts.meet(DANA) == Trouble(30007, times=1)
    assert world.carrier.texts.meet(DANA).latency_seconds == 0.5
    assert browser.delete("/api/troubles/*").status_code == 204
    assert browser.get("/api/troubles").json == {}
    assert browser.post(f"/api/troubles/{DANA}", json={"code": 1}).status_code == 400


# The books.


def test_the_world_has_not_settled_while_a_webhook_is_on_its_way(world: World, listener: Listener) -> None:
    listener.answers = [503]
    world.carrier.write(DANA, OURS, "on my way")
    assert "1 webhooks" in world.living._open()
    world.living.settle()
    assert [call.form["Body"] for call in listener.heard] == ["on my way"] * 2


def test_a_text_we_never_received_is_lost_and_one_created_twice_is_doubled(world: World, listener: Listener) -> None:
    sids = [world.carrier.send(DANA, OURS, words)[0] for words in ("one", "two")]
    callback = f"{listener.public_url}/texts/status/7"
    for _ in range(2):
        world.carrier.create(Draft(DANA, "hi", OURS, callback=callback), Trouble())
    soon(lambda: world.carrier.in_flight == 0)
    with world.services.db.write() as session:
        row = {
            "door": "sms",
            "bytes_id": 0,
            "size": 0,
            "sha256": b"",
            "provider": "twilio",
            "attempts": 0,
            "detail": {},
        }
        session.add(Received(id=new_id(), created_at=MONDAY, provider_id=sids[0], outcome="thread", **row))
        session.add(Received(id=new_id(), created_at=MONDAY, provider_id=sids[0], outcome="duplicate", **row))
    with world.services.db.read() as session:
        told = tally(session, world.carrier.texts)
    assert (told.written, told.created, told.lost, told.doubled) == (2, 2, 1, 1)


def test_links_are_found_among_words() -> None:
    assert pieces("see https://a.example/x, or (https://b.example)!") == (
        ("see ", ""),
        ("https://a.example/x", "https://a.example/x"),
        (", or (", ""),
        ("https://b.example", "https://b.example"),
        (")!", ""),
    )
    assert pieces("") == ()
