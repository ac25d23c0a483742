"""A reply's way from its 250 to an organizer's open page (P9): 50 replies a second through the real SMTP door.

The page is signed in and listens to the stream of changes as its script does; told is when the change was on the wire,
after the mail was stored, read, matched, filed and assigned.
"""

import smtplib
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import delete, select

from admin.cli.demo import free_ports
from admin.sandbox.fleet import ROLES, Fleet
from engine.base.clock import SystemClock
from engine.base.services import Services
from engine.base.setting_groups.doors import Doors
from engine.base.setting_groups.mail import Mail
from engine.base.setting_groups.organization import Organization
from engine.base.settings import Settings
from engine.chapters.invitation import invite
from engine.conversations.received import Received
from engine.conversations.thread import Thread
from engine.enrollments.enrollment import Due
from inbound.receive import Arrival
from tests.bench.crowd import gather_crowd, member_id
from tests.bench.figure import Figure
from tests.bench.mailroom import DOMAIN, arrivals, organizers
from tests.bench.places import KINDS, Kind, place, redis_url
from tests.bench.sink import sink
from tests.stories.visit import Visit

PER_SECOND, SECONDS, SESSIONS = 50, 10, 4
#: Letters before those that count: a reader is begun by the first mail, statements are compiled, caches filled.
WARMING = 50
#: Seconds allowed from the 250 to the page, 95 of 100.
WITHIN = {"sqlite": 1.0, "postgresql": 2.0}
PATIENCE = 60.0
PASSWORD = "a porch with three chairs"


def figures(quick: bool) -> Iterator[Figure]:
    """The 95th percentile, in one process on SQLite and in four on PostgreSQL and Redis."""
    for kind in KINDS:
        with ExitStack() as stack:
            fresh = stack.enter_context(place(kind, quick=quick))
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            yield _measured(kind, fresh("page"), folder, quick, stack)


def _measured(kind: Kind, url: str, folder: Path, quick: bool, stack: ExitStack) -> Figure:
    many, warming = (10, 2) if quick else (PER_SECOND * SECONDS, WARMING)
    crowd = gather_crowd(url, many + warming, reachable=True)
    organizers(crowd)
    with crowd.db.write() as session:
        session.execute(delete(Due))  # nothing else is to be done meanwhile
    relay = stack.enter_context(sink(folder))
    settings = _settings(url, folder, relay.port, kind)
    fleet = Fleet(settings, SystemClock(), ROLES if kind == "postgresql" else ("run",))
    stack.callback(fleet.stop)
    ports = fleet.start()
    page = _Page(_signed_in(fleet.services, settings))
    stack.callback(page.close)
    letters = arrivals(fleet.services, range(many + warming))
    first = _deliver(ports.smtp, letters[:warming])
    page.until(fleet.services, first, 0)
    stored = _deliver(ports.smtp, letters[warming:])
    taken = page.until(fleet.services, stored, warming)
    crowd.db.close()
    slowest = sorted(taken)[max(0, round(0.95 * len(taken)) - 1)]
    return Figure("P9 reply on the page, p95", kind, WITHIN[kind], slowest, None if quick else 1, "s", "at most")


def _deliver(port: int, letters: list[Arrival]) -> dict[int, float]:
    """Every letter was handed in at its turn; the moment of each 250, by the writer's number."""
    stored: dict[int, float] = {}
    began = time.monotonic() + 0.5

    def session(number: int) -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as door:
            for turn in range(number, len(letters), SESSIONS):
                time.sleep(max(0.0, began + turn / PER_SECOND - time.monotonic()))
                door.sendmail(letters[turn].mail_from, list(letters[turn].recipients), letters[turn].body)
                stored[turn] = time.monotonic()

    threads = [threading.Thread(target=session, args=(number,)) for number in range(SESSIONS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if len(stored) < len(letters):
        raise RuntimeError("a letter was not taken in")
    return stored


class _Page:
    """An open page: it listens, and comes again when its stream ends, from where it was."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._last = ""
        self._closed = False
        self.heard: dict[int, float] = {}
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        if not self._ready.wait(PATIENCE):
            raise RuntimeError("the stream did not begin")

    def close(self) -> None:
        self._closed = True
        self._thread.join(5)

    def until(self, services: Services, stored: dict[int, float], before: int) -> list[float]:
        """Seconds from each 250 to the page, of all of these writers whose words stand in a conversation. `before`: so
        many wrote before the first of them."""
        deadline = time.monotonic() + PATIENCE
        while True:
            with services.db.read() as session:
                rows = session.execute(select(Thread.id, Thread.member_id).where(Thread.member_id.is_not(None))).all()
            writers = {thread: person - member_id(0) for thread, person in rows if person is not None}
            asked = {thread: number - before for thread, number in writers.items() if number - before in stored}
            heard = {thread: self.heard[thread] for thread in asked if thread in self.heard}
            settled = not self._unsettled(services)
            if settled and len(heard) == len(asked):
                return [max(0.0, at - stored[asked[thread]]) for thread, at in heard.items()]
            if time.monotonic() > deadline:
                raise RuntimeError(f"the page heard of {len(heard)} of {len(asked)}")
            time.sleep(0.2)

    def _unsettled(self, services: Services) -> bool:
        with services.db.read() as session:
            return session.scalar(select(Received.id).where(Received.outcome.is_(None)).limit(1)) is not None

    def _listen(self) -> None:
        while not self._closed:
            headers = {"Last-Event-ID": self._last} if self._last else {}
            request = urllib.request.Request(f"{self._visit.base}/stream", headers=headers)
            with self._visit.stream(request) as answer:
                for line in answer:
                    if self._closed:
                        return
                    words = line.decode().strip()
                    if words.startswith("id: "):
                        self._last = words[4:]
                        self._ready.set()
                    elif words.startswith('data: {"thread"'):
                        thread = int(words.split('"')[3])
                        self.heard.setdefault(thread, time.monotonic())


def _signed_in(services: Services, settings: Settings) -> Visit:
    """A browser of somebody at the national desk."""
    with services.db.write() as session:
        asked = invite(
            session, "Maya Torres", "maya@mail.example", services.clock.now(), chapter=None, role="staff",
            tokens=services.tokens,
        )  # fmt: skip
    visit = Visit(settings.doors.admin_url)
    path = f"/invitation/{asked.token}"
    inside = visit.submit(visit.get(path), path, password=PASSWORD)
    if inside.status != 200:
        raise RuntimeError(f"nobody could sign in: {inside.status}")
    return visit


def _settings(url: str, folder: Path, relay: int, kind: Kind) -> Settings:
    admin, public, smtp, _ = free_ports("127.0.0.1", 0)
    return Settings(
        data_dir=folder,
        database_url=url,
        redis_url=redis_url() if kind == "postgresql" else "",
        keys=["1:" + "5e" * 32],
        log_level="ERROR",
        organization=Organization(postal_address="12 Porch Lane, Decatur GA 30030"),
        mail=Mail(domain=DOMAIN, host="127.0.0.1", port=relay, security="none", check_senders=False),
        doors=Doors(
            smtp_port=smtp, public_port=public, admin_port=admin,
            public_url=f"http://127.0.0.1:{public}", admin_url=f"http://127.0.0.1:{admin}",
        ),
    )  # fmt: skip
