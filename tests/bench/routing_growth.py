"""Routing's growth: what one reply costs with 10,000 and with 1,000,000 members, letters and messages behind.

Both databases stand at once and take turns, so what else the machine does falls on both. Before anything is measured
the plan of every statement that routing sends is looked at, at both sizes: none walks through a table of the members'.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event, text

from engine.base.services import Services
from reply_router.routing import route_due, route_one
from tests.bench.crowd import Crowd, gather_crowd, member_id
from tests.bench.figure import Figure
from tests.bench.mailroom import office, organizers, post
from tests.bench.places import KINDS, place

SMALL, LARGE, QUICK = 10_000, 1_000_000, (200, 600)
#: Letters a turn, and turns of each size; the first turn of each only warms up.
TURN, TURNS = 20, 11
AT_MOST = 1.3
#: Tables that grow with members and with what was said.
GROWING = ("member", "address", "membership", "message", "thread", "delivery", "received", "enrollment", "filed_key")


def figures(quick: bool) -> Iterator[Figure]:
    """Milliseconds a letter, few members against many."""
    for kind in KINDS[:1] if quick else KINDS:
        with place(kind, quick=quick) as fresh, tempfile.TemporaryDirectory(prefix="hearthline-bench-") as folder:
            small, large = QUICK if quick else (SMALL, LARGE)
            offices = [_filled(fresh(name), size, Path(folder)) for name, size in (("few", small), ("many", large))]
            for each, size in zip(offices, (small, large), strict=True):
                _look_at_plans(each, size, judged=not quick)
            few, many = _turns(offices, (small, large), 3 if quick else TURNS)
            yield Figure("routing, 10k to 1M", kind, few, many, None if quick else AT_MOST, "ms a letter", "at most")
            for each in offices:
                each.db.close()


def _filled(url: str, size: int, folder: Path) -> Services:
    """A crowd in which every tenth had a conversation with us, and everybody a letter of ours in their timeline."""
    crowd: Crowd = gather_crowd(url, size, reachable=True)
    organizers(crowd)
    first = member_id(0)
    blank = "'', '[]', '[]', '', '{}'"
    with crowd.db.write() as session:
        then = session.scalar(text("SELECT created_at FROM member ORDER BY id LIMIT 1"))
        session.execute(
            text(
                "INSERT INTO message (id, created_at, at, member_id, kind, channel, author_name, subject, text, folded,"
                " attachments, internet_message_id, detail, delivery_id)"
                f" SELECT 4000000000 + id - {first}, created_at, created_at, id, 'journey', 'email', 'Maya',"
                f" 'Saturday on the porch', {blank}, id - {first} + 1 FROM member WHERE id < {first + size}"
            )
        )
        session.execute(
            text(
                "INSERT INTO thread (id, created_at, kind, subject, member_id, correspondent, correspondent_name,"
                " chapter_id, closure_id, reason, marks, last_at, last_words, detail)"
                f" SELECT 5000000000 + id - {first}, created_at, 'person', 'Before', id, '', '', 1, 1, '', '[]',"
                f" created_at, '', '{{}}' FROM member WHERE id < {first + size} AND id % 10 = 0"
            )
        )
        assert then is not None
    with crowd.db.write() as session:
        session.connection().exec_driver_sql("ANALYZE")
    return office(crowd, folder)


def _turns(offices: list[Services], sizes: tuple[int, int], turns: int) -> tuple[float, float]:
    took: list[list[float]] = [[], []]
    for turn in range(turns):
        for which, (services, size) in enumerate(zip(offices, sizes, strict=True)):
            # Members from everywhere, none twice, and each time others.
            apart = size // (TURN * (turns + 1))
            rows = post(services, [(number * (turns + 1) + turn) * apart for number in range(TURN)])
            for row in rows:
                began = time.perf_counter()
                route_one(services, row)
                if turn:
                    took[which].append((time.perf_counter() - began) * 1000)
    return statistics.median(took[0]), statistics.median(took[1])


def _look_at_plans(services: Services, size: int, *, judged: bool) -> None:
    """Every statement that routing one letter, or several together, sends finds its rows by an index. Raises
    AssertionError."""
    row, *rows = post(services, range(size - 4, size))
    with _said(services) as statements:
        route_one(services, row)
        route_due(services, rows[0])
    engine = services.db.engine
    with engine.connect() as connection:
        for statement, values in statements:
            if not statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE")):
                continue
            asked = "EXPLAIN QUERY PLAN " if services.db.is_sqlite else "EXPLAIN "
            plan = [" ".join(map(str, line)) for line in connection.exec_driver_sql(asked + statement, values)]
            walks = [line for line in plan if _walks(line)]
            if judged and walks:
                raise AssertionError(f"{walks} in {statement[:300]}")
        connection.rollback()


def _walks(line: str) -> bool:
    """Whether a line of a plan goes through a whole growing table."""
    for table in GROWING:
        if f"SCAN {table}" in line and "USING" not in line:
            return True
        if f"Seq Scan on {table} " in f"{line} ":
            return True
    return False


@contextmanager
def _said(services: Services) -> Iterator[list[tuple[str, Any]]]:
    """What is said to the database until the block ends."""
    statements: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        if not many:
            statements.append((statement, values))

    event.listen(services.db.engine, "before_cursor_execute", hear)
    try:
        yield statements
    finally:
        event.remove(services.db.engine, "before_cursor_execute", hear)
