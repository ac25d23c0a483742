"""`hearthline database copy`: an installation moves to PostgreSQL, and what it refuses is one sentence each."""

import json
import os
import pty
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from admin.cli.database import say
from engine.base.lock import FolderLock
from engine.base.settings_file import load
from engine.migrations.copying import Copied
from tests.cli.shell import Ran, command, environment, hearthline
from tests.database import postgres_database


@pytest.fixture
def url() -> Iterator[str]:
    """A PostgreSQL database with nothing in it."""
    with postgres_database(None) as made:
        yield made


def copied(data: Path, url: str, *more: str) -> Ran:
    return hearthline("database", "copy", "--to", url, "--data", data, *more)


def tables_in(url: str) -> int:
    with psycopg.connect(url) as server:
        row = server.execute("SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname = 'member'").fetchone()
    assert row is not None
    return int(row[0])


def test_it_moves_and_the_lines_it_prints_bring_it_to_life_there(data: Path, url: str) -> None:
    assert hearthline("chapters", "add", "Atlanta", "--data", data).code == 0
    ran = copied(data, url)
    assert ran.code == 0, ran.said
    file = data / "hearthline.db"
    assert re.search(
        r"\d+ rows are copied in [\d.]+ s; the \d tables that have any were read back and are the same\.", ran.said
    )
    assert f"{file} is as it was." in ran.said
    assert "Traceback" not in ran.err
    # What it says is typed.
    settings = data / "hearthline.toml"
    (line,) = re.findall(r"^ +(database_url = .*)$", ran.out, flags=re.M)
    (mv,) = re.findall(r"^ +(mv .*)$", ran.out, flags=re.M)
    settings.write_text(f"{line}\n{settings.read_text('utf-8')}", "utf-8")
    subprocess.run(["bash", "-euc", mv], check=True)
    assert load(data, {}).database == url
    assert not file.exists()
    assert "was a chapter already" in hearthline("chapters", "add", "Atlanta", "--data", data).said
    with psycopg.connect(url) as server:
        assert server.execute("SELECT slug FROM chapter").fetchall() == [("atlanta",)]
    assert not file.exists(), "nothing goes on on SQLite"
    again = copied(data, url)
    assert (again.code, again.out) == (1, "")
    assert "This installation is on PostgreSQL already" in again.err


def test_where_the_environment_names_the_database_it_says_so(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    variable = "HEARTHLINE_DATABASE_URL"
    for environ in ({}, {variable: f"sqlite:///{data / 'hearthline.db'}"}):
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environ.items():
                patch.setenv(name, value)
            say(Copied(), 0.5, "postgresql:///hearthline", load(data, environ), as_json=False)
        assert (variable in capsys.readouterr().out) == bool(environ)


def test_json_says_every_table_and_no_word_more(data: Path, url: str) -> None:
    assert hearthline("chapters", "add", "Atlanta", "--data", data).code == 0
    with closing(sqlite3.connect(data / "hearthline.db")) as plain:
        plain.execute("UPDATE chapter SET name = 'Atl' || char(0) || 'anta'")
        plain.commit()
    ran = copied(data, url, "--json")
    assert ran.code == 0, ran.said
    assert ran.err == ""
    tables = {each["name"]: each for each in ran.json["tables"]}
    assert tables["chapter"]["rows"] == 1
    assert re.fullmatch("[0-9a-f]{32}", tables["chapter"]["digest"])
    assert ran.json["rows"] == sum(each["rows"] for each in tables.values())
    assert ran.json["mended"] == {"chapter.name": 1}
    assert ran.json["setting"] == f"database_url = {json.dumps(url)}"
    second = copied(data, url)
    assert (second.code, second.out) == (1, "")
    assert "is not empty: there are rows in" in second.err
    assert "Nothing was copied" in second.err


def test_a_terminal_sees_how_far_it_is_and_is_asked_for_the_url(data: Path, url: str) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command("database", "copy", "--data", data), stdin=theirs, stdout=theirs, stderr=theirs,
        env=environment(TERM="xterm"), close_fds=True,
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, f"{url}\n".encode())
    said = b""
    while True:
        try:
            more = os.read(ours, 4096)
        except OSError:  # the other end is gone
            break
        if not more:
            break
        said += more
    os.close(ours)
    assert process.wait(60) == 0, said
    assert b"The empty PostgreSQL database, as a URL: " in said
    assert re.search(rb"\w+ .{5,200} \d+%", said)
    assert b"rows are copied" in said


def test_while_it_runs_nothing_is_copied(data: Path, url: str) -> None:
    lock = FolderLock(data)
    lock.hold()
    ran = copied(data, url)
    lock.release()
    assert ran.code == 1
    assert f"Hearthline is running on {data} already (process {os.getpid()})" in ran.err
    assert tables_in(url) == 0


def test_a_source_of_another_shape_is_to_be_migrated_first(data: Path, url: str) -> None:
    with closing(sqlite3.connect(data / "hearthline.db")) as plain:
        plain.execute("UPDATE alembic_version SET version_num = '0029'")
        plain.commit()
    ran = copied(data, url)
    assert ran.code == 1
    assert f"Run `hearthline migrate --data {data}`" in ran.err
    assert tables_in(url) == 0


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://hearthline:s3cret@127.0.0.1:1/hearthline", "cannot be copied to: connection"),
        ("", "That is not the URL of a PostgreSQL database"),
        ("sqlite:///other.db", "That is not the URL of a PostgreSQL database"),
        ("postgresql://hearthline:s3cret@host:port/hearthline", "That is not the URL of a PostgreSQL database"),
        ("postgresql://hearthline:s3cret@127.0.0.1:1/", "That is not the URL of a PostgreSQL database"),
    ],
)
def test_where_it_cannot_go_is_one_sentence_without_the_password(data: Path, url: str, says: str) -> None:
    ran = copied(data, url)
    assert (ran.code, ran.out) == (1, "")
    assert says in ran.err
    assert "s3cret" not in ran.said
    assert "Traceback" not in ran.err


def test_without_an_installation_or_its_file_there_is_nothing_to_copy(data: Path, tmp_path: Path) -> None:
    nowhere = copied(tmp_path / "nowhere", "postgresql:///hearthline")
    assert "There is no Hearthline in" in nowhere.err
    (data / "hearthline.db").unlink()
    ran = copied(data, "postgresql:///hearthline")
    assert ran.code == 1
    assert "There is nothing to copy" in ran.err
    assert not (data / "hearthline.db").exists()
