"""Bringing in a file of people: against row by row, and its time and memory for a million rows.

Ours is the command as an organizer runs it, in a process of its own, with `--json` to nowhere. The naive way is what
one would write first: the csv module's dictionaries, the libraries' own checks, one look-up and one commit a person.
"""

import csv
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import phonenumbers
from email_validator import validate_email
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.db import Database
from engine.base.ids import new_id
from engine.enrollments.joining import welcome
from engine.people.address import Address
from engine.people.consent import EVERYTHING, Said, record_consent
from engine.people.member import tag_many
from tests.bench.figure import Figure
from tests.database import database_in, postgres_database
from tests.servers import shared

ROOT = Path(__file__).parents[2]
ROWS, NAIVE_ROWS = 1_000_000, 400
#: How often its memory is looked at, in seconds.
LOOK_EVERY = 0.02
#: What a million rows may take.
SECONDS_A_ROW, MEGABYTES = 600 / 1_000_000, 500
HEADER = ("first_name", "last_name", "email", "zip_code", "can2_phone", "can2_user_tags", "can2_subscription_status",
          "can2_sms_status")  # fmt: skip
SETTINGS = f"""\
keys = ["1:{"5e" * 32}"]
[mail]
domain = "nfp.example"
host = "127.0.0.1"
"""
_FIRST = ("Rosa", "Bo", "Ana", "José", "Denise", "Tomás", "Ingrid", "Wei", "Latoya", "Omar")
_LAST = ("Marin", "Okafor", "Núñez", "Lee", "Halvorsen", "Torres", "Smith", "Nguyen", "Brown", "Ali")
_ZIPS = ("30317", "55803", "85713", "2139", "18015", "30030", "10001", "94110")


@dataclass(frozen=True, slots=True)
class Taken:
    """What one run of the command took."""

    seconds: float
    cpu_seconds: float
    megabytes: float


def figures(quick: bool) -> Iterator[Figure]:
    """Rows a second against the naive way; seconds and peak memory of the whole file, on SQLite and on PostgreSQL."""
    rows, naive_rows = (4_000, 20) if quick else (ROWS, NAIVE_ROWS)
    with tempfile.TemporaryDirectory(prefix="hearthline-bench-") as kept, a_server():
        file = write_file(Path(kept) / "people.csv", rows)
        for name, database in (("sqlite", sqlite_database), ("postgresql", postgres)):
            folder = Path(kept) / name
            folder.mkdir()
            with database(folder, "naive") as url:
                naive = row_by_row(url, file, naive_rows)
            with database(folder, "ours") as url:
                (folder / "hearthline.toml").write_text(f'database_url = "{url}"\n{SETTINGS}', "utf-8")
                taken = bring_in(folder, file)
            yield from _figures(rows, name, naive_rows / naive, taken)


def _figures(rows: int, name: str, naive: float, taken: Taken) -> Iterator[Figure]:
    where: Literal["sqlite", "postgresql"] = "sqlite" if name == "sqlite" else "postgresql"
    print(f"{rows:,} rows, {name}: {taken}", file=sys.stderr)
    yield Figure(f"import {rows:,}", where, naive, rows / taken.seconds, 10, "rows/s")
    yield Figure("import time", where, SECONDS_A_ROW * rows, taken.seconds, 1, "s, of those it may take", "at most")
    yield Figure("import memory", where, MEGABYTES, taken.megabytes, 1, "MB, of those it may take", "at most")


@contextmanager
def sqlite_database(folder: Path, name: str) -> Iterator[str]:
    """The URL of a new file at the present shape."""
    (folder / name).mkdir()
    db = database_in(folder / name)
    db.close()
    yield db.url


@contextmanager
def postgres(_folder: Path, _name: str) -> Iterator[str]:
    """The URL of a new database at the present shape."""
    with postgres_database() as url:
        yield url


@contextmanager
def a_server() -> Iterator[None]:
    """There is a PostgreSQL: the test run's, else one of our own, gone when the block ends."""
    mine = shared.VARIABLE not in os.environ
    if mine:
        shared.begin()
    try:
        yield
    finally:
        if mine:
            shared.end()


