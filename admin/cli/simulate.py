"""`hearthline journeys simulate`: people who do not exist live through journeys."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from admin.cli.options import json_option, say_json

if TYPE_CHECKING:
    from journeys.model import Journey
    from templates.catalog import Catalog

#: What each thing in `broken` means, in the order in which it is told.
BROKEN_SAYS = {
    "doubled": "messages that came twice",
    "outside_hours": "texts outside the hours where somebody lives",
    "after_stop": "messages after a stop",
    "over_cap": "letters beyond the weekly cap",
    "over_budget": "asks beyond the budget, or two in a row",
    "talked_over": "messages into an open conversation",
    "stuck": "people or messages that did not go on",
}


@click.command(short_help="Live journeys through with people who do not exist.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--letters",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    help="A folder with letters of your own, beside the library's; again for several.",
)
@click.option("--members", type=click.IntRange(1, 100_000), default=200, show_default=True, help="How many people.")
@click.option("--days", type=click.IntRange(1, 1_000), default=90, show_default=True, help="How many days.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed, the same lives.")
@json_option
def simulate(
    files: tuple[Path, ...], letters: tuple[Path, ...], members: int, days: int, seed: int, as_json: bool
) -> None:
    """Live journeys through with people who do not exist, and count what would be broken. Exit code 1 if anything is.

    The real runner, gate and couriers work on a database of their own, which is thrown away, on days that fly. The
    people answer, write something else, say nothing, go away, say stop, travel and move; those who organize answer at
    once, late, or never close a conversation, and do their tasks or leave them.

    With --json, one object: members, days, seed, steps (journey, step, outcome: how often), stages (path, stage: how
    many are there at the end), per_day (letters, texts, answers, words, from_people), hand_offs (asked, done,
    withdrawn, left), broken (doubled, outside_hours, after_stop, over_cap, over_budget, talked_over, stuck), seconds.

    Example: hearthline journeys simulate journeys/library/welcome.yaml --members 500 --days 60
    """
    from admin.trying.simulation import run, scripts_of

    read, catalog = checked(files, letters)
    shown = sys.stderr.isatty() and not as_json
    with click.progressbar(length=days, label="Days", file=sys.stderr) if shown else _NoBar() as bar:
        past = 0

        def tell(day: int) -> None:
            nonlocal past
            bar.update(day - past)
            past = day

        found = run(scripts_of(read), catalog, members, days, seed, tell)
    if as_json:
        say_json(found)
    else:
        _tell(found)
    sys.exit(1 if any(found["broken"].values()) else 0)


def checked(files: tuple[Path, ...], letters: tuple[Path, ...]) -> "tuple[list[tuple[Path, Journey]], Catalog]":
    """The journeys of these files, checked, with the letters they send; what is wrong ends the command."""
    from admin.cli.journeys import _catalog, _examined

    catalog = _catalog(letters)
    read: list[tuple[Path, Journey]] = []
    for file in files:
        draft = _examined(file, catalog)
        if draft.journey is None:
            for finding in draft.findings:
                click.echo(str(finding), err=True)
            click.echo(f"{file} cannot be tried before that is mended.", err=True)
            sys.exit(1)
        read.append((file, draft.journey))
    return read, catalog


class _NoBar:
    """Stands where no progress is shown."""

    def __enter__(self) -> "_NoBar":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def update(self, _steps: int) -> None:
        """Nobody looks."""


def _tell(found: dict[str, Any]) -> None:
    click.echo(f"{found['members']:,} people, {found['days']} days, seed {found['seed']}: {found['seconds']} seconds.")
    for slug, steps in found["steps"].items():
        click.echo(f"\n{slug}")
        for step, outcomes in steps.items():
            told = ", ".join(f"{outcome.replace('_', ' ')} {many:,}" for outcome, many in outcomes.items())
            click.echo(f"  {step:<28}{told}")
    for path, stages in found["stages"].items():
        click.echo(f"\n{path}: " + ", ".join(f"{stage} {many:,}" for stage, many in stages.items()))
    days = found["per_day"]
    said = {what: sum(day[what] for day in days) for what in days[0] if what != "day"}
    busiest = max(day["letters"] + day["texts"] for day in days)
    click.echo(
        f"\n{said['letters']:,} letters and {said['texts']:,} texts left, {busiest:,} on the busiest day; "
        f"{said['answers']:,} plain answers and {said['words']:,} times words for a person came back, "
        f"and {said['from_people']:,} words of people went out."
    )
    tasks = found["hand_offs"]
    click.echo(f"{tasks['asked']:,} tasks for people, {tasks['done']:,} done, {tasks['left']:,} left undone.")
    broken = {name: many for name, many in found["broken"].items() if many}
    if not broken:
        click.echo("Nothing was broken: no message twice, out of hours, after a stop, over a limit or into a talk.")
    for name, many in broken.items():
        click.echo(f"BROKEN {name}: {many:,} {BROKEN_SAYS[name]}.")
