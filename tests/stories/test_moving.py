"""An organization outgrows its one file: it moves to PostgreSQL as docs/guide.md says, and everybody goes on there."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from engine.base.settings import FILE_NAME
from engine.base.settings_file import as_toml, load
from inbound.sms.look import look
from tests.cli.shell import ROOT
from tests.servers import shared
from tests.servers.programs import postgres_programs
from tests.stories.neighbor import Neighbor
from tests.stories.test_restore import guide, repeated
from tests.stories.test_welcome import STORY
from tests.stories.town import Town

SCALED: tuple[str, ...] = ()
THEIRS = "postgresql:///hearthline"


class Move:
    """The guide's commands, typed on this machine: under its names, and without what belongs to the machine alone."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.stack, self.folder = stack, folder
        self.name = f"moved_{os.getpid()}"
        server = shared.url_of("postgres")
        self.url = re.sub(r"//\w+@(.*)/.*", rf"//hearthline@\1/{self.name}", server)
        host, _, port = server.partition("@")[2].partition("/")[0].partition(":")
        tools = folder / "bin"
        tools.mkdir()
        for tool, does in (("su", 'exec sh -c "$4"'), ("hearthline", f'exec {sys.executable} -m admin.cli "$@"')):
            (tools / tool).write_text(f"#!/bin/sh\n{does}\n", "utf-8")
            (tools / tool).chmod(0o755)
        self._surroundings = {
            "PATH": f"{tools}:{postgres_programs()}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT),
            "PGHOST": host, "PGPORT": port, "PGUSER": "postgres",
        }  # fmt: skip

    def moves(self) -> str:
        """The installation has moved, and copies are made of what it moved to; what was said."""
        self.stack.callback(self._administer, f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
        self._administer("DO $$ BEGIN CREATE ROLE hearthline LOGIN; EXCEPTION WHEN OTHERS THEN END $$")
        (createdb,) = re.findall(r"^su - postgres .*createdb .*$", guide("Move to PostgreSQL"), flags=re.M)
        (self.folder / "copies").mkdir()
        (self.folder / "hourly").touch(0o755)  # as the guide had it while the file was the database
        ran = self.types(f"{createdb}\n{self.copying}\n{guide('Copies after the move')}")
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    @property
    def copying(self) -> str:
        """What is typed between stopping and starting."""
        (stopped,) = re.findall(
            r"^systemctl stop hearthline\n(.*)\nsystemctl start", guide("Move to PostgreSQL"), flags=re.M | re.S
        )
        return str(stopped)

    def types(self, commands: str) -> "subprocess.CompletedProcess[str]":
        """They run as they stand, but for this world's names."""
        for name, ours in (
            (THEIRS, self.url), ("template0 hearthline", f"template0 {self.name}"),
            ("/srv/hearthline-copies", str(self.folder / "copies")),
            ("/etc/cron.hourly/hearthline", str(self.folder / "hourly")),
        ):  # fmt: skip
            commands = commands.replace(name, ours)
        return subprocess.run(
            ["bash", "-euc", commands], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
            env=self._surroundings, cwd=self.folder, check=False,
        )  # fmt: skip

    @staticmethod
    def _administer(statement: str) -> None:
        with psycopg.connect(shared.url_of("postgres"), autocommit=True) as server:
            server.execute(statement.encode())


@pytest.fixture
def moved(ready_town: Path, tmp_path: Path) -> Iterator[tuple[Town, Move, Callable[[str], Town]]]:
    """A town in one process on SQLite, how it moves, and what opens it where its settings say."""
    with ExitStack() as stack:
        data = tmp_path / "hearthline-data"
        shutil.copytree(ready_town, data)
        town = Town(data)
        stack.callback(town.stop)
        (data / FILE_NAME).write_text(as_toml(town.settings), "utf-8")

        def opens(redis_url: str) -> Town:
            again = Town(data, load(data, {}).database_url, redis_url)
            stack.callback(again.stop)
            return again

        yield town, Move(stack, tmp_path), opens


@pytest.mark.parametrize("parts", ["one process", pytest.param("processes of their own", marks=pytest.mark.long)])
def test_after_the_move_everybody_goes_on_and_nobody_gets_a_letter_twice(
    moved: tuple[Town, Move, Callable[[str], Town]], parts: str
) -> None:
    town, move, opens = moved
    data, denise = town.folder, town.denise
    rosa = town.joins("Rosa Marin", organizer=denise)
    sam = town.joins("Sam Whitaker", organizer=denise)
    rosa.writes("I ran the lunch line \U0001f33b at Toomer for 22 years.")
    ana = town.phone("Ana", "+14045550199")
    sid = ana.texts("Is there a bus to the hall?")
    town.passes("2d")
    gus = town.joins("Gus Petrakis", organizer=denise)
    town.passes("1d 23h")
    # Sam's next letter is written, and the relay is away; Rosa waits for a person's answer, and Gus for two days more.
    town.relay_goes_away()
    town.passes("1h 1m")
    assert sam.has_had(STORY) == 0
    before = town.counts()
    had = {each.name: len(each.letters) for each in (rosa, sam, gus)}
    forgot_to_stop = move.types(move.copying)
    assert (forgot_to_stop.returncode, forgot_to_stop.stdout) == (1, "")
    assert "Hearthline is running on hearthline-data already" in forgot_to_stop.stderr
    assert load(data, {}).database == f"sqlite:///{data / 'hearthline.db'}"
    assert town.counts() == before, "it goes on as if nothing had been typed"
    town.stop()
    said = move.moves()
    assert f'database_url = "{move.url}"' in said
    assert not (data / "hearthline.db").exists()
    assert next((data.parent / "copies").glob("day-*.dump")).stat().st_size > 10_000

    town = opens(shared.redis_database() if parts != "one process" else "")
    assert town.services.db.name == "postgresql"
    assert town.counts() == before
    rosa, sam, gus = (Neighbor(town, each.name, each.mailbox, each.member_id) for each in (rosa, sam, gus))
    town.passes("1h")  # and the relay is there again
    # What waited for the relay has left, once; whoever talks is not written to; whose time has not come waits.
    assert sam.has_had(STORY) == 1
    assert (len(rosa.letters), len(gus.letters)) == (had["Rosa Marin"], had["Gus Petrakis"])
    town.denise.sees("I ran the lunch line \U0001f33b at Toomer for 22 years.", from_=rosa)
    # A letter from before is answered after; its conversation is found, and the other way round.
    gus.writes("We had two of those in Bemidji.")
    town.denise.sees("We had two of those in Bemidji.", from_=gus)
    town.denise.answers(rosa, "Come and tell us about it.")
    rosa.sees("Come and tell us about it.", from_=town.denise)
    town.denise.closes(rosa)
    assert look(town.services) == 0, "what stands in the provider's list is here already"
    assert town.ask("select count(*) from received where provider_id = ?", sid) == [(1,)]
    town.passes("4d")
    assert repeated(town, rosa, sam, gus) == {}
    assert rosa.has_had(STORY) == 1, "the journey goes on after the talk"
    assert gus.has_had(STORY) == 0, "his words wait, so nothing goes out"
    assert not (data / "hearthline.db").exists(), "nothing goes on there"
