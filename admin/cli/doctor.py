"""`hearthline doctor`: what is well, what is not, and what to do."""

import sys
from pathlib import Path

import click

from admin.cli.options import data_option, json_option, say_json


@click.command(short_help="Say what is well, what is not, and what to do.")
@data_option
@json_option
def doctor(data_dir: Path, as_json: bool) -> None:
    """Say what is well, what is not, and what to do. Exit code 1 when something is not well.

    Example: hearthline doctor --data /srv/hearthline --json
    """
    from admin.doctor import examine

    report = examine(data_dir)
    if as_json:
        say_json(report.as_json())
    else:
        for check in report.checks:
            click.echo(f"{'well' if check.ok else 'NO  '}  {check.name}: {check.says}")
            if not check.ok and check.fix:
                click.echo(f"      {check.fix}")
        outcomes = ", ".join(f"{name} {count}" for name, count in report.balance.outcomes.items()) or "nothing yet"
        click.echo(f"Received {report.balance.received}: {outcomes}; unsettled {report.balance.unsettled}.")
    sys.exit(0 if report.well else 1)
