"""`hearthline web|mail|worker|scheduler`: one part of an installation, as often and on as many machines as wanted."""

import contextlib
import gc
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from admin.cli.ending import Ending
from admin.cli.options import data_option
from admin.cli.run import below_option, end_with_parent, wait_for_end

if TYPE_CHECKING:
    from admin.process import Ports
    from engine.base.settings import Settings

#: Seconds a worker process has to end what it began, when it was asked to.
DRAIN_SECONDS = 60.0
#: Between two starts of a worker process that ended by itself.
PAUSE_SECONDS = 1.0


@click.command(short_help="Show the pages: members' and the inbox.")
@data_option
@below_option
def web(data_dir: Path, below: bool) -> None:
    """Show members' pages, take in texts, and show the inbox, until SIGTERM. Needs PostgreSQL and Redis.

    Example: hearthline web --data /srv/hearthline
    """

    def told(settings: "Settings", ports: "Ports") -> str:
        host = settings.doors.host
        return f"Members' pages are at {host}:{ports.public}, the inbox is at {host}:{ports.admin}."

    _runs("web", data_dir, told, below=below)


@click.command(short_help="Take mail in.")
@data_option
@below_option
def mail(data_dir: Path, below: bool) -> None:
    """Take members' mail in by SMTP, and by LMTP where that is set, until SIGTERM. Needs PostgreSQL and Redis.

    Example: hearthline mail --data /srv/hearthline
    """

    def told(settings: "Settings", ports: "Ports") -> str:
        host = settings.doors.host
        also = f", by LMTP at {host}:{ports.lmtp}" if ports.lmtp else ""
        return f"Mail is taken in at {host}:{ports.smtp}{also}."

    _runs("mail", data_dir, told, below=below)


@click.command(short_help="Do what is due: route, move journeys on, send.")
@data_option
@click.option(
    "--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="One a core is a good start."
)
@click.option("--threads", type=click.IntRange(1, 64), default=None, help="In each process. [default: worker_threads]")
@click.option("--number", type=int, default=0, hidden=True)
@below_option
def worker(data_dir: Path, processes: int, threads: int | None, number: int, below: bool) -> None:
    """Do what is due: route what came in, move journeys on, send, until SIGTERM. Needs PostgreSQL and Redis.

    Example: hearthline worker --processes 4
    """
    if processes > 1:
        _several(data_dir, processes, threads)
        return
    more = {} if threads is None else {"worker_threads": threads}
    _runs("worker", data_dir, lambda *_: "Working.", number=number, below=below, **more)


@click.command(short_help="Find what is due, again and again.")
@data_option
@below_option
def scheduler(data_dir: Path, below: bool) -> None:
    """Find what is due, again and again, until SIGTERM; of several, one leads and the others stand by.

    Example: hearthline scheduler --data /srv/hearthline
    """
    _runs("scheduler", data_dir, lambda *_: "Looking for what is due.", below=below)


def _runs(
    role: str,
    data_dir: Path,
    told: "Callable[[Settings, Ports], str]",
    *,
    number: int = 0,
    below: bool = False,
    **more: Any,
) -> None:
    """The process has run until it was asked to end, and has ended what it began."""
    from admin.process import Process
    from engine.base.settings_file import load

    settings = load(data_dir, **more)
    if number and settings.doors.watch_port:
        settings = load(data_dir, **more, doors__watch_port=settings.doors.watch_port + number)
    if below:
        end_with_parent()
    process = Process(settings, role)
    ports = process.start()
    gc.freeze()  # what stands now stays as long as the process: nobody need walk through it for garbage
    watched = f" Watch it at {settings.doors.host}:{ports.watch}." if ports.watch else ""
    click.echo(told(settings, ports) + watched)
    wait_for_end()
    process.stop()


def _several(data_dir: Path, processes: int, threads: int | None) -> None:
    """So many worker processes have run until this one was asked to end; one that broke was started again."""
    words = [sys.executable, "-m", "admin.cli", "worker", "--data", str(data_dir), "--below"]
    if threads is not None:
        words += ["--threads", str(threads)]

    def begin(number: int) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([*words, "--number", str(number)], stdin=subprocess.PIPE)  # noqa: S603 (our own words)

    ending = Ending()
    children = [begin(number) for number in range(processes)]
    while not ending.wait(PAUSE_SECONDS):
        for number, child in enumerate(children):
            if child.poll() is not None:
                click.echo(f"A worker process ended with {child.returncode}; another takes its place.", err=True)
                children[number] = begin(number)
    for child in children:
        child.terminate()
    until = time.monotonic() + DRAIN_SECONDS
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(max(0.1, until - time.monotonic()))
        child.kill()
        child.wait()
