"""Answers: with 200,000 broadcasts due, how long an organizer's answer takes to the relay, at the 95th percentile.

The whole process works meanwhile: its courier sends broadcasts as fast as it can to a relay that takes everything. The
naive way is one queue in order of time: an answer leaves when all that stood before it has left.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from admin.process import Process
from engine.base.clock import SystemClock
from engine.base.setting_groups.doors import Doors
from engine.base.setting_groups.mail import Mail
from engine.base.setting_groups.organization import Organization
from engine.base.settings import Settings
from engine.conversations.thread import Thread, open_thread
from engine.outbox.post import answer
from engine.people.address import Address
from engine.people.member import add_member
from tests.bench.crowd import Crowd, broadcast, gather_crowd, letter_of, member_id
from tests.bench.figure import Figure
from tests.bench.places import KINDS, Kind, place, redis_url
from tests.bench.sink import Sink, sink

#: Seconds an answer may take.
WITHIN = 5.0
#: How long a bench waits for what must come.
PATIENCE = 120.0


def figures(quick: bool) -> Iterator[Figure]:
    """Embedded on SQLite; a worker and a scheduler on PostgreSQL and Redis."""
    for kind in KINDS:
        with ExitStack() as stack:
            fresh = stack.enter_context(place(kind, quick=quick))
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            relay = stack.enter_context(sink(folder))
            yield from _figures(kind, fresh("answers"), folder, relay, quick)


def _figures(kind: Kind, url: str, folder: Path, relay: Sink, quick: bool) -> Iterator[Figure]:
    people, answers, apart = (300, 3, 0.05) if quick else (200_000, 60, 0.5)
    crowd = gather_crowd(url, people, reachable=True)
    threads = _people_who_wait(crowd, answers)
    now = SystemClock().now()
    broadcast(crowd, letter_of(crowd), people, now)
    with ExitStack() as stack:
        roles = ("run",) if kind == "sqlite" else ("worker", "scheduler")
        for role in roles:
            process = Process(_settings(url, folder, relay.port, kind), role)
            process.start()
            stack.callback(process.stop)
        _until(lambda: len(relay.arrived()) >= 50)
        began, before = time.monotonic(), len(relay.arrived())
        asked: dict[str, float] = {}
        for number, (thread_id, author_id) in enumerate(threads):
            services = process.services
            with services.db.write() as session:
                thread = session.get_one(Thread, thread_id)
                answer(session, thread, author_id, "I will fetch you at nine.", services.clock.now(), key=str(number))
            asked[f"waits{number}@mail.example"] = time.monotonic()
            time.sleep(apart)
        _until(lambda: set(asked) <= {recipient for _, recipient in relay.arrived()})
        seconds, sent = time.monotonic() - began, len(relay.arrived()) - before
    taken = sorted(at - asked[recipient] for at, recipient in relay.arrived() if recipient in asked)
    slowest = taken[max(0, round(0.95 * len(taken)) - 1)]
    rate = sent / seconds
    yield Figure(f"answer, p95 of {answers}", kind, WITHIN, slowest, 1, "s (allowed, taken)", "at most")
    yield Figure(
        "answer behind all", kind, people / rate, statistics.median(taken), 0.05, "s (in turn, ours)", "at most"
    )


def _people_who_wait(crowd: Crowd, count: int) -> list[tuple[int, int]]:
    """So many people wrote and wait, each in a thread of their own: the thread, and who answers."""
    now = SystemClock().now()
    with crowd.db.write() as session:
        author = add_member(session, "Denise Okafor", now)
        found = []
        for number in range(count):
            member = add_member(session, "Rosa Marin", now, zone="America/New_York")
            session.add(
                Address(
                    id=member_id(number) + 5_000_000_000, created_at=now, member_id=member.id, kind="email",
                    value=f"waits{number}@mail.example",
                )
            )  # fmt: skip
            thread = open_thread(session, now, member_id=member.id, chapter_id=None, subject="A ride", reason="")
            found.append((thread.id, author.id))
    return found


def _settings(url: str, folder: Path, relay: int, kind: Kind) -> Settings:
    return Settings(
        data_dir=folder,
        database_url=url,
        redis_url=redis_url() if kind == "postgresql" else "",
        keys=["1:" + "5e" * 32],
        log_level="ERROR",
        organization=Organization(postal_address="12 Porch Lane, Decatur GA 30030"),
        mail=Mail(domain="nfp.example", host="127.0.0.1", port=relay, security="none"),
        doors=Doors(smtp_port=0, public_port=0, admin_port=0),
    )


def _until(happens: object) -> None:
    deadline = time.monotonic() + PATIENCE
    assert callable(happens)
    while not happens():
        if time.monotonic() > deadline:
            raise AssertionError("what must come did not come")
        time.sleep(0.02)
