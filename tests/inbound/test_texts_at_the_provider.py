"""The provider on loopback and our door: texts and pictures come in, and what the door missed is taken in later."""

import io
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from PIL import Image
from sqlalchemy import func, select

from admin.sandbox.carrier.api import CarrierServer
from admin.sandbox.carrier.carrier import Account, Carrier
from admin.sandbox.carrier.our_door import OurDoor
from admin.sandbox.store import Store
from engine.base.errors import Invalid, ProviderAway
from engine.base.services import Services
from engine.base.setting_groups.texting import Texting
from engine.channels.sms import TwilioTexts
from engine.conversations.look import TextLook
from engine.conversations.message import Message
from engine.conversations.picture import ReceivedPicture
from engine.conversations.received import Received
from engine.conversations.thread import Thread
from engine.outbox.stopping import stop_texts
from engine.people.text_stop import stopped_phones
from inbound.receive import ROUTE, Arrival
from inbound.sms import jobs
from inbound.sms.fetching import MOST_TRIES
from inbound.sms.harmless import DRAWING, harmless
from inbound.sms.heic import without_notes
from inbound.sms.look import PICTURES_WITHIN, SETTLING, look
from inbound.sms.pictures import due_pictures, fetch_picture
from inbound.web import create_app
from inbound.web.serve import WebServer
from reply_router.routing import route_one
from tests.inbound.conftest import House, a_house
from tests.inbound.test_sms_door import DANA, OURS, PUBLIC, SMS, fields
from tests.waiting import soon


@dataclass
class World:
    """Our house, and the provider that calls its door."""

    house: House
    services: Services
    carrier: Carrier
    door: WebServer

    def settles(self) -> None:
        """The provider has called, and given up where it must."""
        soon(lambda: self.carrier.in_flight == 0)

    def routes(self) -> list[Received]:
        """Everything kept is routed."""
        with self.services.db.read() as session:
            ids = list(session.scalars(select(Received.id).where(Received.outcome.is_(None)).order_by(Received.id)))
        for each in ids:
            route_one(self.services, each)
        with self.services.db.read() as session:
            return list(session.scalars(select(Received).order_by(Received.id)))

    def pictures(self) -> list[ReceivedPicture]:
        """Every picture, in order."""
        with self.services.db.read() as session:
            return list(session.scalars(select(ReceivedPicture).order_by(ReceivedPicture.id)))

    def fetches(self) -> list[ReceivedPicture]:
        """Every due picture was asked for once."""
        with self.services.db.read() as session:
            due = due_pictures(session, self.services.clock.now())
        for each in due:
            assert each is not None
            fetch_picture(self.services, each)
        return self.pictures()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_house(tmp_path, sms=SMS, public_url=PUBLIC) as house:
        door = WebServer(create_app(house.services, house.acceptor), "127.0.0.1", 0)
        door.start()
        store = Store(tmp_path / "world.db")
        carrier = Carrier(
            store,
            house.services.clock,
            Account(SMS.account_sid, SMS.auth_token, (OURS,), ""),
            OurDoor(PUBLIC, SMS.auth_token, listens_at=f"http://127.0.0.1:{door.port}"),
            pauses=(0.01, 0.01, 0.01),
        )
        server = CarrierServer(carrier, house.services.clock, threads=4)
        server.start()
        sms = Texting.model_validate({**SMS.model_dump(), "api_url": server.url})
        settings = house.services.settings.model_copy(update={"sms": sms})
        texts = TwilioTexts(sms)
        yield World(house, replace(house.services, settings=settings, texts=texts), carrier, door)
        texts.close()
        server.stop()
        door.stop()
        store.close()


def photo(kind: str = "JPEG", size: tuple[int, int] = (64, 48), *, says: str = "33.7490 N") -> bytes:
    """A picture that tells where it was taken."""
    image = Image.new("RGB", size, (200, 120, 40))
    exif = Image.Exif()
    exif[0x010E] = says
    out = io.BytesIO()
    image.save(out, kind, exif=exif, **({"comment": says.encode()} if kind == "GIF" else {}))
    return out.getvalue()


