"""Places: where a bench keeps its databases. PostgreSQL is one of its own, as durable as in earnest, but for the short
form, which takes the tests' own."""

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

import psycopg

from tests.database import database_in, postgres_database
from tests.servers import shared
from tests.servers.server import Postgres

Kind = Literal["sqlite", "postgresql"]
KINDS: tuple[Kind, ...] = ("sqlite", "postgresql")

#: Gives the URL of a new, empty database by a name of the bench's own choosing.
Fresh = Callable[[str], str]


class Durable(Postgres):
    """PostgreSQL with everything on that a commit costs in earnest, and nothing that writes on its own account."""

    def _settings(self) -> dict[str, str]:
        earnest = {"fsync": "on", "full_page_writes": "on", "wal_level": "replica", "synchronous_commit": "on"}
        quiet = {"autovacuum": "off", "shared_buffers": "512MB", "max_wal_size": "16GB"}
        return {**super()._settings(), **earnest, **quiet}


@contextmanager
def place(kind: Kind, *, quick: bool) -> Iterator[Fresh]:
    """Empty databases of this kind can be had until the block ends (in the short form at the present shape already)."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hearthline-bench-")))
        folder.chmod(0o711)  # PostgreSQL runs as somebody else and must find its own folder below
        if kind == "sqlite":
            yield lambda name: _file(folder / name, migrated=quick)
        elif quick:
            yield lambda _name: stack.enter_context(postgres_database())
        else:
            server = Durable(folder / "postgres")
            server.start()
            stack.callback(server.kill)

            def fresh(name: str) -> str:
                with psycopg.connect(server.url, autocommit=True) as connection:
                    connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
                return re.sub(r"[^/]+$", name, server.url)

            yield fresh


def _file(folder: Path, *, migrated: bool) -> str:
    folder.mkdir()
    if migrated:
        database_in(folder).close()
    return f"sqlite:///{folder / 'hearthline.db'}"


def redis_url() -> str:
    """The run's Redis, emptied."""
    return shared.redis_database()
