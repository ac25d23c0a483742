"""Files of people by the command line: one verdict a row, all or nothing, and nothing lost on the way."""

import csv
import json
import os
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.shell import ROOT, Ran, command, environment, hearthline
from tests.waiting import soon

HEADER = "first name,last name,email,mobile"
GOOD = "Rosa,Marin,rosa@mail.example,404-555-0142"
BAD = "Bo,=1+1,bo@mail.example,+4.04555E+09"


def people(folder: Path, *rows: str, header: str = HEADER) -> Path:
    file = folder / "people.csv"
    file.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return file


def count(data: Path, table: str = "member") -> int:
    with closing(sqlite3.connect(data / "hearthline.db")) as db:
        ((found,),) = db.execute(f"select count(*) from {table}").fetchall()
        return int(found)


def brought_in(data: Path, file: Path, *words: str) -> tuple[Ran, list[dict[str, object]]]:
    """The command with --json, and its lines."""
    ran = hearthline("members", "import", file, "--data", data, "--json", *words)
    return ran, [json.loads(line) for line in ran.out.splitlines()]


def test_each_row_has_its_verdict_and_the_totals_come_last(data: Path, tmp_path: Path) -> None:
    file = people(tmp_path, GOOD, BAD, GOOD)
    ran, (*verdicts, totals) = brought_in(data, file, "--dry-run")
    assert ran.code == 0, ran.said
    assert [(line["row"], line["verdict"]) for line in verdicts] == [(2, "new"), (3, "refused"), (4, "same")]
    assert "its last digits are lost" in str(verdicts[1]["why"])
    assert totals == {
        "total": 3, "new": 1, "update": 0, "same": 1, "refused": 1, "imported": False, "dry_run": True,
        "recipe": "plain", "hello": None, "refused_file": None,
    }  # fmt: skip
    assert count(data) == 0
    assert list(tmp_path.glob("*.csv")) == [file]


def test_one_refused_row_stops_the_file_and_is_kept_with_its_reason(data: Path, tmp_path: Path) -> None:
    ran = hearthline("members", "import", people(tmp_path, GOOD, BAD), "--data", data)
    assert ran.code == 1
    assert "Refused: row 3: The spreadsheet has shortened the phone" in ran.out
    assert "nothing was brought in, because one row is refused" in ran.err
    assert "no journey begins when somebody joins" in ran.err
    assert count(data) == 0
    with (tmp_path / "people.refused.csv").open(encoding="utf-8-sig", newline="") as opened:
        header, row = csv.reader(opened)
    assert header == ["refused because", *HEADER.split(",")]
    # What a spreadsheet would run as a formula is kept as words.
    assert row[1:] == ["Bo", "'=1+1", "bo@mail.example", "'+4.04555E+09"]


def test_the_others_come_in_when_refused_rows_are_skipped_and_a_hello_follows(data: Path, tmp_path: Path) -> None:
    assert hearthline("journeys", "publish", ROOT / "journeys/library/welcome.yaml", "--data", data).code == 0
    ran = hearthline("members", "import", people(tmp_path, GOOD, BAD), "--data", data, "--skip-refused")
    assert ran.code == 0, ran.said
    assert "hello of the journey welcome" in ran.out
    assert "Brought in: 1 new, 0 updated, 0 the same, 1 refused, of 2 rows." in ran.out
    assert (count(data), count(data, "signal"), count(data, "consent where how = 'import'")) == (1, 1, 1)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("people.csv", f"{HEADER}\n".encode(), "has a header and nobody under it"),
        ("people.csv", f"{GOOD}\n".encode(), "has no header"),
        ("people.xlsx", b"PK\x03\x04workbook", "not a CSV file"),
        ("people.csv", f'{HEADER}\n"Rosa,Marin,rosa@mail.example,\n{GOOD}\n'.encode(), "has a quote that never closes"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence_and_changes_nothing(
    data: Path, tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    ran = hearthline("members", "import", file, "--data", data, "--journey", "none")
    assert ran.code == 1
    assert says in ran.err
    assert len(ran.err.strip().splitlines()) == 1
    assert count(data) == 0


def test_killed_half_way_it_is_named_by_doctor_and_the_same_file_finishes_it(data: Path, tmp_path: Path) -> None:
    size = 12_000
    file = people(tmp_path, *(f"Neighbor,{n},n{n}@mail.example," for n in range(size)))
    words = command("members", "import", file, "--data", data, "--json", "--journey", "none")
    running = subprocess.Popen(
        words, cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        soon(lambda: count(data))
        running.send_signal(signal.SIGSTOP)  # so that it is not done before it is killed
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait(timeout=30)
    half = count(data)
    assert half == count(data, "origin") == count(data, "consent")
    assert 0 < half < size
    with closing(sqlite3.connect(data / "hearthline.db")) as db, db:
        db.execute("update lease set until_at = 0")  # a minute later
    said = hearthline("doctor", "--data", data).said
    assert f"stopped after {half:,} of {size:,} rows" in said
    assert "with the same file again" in said

    ran, lines = brought_in(data, file, "--journey", "none")
    assert ran.code == 0, ran.said
    assert (lines[-1]["same"], lines[-1]["new"]) == (half, size - half)
    assert count(data) == size
    assert count(data, "file_import where finished_at is null") == 0
