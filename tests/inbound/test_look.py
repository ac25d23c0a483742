"""The look at the provider's list: twice at once, and at a provider that is slow, too busy, or not in time.

Each on both databases: what keeps two looks apart is a constraint.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from engine.base.broker import Broker
from engine.base.db import Database
from engine.base.services import ReceivedTexts, Services
from engine.base.setting_groups.mail import Mail
from engine.base.setting_groups.organization import Organization
from engine.base.setting_groups.texting import Texting
from engine.base.settings import Settings
from engine.base.tokens import TokenRing
from engine.channels.email import SmtpRelay
from engine.channels.sms import TwilioTexts
from engine.conversations.look import TextLook
from engine.conversations.message import Message
from engine.conversations.received import FiledKey, Received
from inbound.receive import Arrival, keep
from inbound.sms.look import EVERY, PICTURES_WITHIN, SETTLING, _not_here, look
from reply_router.route import last_resort
from reply_router.routing import route_one
from reply_router.taken import take
from reply_router.text_route import text_key
from tests.channels.provider import Asked, Provider, Says
from tests.database import on_both_databases
from tests.inbound.test_sms_door import DANA, OURS, SMS

NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


@dataclass
class Clock:
    """Stands where it is put."""

    at: datetime = NOW

    def now(self) -> datetime:
        """It."""
        return self.at


@dataclass
class Listed:
    """What the provider has for us: pages of texts, the latest first, and how it tells them."""

    pages: list[list[tuple[str, datetime, int]]] = field(default_factory=list)
    #: Answers that come instead of a page, once each.
    instead: dict[int, Says] = field(default_factory=dict)
    slow_seconds: float = 0.0
    #: How far its clock is ahead of ours.
    ahead: timedelta = timedelta(0)
    media: Says = field(default_factory=lambda: Says(200, {"media_list": [], "next_page_uri": None}))

    def __call__(self, call: Asked) -> Says:
        """The answer."""
        if "/Media" in call.path:
            return self.media
        page = int(call.query.get("Page", 0))
        says = self.instead.pop(page, None) or self._page(call, page)
        clock = format_datetime(datetime.now(UTC) + self.ahead, usegmt=True)
        return replace(says, seconds=self.slow_seconds, headers={**says.headers, "Date": clock})

    def _page(self, call: Asked, page: int) -> Says:
        rows = [
            {
                "sid": sid, "to": OURS, "from": DANA, "body": f"words of {sid}", "status": "received",
                "direction": "inbound", "num_media": str(media), "error_code": None,
                "date_created": at.strftime("%a, %d %b %Y %H:%M:%S +0000"),
            }
            for sid, at, media in self.pages[page]
        ]  # fmt: skip
        more = f"{call.path}?To={OURS}&PageSize=100&Page={page + 1}" if page + 1 < len(self.pages) else None
        return Says(200, {"messages": rows, "next_page_uri": more, "page": page})


@dataclass
class Place:
    """Our side: a database, a clock, and the provider's list."""

    services: Services
    clock: Clock
    provider: Provider
    listed: Listed

    def looks(self) -> int:
        """One look, of so many texts missed."""
        return look(self.services)

    def later(self, **length: int) -> None:
        """So much time has gone by."""
        self.clock.at += timedelta(**length)

    def routes(self) -> list[str]:
        """The outcome of each row, once all are routed."""
        with self.services.db.read() as session:
            ids = list(session.scalars(select(Received.id).where(Received.outcome.is_(None)).order_by(Received.id)))
        for each in ids:
            route_one(self.services, each)
        with self.services.db.read() as session:
            return [str(each) for each in session.scalars(select(Received.outcome).order_by(Received.id))]

    def words(self) -> list[str]:
        """What stands in conversations, sorted."""
        with self.services.db.read() as session:
            return sorted(session.scalars(select(Message.text).where(Message.kind == "in")))

    def row(self) -> TextLook:
        """How far was looked."""
        with self.services.db.read() as session:
            return session.get_one(TextLook, OURS)


