"""Assessments: how much a member takes part, as a person judges it."""

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from admin.web.frame import reader_of, tell
from admin.web.me import me
from engine.base.services import Services
from engine.conversations.scope import member_in
from engine.enrollments.signal import signal
from engine.people.engagement import assess


def pages(services: Services) -> Blueprint:
    """POST `/people/<id>/assessments`."""
    blueprint = Blueprint("assessments", __name__)

    @blueprint.post("/people/<int:member_id>/assessments")
    def create(member_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        level, note = request.form.get("level", ""), request.form.get("note", "").strip()
        with services.db.write() as session:
            member = member_in(session, viewer.scope, member_id)
            number = int(level) if level.isdecimal() else 0
            if assess(session, member, number, viewer.member_id, note, reader.now):
                signal(session, "assessed", member_id, reader.now, level=number)
        tell(reader.say("person.assessed"))
        return redirect(f"/people/{member_id}#engagement")

    return blueprint
