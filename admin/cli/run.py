"""`hearthline run`: everything in one process."""

import shlex
import signal
import threading
from pathlib import Path

import click

from admin.cli.options import data_option, no_installation


def wait_for_end() -> None:
    """Returns when the process is asked to end (SIGTERM, SIGINT)."""
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    while not end.wait(3600):
        pass


@click.command(short_help="Run everything in one process.")
@data_option
def run(data_dir: Path) -> None:
    """Run everything in one process: doors, workers, scheduler, on this folder's database, until SIGTERM.

    Example: hearthline run --data /srv/hearthline
    """
    from admin.process import Embedded
    from engine.base.errors import SettingsError
    from engine.base.settings import FILE_NAME, load

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
    host = process.settings.doors.host
    click.echo(
        f"The inbox is at {process.settings.doors.admin_url}, members' pages at {process.settings.doors.public_url}."
    )
    click.echo(
        f"Mail is taken in at {host}:{ports.smtp}" + (f", by LMTP at {host}:{ports.lmtp}." if ports.lmtp else ".")
    )
    click.echo("End it with Ctrl-C; nothing is lost by ending.")
    wait_for_end()
    process.stop()
