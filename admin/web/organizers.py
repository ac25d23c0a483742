"""Organizers: who is there for a member, changed by hand."""

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from admin.web.frame import reader_of, tell
from admin.web.me import me
from engine.base.errors import Invalid
from engine.base.services import Services
from engine.chapters.membership import home_chapter
from engine.conversations.assignment import who_may_answer
from engine.conversations.organizer import give_organizer
from engine.conversations.scope import member_in, member_sees


def pages(services: Services) -> Blueprint:
    """POST `/people/<id>/organizer`."""
    blueprint = Blueprint("organizers", __name__)

    @blueprint.post("/people/<int:member_id>/organizer")
    def change(member_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        wanted = request.form.get("member", "")
        with services.db.write() as session:
            member = member_in(session, viewer.scope, member_id)
            names = dict(who_may_answer(session, home_chapter(session, member_id)))
            to = int(wanted) if wanted.isdecimal() else None
            if wanted != "nobody" and to not in names:
                raise Invalid("That person does not answer here.")
            changed = give_organizer(session, member, to, viewer.member_id, reader.now)
            still_theirs = member_sees(session, viewer.scope, member_id)
        if changed:
            tell(reader.say("person.organizer_is", name=names[to]) if to else reader.say("person.organizer_nobody"))
        return redirect(f"/people/{member_id}" if still_theirs else "/people")

    return blueprint
