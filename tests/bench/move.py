"""Moving to PostgreSQL: the widest table, a million rows of it, against select and insert in batches, and the memory.

Ours is the command as an operator runs it, in a process of its own, with the target's migrations and with every row
read back and compared. The naive way copies to a table that stands, and looks at nothing.
"""

import json
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Table, insert, select

from engine.base.db import Database
from engine.base.ids import new_ids
from engine.base.stored_time import to_microseconds
from engine.tables import metadata
from tests.bench.figure import Figure
from tests.bench.import_ import SETTINGS, a_server, ran
from tests.database import database_in, postgres_database

ROWS, NAIVE_ROWS = 1_000_000, 50_000
#: Rows that the naive way takes at once.
BATCH = 1_000
#: What the command may take, whatever the size.
MEGABYTES = 200
TABLE = metadata.tables["delivery"]


def figures(quick: bool) -> Iterator[Figure]:
    """Rows a second, the command against the naive way; its peak memory."""
    rows, naive_rows = (2_000, 2_000) if quick else (ROWS, NAIVE_ROWS)
    with tempfile.TemporaryDirectory(prefix="hearthline-bench-") as kept, a_server():
        folder = Path(kept)
        db = database_in(folder)
        fill(db, TABLE, rows)
        (folder / "hearthline.toml").write_text(SETTINGS, "utf-8")
        with postgres_database() as url:
            naive = in_batches(db, url, naive_rows)
        db.close()
        with postgres_database(None) as url:
            taken = ran("database", "copy", "--to", url, "--data", kept, "--json")
    yield Figure(f"move {rows:,}", "postgresql", naive_rows / naive, rows / taken.seconds, 1, "rows/s")
    yield Figure("move memory", "postgresql", MEGABYTES, taken.megabytes, 1, "MB, of those it may take", "at most")


def fill(db: Database, table: Table, rows: int) -> None:
    """So many rows with a value in every column that must have one."""
    now = to_microseconds(datetime.now(UTC))
    filled = [column for column in table.columns if not column.nullable]
    kinds = [str(column.type) for column in filled]
    names = ", ".join(column.name for column in filled)
    made = (
        tuple(_value(column, kind, row_id, now) for column, kind in zip(filled, kinds, strict=True))
        for row_id in new_ids(rows)
    )
    with db.write() as session:
        raw: Any = session.connection().connection
        statement = f"INSERT INTO {table.name} ({names}) VALUES ({', '.join('?' * len(filled))})"
        raw.cursor().executemany(statement, made)


def _value(column: Column[Any], kind: str, row_id: int, now: int) -> object:
    if column.primary_key:
        return row_id
    if kind == "JSON":
        return json.dumps({"first_name": "Rosa", "link": f"https://people.nfp.example/{row_id}", "again": row_id % 7})
    if kind.startswith(("VARCHAR", "TEXT")):
        return f"words of {row_id}"[: getattr(column.type, "length", None) or 40]
    return now if column.name.endswith("_at") else row_id % 100


def in_batches(db: Database, url: str, rows: int) -> float:
    """Seconds of the naive way for the first so many rows."""
    target = Database(url)
    began = time.perf_counter()
    with db.read() as session, target.write() as there:
        result = session.execute(select(TABLE).limit(rows).execution_options(yield_per=BATCH))
        for batch in result.mappings().partitions():
            there.execute(insert(TABLE), [dict(row) for row in batch])
    seconds = time.perf_counter() - began
    target.close()
    return seconds
