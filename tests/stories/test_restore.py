"""The machine is lost and a copy put back, as docs/guide.md says: nobody gets a letter twice, and answers are heard."""

import contextlib
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from engine.base.clock import SandboxClock
from engine.base.db import Base, Database
from engine.base.settings import FILE_NAME
from engine.base.settings_file import as_toml, load
from inbound.sms.look import look
from tests.cli.shell import hearthline
from tests.database import postgres_database
from tests.servers import shared
from tests.servers.programs import postgres_programs
from tests.setup.test_locks import ROOT
from tests.setup.typed import commands_below
from tests.stories.neighbor import Neighbor
from tests.stories.test_welcome import STORY
from tests.stories.town import Town

#: In the short form PostgreSQL's copies are compared row by row, and lived with in one process on SQLite.
SCALED: tuple[str, ...] = ()
#: What the guide's commands call the database, and where copies lie there.
THEIRS, COPIES = "postgresql://hearthline:secret@db.internal/hearthline", "/srv/hearthline-copies"


def guide(title: str) -> str:
    """The commands below that bold title of the guide, as they stand there."""
    return commands_below(ROOT / "docs" / "guide.md", title)


class Machine:
    """Everything in one process and one file, which can be copied, and lost."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.stack, self.folder = stack, folder

    def copy(self) -> None:
        """A copy is made while everything runs."""
        with (
            closing(sqlite3.connect(self.folder / "data" / "hearthline.db")) as source,
            closing(sqlite3.connect(self.folder / "copy.db")) as copied,
        ):
            source.backup(copied)  # what `.backup` of sqlite3's own command calls

    def put_back(self, town: Town) -> Town:
        """The town as the guide brings it back; the world outside has gone on, and so has its time."""
        lost_at = town.now
        town.stop()
        for file in town.folder.glob("hearthline.db*"):
            file.unlink()
        shutil.copy(self.folder / "copy.db", town.folder / "hearthline.db")
        return self.starts(town.folder, lost_at, "", "")

    def starts(self, folder: Path, now: datetime, database_url: str, redis_url: str) -> Town:
        """What the guide types before the start has been typed, and it was started."""
        for line in guide("Put back").splitlines():
            if "bin/hearthline" in line:
                words = shlex.split(shlex.split(line)[-1])[1:]
                ran = hearthline(*words, "--data", folder)
                assert ran.code == 0, ran.said
        db = Database(database_url or f"sqlite:///{folder / 'hearthline.db'}")
        SandboxClock(db).hold(now)
        db.close()
        town = Town(folder, database_url, redis_url)
        self.stack.callback(town.stop)
        return town


class OnPostgres(Machine):
    """In processes of its own, on PostgreSQL and Redis; copied and put back by the guide's own commands."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        super().__init__(stack, folder)
        self.url = stack.enter_context(postgres_database())
        # The guide's account is nobody special.
        with (
            psycopg.connect(shared.url_of("postgres"), autocommit=True) as server,
            contextlib.suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation),
        ):
            server.execute("CREATE ROLE hearthline LOGIN")
        self._again = self.url.rpartition("/")[2] + "_again"

    def copy(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as server:
            server.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO hearthline")
        self._types(guide("Copies, on PostgreSQL"))

    def put_back(self, town: Town) -> Town:
        lost_at = town.now
        town.stop()
        self.brings_back()
        settings = town.settings.model_copy(update={"database_url": self._named(self._again)})
        (town.folder / FILE_NAME).write_text(as_toml(settings), "utf-8")
        return self.starts(town.folder, lost_at, settings.database_url, shared.redis_database())

    def brings_back(self) -> str:
        """The copy is in a database of its own, by the guide's commands; its URL."""
        self.stack.callback(_drop, self._again)
        self._types(guide("Put back, on PostgreSQL"))
        return self._named(self._again)

    def _named(self, database: str) -> str:
        return re.sub(r"//\w+@(.*)/.*", rf"//hearthline@\1/{database}", self.url)

    def _types(self, commands: str) -> None:
        """The commands run as they stand, but for this world's names; `su` finds the server's own account."""
        copies, tools = self.folder / "copies", self.folder / "tools"
        for folder in (copies, tools):
            folder.mkdir(exist_ok=True)
        su = tools / "su"
        su.write_text('#!/bin/sh\nexec sh -c "$4"\n')
        su.chmod(0o755)
        for name, ours in (
            (f"{THEIRS}2", self._named(self._again)), (THEIRS, self._named(self.url.rpartition("/")[2])),
            ("hearthline2", self._again), (COPIES, str(copies)), ("day-7", f"day-{_day()}"),
        ):  # fmt: skip
            commands = commands.replace(name, ours)
        host, _, port = self.url.partition("@")[2].partition("/")[0].partition(":")
        environment = {
            "PATH": f"{tools}:{postgres_programs()}:{os.environ['PATH']}",
            "PGHOST": host, "PGPORT": port, "PGUSER": "postgres",
        }  # fmt: skip
        ran = subprocess.run(
            ["bash", "-euc", commands], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
            env=environment, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr


def _day() -> str:
    return f"{datetime.now():%u}"  # noqa: DTZ005  (what `date` says here)


def _drop(database: str) -> None:
    with psycopg.connect(shared.url_of("postgres"), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)".encode())


def rows(url: str) -> dict[str, str]:
    """What stands in each table, as one number."""
    found: dict[str, str] = {}
    with psycopg.connect(url) as server:
        for table in Base.metadata.sorted_tables:
            sums = f"SELECT count(*) || ' ' || coalesce(sum(hashtext(t::text)::bigint), 0) FROM {table.name} t"
            found[table.name] = str(server.execute(sums.encode()).fetchone())
    return found


@pytest.fixture(params=["embedded", "scaled"])
def lost(
    request: pytest.FixtureRequest, ready_town: Path, tmp_path: Path
) -> Iterator[tuple[Town, Callable[[], None], Callable[[Town], Town]]]:
    """A town, what copies it, and what brings it back."""
    with ExitStack() as stack:
        if request.param == "embedded":
            machine = Machine(stack, tmp_path)
            shutil.copytree(ready_town, tmp_path / "data")
            town = Town(tmp_path / "data")
        else:
            machine = OnPostgres(stack, tmp_path)
            town = Town(tmp_path / "data", machine.url, shared.redis_database())
        (town.folder / FILE_NAME).write_text(as_toml(town.settings), "utf-8")
        yield town, machine.copy, machine.put_back


def repeated(town: Town, *neighbors: Neighbor) -> dict[str, object]:
    """What any of them had more than once, and how much came in again with its Message-ID."""
    had = {each.name: Counter(letter.subject for letter in each.letters) for each in neighbors}
    found: dict[str, object] = {
        name: more for name, each in had.items() if (more := {what: many for what, many in each.items() if many > 1})
    }
    return found | ({"the same Message-ID": town.doubled} if town.doubled else {})


def test_after_a_copy_is_put_back_nobody_gets_a_letter_twice_and_everybody_is_heard(
    lost: tuple[Town, Callable[[], None], Callable[[Town], Town]],
) -> None:
    town, copy, put_back = lost
    data = town.folder
    rosa = town.joins("Rosa Marin", organizer=town.denise)
    town.passes("2d")
    sam = town.joins("Sam Whitaker", organizer=town.denise)
    gus = town.joins("Gus Petrakis", organizer=town.denise)
    town.passes("1d 23h")
    # Rosa's next letter is written, and the relay is away; Sam's and Gus's will be due two days from now.
    town.relay_goes_away()
    town.passes("1h 1m")
    assert rosa.has_had(STORY) == 0
    copy()
    town.relay_comes_back()
    town.passes("2d 1h")
    for each in (rosa, sam, gus):
        each.sees(STORY)
    ana = town.phone("Ana", "+14045550199")
    sid = ana.texts("Is there a bus to the hall?")
    town.passes("1h")

    town = put_back(town)
    rosa, sam, gus = (Neighbor(town, each.name, each.mailbox, each.member_id) for each in (rosa, sam, gus))
    # What was texted since the copy stands in the provider's list: the look of every two minutes takes it in again.
    assert look(town.services) == 1
    assert town.ask("select count(*) from received where provider_id = ?", sid) == [(1,)]
    assert repeated(town, rosa, sam, gus) == {}
    # A letter that the database knows nothing of is answered, and a person reads it.
    assert hearthline("sending", "resume", "--data", data).code == 0
    sam.writes("We had two of those in Bemidji.")
    town.denise.sees("We had two of those in Bemidji.", from_=sam)
    town.passes("1d 1h")
    assert repeated(town, rosa, sam, gus) == {}
    assert hearthline("journeys", "resume", "welcome", "--overdue", "skip", "--data", data).code == 0
    town.passes("14d")
    assert repeated(town, rosa, sam, gus) == {}
    assert min(len(rosa.letters), len(gus.letters)) > 2, "the journey goes on"


@pytest.mark.long
def test_a_copy_on_postgresql_has_every_row_and_the_doctor_finds_it_as_well_as_before(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with ExitStack() as stack:
        machine = OnPostgres(stack, tmp_path)
        made = hearthline("init", "--data", folder, "--name", "Neighbors for Progress", "--domain", "nfp.example")
        assert made.code == 0, made.said
        settings = load(folder, {}, database_url=machine.url, mail__host="127.0.0.1", mail__port="1")
        (folder / FILE_NAME).write_text(as_toml(settings), "utf-8")
        for words in (
            ("chapters", "add", "Atlanta", "--zone", "America/New_York"),
            ("organizers", "invite", "Maya Torres", "maya@nfp.example", "--staff"),
            ("journeys", "publish", ROOT / "journeys" / "library" / "welcome.yaml"),
            ("members", "add", "Rosa Marín", "rosa@home.example", "--chapter", "atlanta"),
        ):
            done = hearthline(*words, "--data", folder)
            assert done.code == 0, done.said
        before = rows(machine.url)
        assert sum(not found.startswith("('0 ") for found in before.values()) > 10, "most rooms have rows"
        well = _doctor(folder)
        machine.copy()
        url = machine.brings_back()
        assert rows(url) == before
        (folder / FILE_NAME).write_text(as_toml(settings.model_copy(update={"database_url": url})), "utf-8")
        assert _doctor(folder) == well
        assert well["database"]
        assert hearthline("migrate", "--data", folder).said.startswith("The database is at ")


def _doctor(folder: Path) -> dict[str, bool]:
    return {check["name"]: check["ok"] for check in hearthline("doctor", "--json", "--data", folder).json["checks"]}