def test_a_text_from_a_phone_is_in_the_list_of_what_needs_a_person(world: World) -> None:
    _, taken = world.carrier.send(DANA, OURS, "Is the hall open? 🍲")
    assert taken
    (row,) = world.routes()
    assert row.outcome == "needs_person"
    with world.services.db.read() as session:
        assert session.get_one(Message, row.message_id).text == "Is the hall open? 🍲"


def test_what_the_door_missed_is_taken_in_once_with_its_pictures(world: World) -> None:
    sids = [world.carrier.send(DANA, OURS, "before")[0]]
    world.house.acceptor.stop()
    sids += [world.carrier.write(DANA, OURS, f"missed {number}") for number in range(5)]
    sids.append(world.carrier.write(DANA, OURS, "look!", [("image/png", photo("PNG"))]))
    world.settles()
    assert len(world.routes()) == 1
    clock = world.services.clock
    later = replace(world.services, clock=_Later(clock.now() + SETTLING + timedelta(seconds=5)))
    assert look(later) == 6
    assert look(later) == 0
    rows = world.routes()
    assert [row.provider_id for row in rows] == sids
    assert {row.outcome for row in rows} == {"needs_person"}
    assert [len(each.body or b"") > 0 for each in world.fetches()] == [True]
    with world.services.db.read() as session:
        assert session.get_one(TextLook, OURS).looked_at == later.clock.now() - SETTLING


@pytest.mark.parametrize("word", ["START", "YES"])
def test_a_start_that_is_heard_late_does_not_undo_the_stop_that_was_said_after_it(world: World, word: str) -> None:
    world.house.acceptor.stop()
    world.carrier.write(DANA, OURS, word)
    world.settles()
    clock = world.services.clock
    with world.services.db.write() as session:
        stop_texts(session, DANA, "text", "STOP", clock.now() + timedelta(seconds=2))
    later = replace(world.services, clock=_Later(clock.now() + SETTLING + timedelta(seconds=5)))
    assert look(later) == 1
    (row,) = world.routes()
    assert (row.outcome, row.effect) == ("needs_person", "")
    with world.services.db.read() as session:
        assert stopped_phones(session, [DANA])


def test_after_an_outage_two_hundred_texts_are_all_in_their_conversations(world: World) -> None:
    """Our web was away for hours, and the provider had given up."""
    world.door.stop()
    for number in range(200):
        world.carrier.write(f"+140455501{20 + number % 20}", OURS, f"word {number}")
    assert world.carrier.settle(60)
    later = replace(world.services, clock=_Later(world.services.clock.now() + SETTLING + timedelta(seconds=5)))
    assert look(later) == 200
    assert {row.outcome for row in world.routes()} == {"needs_person"}
    with world.services.db.read() as session:
        told = session.execute(
            select(Thread.correspondent, func.count())
            .join(Message, Message.thread_id == Thread.id)
            .group_by(Thread.correspondent)
        )
        assert dict(told.tuples().all()) == {f"+140455501{20 + number}": 10 for number in range(20)}


def test_what_is_on_its_way_to_the_door_is_left_to_it(world: World) -> None:
    world.house.acceptor.stop()
    world.carrier.write(DANA, OURS, "just now")
    world.settles()
    assert look(world.services) == 0


def test_a_provider_that_is_away_is_asked_again_as_far_back(world: World) -> None:
    away = replace(
        world.services,
        texts=TwilioTexts(SMS.model_copy(update={"api_url": "http://127.0.0.1:1", "timeout_seconds": 1})),
    )
    assert look(away) == 0
    with world.services.db.read() as session:
        assert session.get(TextLook, OURS) is None


