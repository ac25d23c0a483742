"""Moving: people on earlier versions of a journey go on upon the newest, by a mapping that is shown first."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.web.frame import reader_of, tell
from admin.web.me import me
from engine.base.errors import HearthlineError, Invalid, NotFound
from engine.base.services import Services
from engine.enrollments.journey import Journey, JourneyVersion, load_version
from engine.enrollments.tally import at_steps
from engine.runner.moving import END, Plan, move_people, plan_moving


@dataclass(frozen=True, slots=True)
class Stand:
    """All who stand at one step of earlier versions, and where they go on (empty: nobody said)."""

    step: str
    people: int
    to: str


def pages(services: Services) -> Blueprint:
    """`/journeys/<slug>/moving`: what would happen, and doing it. For staff alone: it is about everybody."""
    blueprint = Blueprint("moving", __name__)

    @blueprint.get("/journeys/<slug>/moving")
    def show(slug: str) -> ResponseReturnValue:
        with services.db.read() as session:
            journey = _journey(session, slug)
            stands = _stands(session, journey)
            said = _said(request.args, stands)
            plan = plan_moving(session, slug, said)
            steps = load_version(session, plan.version_id).script.ids
        found = [Stand(each, many, said.get(each, each if each in steps else "")) for each, many in stands.items()]
        return render_template(
            "moving.html",
            journey=journey,
            plan=plan,
            stands=found,
            steps=steps,
            lost=[each for each in found if not each.to],
        )

    @blueprint.post("/journeys/<slug>/moving")
    def create(slug: str) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        with services.db.read() as session:
            journey = _journey(session, slug)
            plan: Plan = plan_moving(session, slug, _said(request.form, _stands(session, journey)))
        try:
            moved = move_people(services.db, plan, reader.now, viewer.member_id)
        except Invalid:
            tell(reader.say("moving.refused"), trouble=True)
            return redirect(f"/journeys/{slug}/moving")
        tell(reader.say("moving.moved", moved=moved.people, ended=moved.ended, stay=moved.stay))
        return redirect(f"/journeys/{slug}/{plan.number}")

    return blueprint


def _journey(session: Session, slug: str) -> Journey:
    """The journey, for staff. Raises NotFound for everybody else too."""
    journey = session.scalar(select(Journey).where(Journey.slug == slug, Journey.current_version_id.is_not(None)))
    if journey is None or "staff" not in me().scope.roles:
        raise NotFound("There is no such journey.")
    return journey


def _stands(session: Session, journey: Journey) -> dict[str, int]:
    """How many stand at each step of the versions before, by the step's name."""
    earlier = list(
        session.scalars(
            select(JourneyVersion.id).where(
                JourneyVersion.journey_id == journey.id, JourneyVersion.id != journey.current_version_id
            )
        )
    )
    found: dict[str, int] = {}
    for (version_id, place), many in sorted(at_steps(session, earlier, None).items()):
        try:
            step = load_version(session, version_id).script.steps[place].id
        except (HearthlineError, IndexError, ValueError):
            continue  # the plan says that it cannot be read
        found[step] = found.get(step, 0) + many
    return found


def _said(form: Mapping[str, str], stands: Mapping[str, int]) -> dict[str, str]:
    """Old step to new step or END, as it was chosen; what leads to its own name need not be said."""
    return {old: new for old in stands if (new := form.get(old, "").strip()) and (new != old or new == END)}
