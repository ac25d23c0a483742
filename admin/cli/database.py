"""`hearthline database copy`: an installation that began on SQLite goes on on PostgreSQL."""

import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from admin.cli.options import data_option, json_option, no_installation, opened, say_json

if TYPE_CHECKING:
    from engine.base.db import Database
    from engine.base.settings import Settings
    from engine.migrations.copying import Copied

#: The variable that stands above the settings file's line, where it is set.
_VARIABLE = "HEARTHLINE_DATABASE_URL"


@click.group()
def database() -> None:
    """Move from the one SQLite file to PostgreSQL.

    Example: hearthline database copy --to postgresql:///hearthline
    """


@database.command()
@click.option(
    "--to", "url", default="", metavar="URL",
    help="An empty PostgreSQL database. Asked for if left out: then its password stands in no list of processes.",
)  # fmt: skip
@data_option
@json_option
def copy(url: str, data_dir: Path, as_json: bool) -> None:
    """Copy everything from SQLite into an empty PostgreSQL database. Hearthline must be stopped.

    Every table is read back and compared before anything of it stays: it is copied whole, or not at all. The SQLite
    file is only read. Then you write the new URL into the settings: the command prints the line.

    Example: hearthline database copy --to postgresql:///hearthline
    """
    from engine.base.lock import FolderLock
    from engine.migrations.copying import copy as copy_all
    from engine.migrations.copying import make_ready, rows_in

    _sqlite_file(data_dir)
    if not url and sys.stdin.isatty():
        url = click.prompt("The empty PostgreSQL database, as a URL", err=True)
    target = _target(url)
    lock = FolderLock(data_dir)
    lock.hold()
    try:
        with opened(data_dir) as services:
            began = time.monotonic()
            make_ready(target, services.clock.now())
            try:
                with _bar(2 * rows_in(services.db), quiet=as_json) as told:
                    copied = copy_all(services.db, target, told)
            except KeyboardInterrupt:
                click.echo("\nNothing was copied; typed again, the same begins anew.", err=True)
                sys.exit(130)
            say(copied, time.monotonic() - began, url, services.settings, as_json)
    finally:
        target.close()
        lock.release()


def _sqlite_file(data_dir: Path) -> None:
    """The installation is on SQLite, and its file is there. Raises SettingsError."""
    from sqlalchemy.engine import make_url

    from engine.base.errors import SettingsError
    from engine.base.settings import FILE_NAME
    from engine.base.settings_file import load

    if not (data_dir / FILE_NAME).exists():
        raise SettingsError(no_installation(data_dir))
    source = load(data_dir).database
    if not source.startswith("sqlite"):
        raise SettingsError("This installation is on PostgreSQL already; to copy it there, use pg_dump and pg_restore.")
    file = Path(make_url(source).database or "")
    if not file.exists():
        raise SettingsError(f"There is nothing to copy: {file} is not there. Write the database_url at once.")


def _target(url: str) -> "Database":
    from sqlalchemy.exc import ArgumentError

    from engine.base.db import Database
    from engine.base.errors import Invalid

    try:
        if not url.startswith(("postgres://", "postgresql://", "postgresql+psycopg://")):
            raise ValueError
        target = Database(url)
        if not target.engine.url.database:
            raise ValueError
        return target
    except (ArgumentError, ValueError):
        raise Invalid(
            "That is not the URL of a PostgreSQL database, as --to takes it: postgresql://user:password@host/database, "
            "with %40 for an @ and %2F for a / in the password; or postgresql:///database on this machine."
        ) from None


def _url_line(url: str) -> str:
    """The line of the settings file."""
    return f"database_url = {json.dumps(url)}"


def say(copied: "Copied", seconds: float, url: str, settings: "Settings", as_json: bool) -> None:
    """What was done, and what is to be done: the lines to type."""
    from sqlalchemy.engine import make_url

    from engine.base.settings import FILE_NAME

    if as_json:
        say_json({
            "rows": copied.rows, "seconds": round(seconds, 1), "mended": copied.mended,
            "tables": [asdict(table) for table in copied.tables], "setting": _url_line(url),
        })  # fmt: skip
        return
    file = Path(make_url(settings.database).database or "")
    full = sum(1 for table in copied.tables if table.rows)
    click.echo(
        f"{copied.rows:,} rows are copied in {seconds:.1f} s; the {full} tables that have any were read back and are "
        f"the same. {file} is as it was."
    )
    for name, count in sorted(copied.mended.items()):
        click.echo(f"  {name}: a character that PostgreSQL keeps in no text stands as \ufffd now, in {count} rows.")
    line = _url_line(url)
    where = (
        f"Set the variable {_VARIABLE}, which stands above the file, to the new URL; or take it away and write into"
        if os.environ.get(_VARIABLE)
        else "Write into"
    )
    folder = shlex.quote(str(settings.data_dir))
    click.echo("\nHearthline is still on SQLite. To go on with PostgreSQL, before it starts again:\n")
    click.echo(
        f"1. {where} {settings.data_dir / FILE_NAME}, above the first line that begins with [, and in the place of"
    )
    click.echo(f"   any other database_url:\n\n     {line}\n")
    click.echo(
        "2. Put the old file where nothing finds it by mistake; what it believes to be due would be sent again:\n"
    )
    click.echo(f"     mv {shlex.quote(str(file))} {shlex.quote(str(file.with_suffix('.before-postgresql')))}\n")
    click.echo(f"3. Start, and look:\n\n     hearthline doctor --data {folder}")


@contextmanager
def _bar(total: int, *, quiet: bool) -> Iterator[Callable[[str, int], None]]:
    """A progress bar on a terminal, each row counted as it goes and as it is read back; nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda _table, _rows: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)

        def told(table: str, rows: int) -> None:
            progress.update(task, description=table, advance=rows)

        yield told
