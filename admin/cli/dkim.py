"""`hearthline dkim`: the keys our mail is signed with, and their records."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from admin.cli.options import data_option, json_option, opened, say_json

if TYPE_CHECKING:
    from engine.channels.dkim_keys import DkimKey


@click.group()
def dkim() -> None:
    """Sign mail: make keys, print their DNS records, rotate and retire them.

    Example: hearthline dkim make
    """


@dkim.command()
@data_option
@json_option
def make(data_dir: Path, as_json: bool) -> None:
    """Make the first pair of keys and print the records to enter.

    Mail is signed from the moment on at which the records are seen in the DNS.

    Example: hearthline dkim make
    """
    from engine.channels import dkim_keys

    with opened(data_dir) as services, services.db.write() as session:
        made = dkim_keys.make(session, services.tokens, services.settings.mail.domain, services.clock.now())
    _say(made, as_json, "Enter these records. Mail is signed as soon as they are seen; `hearthline dkim show` looks.")


@dkim.command()
@data_option
@json_option
def rotate(data_dir: Path, as_json: bool) -> None:
    """Make a new pair that takes the place of the one in use, once its records are seen.

    Example: hearthline dkim rotate
    """
    from engine.channels import dkim_keys

    with opened(data_dir) as services, services.db.write() as session:
        made = dkim_keys.rotate(session, services.tokens, services.settings.mail.domain, services.clock.now())
    _say(
        made,
        as_json,
        "Enter these records beside the old ones. The old keys sign until the new records are seen, and their records "
        f"stay for {dkim_keys.KEPT_FOR.days} days after that.",
    )


@dkim.command()
@data_option
@json_option
@click.option("--all", "retired", is_flag=True, help="Retired keys too.")
@click.option("--no-look", is_flag=True, help="Say what is known without asking the DNS.")
def show(data_dir: Path, as_json: bool, retired: bool, no_look: bool) -> None:
    """Look for the records, and say of each key whether it signs.

    Example: hearthline dkim show
    """
    from engine.channels import dkim_keys
    from engine.channels.jobs import look_at_keys

    with opened(data_dir) as services:
        if not no_look:
            look_at_keys(services, every=True)
        with services.db.read() as session:
            rows = dkim_keys.keys_of(session)
    rows = [row for row in rows if retired or row.state != "retired"]
    _say(rows, as_json, "" if rows else "There is no key yet, and mail is not signed. Make one: hearthline dkim make")


@dkim.command()
@click.argument("selector")
@data_option
@json_option
def confirm(selector: str, data_dir: Path, as_json: bool) -> None:
    """Say yourself that a key's record is there, where this machine cannot see it. The key signs from now on.

    Example: hearthline dkim confirm h20260302r
    """
    from engine.channels import dkim_keys

    with opened(data_dir) as services, services.db.write() as session:
        row = dkim_keys.confirm(session, selector, services.clock.now())
    _say([row], as_json, "")


@dkim.command()
@click.argument("selector")
@click.option("--at-once", is_flag=True, help="Even if it is in use, or its mail is still on its way.")
@data_option
@json_option
def retire(selector: str, at_once: bool, data_dir: Path, as_json: bool) -> None:
    """End a key: it signs nothing any more, and you may delete its record.

    Example: hearthline dkim retire h20260302r
    """
    from engine.channels import dkim_keys

    with opened(data_dir) as services, services.db.write() as session:
        row = dkim_keys.retire(session, selector, services.clock.now(), at_once=at_once)
    _say([row], as_json, f"You may delete the record {row.name}.")


def _say(rows: list["DkimKey"], as_json: bool, then: str) -> None:
    from engine.channels.dkim_record import quoted

    if as_json:
        say_json([_as_json(row) for row in rows])
        return
    for row in rows:
        click.echo(f"{row.selector}  {row.algorithm:<14}  {_state(row)}")
        if row.trouble:
            click.echo(f"  {row.trouble}")
        if row.state != "retired":
            click.echo(f"  {row.record.name}\n  {row.record.type}\n  {quoted(row.record)}\n")
    if then:
        click.echo(then)


def _state(row: "DkimKey") -> str:
    match row.state:
        case "waiting":
            return "waits until its record is seen"
        case "signing":
            return "signs our mail" + (" (you said that its record is there)" if row.published_by == "operator" else "")
        case "held":
            return "is held back: its record does not fit"
        case "replaced":
            return f"replaced; its record must stay until {row.keep_until_at:%Y-%m-%d}"
        case "retired":
            return f"retired on {row.retired_at:%Y-%m-%d}; its record may go"


def _as_json(row: "DkimKey") -> dict[str, Any]:
    return {
        "selector": row.selector, "algorithm": row.algorithm, "state": row.state, "trouble": row.trouble,
        "name": row.record.name, "type": row.record.type, "value": row.record.value,
        "keep_until": row.keep_until_at.isoformat() if row.keep_until_at else None,
    }  # fmt: skip