def test_the_jobs_are_known_and_the_look_comes_by_itself(world: World) -> None:
    jobs.register(world.house.broker, world.services)
    with world.services.db.read() as session:
        assert [each.due(session, world.services.clock.now()) for each in jobs.SWEEPS] == [[], [], [None]]
    world.house.broker.wake("texts.look")
    assert world.house.broker.settle(20)
    with world.services.db.read() as session:
        # A sweep finds nothing to do until the next look is due, or the sandbox would never settle.
        assert session.get(TextLook, OURS) is not None
        assert {each.name: each.due(session, world.services.clock.now()) for each in jobs.SWEEPS} == {
            "texts.picture": [],
            "calls.voicemail": [],
            "texts.look": [],
        }
    assert ROUTE not in {each.name for each in jobs.SWEEPS}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_picture_is_fetched_and_kept_without_what_the_camera_wrote(world: World, kind: str) -> None:
    sent = photo(kind)
    assert b"33.7490 N" in sent
    world.carrier.send(DANA, OURS, "The garden!", [(f"image/{kind.lower()}", sent)])
    world.routes()
    (row,) = world.fetches()
    assert (row.content_type, row.refusal, row.due_at) == (f"image/{kind.lower()}", "", None)
    assert row.body is not None
    assert row.size == len(row.body)
    assert b"33.7490" not in row.body
    with Image.open(io.BytesIO(row.body)) as kept:
        assert kept.size == (64, 48)
        assert not kept.getexif()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not a picture"),
        (b"%PDF-1.7 hello", "not a picture"),
        (photo()[:60], "broken"),
        (b"\xff\xd8\xff" + bytes(range(256)) * 8, ""),
        (b"GIF89a" + bytes([255, 255, 255, 255, 0, 0, 0]) + bytes(20), ""),
    ],
    ids=["svg", "pdf", "cut short", "rubbish", "a bomb"],
)
def test_what_is_no_picture_is_refused_in_words(world: World, body: bytes, says: str) -> None:
    world.carrier.send(DANA, OURS, "", [("image/jpeg", body)])
    world.routes()
    (row,) = world.fetches()
    assert row.body is None
    assert row.due_at is None
    assert says in row.refusal
    assert row.refusal


def box(kind: bytes, inside: bytes) -> bytes:
    """One box of a file."""
    return struct.pack(">I4s", len(inside) + 8, kind) + inside


def heic(notes: bytes, *, method: int = 0, version: int = 1, length: int | None = None) -> bytes:
    """A file of an iPhone's kind with a picture and, where `notes` say, its notes."""
    points = b"the points of the picture"
    infe = b"".join(
        box(b"infe", struct.pack(">B3xHH4s", 2, number, 0, kind)) for number, kind in ((1, b"hvc1"), (2, b"Exif"))
    )
    iinf = box(b"iinf", struct.pack(">B3xH", 0, 2) + infe)

    def meta(first: int) -> bytes:
        how = struct.pack(">HH", method, 0) if version else struct.pack(">H", 0)
        item = struct.pack(">H", 2) + how + struct.pack(">HII", 1, first, len(notes) if length is None else length)
        picture = struct.pack(">H", 1) + (struct.pack(">HH", 0, 0) if version else struct.pack(">H", 0))
        picture += struct.pack(">HII", 1, 0, 4)
        iloc = box(b"iloc", struct.pack(">B3xBBH", version, 0x44, 0, 2) + picture + item)
        idat = box(b"idat", notes) if method == 1 else b""
        return box(b"meta", bytes(4) + iinf + iloc + idat)

    head = box(b"ftyp", b"heic" + bytes(4) + b"mif1")
    if method == 1:
        return head + meta(0) + box(b"mdat", points)
    first = len(head) + len(meta(0)) + 8 + len(points)
    return head + meta(first) + box(b"mdat", points + notes)


NOTES = b"\0\0\0\x06Exif\0\0MM\0*33.7490 N, 84.3880 W"


@pytest.mark.parametrize(("method", "version"), [(0, 0), (0, 1), (1, 1)])
def test_an_iphones_own_kind_is_kept_to_be_saved_without_its_notes(world: World, method: int, version: int) -> None:
    body = heic(NOTES, method=method, version=version)
    assert NOTES in body
    world.carrier.send(DANA, OURS, "", [("image/heic", body)])
    world.routes()
    (row,) = world.fetches()
    assert (row.content_type, row.body) == ("image/heic", body.replace(NOTES, bytes(len(NOTES)))), row.refusal


@pytest.mark.parametrize(
    "body",
    [heic(NOTES, length=10_000), heic(NOTES, method=2), heic(NOTES)[:90], b"\0\0\0\x18ftypheic" + bytes(100)],
    ids=["a place outside", "inside another", "cut short", "no items"],
)
def test_one_that_cannot_be_followed_to_its_end_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        without_notes(body)


