"""`hearthline run`: everything in one process."""

import os
import shlex
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from admin.cli.ending import Ending
from admin.cli.options import data_option, no_installation

below_option: Callable[[Any], Any] = click.option(
    "--below",
    is_flag=True,
    hidden=True,
    help="End when standard input ends, as it does with the process that began it.",
)


def wait_for_end() -> None:
    """Returns when the process is asked to end (SIGTERM, SIGINT)."""
    Ending().wait()


def end_with_parent() -> None:
    """This process is asked to end when the one that holds its standard input has ended, however it did."""

    def wait() -> None:
        while os.read(0, 64):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


@click.command(short_help="Run everything in one process.")
@data_option
@below_option
def run(data_dir: Path, below: bool) -> None:
    """Run everything in one process: doors, workers, scheduler, on this folder's database, until SIGTERM.

    Example: hearthline run --data /srv/hearthline
    """
    from admin.process import Embedded
    from engine.base.errors import SettingsError
    from engine.base.settings import FILE_NAME
    from engine.base.settings_file import load

    if not (data_dir / FILE_NAME).exists():
        raise SettingsError(no_installation(data_dir))
    settings = load(data_dir)
    if (refusal := settings.refuse_to_start()) is not None:
        raise SettingsError(refusal)
    if not settings.database_url and not (data_dir / "hearthline.db").exists():
        raise SettingsError(
            f"The database is gone: there is no hearthline.db in {data_dir}. Put it back, from a copy if need be; "
            f"to begin with an empty one run `hearthline migrate --data {shlex.quote(str(data_dir))}`."
        )
    process = Embedded(settings)
    ports = process.start()
    doors = process.settings.doors
    click.echo(
        f"The inbox is at {process.settings.doors.admin_url}, members' pages at {process.settings.doors.public_url}."
    )
    click.echo(
        f"Mail is taken in at {doors.mail_host or doors.host}:{ports.smtp}"
        + (f", by LMTP at {doors.host}:{ports.lmtp}." if ports.lmtp else ".")
    )
    click.echo("End it with Ctrl-C; nothing is lost by ending.")
    if below:
        end_with_parent()
    wait_for_end()
    process.stop()
