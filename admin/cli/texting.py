"""`hearthline texting`: registering our texts with carriers, and how our numbers are wired."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from admin.cli.options import data_option, json_option, opened, say_json

if TYPE_CHECKING:
    from admin.check import Check
    from admin.registering.kit import Kit


@click.group()
def texting() -> None:
    """Register texts with carriers, and look how the numbers are wired.

    Example: hearthline texting kit
    """


@texting.command()
@click.option("--check/--no-check", "ask", default=True, show_default=True, help="Ask the provider how we are wired.")
@data_option
@json_option
def kit(data_dir: Path, as_json: bool, ask: bool) -> None:
    """Write what the 10DLC registry asks, from our settings and journeys, and look how the numbers are wired.

    Exit code 1 while the provider brings texts or calls elsewhere, or the privacy policy or the terms do not open.

    Example: hearthline texting kit --json
    """
    from admin.registering.kit import kit_of, members_to_text
    from admin.registering.pages import pages
    from admin.registering.wiring import wiring

    with opened(data_dir) as services:
        with services.db.read() as session:
            found = kit_of(session, services.settings, members_to_text(session))
        checks = list(wiring(services.settings)) if ask and services.settings.sms.enabled else []
        opened_pages = list(pages(services.settings)) if ask else []
    if as_json:
        say_json({
            **found.as_json(), "pages": [asdict(each) for each in opened_pages],
            "wiring": [asdict(each) for each in checks],
        })  # fmt: skip
    else:
        _say(found, opened_pages, checks)
    sys.exit(0 if all(each.ok for each in (*opened_pages, *checks)) else 1)


def _say(found: "Kit", opened_pages: "Sequence[Check]", checks: "Sequence[Check]") -> None:
    parts = {
        "Brand": found.brand, "Campaign": found.campaign, "Volumes": found.volumes,
        "The same words as they are sent in Spanish": found.in_spanish,
    }  # fmt: skip
    for title, part in parts.items():
        if part:
            click.echo(f"\n{title}")
        for name, value in part.items():
            click.echo(f"  {name}: {_shown(value)}")
    click.echo("\nStill open")
    for each in found.open:
        click.echo(f"  - {each}")
    for title, looked in (("The pages", opened_pages), ("The wiring of the numbers", checks)):
        if looked:
            click.echo(f"\n{title}")
        for check in looked:
            click.echo(f"  {'well' if check.ok else 'NO  '}  {check.says}")
            if not check.ok:
                click.echo(f"        {check.fix}")


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(value) + " (to be filled in there)"
    if isinstance(value, list) and any(len(each) > 20 for each in value):
        return "".join(f"\n    {number}. {each}" for number, each in enumerate(value, start=1))
    return ", ".join(value) if isinstance(value, list) else str(value)