@pytest.fixture
def place(new_database: Callable[[Path], Database], tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as stack:
        provider = stack.enter_context(Provider())
        provider.answer = listed = Listed()
        sms = Texting.model_validate({**SMS.model_dump(), "api_url": provider.url, "timeout_seconds": 1})
        settings = Settings(
            data_dir=tmp_path,
            organization=Organization(name="Neighbors for Progress"),
            mail=Mail(domain="nfp.example", host="127.0.0.1", port=1, security="none"),
            sms=sms,
        )
        clock, texts = Clock(), TwilioTexts(sms)
        stack.callback(texts.close)
        mail, ring = SmtpRelay(settings.mail), TokenRing({1: b"k" * 32})
        services = Services(settings, clock, new_database(tmp_path), Broker(), ring, mail, texts)
        yield Place(services, clock, provider, listed)


def sid(number: int) -> str:
    """The provider's name for its text."""
    return f"SM{number:032d}"


@on_both_databases
def test_two_looks_at_once_take_each_text_in_once(place: Place) -> None:
    place.listed.pages = [[(sid(n), NOW - timedelta(minutes=2), 0) for n in range(300)]]
    together = threading.Barrier(2)
    texts = place.services.texts
    assert texts is not None

    class Both(TwilioTexts):
        """Neither of the two begins to write before the other has its list."""

        def received_since(self, number: str, since: datetime) -> ReceivedTexts:
            found = super().received_since(number, since)
            with place.services.db.read() as session:
                assert len(_not_here(session, found.texts)) == 300
            together.wait(60)
            return found

    both = Both(place.services.settings.sms)
    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(lambda _: look(replace(place.services, texts=both)), range(2)))
    both.close()
    assert sum(counts) == 300
    with place.services.db.read() as session:
        assert session.scalar(select(func.count()).select_from(Received)) == 300
        assert session.scalar(select(func.count()).select_from(FiledKey)) == 300
    assert place.looks() == 0


@on_both_databases
def test_two_looks_whose_writing_overlaps_take_each_text_in_once(place: Place) -> None:
    """The second writes while the first has written and not yet committed; and the provider lists one of them twice."""
    arrivals = [
        Arrival("sms", (OURS,), f"MessageSid={sid(n)}".encode(), provider="twilio", provider_id=sid(n),
                key=text_key("twilio", sid(n)))
        for n in (3, 1, 2, 1)
    ]  # fmt: skip
    kept: list[int] = []

    def keeps() -> None:
        with place.services.db.write() as session:
            kept.append(sum(len(each.received_ids) for each in keep(session, arrivals, NOW)))

    second = threading.Thread(target=keeps)
    with place.services.db.write() as session:
        first = keep(session, arrivals[::-1], NOW)
        second.start()
        second.join(0.3)
        assert second.is_alive(), "it waits to learn whose they are"
    second.join(60)
    assert [len(each.received_ids) for each in first] == [1, 1, 0, 1]
    assert kept == [0]


@on_both_databases
def test_the_door_and_the_look_file_one_text_once_whoever_comes_first(place: Place) -> None:
    place.listed.pages = [[(sid(n), NOW - timedelta(minutes=2), 0) for n in range(2)]]
    said = {n: f"MessageSid={sid(n)}&From=%2B{DANA[1:]}&To=%2B{OURS[1:]}&Body=words+of+{sid(n)}" for n in range(2)}

    def door(number: int) -> None:
        arrival = Arrival("sms", (OURS,), said[number].encode(), mail_from=DANA, provider="twilio",
                          provider_id=sid(number))  # fmt: skip
        with place.services.db.write() as session:
            keep(session, [arrival], NOW)

    door(0)
    assert place.looks() == 1, "the one at the door waits to be routed, and is here"
    door(1)
    assert sorted(place.routes()) == ["duplicate", "needs_person", "needs_person"]
    assert place.words() == [f"words of {sid(0)}", f"words of {sid(1)}"]
    assert place.looks() == 0


