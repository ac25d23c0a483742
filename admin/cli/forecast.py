"""`hearthline journeys forecast`: what would leave in the coming days."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from admin.cli.options import data_option, json_option, opened, say_json

if TYPE_CHECKING:
    from engine.runner.forecast import Forecast

_WHATS = ("letters", "texts", "segments")


@click.command(short_help="Say what would leave in the coming days.")
@data_option
@click.option("--days", type=click.IntRange(1, 60), default=7, show_default=True, help="How many days ahead.")
@json_option
def forecast(data_dir: Path, days: int, as_json: bool) -> None:
    """Say what journeys would send in the coming days, by hour, and by day and chapter, from who is where now.

    Nothing is changed or sent. With --json, one object: from, until, assumes, letters, texts, segments, hours (at,
    letters, texts, segments), chapters (chapter, letters, texts, segments), days (day where the organization is,
    chapter, letters, texts, segments), steps (journey, step: how many), refused and later (by the gate's rule), tasks
    (by journey).

    Example: hearthline journeys forecast --days 3
    """
    from engine.outbox.letter import press
    from engine.runner import forecast as room

    with opened(data_dir) as services, services.db.read() as session:
        with_ = press(services.settings, services.tokens)
        found = room.forecast(session, with_, services.clock.now(), timedelta(days=days))
    if as_json:
        say_json(_as_json(found, room.ASSUMES))
    else:
        _tell(found, room.ASSUMES)


def _as_json(found: "Forecast", assumes: tuple[str, ...]) -> dict[str, Any]:
    steps: dict[str, dict[str, int]] = {}
    for (journey, step), many in sorted(found.steps.items()):
        steps.setdefault(journey, {})[step] = many
    return {
        "from": found.begins_at.isoformat(),
        "until": found.ends_at.isoformat(),
        "assumes": list(assumes),
        **{what: sum(many for (_, each), many in found.hours.items() if each == what) for what in _WHATS},
        "hours": [
            {"at": hour.isoformat(), **{what: found.hours[hour, what] for what in _WHATS}}
            for hour in sorted({hour for hour, _ in found.hours})
        ],
        "chapters": [
            {"chapter": name, **{what: found.chapters[chapter_id, what] for what in _WHATS}}
            for name, chapter_id in _chapters(found)
        ],
        "days": [
            {"day": day.isoformat(), "chapter": name, **{what: found.days[day, chapter_id, what] for what in _WHATS}}
            for day in sorted({day for day, _, _ in found.days})
            for name, chapter_id in _chapters(found)
            if any(found.days[day, chapter_id, what] for what in _WHATS)
        ],
        "steps": steps,
        "refused": dict(sorted(found.refused.items())),
        "later": dict(sorted(found.later.items())),
        "tasks": dict(sorted(found.tasks.items())),
    }


def _chapters(found: "Forecast") -> list[tuple[str | None, int | None]]:
    ids = {chapter_id for chapter_id, _ in found.chapters}
    named: list[tuple[str | None, int | None]] = [(found.names.get(each, str(each)), each) for each in ids if each]
    named.sort(key=lambda pair: pair[0] or "")
    return [*named, *([(None, None)] if None in ids else [])]


def _tell(found: "Forecast", assumes: tuple[str, ...]) -> None:
    whole = _as_json(found, assumes)
    until = f"{found.ends_at:%a %d %b %H:%M} UTC"
    if not whole["hours"] and not found.refused and not found.later:
        click.echo(f"Nothing would leave until {until}: nobody is due to get anything.")
    else:
        click.echo(
            f"{whole['letters']:,} letters and {whole['texts']:,} texts ({whole['segments']:,} segments) "
            f"would leave until {until}."
        )
    for hour in whole["hours"]:
        at = datetime.fromisoformat(hour["at"])
        click.echo(f"  {at:%a %d %b %H:%M} UTC  letters {hour['letters']:>6,}  texts {hour['texts']:>6,}")
    for chapter in whole["chapters"]:
        name = chapter["chapter"] or "no chapter"
        click.echo(f"  {name:<30}letters {chapter['letters']:>6,}  texts {chapter['texts']:>6,}")
    for day in whole["days"]:
        on, name = f"{date.fromisoformat(day['day']):%a %d %b}", day["chapter"] or "no chapter"
        click.echo(f"  {on}  {name:<19}letters {day['letters']:>6,}  texts {day['texts']:>6,}")
    for rule, many in whole["refused"].items():
        click.echo(f"  {many:,} would never leave (rule: {rule}); `hearthline journeys why MEMBER` says why.")
    for rule, many in whole["later"].items():
        click.echo(f"  {many:,} would wait beyond that time (rule: {rule}).")
    for journey, many in whole["tasks"].items():
        click.echo(f"  {many:,} tasks for people from {journey}.")
    click.echo("This takes for granted:")
    for each in assumes:
        click.echo(f"  {each}")
