"""`hearthline demo`: a made-up community lives for a month."""

import random
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from admin.cli.ending import Ending
from admin.cli.options import json_option, say_json

#: Below those that a system gives to outgoing connections: nobody takes one between our look and our door.
ANY_PORTS = range(20_000, 32_000)


def free_ports(host: str, first: int, more: int = 0) -> list[int]:
    """Four ports, `first` and those after it or for 0 any four, and so many `more`, all free and none twice.

    Raises SettingsError when one of those that were asked for is taken.
    """
    from engine.base.errors import SettingsError

    asked = range(first, first + 4) if first else range(0)
    others = random.SystemRandom().sample(ANY_PORTS, 100)
    held: list[socket.socket] = []
    try:
        for number in (*asked, *others):
            if len(held) == 4 + more:
                break
            door = socket.socket()
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                door.bind((host, number))
            except OSError as error:
                door.close()
                if number not in asked:
                    continue
                raise SettingsError(
                    f"Port {number} is taken by another program. Choose others with --port, or any with --port 0."
                ) from error
            held.append(door)
        return [door.getsockname()[1] for door in held]
    finally:
        for door in held:
            door.close()


def _moment(_context: click.Context, _parameter: click.Parameter, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise click.BadParameter("write it like 2026-03-02T14:00Z") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@click.command(short_help="Watch a made-up community live for a month.")
@click.option(
    "--data",
    "data_dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("hearthline-data/demo"),
    show_default=True,
    help="The sandbox's folder.",
)
@click.option("--days", type=click.IntRange(1, 366), default=30, show_default=True, help="How many days are lived.")
@click.option("--start", callback=_moment, default=None, help="The first moment, like 2026-03-02T14:00Z.")
@click.option("--seed", type=int, default=None, help="The same seed and start repeat a run exactly. [default: 1]")
@click.option(
    "--port", type=click.IntRange(0, 65532), default=8400, show_default=True, help="The first of four ports; 0: any."
)
@click.option("--no-serve", is_flag=True, help="End after the days are lived.")
@click.option("--reset", is_flag=True, help="Start over in this folder.")
@click.option("--database", default="", help="postgresql://...: live in processes of their own, with --redis.")
@click.option("--redis", default="", help="redis://...: their queue.")
@json_option
def demo(
    data_dir: Path,
    days: int,
    start: datetime | None,
    seed: int | None,
    port: int,
    no_serve: bool,
    reset: bool,
    database: str,
    redis: str,
    as_json: bool,
) -> None:
    """Watch a made-up community of 312 people live for a month: letters, replies, answers, through the real doors.

    Example: hearthline demo --start 2026-03-02T14:00Z
    """
    from admin.sandbox.demo import Demo, Wish
    from admin.sandbox.story import tell_the_story

    ending = Ending()
    if bool(database) != bool(redis):
        raise click.UsageError("--database and --redis go together: processes of their own need both.")
    wish = Wish(data_dir, days, start, seed, port, reset, database, redis)
    sandbox = Demo(wish, free_ports)
    try:
        if (overruled := sandbox.overruled()) is not None:
            click.echo(overruled, err=True)
        figures = sandbox.live(None if as_json else _say_day, ending.is_asked)
        if no_serve:
            if as_json:
                say_json(figures)
            else:
                tell_the_story(sandbox, figures)
            return
        sandbox.serve()
        if as_json:
            say_json({**figures, **sandbox.doors()})
        else:
            tell_the_story(sandbox, figures)
        sys.stdout.flush()
        ending.wait()
    finally:
        sandbox.stop()


def _say_day(now: datetime) -> None:
    click.echo(f"  {now:%A, %d %B} …", err=True)