def write_file(path: Path, rows: int) -> Path:
    """An export of so many people: of a hundred, two share a phone, two are unsubscribed, one stands there twice."""
    chance = random.Random(rows)
    with path.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(HEADER)
        for number in range(rows):
            who = number if chance.random() > 0.01 else chance.randrange(number + 1)
            phone = who if who % 50 else max(0, who - 1)
            tags = "Host, Lends tools" if who % 5 == 0 else ""
            writer.writerow(
                (
                    _FIRST[who % 10], f"{_LAST[who // 10 % 10]} {who}", f"neighbor.{who}@mail.example", _ZIPS[who % 8],
                    f"404-{200 + phone // 10_000 % 700}-{phone % 10_000:04d}", tags,
                    "unsubscribed" if who % 50 == 7 else "subscribed", "subscribed" if who % 3 == 0 else "",
                )
            )  # fmt: skip
    return path


def bring_in(data: Path, file: Path) -> Taken:
    """The command has brought the file in. Raises AssertionError when it did not."""
    return ran("members", "import", str(file), "--data", str(data), "--json", "--journey", "none")


def ran(*words: str) -> Taken:
    """What a command of ours took, in a process of its own. Raises AssertionError when it did not end well."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("HEARTHLINE_")}
    began = time.perf_counter()
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        running = subprocess.Popen(
            [sys.executable, "-m", "admin.cli", *words],
            stdin=subprocess.DEVNULL, stdout=nowhere, stderr=nowhere, cwd=ROOT, env={**mine, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        # Its own peak is read while it runs: what the system says at its end counts this process's memory too, which it
        # had from the fork to the exec.
        peak = 0
        while (ended := os.wait4(running.pid, os.WNOHANG))[0] == 0:
            peak = max(peak, _peak_kilobytes(running.pid))
            time.sleep(LOOK_EVERY)
        _, status, used = ended
        running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode != 0:
        raise AssertionError(f"{words[0]} ended with {running.returncode}")
    return Taken(time.perf_counter() - began, used.ru_utime + used.ru_stime, peak / 1024)


def _peak_kilobytes(pid: int) -> int:
    """The largest resident size of a process so far (proc(5)); 0 when it has just ended."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text("ascii"))
    return int(found[1]) if found else 0


def row_by_row(url: str, file: Path, rows: int) -> float:
    """Seconds of the naive way for the first so many rows of the file."""
    db = Database(url)
    began = time.perf_counter()
    with file.open(encoding="utf-8", newline="") as opened:
        for number, row in enumerate(csv.DictReader(opened)):
            if number == rows:
                break
            with db.write() as session:
                bring_in_one(session, row, datetime.now(UTC))
    seconds = time.perf_counter() - began
    db.close()
    return seconds


def bring_in_one(session: Session, row: dict[str, str], now: datetime) -> None:
    """One person as one would write it first: the libraries' checks, objects, one query each."""
    email = validate_email(row["email"], check_deliverability=False, test_environment=True).normalized.lower()
    number = phonenumbers.parse(row["can2_phone"], "US")
    phone = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    said = Said(how="import", evidence=f"people.csv: {row['can2_subscription_status']}")
    name = f"{row['first_name']} {row['last_name']}"
    joined = welcome(session, name, email, now, postal_code=row["zip_code"].zfill(5), source="people.csv", consent=said)
    if session.scalar(select(Address).where(Address.member_id == joined.member_id, Address.value == phone)) is None:
        session.add(
            Address(
                id=new_id(), created_at=now, member_id=joined.member_id, kind="phone", value=phone, resting_reason=""
            )
        )
    tags = [tag.strip().lower().replace(" ", "-") for tag in row["can2_user_tags"].split(",") if tag]
    tag_many(session, [(joined.member_id, tag) for tag in tags], now)
    if row["can2_subscription_status"] == "unsubscribed":
        record_consent(session, joined.member_id, "email", EVERYTHING, False, said, now)
