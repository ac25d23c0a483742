"""`hearthline journeys why`: why somebody did or did not get something."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from admin.cli.options import data_option, json_option, opened, plain_json, say_json

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from engine.base.settings import Settings
    from engine.runner.explain import EnrollmentWhy, JourneyWhy, StepWhy
    from engine.runner.explain_conditions import Asked, Judged

_VERDICTS = {"allows": "yes", "waits": "waits", "refuses": "no"}


@click.command(short_help="Say why somebody did or did not get something.")
@click.argument("member")
@click.argument("journey", required=False)
@data_option
@json_option
def why(member: str, journey: str | None, data_dir: Path, as_json: bool) -> None:
    """Say why MEMBER (an address, a phone or an id) did or did not get what JOURNEY sends; without one, every journey.

    For each step: what happened and when, which condition had which value, which rule held a message back, and for what
    has not come yet what is awaited and until when. Nothing is changed. With --json, one object a journey.

    Example: hearthline journeys why rosa@home.example welcome
    """
    from engine.runner import explain

    with opened(data_dir) as services, services.db.read() as session:
        member_id = member_named(session, member, services.settings)
        found = explain.why(session, services.settings, member_id, services.clock.now(), journey)
    if not found:
        click.echo("No journey is published here yet; `hearthline journeys publish FILE` publishes one.", err=True)
        sys.exit(0 if as_json else 1)
    for each in found:
        if as_json:
            say_json(plain_json(each))
        else:
            _tell(each)


def member_named(session: "Session", name: str, settings: "Settings") -> int:
    """The id of the member with this id, mail address or phone. Raises NotFound, and Invalid when several have it."""
    from engine.base.errors import Invalid, NotFound
    from engine.people.address import members_with
    from engine.people.member import Member
    from engine.people.phone import normal_phone

    wanted = name.strip()
    if wanted.isdecimal() and len(wanted) < 19 and session.get(Member, int(wanted)) is not None:
        return int(wanted)
    found: list[int] = []
    if "@" in wanted:
        found = list(members_with(session, "email", wanted.lower()))
    elif any(sign.isdecimal() for sign in wanted):
        try:
            found = list(members_with(session, "phone", normal_phone(wanted, settings.sms.country)))
        except Invalid:
            found = []
    if not found:
        raise NotFound(f"Nobody here has the address, phone or id {name!r}. `hearthline members` adds people.")
    if len(found) > 1:
        ids = ", ".join(str(each) for each in found)
        raise Invalid(f"Several members share {name!r}: name one of them by its id ({ids}).")
    return found[0]


def _tell(each: "JourneyWhy") -> None:
    click.echo(f"{each.title} ({each.journey}): {each.says}")
    if not each.enrollments:
        for rule in each.entry:
            click.echo(f"  {'yes' if rule.holds else 'no':<4}{rule.rule}: {rule.says}")
    for time in each.enrollments:
        _tell_time(time)
    click.echo()


def _tell_time(time: "EnrollmentWhy") -> None:
    over = f", over on {time.ended_at:%d %B %Y} ({time.end_reason})" if time.ended_at else ""
    click.echo(f"  Version {time.version}, by {time.trigger or 'hand'}, since {time.began_at:%d %B %Y}{over}.")
    for asked in time.leaves_when:
        _tell_condition(asked, "    ")
    for step in time.steps:
        _tell_step(step)


def _tell_step(step: "StepWhy") -> None:
    click.echo(f"    {step.status.replace('_', ' '):<12}{step.step} ({step.kind}): {step.says}")
    for visit in step.visits:
        why = f" {visit.why}" if visit.why else ""
        click.echo(f"{'':16}{visit.acted_at:%Y-%m-%d %H:%M} UTC  {visit.says}{why}")
    for asked in step.conditions:
        _tell_condition(asked, " " * 16)
    for rule in step.rules:
        if rule.verdict != "allows":
            until = f" (until {rule.until:%Y-%m-%d %H:%M} UTC)" if rule.until else ""
            click.echo(f"{'':16}{_VERDICTS[rule.verdict]:<6}{rule.rule}: {rule.says}{until}")


def _tell_condition(asked: "Asked", indent: str) -> None:
    click.echo(f"{indent}{'yes' if asked.judged.holds else 'no':<4}{asked.place}: {asked.judged.says}")
    for part in asked.judged.parts:
        _tell_part(part, f"{indent}    ")


def _tell_part(part: "Judged", indent: str) -> None:
    click.echo(f"{indent}{'yes' if part.holds else 'no':<4}{part.says}")
    for inner in part.parts:
        _tell_part(inner, f"{indent}    ")
