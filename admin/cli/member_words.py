"""`hearthline members consents` and `erase`: what somebody agreed to, and that nothing of them stays."""

import csv
import sys
from pathlib import Path

import click

from admin.cli.options import data_option, json_option, opened, plain_json, say_json
from admin.cli.why import member_named


@click.command(short_help="Say what somebody agreed to and stopped, with the evidence.")
@click.argument("member")
@click.option("--csv", "as_csv", is_flag=True, help="Answer as a sheet; no cell of it is a formula.")
@data_option
@json_option
def consents(member: str, as_csv: bool, data_dir: Path, as_json: bool) -> None:
    """Say what MEMBER (an address, a phone or an id) agreed to and stopped: when, how, in which words; latest first.

    With --json, one object a line. Nothing is changed.

    Example: hearthline members consents rosa@home.example --csv > rosa.csv
    """
    from engine.chapters.ledger import ledger_of, sheet

    if as_json and as_csv:
        raise click.UsageError("Say --json or --csv, not both.")
    with opened(data_dir) as services, services.db.read() as session:
        lines = ledger_of(session, member_named(session, member, services.settings))
    if as_csv:
        csv.writer(sys.stdout).writerows(sheet(lines))
        return
    for line in lines:
        if as_json:
            say_json(plain_json(line))
            continue
        about = line.chapter or line.scope
        said = f": “{line.evidence}”" if line.evidence else ""
        click.echo(
            f"{line.at:%Y-%m-%d %H:%M} {line.channel} {about}: {'yes' if line.opted_in else 'no'}, {line.how}{said}"
        )
    if not lines and not as_json:
        click.echo("They never said anything about what may come to them.")


@click.command(short_help="Forget somebody who asked for it.")
@click.argument("member")
@click.option("--yes", "is_sure", is_flag=True, help="Do it without asking once more.")
@data_option
@json_option
def erase(member: str, is_sure: bool, data_dir: Path, as_json: bool) -> None:
    """Forget MEMBER (an address, a phone or an id): name, addresses, words and originals are deleted, for good.

    A keyed mark of each address stays, so that nobody writes there again before they ask for it themselves. That they
    were here, and when they stopped what, stays without a name. Copies of the database are yours to delete.

    Example: hearthline members erase rosa@home.example --yes
    """
    from engine.runner.erasing import erase as erase_member

    with opened(data_dir) as services:
        with services.db.read() as session:
            member_id = member_named(session, member, services.settings)
        if not is_sure:
            click.confirm("This cannot be undone. Forget them?", abort=True)
        with services.db.write() as session:
            gone = erase_member(session, member_id, services.clock.now())
        services.db.shred()
    if as_json:
        say_json({"member": member_id, **plain_json(gone)})
        return
    what = f"{gone.addresses} addresses, {gone.messages} messages and {gone.received} originals"
    click.echo(f"They are forgotten: {what} are gone.")
