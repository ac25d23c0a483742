"""`hearthline sending`: pause everything, let it go on, see what holds messages back, lift a brake."""

import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from admin.cli.options import data_option, json_option, opened, say_json

if TYPE_CHECKING:
    from engine.outbox.estimate import Estimate


@click.group()
def sending() -> None:
    """Pause everything, let it go on, see what holds messages back, lift a brake, ask how many days a list takes.

    Example: hearthline sending pause --why "The link in it is wrong."
    """


@sending.command()
@click.option("--why", required=True, help="Why, in a sentence; it stands on every page and in the log.")
@data_option
@json_option
def pause(why: str, data_dir: Path, as_json: bool) -> None:
    """Let nothing leave any more, by mail or by text, to anybody, within five seconds.

    Example: hearthline sending pause --why "The link in it is wrong."
    """
    from engine.outbox.sending_pause import pause_sending

    with opened(data_dir) as services, services.db.write() as session:
        fresh = pause_sending(session, None, why, "command", services.clock.now())
    if as_json:
        say_json({"paused": True, "new": fresh})
    else:
        click.echo(
            "Nothing leaves any more. `hearthline sending resume` ends it." if fresh else "It was paused before."
        )


@sending.command()
@data_option
@json_option
def resume(data_dir: Path, as_json: bool) -> None:
    """Let messages leave again.

    Example: hearthline sending resume
    """
    from engine.outbox.sending_pause import resume_sending

    with opened(data_dir) as services, services.db.write() as session:
        ended = resume_sending(session, None, services.clock.now())
    if as_json:
        say_json({"paused": False, "new": ended})
    else:
        click.echo("Messages leave again, within seconds." if ended else "Nothing was paused.")


@sending.command()
@data_option
@json_option
def state(data_dir: Path, as_json: bool) -> None:
    """Say what holds messages back just now: a pause, brakes, slow mail hosts, a day that is used up.

    With --json, one object: paused (since, why, or null), brakes (id, chapter, kind, level, until, says), hosts (host,
    per_minute, since, says), closed (reason, until), warm_up (day, place, allowance, used, or null), texts (day, cap,
    used, ends, or null).

    Example: hearthline sending state
    """
    from admin.sending import held_back

    with opened(data_dir) as services, services.db.read() as session:
        found = held_back(session, services.clock.now())
        if not as_json:
            for reason in found.reasons:
                click.echo(reason)
            for row, _ in found.brakes:
                click.echo(f'  When you know why: hearthline sending lift {row.id} --why "..."')
            for host in found.hosts:
                click.echo(f"{host.host} gets {host.per_minute:.0f} letters a minute: {host.says}")
            if found.warm_up is not None:
                day = found.warm_up
                click.echo(
                    f"Warm-up, day {day.place + 1}: {day.used:,} of {day.allowance:,} letters to many have left."
                )
            if found.text_day is not None:
                texts = found.text_day
                click.echo(f"Texts today: {texts.used:,} of {texts.cap:,} segments, until {texts.ends_at:%H:%M} UTC.")
            if not (found.reasons or found.hosts):
                click.echo("Nothing is held back.")
            return
        say_json(
            {
                "paused": None
                if found.pause is None
                else {"since": found.pause.created_at.isoformat(), "why": found.pause.why},
                "brakes": [
                    {
                        "id": row.id, "chapter": name or None, "kind": row.kind, "level": row.level,
                        "until": row.until_at.isoformat() if row.until_at else None, "says": row.says,
                    }
                    for row, name in found.brakes
                ],
                "hosts": [
                    {
                        "host": row.host, "per_minute": round(row.per_minute, 1),
                        "since": row.slowed_at.isoformat(), "says": row.says,
                    }
                    for row in found.hosts
                ],
                "closed": [
                    {"reason": each.reason, "until": each.until.isoformat() if each.until else None}
                    for each in found.closed
                ],
                "warm_up": None
                if found.warm_up is None
                else {
                    "day": found.warm_up.day.isoformat(), "place": found.warm_up.place,
                    "allowance": found.warm_up.allowance, "used": found.warm_up.used,
                },
                "texts": None
                if found.text_day is None
                else {
                    "day": found.text_day.day.isoformat(), "cap": found.text_day.cap, "used": found.text_day.used,
                    "ends": found.text_day.ends_at.isoformat(),
                },
            }
        )  # fmt: skip


@sending.command()
@click.argument("brake_id", type=int)
@click.option("--why", required=True, help="What was found and what changes; it stands in the log.")
@data_option
@json_option
def lift(brake_id: int, why: str, data_dir: Path, as_json: bool) -> None:
    """Let a chapter's letters to many go again, after complaints or returned letters let them rest.

    Ends with 1 where there is no such brake, or somebody lifted it before.

    Example: hearthline sending lift 914676081443082240 --why "An old list had been imported; it is out again."
    """
    from engine.outbox.brake_release import release
    from engine.outbox.brakes import lift as lift_brake

    with opened(data_dir) as services:
        now = services.clock.now()
        with services.db.write() as session:
            lifted = lift_brake(session, brake_id, None, why, now)
        back = release(services.db, brake_id, now) if lifted else 0
    if as_json:
        say_json({"brake": brake_id, "lifted": lifted, "due_again": back})
    elif lifted:
        click.echo(f"Its letters go again; {back:,} that waited are due now.")
    else:
        click.echo("There is no such brake, or it was lifted before: `hearthline sending state` names those that hold.")
    if not lifted:
        sys.exit(1)


