"""Migrate: bring a database to a revision."""

import warnings
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from engine.base.db import Database, one_at_a_time


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


@cache
def newest() -> str:
    """The newest revision this program knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def is_known(revision: str) -> bool:
    """Whether this program knows the revision; a newer program's it does not."""
    return any(each.revision == revision for each in ScriptDirectory.from_config(_config()).walk_revisions())


def current(db: Database) -> str:
    """The revision the database is at; empty for a new one. Raises Unavailable."""
    with db.read() as session:
        return MigrationContext.configure(session.connection()).get_current_revision() or ""


def upgrade(db: Database, target: str = "head") -> str:
    """The database is at `target`; the revision it came to is returned. Run again, it changes nothing.

    Of several processes at once one does it, and the others wait for it.
    """
    if target == "head" and current(db) == newest():
        return newest()
    config = _config()
    with db.engine.connect().execution_options(hearthline_write=True) as connection, connection.begin():
        one_at_a_time(connection, "migrate")
        config.attributes["connection"] = connection
        with warnings.catch_warnings():
            # An index over an expression is not seen when a table is made anew; the steps that do so make it again.
            warnings.filterwarnings("ignore", message="Skipped unsupported reflection of expression-based index")
            command.upgrade(config, target)
    return current(db)


def downgrade(db: Database, target: str = "base") -> None:
    """The database is back at `target`; what only newer revisions know is gone."""
    config = _config()
    with db.engine.connect().execution_options(hearthline_write=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.downgrade(config, target)