@on_both_databases
def test_a_text_that_could_not_be_filed_is_not_taken_in_again_at_every_look(place: Place) -> None:
    place.listed.pages = [[(sid(1), NOW - timedelta(minutes=2), 0)]]
    arrival = Arrival("sms", (OURS,), b"MessageSid=x", mail_from=DANA, provider="twilio", provider_id=sid(1))
    with place.services.db.write() as session:
        ((row_id,),) = (each.received_ids for each in keep(session, [arrival], NOW))
    taken = take(place.services, row_id)
    assert taken is not None
    with place.services.db.write() as session:
        assert last_resort(session, taken, ValueError(), NOW) == "needs_person"
    for _ in range(3):
        assert place.looks() == 0
        place.later(minutes=2)
    assert place.routes() == ["needs_person"]


@on_both_databases
def test_a_list_that_breaks_off_with_429_gives_what_it_told_and_the_rest_at_the_next_look(place: Place) -> None:
    place.listed.pages = [
        [(sid(9 - 2 * page - n), NOW - timedelta(minutes=2 + 2 * page + n), 0) for n in range(2)] for page in range(3)
    ]
    busy = Says(429, {"code": 20429, "message": "Too Many Requests", "status": 429}, {"Retry-After": "1"})
    place.listed.instead = {0: busy}
    assert place.looks() == 0
    with place.services.db.read() as session:
        assert session.get(TextLook, OURS) is None
    place.listed.instead = {2: busy}
    assert place.looks() == 4
    assert place.row().looked_at < NOW - timedelta(minutes=15), "nobody knows yet what came before"
    place.later(minutes=2)
    assert place.looks() == 2
    assert place.row().looked_at == place.clock.at - SETTLING
    assert place.looks() == 0
    place.routes()
    assert place.words() == [f"words of {sid(n)}" for n in range(4, 10)]


@on_both_databases
def test_a_slow_provider_is_heard_out_and_a_silent_one_asked_again_as_far_back(place: Place) -> None:
    place.listed.pages = [[(sid(2), NOW - timedelta(minutes=2), 0)], [(sid(1), NOW - timedelta(minutes=5), 0)]]
    place.listed.slow_seconds = 0.4
    assert place.looks() == 2
    place.later(minutes=2)
    place.listed.pages[0].insert(0, (sid(3), NOW, 0))
    place.listed.slow_seconds = 1.3  # longer than we wait
    assert place.looks() == 0
    assert place.row().looked_at == NOW - SETTLING
    place.listed.slow_seconds = 0.0
    assert place.looks() == 1


@pytest.mark.parametrize("ahead", [timedelta(hours=-3), timedelta(minutes=-25), timedelta(minutes=40)], ids=str)
@on_both_databases
def test_a_text_is_found_however_wrong_one_of_the_two_clocks_is(place: Place, ahead: timedelta) -> None:
    """The provider dates its texts by its own clock, and says with each answer what that clock shows."""
    place.listed.pages, place.listed.ahead = [[]], ahead
    assert place.looks() == 0
    came = place.clock.at + timedelta(seconds=30)
    place.listed.pages = [[(sid(1), came + ahead, 0)]]
    assert place.looks() == 0, "it is just on its way to the door"
    place.later(minutes=2)
    assert place.looks() == 1
    place.later(minutes=2)
    assert place.looks() == 0


@on_both_databases
def test_a_provider_that_keeps_still_about_pictures_is_asked_once_a_look_and_words_come_at_last(place: Place) -> None:
    """Six hours late, they wait as long as on any day: a first refusal says nothing of the next."""
    place.later(hours=6)
    with place.services.db.write() as session:
        session.add(TextLook(our_number=OURS, created_at=NOW, looked_at=NOW - timedelta(minutes=30)))
    place.listed.pages = [[(sid(4), NOW, 0), *((sid(n), NOW - timedelta(minutes=n), 1) for n in (1, 2, 3))]]
    place.listed.media = Says(429, {"code": 20429, "message": "Too Many Requests", "status": 429})
    assert place.looks() == 1, "the words without a picture"
    assert sum("/Media" in each.path for each in place.provider.asked) == 1
    place.later(minutes=2)
    assert place.looks() == 0
    place.clock.at += PICTURES_WITHIN
    assert place.looks() == 3
    assert (place.row().held_since_at, place.row().looked_at) == (None, place.clock.at - SETTLING)
    place.routes()
    assert len(place.words()) == 4
    assert EVERY < PICTURES_WITHIN