@sending.command()
@click.option("--letters", type=click.IntRange(0), default=0, help="How many letters to many by mail.")
@click.option("--texts", type=click.IntRange(0), multiple=True, help="How many texts; once for each wording.")
@click.option("--words", multiple=True, help="What those texts say: it tells how many segments each has.")
@data_option
@json_option
def forecast(letters: int, texts: tuple[int, ...], words: tuple[str, ...], data_dir: Path, as_json: bool) -> None:
    """Say on which days a list would leave, how many segments it has and what it costs, by your own settings.

    What waits already goes first. Where people read several languages, give --texts and --words once for each. With
    --json, one object: letters (count, ahead, cost, currency, days: day, letters; last), texts (count, ahead,
    ahead_segments, segments, cost, currency, too_long, days: day, texts; last; wordings: texts, encoding,
    segments_each, as_pictures, segments, cost, outside), holds (sentences that say what holds it back now).

    Example: hearthline sending forecast --letters 5000 --texts 5000 --words "Soup at six on the porch."
    """
    from engine.outbox.estimate import Wording, estimate
    from engine.outbox.press import press

    if len(words) > max(1, len(texts)):
        raise click.UsageError("Say for each --words how many texts say it: --texts 3000 --words ... --texts 2000 ...")
    spoken = [*words, *[""] * (len(texts) - len(words))]
    wordings = [Wording(many, said) for many, said in zip(texts, spoken, strict=False)]
    with opened(data_dir) as services, services.db.read() as session:
        now = services.clock.now()
        found = estimate(session, press(services.settings, services.tokens), letters, wordings, now)
    if as_json:
        say_json(_estimate_as_json(found))
        return
    mail, text = found.mail, found.texts
    if letters:
        click.echo(f"{letters:,} letters leave on {_days(len(mail.days))}{_after(mail.ahead)}:")
        _tell_days(mail.days)
        if found.mail_cost:
            click.echo(f"Your relay takes {found.mail_cost:,.2f} {text.currency} for them.")
    for each in text.wordings:
        shape = "a picture message" if each.as_pictures else _segments(each.segments_each)
        long = f" because of {' '.join(each.outside[:8])}" if each.encoding == "ucs2" and each.segments_each > 1 else ""
        click.echo(f"{each.texts:,} texts are {shape} each{long}, {each.cost:,.2f} {text.currency}.")
    if text.too_long:
        click.echo("A text is longer than all that may leave to many on a day (per_day less kept_for_answers).")
    elif text.texts:
        click.echo(
            f"{text.texts:,} texts, {_segments(text.segments)}, cost {text.cost:,.2f} {text.currency} and leave on "
            f"{_days(len(text.days))}{_after(text.ahead)}:"
        )
        _tell_days(text.days)
    for reason in found.says:
        click.echo(f"Just now: {reason}")
    if not letters and not text.texts:
        click.echo("Say how many: --letters, or --texts with --words.")


def _estimate_as_json(found: "Estimate") -> dict[str, object]:
    mail, text = found.mail, found.texts
    return {
        "letters": {
            "count": mail.letters, "ahead": mail.ahead, "cost": found.mail_cost, "currency": text.currency,
            "days": [{"day": day.isoformat(), "letters": many} for day, many in mail.days],
            "last": mail.days[-1][0].isoformat() if mail.days else None,
        },
        "texts": {
            "count": text.texts, "ahead": text.ahead, "ahead_segments": text.ahead_segments,
            "segments": text.segments, "cost": text.cost, "currency": text.currency, "too_long": text.too_long,
            "days": [{"day": day.isoformat(), "texts": many} for day, many in text.days],
            "last": text.days[-1][0].isoformat() if text.days else None,
            "wordings": [
                {
                    "texts": each.texts, "encoding": each.encoding, "segments_each": each.segments_each,
                    "as_pictures": each.as_pictures, "segments": each.segments, "cost": each.cost,
                    "outside": list(each.outside),
                }
                for each in text.wordings
            ],
        },
        "holds": list(found.says),
    }  # fmt: skip


def _tell_days(days: Iterable[tuple[date, int]]) -> None:
    for day, many in days:
        click.echo(f"  {day:%a %d %b %Y}  {many:>9,}")


def _segments(count: int) -> str:
    return "one segment" if count == 1 else f"{count:,} segments"


def _days(count: int) -> str:
    return "one day" if count == 1 else f"{count} days"


def _after(ahead: int) -> str:
    return f", after {ahead:,} that wait already" if ahead else ""
