"""A crowd: a database with many members on a journey and a long history behind them, as the tick bench needs it."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.base.bulk import bulk_insert
from engine.base.db import Database, table_of
from engine.base.ids import new_ids
from engine.base.stored_time import stored_time
from engine.chapters.chapter import Chapter
from engine.chapters.membership import Membership
from engine.content.template import current_version, publish_library
from engine.enrollments.enrollment import Due, Enrollment, Visit
from engine.enrollments.journey import publish_journey
from engine.migrations import migrate
from engine.outbox.classes import rank_of
from engine.outbox.delivery import Delivery, DeliveryKey, OutboxDue
from engine.people.address import Address
from engine.people.consent import ConsentStanding
from engine.people.member import Member
from journeys.compiled import compiled
from journeys.read import read
from templates.catalog import our_library

#: The crowd's first due time; everybody is due a second after the one before.
START = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
APART = timedelta(seconds=1)
CHAPTERS = 200
ROWS_AT_ONCE = 10_000
#: The letter of the library that a reachable crowd gets.
LETTER = "porch/a_story"

#: A question and a rest: one letter, one visit and one next due time for each due row.
JOURNEY = """
slug: crowd
title: A crowd
purpose: To be measured.
triggers: by_hand
re_entry: never
steps:
  - id: ask
    do: ask
    template: bench/ask
    speaks: listen
    signed_by: desk
    question: {kind: open}
    timeout: P700D
    silent: ask
  - {id: done, do: end}
"""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Where the crowd lives and how many they are."""

    db: Database
    size: int


def gather_crowd(url: str, size: int, *, reachable: bool = False) -> Crowd:
    """`size` members are on the journey, due one after the other in no order of theirs, each with a letter behind.

    `reachable`: the letter is a real one of the library, and each has an address and said yes to everything.
    """
    db = Database(url)
    migrate.upgrade(db)
    draft = read(JOURNEY)
    if draft.journey is None:
        raise ValueError(f"the bench's journey has errors: {draft.findings}")
    before = START - timedelta(days=30)
    with db.write() as session:
        letters = {"en": 1, "es": 2}
        if reachable:
            letters = publish_library(session, our_library(), before)[LETTER]
        version = publish_journey(
            session, JOURNEY, draft.journey, compiled(draft.journey), {"bench/ask": letters}, before
        )
        journey_id, version_id = version.journey_id, version.id
        session.add_all(
            Chapter(id=number + 1, created_at=before, slug=f"chapter-{number}", name=f"Chapter {number}")
            for number in range(CHAPTERS)
        )
    order = list(range(size))
    random.Random(size).shuffle(order)
    with db.read() as session:
        then = stored_time(session, before)

        def at(moment: datetime) -> Any:
            return stored_time(session, moment)

    def write(table: Any, columns: Sequence[str], row: Callable[[int], tuple[Any, ...]]) -> None:
        for some in _slices(size):
            with db.write() as session:
                bulk_insert(session, table_of(table), columns, [row(number) for number in some])

    write(
        Member,
        ("id", "created_at", "name", "first_name", "pronouns", "language", "languages_spoken", "zone", "postal_code",
         "locality", "region", "country", "source", "custom"),
        lambda n: (_member(n), then, f"Neighbor {n}", "Neighbor", "", "es" if n % 7 == 0 else "en", "[]",
                   "America/New_York", "30303", "Atlanta", "GA", "US", "bench", "{}"),
    )  # fmt: skip
    write(
        Membership,
        ("member_id", "chapter_id", "created_at", "rank"),
        lambda n: (_member(n), n % CHAPTERS + 1, then, 0),
    )
    if reachable:
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
        Enrollment,
        ("id", "created_at", "member_id", "journey_id", "version_id", "trigger", "first_at", "end_reason"),
        lambda n: (_enrollment(n), then, _member(n), journey_id, version_id, "by_hand", at(_earlier(n)), ""),
    )
    # History in the order in which it would have been written; due rows in theirs.
    write(
        Visit,
        ("visit_at", "enrollment_id", "version_id", "step", "phase", "acted_at", "outcome", "why", "next_at"),
        lambda n: (at(_earlier(n)), _enrollment(n), version_id, 0, 0, at(_earlier(n)), "asked", "",
                   at(START + APART * order[n])),
    )  # fmt: skip
    write(
        Delivery,
        ("id", "created_at", "message_class", "channel", "member_id", "chapter_id", "template_version_id",
         "enrollment_id", "version_id", "step", "visit_at", "send_at", "state", "state_at", "attempts", "sent_at"),
        lambda n: (n + 1, then, "journey", "email", _member(n), n % CHAPTERS + 1, 1, _enrollment(n), version_id, 0,
                   at(_earlier(n)), then, "sent", then, 1, then),
    )  # fmt: skip
    write(
        DeliveryKey,
        ("due_at", "enrollment_id", "channel", "delivery_id"),
        lambda n: (at(_earlier(n)), _enrollment(n), "email", n + 1),
    )
    by_turn = sorted(range(size), key=order.__getitem__)
    write(
        Due,
        ("due_at", "enrollment_id", "member_id", "version_id", "step", "phase", "prev_at", "heard", "tries"),
        lambda n: (at(START + APART * n), _enrollment(by_turn[n]), _member(by_turn[n]), version_id, 0, 0,
                   at(_earlier(by_turn[n])), "", 0),
    )  # fmt: skip
    with db.write() as session:
        session.connection().exec_driver_sql("ANALYZE")
    return Crowd(db, size)


def broadcast(crowd: Crowd, letter: int, count: int, now: datetime) -> None:
    """A broadcast to the first `count` of a reachable crowd is due, all of it at once."""
    first = new_ids(count).start
    for some in _slices(count):
        with crowd.db.write() as session:
            then = stored_time(session, now)
            bulk_insert(
                session, table_of(Delivery),
                ("id", "created_at", "message_class", "channel", "member_id", "template_version_id", "send_at", "state",
                 "state_at", "attempts"),
                [(first + n, then, "broadcast", "email", _member(n), letter, then, "queued", then, 0) for n in some],
            )  # fmt: skip
            bulk_insert(
                session, table_of(OutboxDue), ("rank", "send_at", "delivery_id"),
                [(rank_of("broadcast", "email"), then, first + n) for n in some],
            )  # fmt: skip


def letter_of(crowd: Crowd) -> int:
    """The version of the letter that a reachable crowd gets."""
    with crowd.db.read() as session:
        return current_version(session, LETTER, "en").id


def member_id(number: int) -> int:
    """The id of one of a crowd."""
    return _member(number)


def _member(number: int) -> int:
    return 1_000_000_000 + number


def _enrollment(number: int) -> int:
    return 2_000_000_000 + number


def _earlier(number: int) -> datetime:
    return START - timedelta(days=30) + timedelta(milliseconds=number)


def _slices(size: int) -> Iterator[range]:
    return (range(first, min(first + ROWS_AT_ONCE, size)) for first in range(0, size, ROWS_AT_ONCE))
