"""Approvals: lending one's own name to a letter or a text, after reading it and seeing what people may answer."""

from collections.abc import Iterable

from flask import Blueprint, Response, redirect, render_template
from flask.typing import ResponseReturnValue

from admin.web.frame import reader_of, tell
from admin.web.me import me
from engine.base.services import Services
from engine.content.approval import approve, approved_by, revoke
from engine.content.template import load_compiled
from engine.enrollments.journey import current_versions
from journeys.model import Journey
from journeys.steps import Ask
from templates.compiled import Compiled
from templates.render import Refused, Rendered, Renderer
from templates.segments import measure
from templates.vocabulary import sample
from templates.words import read_words

#: A letter brings its own styles, as mail does, and nothing else; it stands in our own page alone.
LETTER = "sandbox; default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'self'"


def pages(services: Services) -> Blueprint:
    """`/letters/<id>`: the letter to read, and one's name below it."""
    blueprint = Blueprint("approvals", __name__)
    renderer = Renderer()

    def made(version_id: int) -> tuple[Compiled, Rendered | Refused]:
        """The letter, and how it looks with sample values and the reader's own name below it."""
        with services.db.read() as session:
            letter = load_compiled(session, version_id)
            answers = offered([version.script for version in current_versions(session)], letter)
        values = sample(letter.frame, letter.language, letter.channel)
        values["text"] = values.get("text", {}) | {"is_first": False, "answers": answers}
        values["sender"] |= {"name": me().name, "first_name": me().called, "is_person": True}
        return letter, renderer.render(letter, values)

    @blueprint.get("/letters/<int:version_id>")
    def show(version_id: int) -> ResponseReturnValue:
        letter, mail = made(version_id)
        with services.db.read() as session:
            lenders = approved_by(session, [version_id]).get(version_id, frozenset())
        return render_template(
            "letter.html",
            letter=letter,
            version_id=version_id,
            subject="" if isinstance(mail, Refused) else mail.subject,
            says=mail.says if isinstance(mail, Refused) else None,
            text="" if isinstance(mail, Refused) else mail.text,
            segments=0 if isinstance(mail, Refused) else measure(mail.text).segments,
            lent=me().member_id in lenders,
        )

    @blueprint.get("/letters/<int:version_id>/page")
    def page(version_id: int) -> ResponseReturnValue:
        _, mail = made(version_id)
        response = Response("" if isinstance(mail, Refused) else mail.html, mimetype="text/html")
        response.headers["Content-Security-Policy"] = LETTER
        return response

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


def offered(scripts: Iterable[Journey], letter: Compiled) -> str:
    """The answers that stand below this text by number, as the first of these journeys that asks with it has them."""
    for script in scripts:
        for step in script.steps:
            if isinstance(step, Ask) and step.numbered and step.template == letter.name:
                labels = [answer.label_in(letter.language) for answer in step.question.answers]
                return read_words().offer(letter.language, labels)
    return ""
