"""Reasons: why somebody did or did not get what journeys send, on a page of their own."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from admin.web.frame import reader_of
from admin.web.me import me
from admin.web.people import talking_with
from admin.web.readings import turns
from engine.base.services import Services
from engine.conversations.hold import held_members
from engine.conversations.scope import member_in
from engine.runner.explain import EnrollmentWhy, JourneyWhy, StepWhy, why
from engine.runner.explain_rules import RuleSaid
from templates.web.reader import Reader

#: What is meant to last until somebody ends it, ends in a year that no page shows.
_NEVER = 9000
_FATES = frozenset({"sent", "failed", "refused", "queued"})


@dataclass(frozen=True, slots=True)
class StepView:
    """One step as it was, or may yet be."""

    why: StepWhy
    title: str
    does: tuple[str, ...]
    #: What happened and when, oldest first.
    happened: tuple[tuple[datetime, str], ...]
    #: What stands in the way now of what has not left, beside the talk that the page names first.
    rules: tuple[tuple[RuleSaid, datetime | None], ...]


@dataclass(frozen=True, slots=True)
class TimeView:
    """One time on a journey: the steps they came to or may yet come to, and the names of the others."""

    why: EnrollmentWhy
    steps: tuple[StepView, ...]
    missed: tuple[str, ...]


def pages(services: Services) -> Blueprint:
    """`/people/<id>/journeys`: each journey, each step, each rule."""
    blueprint = Blueprint("reasons", __name__)

    @blueprint.get("/people/<int:member_id>/journeys")
    def show(member_id: int) -> ResponseReturnValue:
        reader = reader_of(services)
        with services.db.read() as session:
            member = member_in(session, me().scope, member_id)
            held = bool(held_members(session, [member.id], reader.now))
            found = sorted(why(session, services.settings, member.id, reader.now), key=_nearness)
            return render_template(
                "person_journeys.html",
                member=member,
                talking=talking_with(session, member.id) if held else None,
                journeys=[(each, [_time(time, reader) for time in reversed(each.enrollments)]) for each in found],
            )

    return blueprint


def _nearness(journey: JourneyWhy) -> int:
    """What they are on comes first, then what they were on, then the others; each in the journeys' own order."""
    if not journey.enrollments:
        return 2
    return 0 if journey.enrollments[-1].ended_at is None else 1


def _time(time: EnrollmentWhy, reader: Reader) -> TimeView:
    missed = [step for step in time.steps if step.status in ("passed_by", "not_reached")]
    return TimeView(
        time,
        tuple(_step(step, reader) for step in time.steps if step not in missed),
        tuple(_spaced(step.step) for step in missed),
    )


def _step(step: StepWhy, reader: Reader) -> StepView:
    return StepView(
        step,
        _spaced(step.step),
        tuple(_spaced(each) for each in turns(step.does, reader)),
        tuple(sorted(_happened(step, reader), key=lambda each: each[0])),
        tuple(
            (rule, rule.until if rule.until is not None and rule.until.year < _NEVER else None)
            for rule in step.rules
            if rule.verdict != "allows" and (rule.rule != "hold" or step.status == "here")
        ),
    )


def _happened(step: StepWhy, reader: Reader) -> Iterator[tuple[datetime, str]]:
    for visit in step.visits:
        yield visit.acted_at, _spaced(f"{reader.said(visit.says)} {reader.said(visit.why)}".strip())
    for message in step.messages:
        what = reader.say("why.text" if message.channel == "sms" else "why.letter")
        fate = reader.say(f"why.message_{message.state if message.state in _FATES else 'leaving'}", what=what)
        yield message.at, f"{fate} {reader.said(message.says) if message.state != 'sent' else ''}".strip()


def _spaced(words: str) -> str:
    """Names of steps as people read them."""
    return words.replace("_", " ")
