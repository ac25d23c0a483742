"""What many commands share: the data folder, JSON answers, and opening an installation."""

import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from engine.base.services import Services

data_option: Callable[[Any], Any] = click.option(
    "--data",
    "data_dir",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="HEARTHLINE_DATA",
    default=Path("hearthline-data"),
    show_default=True,
    help="The data folder: settings, database, logs.",
)
json_option: Callable[[Any], Any] = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")


def say_json(value: Any) -> None:
    """One JSON value stands on its own line of standard output, flushed."""
    click.echo(json.dumps(value, ensure_ascii=False))


def plain_json(value: Any) -> Any:
    """A value made of dataclasses and times as JSON can say it: times in ISO 8601, UTC."""
    return json.loads(json.dumps(asdict(value), default=_as_text, ensure_ascii=False))


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def no_installation(data_dir: Path) -> str:
    """The sentence for a folder without settings."""
    return f"There is no Hearthline in {data_dir}. Make one with `hearthline init --data {shlex.quote(str(data_dir))}`."


@contextmanager
def opened(data_dir: Path) -> Iterator["Services"]:
    """The installation in `data_dir`, its database at this program's shape. Raises SettingsError."""
    from admin.process import build
    from engine.base.errors import SettingsError
    from engine.base.settings import FILE_NAME
    from engine.base.settings_file import load
    from engine.migrations import migrate

    if not (data_dir / FILE_NAME).exists():
        raise SettingsError(no_installation(data_dir))
    services = build(load(data_dir))
    try:
        if migrate.current(services.db) != migrate.newest():
            raise SettingsError(
                f"The database in {data_dir} has an older shape. "
                f"Run `hearthline migrate --data {shlex.quote(str(data_dir))}`."
            )
        yield services
    finally:
        services.db.close()


def organizer_at(session: "Session", email: str) -> int:
    """The id of whoever answers people and is reached at this address. Raises Invalid."""
    from engine.base.errors import Invalid
    from engine.chapters.membership import roles_of
    from engine.people.address import members_with, normal_email

    found = next(
        (each for each in members_with(session, "email", normal_email(email)) if roles_of(session, each)), None
    )
    if found is None:
        raise Invalid(f"Nobody who answers people here is reached at {email}. Invite them with `organizers invite`.")
    return found
