"""`hearthline journeys forecast`: what would leave in the coming days."""

from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from admin.cli.options import data_option, json_option, opened, say_json

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from engine.base.settings import Settings
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
    (by journey), cost and currency of the texts, leaving (day, letters, segments: by the warm-up and the daily cap).

    Example: hearthline journeys forecast --days 3
    """
    from engine.outbox.press import press
    from engine.runner import forecast as room

    with opened(data_dir) as services, services.db.read() as session:
        with_ = press(services.settings, services.tokens)
        now = services.clock.now()
        found = room.forecast(session, with_, now, timedelta(days=days))
        limits = _limits(session, services.settings, found, now)
    whole = {**_as_json(found, room.ASSUMES), **limits}
    if as_json:
        say_json(whole)
    else:
        _tell(found, whole)


def _limits(session: "Session", settings: "Settings", found: "Forecast", now: datetime) -> dict[str, Any]:
    """What leaves on each day by the warm-up's table and the text brand's cap, and what the texts cost."""
    from engine.outbox.days_ahead import leaving
    from templates.segments import cost

    days = sorted({day for day, _, _ in found.days})

    def many(day: date, what: str) -> int:
        return sum(count for (on, _, each), count in found.days.items() if on == day and each == what)

    left = leaving(session, settings, [(day, many(day, "letters"), many(day, "segments")) for day in days], now)
    segments = sum(many(day, "segments") for day in days)
    return {
        "cost": round(float(cost([segments], settings.sms.segment_price)), 2),
        "currency": settings.sms.currency,
        "leaving": [{"day": day.isoformat(), "letters": mails, "segments": texts} for day, mails, texts in left],
    }


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


def _tell(found: "Forecast", whole: dict[str, Any]) -> None:
    until = f"{found.ends_at:%a %d %b %H:%M} UTC"
    if not whole["hours"] and not found.refused and not found.later:
        click.echo(f"Nothing would leave until {until}: nobody is due to get anything.")
    else:
        click.echo(
            f"{whole['letters']:,} letters and {whole['texts']:,} texts ({whole['segments']:,} segments) "
            f"would leave until {until}."
        )
        if whole["segments"]:
            click.echo(f"The texts cost {whole['cost']:,.2f} {whole['currency']}.")
    for hour in whole["hours"]:
        at = datetime.fromisoformat(hour["at"])
        click.echo(f"  {at:%a %d %b %H:%M} UTC  letters {hour['letters']:>6,}  texts {hour['texts']:>6,}")
    for chapter in whole["chapters"]:
        name = chapter["chapter"] or "no chapter"
        click.echo(f"  {name:<30}letters {chapter['letters']:>6,}  texts {chapter['texts']:>6,}")
    for day in whole["days"]:
        on, name = f"{date.fromisoformat(day['day']):%a %d %b}", day["chapter"] or "no chapter"
        click.echo(f"  {on}  {name:<19}letters {day['letters']:>6,}  texts {day['texts']:>6,}")
    wanted = Counter[str]()
    for day in whole["days"]:
        wanted[day["day"]] += day["letters"] + day["segments"]
    if {day["day"]: day["letters"] + day["segments"] for day in whole["leaving"]} != dict(+wanted):
        click.echo("By your warm-up's table and your texts' daily cap they leave so:")
        for day in whole["leaving"]:
            when = f"{date.fromisoformat(day['day']):%a %d %b}"
            click.echo(f"  {when}  letters {day['letters']:>6,}  segments {day['segments']:>6,}")
    for rule, many in whole["refused"].items():
        click.echo(f"  {many:,} would never leave (rule: {rule}); `hearthline journeys why MEMBER` says why.")
    for rule, many in whole["later"].items():
        click.echo(f"  {many:,} would wait beyond that time (rule: {rule}).")
    for journey, many in whole["tasks"].items():
        click.echo(f"  {many:,} tasks for people from {journey}.")
    click.echo("This takes for granted:")
    for each in whole["assumes"]:
        click.echo(f"  {each}")
