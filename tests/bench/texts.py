"""Texts: the courier of texts against the plain loop of the provider's library, at 100 ms a call (P7).

Ours is everything a text goes through: claim, gate, writing, a moment at its number, the call, the record. In no second
may a number send more segments than its rate. The naive way calls the library for one text after the other, with
nothing else to do.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from engine.base.broker import Broker
from engine.base.db import Database
from engine.base.ids import new_id
from engine.base.services import Services
from engine.base.setting_groups.texting import Texting
from engine.base.settings import Settings
from engine.base.tokens import TokenRing
from engine.channels.email import SmtpRelay
from engine.channels.sms import TwilioTexts
from engine.content.template import publish_library
from engine.conversations.thread import Thread, open_thread
from engine.migrations import migrate
from engine.outbox.jobs import MOST_TEXT_COURIERS
from engine.outbox.post import answer
from engine.outbox.text_courier import send_due_texts
from engine.people.address import Address
from engine.people.consent import EVERYTHING, Said, record_consent
from engine.people.member import add_member
from templates.catalog import our_library
from tests.bench.figure import Figure
from tests.bench.places import KINDS, Kind, place
from tests.bench.provider import Provider, provider

LATENCY = 0.1
#: Segments a second that one number may send, and our numbers.
PER_SECOND = 20.0
NUMBERS = [f"+1404555010{number}" for number in range(4)]
GOAL = 3
#: A Monday noon in New York: everybody may be texted.
NOON = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)


@dataclass
class NoonClock:
    """Time that begins at noon and goes on with the wall's."""

    began: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        """Noon and what has gone by since."""
        return NOON + timedelta(seconds=time.monotonic() - self.began)


class PlainHttp(TwilioHttpClient):  # type: ignore[misc]  # the library says nothing of its types
    """The library's own client, as it comes, with the bench's provider in the place of its host."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def request(self, method: str, url: str, *words: Any, **more: Any) -> Any:
        """The answer to one call."""
        return super().request(method, url.replace("https://api.twilio.com", self._url), *words, **more)


def figures(quick: bool) -> Iterator[Figure]:
    """P7 on both databases."""
    people, rounds, plain = (12, 1, 3) if quick else (240, 5, 30)
    for kind in KINDS:
        with ExitStack() as stack:
            fresh = stack.enter_context(place(kind, quick=quick))
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            phones = stack.enter_context(provider(folder, LATENCY))
            yield from _figures(kind, fresh("texts"), folder, phones, people, rounds, plain)


def _figures(
    kind: Kind, url: str, folder: Path, phones: Provider, people: int, rounds: int, plain: int
) -> Iterator[Figure]:
    sms = Texting(
        account_sid="AC" + "0" * 32, auth_token="secret", api_url=phones.url, numbers=NUMBERS, per_second=PER_SECOND,
        look_ups=False,
    )  # fmt: skip
    settings = Settings(data_dir=folder, sms=sms)
    db, clock, texts = Database(url), NoonClock(), TwilioTexts(sms)
    migrate.upgrade(db)
    ring = TokenRing({1: b"k" * 32})
    services = Services(settings, clock, db, Broker(), ring, SmtpRelay(settings.mail), texts)
    client = Client(sms.account_sid, sms.auth_token, http_client=PlainHttp(phones.url))
    threads, author = _people(db, people)
    try:
        _round(services, threads, author, "first")  # which tells everybody who writes, and opens the connections
        began, ours, naive = len(phones.taken()), [], []
        for number in range(rounds):
            ours.append(people / _round(services, threads, author, f"round {number}"))
            start = time.monotonic()
            for each in range(plain):
                client.messages.create(to=f"+1404556{each:04}", from_="+14045550199", body="See you at nine.")
            naive.append(plain / (time.monotonic() - start))
        yield Figure("P7 texts", kind, statistics.median(naive), statistics.median(ours), GOAL, "texts/s")
        most = max(_most_in_a_second(phones.taken()[began:], number) for number in NUMBERS)
        yield Figure("P7 of one number", kind, PER_SECOND, most, 1, "segments/s (allowed, at most sent)", "at most")
    finally:
        texts.close()
        db.close()


def _people(db: Database, count: int) -> tuple[list[int], int]:
    """So many people with phones, each with a conversation; and who answers them."""
    threads = []
    with db.write() as session:
        publish_library(session, our_library(), NOON)
        author = add_member(session, "Denise Okafor", NOON)
        for number in range(count):
            member = add_member(session, "Rosa Marin", NOON, zone="America/New_York")
            session.add(
                Address(
                    id=new_id(), created_at=NOON, member_id=member.id, kind="phone", value=f"+1404557{number:04}",
                    line_type="mobile",
                )
            )  # fmt: skip
            record_consent(session, member.id, "sms", EVERYTHING, True, Said("sign-up"), NOON)
            thread = open_thread(session, NOON, member_id=member.id, chapter_id=None, subject="A ride", reason="")
            threads.append(thread.id)
    return threads, author.id


def _round(services: Services, threads: list[int], author: int, name: str) -> float:
    """Everybody has an answer by text; how many seconds it took from the first claim to the last record."""
    with services.db.write() as session:
        for thread_id in threads:
            thread = session.get_one(Thread, thread_id)
            key = f"{name} {thread_id}"
            answer(session, thread, author, "See you at nine.", services.clock.now(), key=key, channel="sms")
    began, wanted = time.monotonic(), _sent(services) + len(threads)

    def courier() -> None:
        while _sent(services) < wanted:
            if not send_due_texts(services):
                time.sleep(0.02)
            if time.monotonic() - began > 120:
                raise AssertionError(f"{wanted - _sent(services)} texts did not leave")

    with ThreadPoolExecutor(MOST_TEXT_COURIERS) as pool:  # as many as one process has
        for ended in [pool.submit(courier) for _ in range(MOST_TEXT_COURIERS)]:
            ended.result()
    return time.monotonic() - began


def _sent(services: Services) -> int:
    with services.db.read() as session:
        row = session.connection().exec_driver_sql("SELECT count(*) FROM delivery WHERE state = 'sent'").one()
        return int(row[0])


def _most_in_a_second(taken: list[tuple[float, str, int]], number: str) -> float:
    """The most segments that one number sent within any one second."""
    mine = sorted((at, segments) for at, whose, segments in taken if whose == number)
    return max((sum(more for at, more in mine if first <= at < first + 1) for first, _ in mine), default=0)
