"""A post to a chapter of 100,000, against row by row; and digests of topics among few and among many.

A delivery means: whether its member is still there, chose it, muted it, stopped it or has had enough of its author is
looked up, and a key, a delivery and a place in the courier's queue are written.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from engine.base.bulk import bulk_insert
from engine.base.db import Database, table_of
from engine.base.ids import new_id
from engine.base.stored_time import stored_time
from engine.chapters.chapter import Chapter
from engine.chapters.membership import Membership
from engine.chapters.topic_choice import TopicDigest
from engine.content.template import current_version, publish_template
from engine.conversations.message import Words
from engine.conversations.topic import MemberBlock, TopicMute, open_topic
from engine.conversations.topic_post import add_post
from engine.migrations import migrate
from engine.outbox.classes import rank_of
from engine.outbox.delivery import Delivery, OutboxDue
from engine.outbox.fan_out import BATCH, LETTER, POSTS, FanOutKey, begin, fan_out
from engine.outbox.topic_digest import send_digests
from engine.people.address import Address
from engine.people.consent import ConsentStanding
from engine.people.member import Member
from templates.catalog import our_library
from tests.bench.figure import Figure
from tests.bench.places import KINDS, Fresh, Kind, place
from tests.bench.tick import walked

NOW = datetime(2026, 3, 2, 17, tzinfo=UTC)
ROUNDS, BATCHES_A_ROUND, NAIVE_ROWS = 5, 10, 300
#: Tables whose size is the chapter's: no statement of a batch may walk through one.
BIG = (
    "membership", "member", "address", "consent_standing", "delivery", "outbox_due", "fan_out_key", "topic_digest",
)  # fmt: skip
_AT_ONCE = 10_000


@dataclass
class Square:
    """One chapter of so many, all of whom want each post, and one of whom writes."""

    db: Database
    size: int
    posts: int = 0
    naive_at: int = 0

    def post(self) -> int:
        """The author's words are out; their way is due."""
        with self.db.write() as session:
            topic = open_topic(session, 1, "Soup on Thursday", NOW, reason="A topic.")
            row = add_post(session, topic, _member(0), Words("Shall we have soup?", author_id=_member(0)), NOW)
            begin(session, row, NOW)
            self.posts += 1
            return row.message_id

    def in_sets(self, message_id: int, batches: int) -> tuple[int, float]:
        """So many batches of the post's way; how many deliveries, and how many seconds."""
        began, done = time.perf_counter(), 0
        for _ in range(batches):
            with self.db.write() as session:
                if not fan_out(session, message_id, NOW):
                    break
            done += 1
        seconds = time.perf_counter() - began
        return done * BATCH, seconds

    def row_by_row(self, message_id: int, rows: int) -> float:
        """Seconds a delivery of the naive way, which does the same with one object and one commit a person."""
        began = time.perf_counter()
        for _ in range(rows):
            self.naive_at += 1
            with self.db.write() as session:
                settle_one(session, message_id, _member(self.naive_at))
        return (time.perf_counter() - began) / rows

    def digests(self, rows: int) -> float:
        """Seconds a due digest, of a full batch."""
        began = time.perf_counter()
        with self.db.write() as session:
            settled = send_digests(session, NOW + timedelta(days=1), batch=rows)
        if settled != rows:
            raise AssertionError(f"{settled} digests of {rows} were settled")
        return (time.perf_counter() - began) / rows


def figures(quick: bool) -> Iterator[Figure]:
    """On both databases."""
    for kind in KINDS:
        with place(kind, quick=quick) as fresh:
            yield from _figures(kind, fresh, quick)


def _figures(kind: Kind, fresh: Fresh, quick: bool) -> Iterator[Figure]:
    small_size, large_size = (1_200, 1_500) if quick else (10_000, 100_000)
    rounds, batches, naive_rows = (1, 1, 10) if quick else (ROUNDS, BATCHES_A_ROUND, NAIVE_ROWS)
    small, large = gather(fresh("small"), small_size), gather(fresh("large"), large_size)
    try:
        if not quick:
            _check_plans(large, lambda: large.in_sets(large.post(), 1))
        ours, theirs, naive = large.post(), large.post(), []
        sets: list[float] = []
        for _ in range(rounds):
            count, seconds = large.in_sets(ours, batches)
            sets.append(seconds / count)
            naive.append(large.row_by_row(theirs, naive_rows))
        by_row, in_sets = statistics.median(naive), statistics.median(sets)
        yield Figure(f"topic to {large_size:,}", kind, 1 / by_row, 1 / in_sets, 20, "deliveries/s")
        if not quick:
            count, seconds = large.in_sets(large.post(), large_size)
            yield Figure(f"topic to {large_size:,} whole", kind, large_size * by_row, seconds, 0.05, "s", "at most")
            if kind == "sqlite":
                # Of a hundred thousand narrow rows PostgreSQL rightly reads all for a thousand: there time tells.
                _check_plans(large, lambda: large.digests(BATCH))
        while small.posts < large.posts:
            small.post()  # as much is new to both
        with_few, with_many = [], []
        for _ in range(1 if quick else 3):
            with_few.append(small.digests(BATCH))
            with_many.append(large.digests(BATCH))
        few, many = statistics.median(with_few), statistics.median(with_many)
        growth = f"digests {small_size:,} to {large_size:,}"
        yield Figure(growth, kind, few * 1e6, many * 1e6, None if quick else 1.5, "us/digest", "at most")
    finally:
        small.db.close()
        large.db.close()


