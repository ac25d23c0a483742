"""Approvals: lending one's own name to a letter, after reading it and seeing what people may answer."""

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue

from admin.web.frame import reader_of, tell
from admin.web.me import me
from engine.base.services import Services
from engine.content.approval import approve, approved_by, revoke
from engine.content.template import load_compiled
from templates.render import Refused, Renderer
from templates.vocabulary import sample


def pages(services: Services) -> Blueprint:
    """`/letters/<id>`: the letter to read, and one's name below it."""
    blueprint = Blueprint("approvals", __name__)
    renderer = Renderer()

    @blueprint.get("/letters/<int:version_id>")
    def show(version_id: int) -> ResponseReturnValue:
        with services.db.read() as session:
            letter = load_compiled(session, version_id)
            lenders = approved_by(session, [version_id]).get(version_id, frozenset())
        values = sample(letter.frame, letter.language)
        # They read it as it will go out: with their own name on it.
        values["sender"] |= {"name": me().name, "first_name": me().called, "is_person": True}
        made = renderer.render(letter, values)
        text, subject = (made.says, "") if isinstance(made, Refused) else (made.text, made.subject)
        return render_template(
            "letter.html",
            letter=letter,
            version_id=version_id,
            subject=subject,
            text=text,
            lent=me().member_id in lenders,
        )

    @blueprint.post("/letters/<int:version_id>/approval")
    def create(version_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        with services.db.write() as session:
            approve(session, version_id, viewer.member_id, reader.now)
        tell(reader.say("letter.lent"), undo=f"/letters/{version_id}/approval/end")
        return redirect(f"/letters/{version_id}")

    @blueprint.post("/letters/<int:version_id>/approval/end")
    def destroy(version_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        with services.db.write() as session:
            load_compiled(session, version_id)
            revoke(session, version_id, viewer.member_id, reader.now)
        tell(reader.say("letter.taken_back"))
        return redirect(f"/letters/{version_id}")

    return blueprint
