"""The demo in processes of its own, on PostgreSQL and Redis: the same seed gives the same days."""

from pathlib import Path

import pytest

from tests.cli.shell import hearthline
from tests.database import postgres_database
from tests.servers import shared
from tests.stories.sandbox import lives, without_time, words

DAYS = 1


@pytest.mark.timeout(300)
def test_the_same_seed_gives_the_same_days_in_one_process_and_in_many(tmp_path: Path) -> None:
    with postgres_database(migrated=False) as database:
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


def test_a_database_without_a_queue_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    ran = hearthline(*words(tmp_path / "d", DAYS, "--no-serve", "--database", "postgresql://127.0.0.1:1/x"))
    assert ran.code == 2
    assert "--database and --redis go together" in ran.err
    assert not (tmp_path / "d").exists()