def gather(url: str, size: int) -> Square:
    """A chapter of `size` members with an address each; every third reads a digest as well, which is due."""
    db = Database(url)
    migrate.upgrade(db)
    with db.write() as session:
        for (name, _language), compiled in our_library().templates.items():
            if "topic" in name:
                publish_template(session, compiled, "", NOW)
        session.add(Chapter(id=1, created_at=NOW, slug="duluth", name="Duluth", default_to="group"))
        then = stored_time(session, NOW - timedelta(days=30))
        due = stored_time(session, NOW)

    def write(table: Any, columns: Sequence[str], row: Callable[[int], tuple[Any, ...]]) -> None:
        for start in range(0, size, _AT_ONCE):
            with db.write() as session:
                rows = [row(number) for number in range(start, min(size, start + _AT_ONCE))]
                bulk_insert(session, table_of(table), columns, rows)

    write(
        Member,
        ("id", "created_at", "name", "first_name", "pronouns", "language", "languages_spoken", "zone", "postal_code",
         "locality", "region", "country", "source", "custom"),
        lambda n: (_member(n), then, f"Neighbor {n}", "Neighbor", "", "es" if n % 7 == 0 else "en", "[]",
                   "America/Chicago", "55801", "Duluth", "MN", "US", "bench", "{}"),
    )  # fmt: skip
    write(Membership, ("member_id", "chapter_id", "created_at", "rank"), lambda n: (_member(n), 1, then, 0))
    write(
        Address,
        ("id", "created_at", "member_id", "kind", "value", "rank", "resting_reason", "line_type", "carrier"),
        lambda n: (3_000_000_000 + n, then, _member(n), "email", f"neighbor{n}@mail.example", 0, "", "", ""),
    )
    write(
        ConsentStanding,
        ("member_id", "channel", "scope", "created_at", "opted_in", "consent_id"),
        lambda n: (_member(n), "email", "all", then, True, n + 1),
    )
    write(
        TopicDigest,
        ("member_id", "chapter_id", "channel", "created_at", "every", "due_at", "since_at"),
        lambda n: (_member(n), 1, "email", then, "daily", due, then),
    )
    if not db.is_sqlite:
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
    return Square(db, size)


def settle_one(session: Session, message_id: int, member_id: int) -> None:
    """One member's delivery of the post, the way somebody would write it first."""
    membership = session.get_one(Membership, (member_id, 1))
    member = session.get_one(Member, member_id)
    address = session.scalar(select(Address).where(Address.member_id == member_id, Address.kind == "email").limit(1))
    said = session.get(ConsentStanding, (member_id, "email", "chapter:1"))
    muted = session.get(TopicMute, (member_id, message_id))
    blocked = session.get(MemberBlock, (member_id, _member(0)))
    wants = membership.left_at is None and membership.topics_by_mail == "each" and address is not None
    if not wants or muted is not None or blocked is not None or (said is not None and not said.opted_in):
        return
    delivery = Delivery(
        id=new_id(), created_at=NOW, message_class="chapter", channel="email", member_id=member_id, chapter_id=1,
        template_version_id=current_version(session, LETTER, member.language).id, data={POSTS: [message_id]},
        send_at=NOW, state="queued", state_at=NOW,
    )  # fmt: skip
    session.add(FanOutKey(message_id=message_id, channel="email", member_id=member_id, delivery_id=delivery.id))
    session.add(delivery)
    session.add(OutboxDue(rank=rank_of("chapter", "email"), send_at=NOW, delivery_id=delivery.id))
    session.flush()


def _check_plans(square: Square, work: Callable[[], object]) -> None:
    """No statement of this work walks through a table of the chapter's size, but the one that counts its readers."""
    seen: dict[str, Any] = {}

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        seen.setdefault(statement, parameters[0] if many or isinstance(parameters, list) else parameters)

    event.listen(square.db.engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(square.db.engine, "before_cursor_execute", note)
    with square.db.read() as session:
        for statement, parameters in seen.items():
            if statement.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE", "DELETE", "INSERT")):
                # Counted once for each post, for the foot of its letters.
                if "count(" in statement and "membership" in statement:
                    continue
                for table in walked(session, statement, parameters, BIG, 50_000):
                    raise AssertionError(f"it walks through {table}\n{statement}")


def _member(number: int) -> int:
    return 1_000_000 + number
