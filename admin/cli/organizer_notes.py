"""`hearthline organizers notes`: what of somebody's notes goes to whoever answers after them."""

from pathlib import Path
from typing import Any

import click

from admin.cli.options import data_option, json_option, opened, organizer_at, say_json


@click.command()
@click.argument("email")
@click.option("--pass", "passes", type=int, multiple=True, help="This note goes on, scrubbed; again for several.")
@click.option("--keep", "keeps", type=int, multiple=True, help="This note stays its author's alone, from now on.")
@click.option("--delete", "deletes", type=int, multiple=True, help="This note is deleted, for good.")
@click.option("--before", type=int, default=None, help="Show the notes before this one.")
@data_option
@json_option
def notes(
    email: str, passes: tuple[int, ...], keeps: tuple[int, ...], deletes: tuple[int, ...], before: int | None,
    data_dir: Path, as_json: bool,
) -> None:  # fmt: skip
    """Show what of somebody's notes goes on when they are away or leave, and choose it in their name.

    Numbers and addresses are masked, and sentences about health and other private things are left out. A note that they
    keep to themselves is never shown here whole, for it is theirs alone.

    Example: hearthline organizers notes denise@mail.example --keep 4711
    """
    from engine.conversations.passing import DELETE, KEEP, PAGE_NOTES, PASS, choose, own_notes

    with opened(data_dir) as services, services.db.write() as session:
        author = organizer_at(session, email)
        for choice, chosen in ((PASS, passes), (KEEP, keeps), (DELETE, deletes)):
            for message_id in chosen:
                choose(session, author, message_id, choice, services.clock.now())
        found = own_notes(session, author, before)
    told: list[dict[str, Any]] = [
        {
            "note": each.message_id, "about": each.name, "choice": each.choice, "chosen": each.chosen,
            "goes_on": each.goes.text if each.choice == PASS else None, "left_out": list(each.goes.left_out),
            "masked": each.goes.masked, "in_confidence": each.goes.confided, "passed": each.passed,
        }
        for each in found
    ]  # fmt: skip
    if as_json:
        say_json({"notes": told})
        return
    if not told:
        click.echo("They have written no notes.")
    for each in told:
        goes = f"goes on as: {each['goes_on']}" if each["choice"] == PASS else "stays theirs alone"
        click.echo(f"{each['note']}  {each['about']}: {goes}")
    if len(told) == PAGE_NOTES:
        click.echo(f"Older ones: --before {told[-1]['note']}")
