"""`hearthline journeys pause` and `resume`: a journey rests, and goes on without firing a pile."""

from pathlib import Path

import click

from admin.cli.options import data_option, json_option, opened, say_json

RULES = ("skip", "newest", "ask")


@click.command()
@click.argument("slug")
@click.option("--why", required=True, help="Why, in a sentence; it stands in the log.")
@data_option
@json_option
def pause(slug: str, why: str, data_dir: Path, as_json: bool) -> None:
    """Let a journey rest: nobody moves on it, nothing of it leaves, and nobody new comes onto it.

    Example: hearthline journeys pause welcome --why "The hall burned down; we write to everybody by hand first."
    """
    from engine.runner.pausing import pause as pause_journey

    with opened(data_dir) as services, services.db.write() as session:
        fresh = pause_journey(session, slug, why, services.clock.now())
    if as_json:
        say_json({"journey": slug, "paused": True, "new": fresh})
    else:
        click.echo(f"{slug} is paused." if fresh else f"{slug} was paused before.")


@click.command()
@click.argument("slug")
@click.option(
    "--overdue",
    type=click.Choice(RULES),
    help="What becomes of the steps that the pause kept back; without it, what the journey says (after_pause).",
)
@data_option
@json_option
def resume(slug: str, overdue: str | None, data_dir: Path, as_json: bool) -> None:
    """Let a journey go on. What its pause kept back is judged once: skipped, the newest alone, or a person is asked.

    Example: hearthline journeys resume welcome --overdue newest
    """
    from engine.runner.pausing import judge
    from engine.runner.pausing import resume as resume_journey
    from journeys.vocabulary import AfterPause

    with opened(data_dir) as services:
        now = services.clock.now()
        with services.db.write() as session:
            row = resume_journey(session, slug, now, rule=AfterPause(overdue) if overdue else None)
        judged = judge(services.db, row.id, now)
    if as_json:
        say_json({"journey": slug, "rule": row.rule, "overdue": judged})
        return
    click.echo(f"{slug} goes on. {_WORDS[row.rule].format(people='one person' if judged == 1 else f'{judged} people')}")


_WORDS = {
    "skip": "For {people} a step was overdue; what has grown stale is passed over.",
    "newest": "For {people} a step was overdue; of what waited each gets the newest message alone.",
    "ask": (
        "For {people} a step was overdue. It waits until you say what becomes of it: "
        "the same command with --overdue skip, or --overdue newest."
    ),
}
