"""`hearthline journeys move-people`: people in flight go on upon the current version, by a mapping shown before."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from admin.cli.options import data_option, json_option, opened, say_json

if TYPE_CHECKING:
    from engine.runner.moving import Plan


@click.command("move-people")
@click.argument("slug")
@click.option("--map", "pairs", multiple=True, metavar="OLD=NEW", help="Old step = new step, or `end`; again for more.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--yes", is_flag=True, help="Do not ask before it is done.")
@data_option
@json_option
def move_people(slug: str, pairs: tuple[str, ...], dry_run: bool, yes: bool, data_dir: Path, as_json: bool) -> None:
    """Move people from earlier versions of a journey to the current one. Steps of the same name lead to one another.

    Says first how many people go on where; without this command everybody stays on the version they began with.

    Example: hearthline journeys move-people welcome --map hello_call=hello --map survey=end --dry-run
    """
    from engine.runner.moving import move_people as move
    from engine.runner.moving import plan_moving

    said = dict(_pair(each) for each in pairs)
    with opened(data_dir) as services:
        with services.db.read() as session:
            plan = plan_moving(session, slug, said)
        if not as_json:
            for line in _shown(plan):
                click.echo(line)
        done = None
        if not plan.refused and plan.people and not dry_run:
            if not yes and not as_json and sys.stdin.isatty():
                click.confirm("Move them?", abort=True)
            done = move(services.db, plan, services.clock.now())
    if as_json:
        say_json(
            {
                "journey": slug,
                "version": plan.number,
                "crossings": [each._asdict() for each in plan.crossings],
                "refused": list(plan.refused),
                "moved": done.people if done else 0,
                "ended": done.ended if done else 0,
                "stay": done.stay if done else None,
            }
        )
    elif done is not None:
        click.echo(f"{done.people} went on, {done.ended} are finished, {done.stay} stay on their version.")
    sys.exit(1 if plan.refused else 0)


def _pair(text: str) -> tuple[str, str]:
    old, equals, new = (part.strip() for part in text.partition("="))
    if not (old and equals and new):
        raise click.BadParameter(f"{text!r} is not OLD=NEW, such as hello_call=hello or survey=end.")
    return old, new


def _shown(plan: "Plan") -> list[str]:
    if not plan.crossings and not plan.refused:
        return [f"Everybody on {plan.slug} is on version {plan.number} already."]
    head = f"Version {plan.number} of {plan.slug} takes over:"
    return [head, *(f"  {each.says()}" for each in plan.crossings), *plan.refused]
