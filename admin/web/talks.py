"""Talks: a conversation that took place elsewhere, written down by whoever had it."""

from datetime import date, datetime, time
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.web.frame import reader_of, tell
from admin.web.me import me
from engine.base.errors import Invalid
from engine.base.services import Services
from engine.conversations.scope import member_in
from engine.conversations.talk import CHANNELS, log_talk
from engine.enrollments.journey import current_versions
from engine.people.member import Member
from engine.people.path import OUTLOOK, Stage, is_outlook
from journeys.steps import Move
from journeys.vocabulary import stages_of
from templates.web.reader import Reader

#: The fields of the form, in the order in which they are filled.
FIELDS = ("day", "channel", "words", "theme", "stage")
#: What the engine calls by its sentence, the page by its own words.
_WRONG = {"day": "talk.wrong_day", "words": "talk.wrong_words", "stage": "talk.wrong_stage"}


def pages(services: Services) -> Blueprint:
    """`/people/<id>/talks`: the form, and POST to keep what was written."""
    blueprint = Blueprint("talks", __name__)

    @blueprint.get("/people/<int:member_id>/talks")
    def show(member_id: int) -> ResponseReturnValue:
        reader = reader_of(services)
        with services.db.read() as session:
            member = member_in(session, me().scope, member_id)
            today = reader.now.astimezone(reader.zone).date().isoformat()
            return _page(session, member, {**dict.fromkeys(FIELDS, ""), "day": today, "channel": CHANNELS[0]})

    @blueprint.post("/people/<int:member_id>/talks")
    def create(member_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        form = {name: request.form.get(name, "").strip() for name in FIELDS}
        with services.db.write() as session:
            member = member_in(session, viewer.scope, member_id)
            if wrong := _wrong(form, reader):
                return _page(session, member, form, wrong=wrong), 400
            outlook = (form["theme"], form["stage"]) if form["theme"] else None
            log_talk(
                session, member_id, viewer.member_id, form["channel"], form["words"], _moment(form["day"], reader),
                reader.now, outlook=outlook,
            )  # fmt: skip
        tell(reader.say("talk.kept"))
        return redirect(f"/people/{member_id}#talks")

    return blueprint


def themes(session: Session) -> list[str]:
    """The paths of outlook that are known: those somebody is on, and those that journeys walk along."""
    known = set(session.scalars(select(Stage.path).where(Stage.path.startswith(OUTLOOK, autoescape=True)).distinct()))
    for version in current_versions(session):
        known.add(version.script.path)
        known.update(step.path for step in version.script.steps if isinstance(step, Move))
    return sorted(path for path in known if is_outlook(path))


def _page(session: Session, member: Member, form: dict[str, str], *, wrong: str = "") -> str:
    return render_template(
        "talk.html",
        member=member,
        form=form,
        wrong=wrong,
        channels=CHANNELS,
        paths=[(path, path.removeprefix(OUTLOOK).replace("-", " ")) for path in themes(session)],
        stages=stages_of(OUTLOOK.rstrip(":")),
    )


def _wrong(form: dict[str, str], reader: Reader) -> str:
    """What the form lacks, in words; empty: nothing."""
    at: Any = _moment(form["day"], reader)
    if at is None or at > reader.now:
        return reader.say(_WRONG["day"])
    if form["channel"] not in CHANNELS:
        raise Invalid("Say how you talked.")
    if not form["words"]:
        return reader.say(_WRONG["words"])
    if bool(form["theme"]) != bool(form["stage"]):
        return reader.say(_WRONG["stage"])
    if form["theme"] and not (is_outlook(form["theme"]) and form["stage"] in stages_of(form["theme"])):
        raise Invalid("There is no such outlook.")
    return ""


def _moment(day: str, reader: Reader) -> datetime:
    """Noon of that day where the reader is, or this very moment if it is today and noon is still to come.

    Raises Invalid for what is no day.
    """
    try:
        noon = datetime.combine(date.fromisoformat(day), time(12), reader.zone)
    except ValueError as error:
        raise Invalid("That is not a day.") from error
    today = reader.now.astimezone(reader.zone).date()
    return min(noon, reader.now) if noon.date() == today else noon
