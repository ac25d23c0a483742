"""Journeys: what runs, for how many, and what each says in words."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from admin.web.approvals import offered
from engine.base.errors import NotFound
from engine.base.services import Services
from engine.content.approval import approved_by
from engine.content.template import TemplateVersion, load_compiled
from engine.enrollments.enrollment import Enrollment
from engine.enrollments.journey import Journey, JourneyVersion, load_version
from engine.people.member import names_of
from journeys.describe import describe
from templates.text import sample_length


def pages(services: Services) -> Blueprint:
    """`/journeys`, and a version in words."""
    blueprint = Blueprint("journeys", __name__)

    @blueprint.get("/journeys")
    def index() -> ResponseReturnValue:
        live = select(func.count()).where(Enrollment.journey_id == Journey.id, Enrollment.ended_at.is_(None))
        over = select(func.count()).where(Enrollment.journey_id == Journey.id, Enrollment.ended_at.is_not(None))
        with services.db.read() as session:
            rows = session.execute(
                select(Journey, JourneyVersion.number, live.scalar_subquery(), over.scalar_subquery())
                .outerjoin(JourneyVersion, JourneyVersion.id == Journey.current_version_id)
                .order_by(Journey.title)
            ).all()
            return render_template("journeys.html", journeys=rows)

    @blueprint.get("/journeys/<slug>/<int:number>")
    def show(slug: str, number: int) -> ResponseReturnValue:
        with services.db.read() as session:
            version = session.scalar(
                select(JourneyVersion)
                .join(Journey, Journey.id == JourneyVersion.journey_id)
                .where(Journey.slug == slug, JourneyVersion.number == number)
            )
            if version is None:
                raise NotFound("There is no such version of a journey.")
            journey = session.get_one(Journey, version.journey_id)
            script = load_version(session, version.id).script
            ids = {text for texts in version.templates.values() for text in texts.values()}
            lenders = approved_by(session, ids)
            names = names_of(session, {one for some in lenders.values() for one in some})
            letters = [
                (text, load_compiled(session, text.id), sorted(names[one] for one in lenders.get(text.id, ())))
                for text in session.scalars(select(TemplateVersion).where(TemplateVersion.id.in_(ids)))
            ]
            lengths = {
                text.id: sample_length(letter, offered([script], letter)).segments
                for text, letter, _ in letters
                if letter.channel == "sms"
            }
            letters.sort(key=lambda letter: (letter[1].name, letter[1].language))
            return render_template(
                "journey.html",
                journey=journey,
                version=version,
                script=script,
                lines=describe(script),
                letters=letters,
                lengths=lengths,
            )

    return blueprint
