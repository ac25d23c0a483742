"""The inbox's pages (P8): a page as an organizer's browser asks for it, with 10,000 and 1,000,000 conversations behind.

Whoever reads is staff, who see everything, or the organizer of one chapter of 200. The same thousand conversations are
open in both, spread over all the years, since an old organization has a long past and no more to answer than a young
one. Every conversation has five messages. Pages are asked of the application itself, without a socket, in turns of
both sizes: whatever else the machine does falls on both.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select, text

from admin.web import create_app
from engine.base.bulk import bulk_insert
from engine.base.db import Database, table_of
from engine.base.stored_time import stored_time
from engine.chapters.chapter import Chapter
from engine.chapters.membership import give_role, join
from engine.conversations.inbox import Place
from engine.conversations.thread import Thread
from engine.migrations import migrate
from engine.people.login import Login, hash_of
from engine.people.member import add_member
from tests.admin.town import PASSWORD, Visitor
from tests.bench.crowd import CHAPTERS, START, Crowd
from tests.bench.figure import Figure
from tests.bench.mailroom import office
from tests.bench.places import KINDS, place

SMALL, LARGE, QUICK = 10_000, 1_000_000, (600, 1_800)
MESSAGES_EACH = 5
#: One in so many of the few is open; as many of the many.
OPEN_OF_FEW = 10
DEEP = 20_000
TURNS = 11
#: A page that far down against the first one; the slowest twentieth among many against that among few.
AT_MOST_DEEP, AT_MOST_MANY = 1.2, 1.3
#: One in so many is a chapter's topic, and so many apart in time.
TOPIC_EACH, APART = 500, timedelta(minutes=3)
ROWS_AT_ONCE = 50_000

#: What is asked for: each view, what the list shows, both orders.
VIEWS = ("/", "/chapters", "/needs-a-person", "/all")
LISTS = ("", "?order=longest", "?show=unanswered", "?show=overdue", "?show=closed", "?show=topics")
DEEPEST = "/all?show=closed"


@dataclass(frozen=True, slots=True)
class _Past:
    """One organization: its database, and the browsers of staff and of one organizer."""

    crowd: Crowd
    browsers: tuple[FlaskClient, FlaskClient]

    def took(self, browser: FlaskClient, address: str) -> float:
        """Milliseconds until the page is there."""
        began = time.perf_counter()
        answer = browser.get(address)
        took = (time.perf_counter() - began) * 1000
        if answer.status_code != 200:
            raise AssertionError(f"{address}: {answer.status_code}")
        return took


def figures(quick: bool) -> Iterator[Figure]:
    """The first page against one far down; the 95th percentile of all pages, few conversations against many."""
    for kind in KINDS:
        with ExitStack() as stack:
            fresh = stack.enter_context(place(kind, quick=quick))
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hearthline-bench-")))
            sizes = QUICK if quick else (SMALL, LARGE)
            few, many = (
                _past(fresh(name), size, sizes[0] // OPEN_OF_FEW, folder)
                for name, size in zip(("few", "many"), sizes, strict=True)
            )
            turns = 3 if quick else TURNS
            deep = min(DEEP, sizes[1] // 2)
            first, far = _by_depth(many, deep, turns)
            yield Figure(
                f"P8 page at {deep:,}", kind, first, far, None if quick else AT_MOST_DEEP, "ms (first, far)", "at most"
            )
            among_few, among_many = _all_pages(few, many, turns)
            unit = "ms, p95 (few, many)"
            yield Figure(
                "P8 p95, 10k to 1M", kind, among_few, among_many, None if quick else AT_MOST_MANY, unit, "at most"
            )
            few.crowd.db.close()
            many.crowd.db.close()


def _by_depth(past: _Past, deep: int, turns: int) -> tuple[float, float]:
    with past.crowd.db.read() as session:
        newest = select(Thread.last_at, Thread.id).where(Thread.closure_id.is_not(None))
        last = session.execute(newest.order_by(Thread.last_at.desc(), Thread.id.desc()).offset(deep - 1).limit(1)).one()
    far = f"{DEEPEST}&after={Place(last.last_at, last.id)}"
    # A page in the middle has a link back that the first has not; so the one after the first is the first here.
    near = f"{DEEPEST}&after={_second(past)}"
    took: dict[str, list[float]] = {near: [], far: []}
    for turn in range(turns * 3):
        for address in (near, far):
            once = past.took(past.browsers[0], address)
            if turn:
                took[address].append(once)
    return statistics.median(took[near]), statistics.median(took[far])


def _second(past: _Past) -> Place:
    with past.crowd.db.read() as session:
        newest = select(Thread.last_at, Thread.id).where(Thread.closure_id.is_not(None))
        last = session.execute(newest.order_by(Thread.last_at.desc(), Thread.id.desc()).limit(1)).one()
    return Place(last.last_at, last.id)


def _all_pages(few: _Past, many: _Past, turns: int) -> tuple[float, float]:
    took: dict[int, list[float]] = {0: [], 1: []}
    for turn in range(turns):
        for address in (f"{view}{shown}" for view in VIEWS for shown in LISTS):
            for who in range(2):
                for which, past in enumerate((few, many)):
                    once = past.took(past.browsers[who], address)
                    if turn:
                        took[which].append(once)
    return _slow(took[0]), _slow(took[1])


def _slow(took: list[float]) -> float:
    """The 95th percentile."""
    return sorted(took)[max(0, round(0.95 * len(took)) - 1)]


def _past(url: str, size: int, open_ones: int, folder: Path) -> _Past:
    db = Database(url)
    migrate.upgrade(db)
    before = START - APART * size
    with db.write() as session:
        session.add_all(
            Chapter(id=number + 1, created_at=before, slug=f"chapter-{number}", name=f"Chapter {number}")
            for number in range(CHAPTERS)
        )
        staff = add_member(session, "Maya Torres", before)
        give_role(session, staff.id, None, "staff", before)
        organizers = []
        for number in range(CHAPTERS):
            person = add_member(session, f"Denise {number}", before)
            join(session, person.id, number + 1, before)
            give_role(session, person.id, number + 1, "organizer", before)
            organizers.append(person.id)
        hashed = hash_of(PASSWORD)
        for who, name in ((staff.id, "maya"), (organizers[7], "denise")):
            email = f"{name}@nfp.example"
            session.add(Login(member_id=who, created_at=before, email=email, password_hash=hashed, epoch=1))
    _write_threads(db, size, open_ones, organizers)
    _write_messages(db, size)
    with db.write() as session:
        session.connection().exec_driver_sql("ANALYZE")
    crowd = Crowd(db, size)
    app = create_app(office(crowd, folder))
    browsers = app.test_client(), app.test_client()
    for browser, name in zip(browsers, ("maya", "denise"), strict=True):
        Visitor(browser).signs_in(f"{name}@nfp.example")
    return _Past(crowd, browsers)


def _write_threads(db: Database, size: int, open_ones: int, organizers: list[int]) -> None:
    """A conversation every three minutes; of the open ones every second waits, half of them too long."""
    open_each = size // open_ones
    table, columns = table_of(Thread), (
        "id", "created_at", "kind", "subject", "correspondent", "correspondent_name", "chapter_id", "responsible_id",
        "closure_id", "reason", "marks", "last_at", "last_words", "waits_since", "answer_due_at", "detail",
    )  # fmt: skip
    for first in range(0, size, ROWS_AT_ONCE):
        with db.write() as session:

            def row(number: int, session: Any = session) -> tuple[Any, ...]:
                at = START - APART * (size - number)
                nth, rest = divmod(number, open_each)
                is_open = rest == number * 7 % open_each
                waits = is_open and nth % 2 == 0
                due = stored_time(session, START + timedelta(days=1 if nth % 4 else -1)) if waits else None
                chapter = number * 31 % CHAPTERS
                topic = number % TOPIC_EACH == 0
                then = stored_time(session, at)
                return (
                    number + 1, then, "topic" if topic else "person", "A ride to the clinic" if topic else "", "",
                    f"Neighbor {number}", chapter + 1, None if number % 5 == 0 else organizers[chapter],
                    None if is_open else 1, "They answered a letter.", "[]", then, "Could somebody drive me on Friday?",
                    then if waits else None, due, "{}",
                )  # fmt: skip

            bulk_insert(
                session, table, columns, [row(number) for number in range(first, min(first + ROWS_AT_ONCE, size))]
            )


def _write_messages(db: Database, size: int) -> None:
    each = " UNION ALL ".join(f"SELECT {n} AS n" for n in range(MESSAGES_EACH))
    for first in range(0, size, ROWS_AT_ONCE):
        with db.write() as session:
            session.execute(
                text(
                    "INSERT INTO message (id, created_at, at, thread_id, kind, channel, author_name, subject, text,"
                    " folded, attachments, internet_message_id, detail)"
                    f" SELECT thread.id * {MESSAGES_EACH} + n, created_at, last_at, thread.id, 'in', 'email', 'Rosa',"
                    f" '', 'Could you drive me on Friday?', '[]', '[]', '', '{{}}' FROM thread, ({each}) AS each_one"
                    " WHERE thread.id > :first AND thread.id <= :last"
                ),
                {"first": first, "last": first + ROWS_AT_ONCE},
            )
