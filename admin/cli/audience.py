"""`hearthline audience`: whom a condition is so of."""

import sys
from pathlib import Path

import click

from admin.cli.options import data_option, json_option, opened, say_json


@click.command(short_help="Say whom a condition is so of.")
@click.argument("expression")
@click.option("--count", "only_count", is_flag=True, help="Say how many; without --sample, nothing else.")
@click.option("--sample", type=click.IntRange(0, 1000), default=None, help="Show so many of them; 10 without --count.")
@data_option
@json_option
def audience(expression: str, only_count: bool, sample: int | None, data_dir: Path, as_json: bool) -> None:
    """Say in words what EXPRESSION asks, how many members it is so of, and some of them, with addresses masked.

    EXPRESSION is a condition as journeys write it, on one line or as YAML; `-` reads it from standard input. Nothing is
    changed.

    Example: hearthline audience "{all: [{tag: gardener}, {not: {in_chapter: any}}]}" --count --sample 10
    """
    from engine.audience import asking
    from journeys.read import read_condition

    text = sys.stdin.read() if expression == "-" else expression
    found = read_condition(text, "audience")
    if found.condition is None:
        for finding in found.findings:
            if as_json:
                say_json(finding.as_json())
            else:
                click.echo(str(finding), err=True)
        sys.exit(1)
    most = sample if sample is not None else 0 if only_count else 10
    says = found.condition.describe()
    with opened(data_dir) as services, services.db.read() as session:
        now = services.clock.now()
        number = asking.count(session, found.condition, now)
        people = asking.sample(session, found.condition, now, most) if most else []
    if as_json:
        shown = [{"member": each.member_id, "name": each.name, "reached_at": list(each.reached_at)} for each in people]
        say_json({"says": says, "count": number, "sample": shown})
        return
    click.echo(f"Members of whom it is so that {says}: {number}.")
    for each in people:
        click.echo(f"  {each.member_id}  {each.name}  {', '.join(each.reached_at)}".rstrip())
