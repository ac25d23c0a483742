"""The database of a test: a real file at the present shape, which is made once a process and copied."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import engine.tables  # noqa: F401  (every table is known before the first query)
from engine.base.db import Database
from engine.migrations import migrate


def database_in(folder: Path) -> Database:
    """A database of its own, empty and migrated, in the folder's `hearthline.db`; the caller closes it."""
    file = folder / "hearthline.db"
    file.write_bytes(_migrated())
    return Database(f"sqlite:///{file}")


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "hearthline.db"
        db = Database(f"sqlite:///{file}")
        migrate.upgrade(db)
        db.close()  # the last connection's end brings the log into the file
        return file.read_bytes()