def test_an_address_that_is_not_the_providers_is_never_asked(world: World) -> None:
    form = {"MediaUrl0": "http://169.254.169.254/latest/meta-data", "NumMedia": "1"}
    arrival = Arrival("sms", (OURS,), urlencode(fields(**form)).encode(), mail_from=DANA, provider="twilio")
    world.house.acceptor.submit(arrival).result(60)
    world.routes()
    (row,) = world.fetches()
    assert row.body is None
    assert "provider" in row.refusal


def test_a_picture_that_does_not_come_now_is_tried_again_later(world: World) -> None:
    world.carrier.send(DANA, OURS, "", [("image/png", photo("PNG"))])
    world.routes()
    (row,) = world.pictures()
    away = world.services.settings.sms.model_copy(update={"api_url": "http://127.0.0.1:1"})
    gone = replace(world.services, texts=TwilioTexts(away))
    with world.services.db.write() as session:
        session.get_one(ReceivedPicture, row.id).url = row.url.replace(
            world.services.settings.sms.api_url, away.api_url
        )
    fetch_picture(gone, row.id)
    (row,) = world.pictures()
    assert (row.body, row.refusal, row.attempts) == (None, "", 1)
    assert row.due_at is not None
    assert row.due_at > world.services.clock.now()
    assert world.fetches()[0].attempts == 1, "not before its time"


def test_a_picture_whose_every_try_ended_in_silence_is_given_up(world: World) -> None:
    world.carrier.send(DANA, OURS, "", [("image/png", photo("PNG"))])
    world.routes()
    (row,) = world.pictures()
    with world.services.db.write() as session:
        session.get_one(ReceivedPicture, row.id).attempts = MOST_TRIES
    (row,) = world.fetches()
    assert (row.body, row.due_at, row.attempts) == (None, None, MOST_TRIES)
    assert "tried 30 times" in row.refusal


def test_pictures_are_drawn_one_at_a_time() -> None:
    drawn: list[str] = []
    other = threading.Thread(target=lambda: drawn.append(harmless(photo())[0]))
    with DRAWING:
        other.start()
        other.join(0.2)
        assert drawn == []
    other.join(60)
    assert drawn == ["image/jpeg"]


def test_a_machine_without_room_says_nothing_of_the_picture() -> None:
    large = io.BytesIO()
    Image.new("RGB", (7000, 7000)).save(large, "PNG")
    program = """
import resource, sys
from PIL import Image, ImageOps, ImageSequence, PngImagePlugin
from inbound.sms.harmless import harmless
Image.init()
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 60_000_000, resource.RLIM_INFINITY))
try:
    harmless(sys.stdin.buffer.read())
except MemoryError:
    print("no room")
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], input=large.getvalue(), capture_output=True, timeout=60, check=False
    )
    assert ended.stdout == b"no room\n", ended.stderr


class _Later:
    """A clock that stands at a later moment."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        """It."""
        return self._at


class _NoPictures(TwilioTexts):
    """A provider that lists its texts and does not say where their pictures are."""

    def pictures_of(self, sid: str) -> list[tuple[str, str]]:
        raise ProviderAway("429 Too Many Requests")


def test_a_text_whose_pictures_cannot_be_found_holds_up_no_other_and_comes_without_them_at_last(world: World) -> None:
    world.house.acceptor.stop()
    world.carrier.write(DANA, OURS, "look!", [("image/png", photo("PNG"))])
    world.carrier.write(DANA, OURS, "and listen")
    world.settles()
    silent = _NoPictures(world.services.settings.sms)
    soon = _Later(world.services.clock.now() + SETTLING + timedelta(seconds=5))
    assert look(replace(world.services, texts=silent, clock=soon)) == 1
    assert [row.outcome for row in world.routes()] == ["needs_person"]
    much_later = _Later(soon.now() + PICTURES_WITHIN)
    assert look(replace(world.services, texts=silent, clock=much_later)) == 1
    assert look(replace(world.services, texts=silent, clock=much_later)) == 0
    silent.close()
    world.routes()
    with world.services.db.read() as session:
        words = set(session.scalars(select(Message.text)))
    assert {"look!", "and listen"} <= words
