"""The demo in processes of its own, on PostgreSQL and Redis: the same seed gives the same days."""

import re
import time
import urllib.request
from pathlib import Path

import pytest

from tests.cli.shell import hearthline
from tests.database import postgres_database
from tests.servers import shared
from tests.stories.sandbox import lives, serves, without_time, words

DAYS = 1
BOOKS = re.compile(r'id="(received|in-threads|lost|doubled)"[^>]*>(\d+)<')


@pytest.mark.long
def test_the_same_seed_gives_the_same_days_in_one_process_and_in_many(tmp_path: Path) -> None:
    with postgres_database(None) as database:
        servers = ("--database", database, "--redis", shared.redis_database())
        many = without_time(lives(tmp_path / "many", DAYS, *servers))
        one = without_time(lives(tmp_path / "one", DAYS))
        assert (many.pop("database"), many.pop("broker")) == ("postgresql", "redis")
        assert (one.pop("database"), one.pop("broker")) == ("sqlite", "in-process")
        assert many == one
        assert (many["lost"], many["doubled"]) == (0, 0)

        again = hearthline(*words(tmp_path / "other", DAYS, "--no-serve", *servers))
        assert again.code == 1
        assert "Another folder's community lives in this database" in again.err


@pytest.mark.long
def test_the_plug_is_pulled_out_of_many_processes_and_nothing_is_lost(tmp_path: Path) -> None:
    with postgres_database(None) as database:
        servers = ("--database", database, "--redis", shared.redis_database())
        with serves(tmp_path / "many", DAYS, *servers) as world:
            before = world.get("/balance")["received"]
            plug = f"{world.figures['sandbox_url']}/tour/plug"
            with urllib.request.urlopen(plug, data=b"", timeout=30) as answer:
                assert answer.status == 200
            said, deadline = "", time.monotonic() + 120
            while not (books := BOOKS.findall(said)) and "notice" not in said and time.monotonic() < deadline:
                time.sleep(0.5)
                with urllib.request.urlopen(plug, timeout=30) as answer:
                    said = answer.read().decode()
            assert dict(books) == {"received": "40", "in-threads": "40", "lost": "0", "doubled": "0"}
            balance = world.get("/balance")
            assert balance["unsettled"] == 0
            assert balance["received"] - balance["outcomes"].get("duplicate", 0) >= before + 40


def test_a_database_without_a_queue_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    ran = hearthline(*words(tmp_path / "d", DAYS, "--no-serve", "--database", "postgresql://127.0.0.1:1/x"))
    assert ran.code == 2
    assert "--database and --redis go together" in ran.err
    assert not (tmp_path / "d").exists()
