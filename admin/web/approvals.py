"""Approvals: lending one's own name to a letter or a text, after reading it and seeing what people may answer.

Nobody lends another's name: whoever presses is whose name it is, whatever the form says.
"""

from collections.abc import Iterable

from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from admin.publishing import people_at
from admin.web.frame import reader_of, tell
from admin.web.me import me
from admin.web.readings import may_lend, offered_by
from engine.base.errors import NotFound
from engine.base.services import Services
from engine.content.approval import approve, lenders_of, revoke
from engine.content.expected import Use, uses_of
from engine.content.template import load_compiled
from engine.people.member import names_of
from journeys.steps import MembersOrganizer, Message, NamedMember
from templates.compiled import Compiled
from templates.render import Refused, Rendered, Renderer
from templates.segments import measure
from templates.vocabulary import sample
from templates.web.reader import Reader

#: A letter brings its own styles, as mail does, and nothing else; it stands in our own page alone.
LETTER = "sandbox; default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'self'"


def pages(services: Services) -> Blueprint:
    """`/letters/<id>`: the letter to read, and one's name below it."""
    blueprint = Blueprint("approvals", __name__)
    renderer = Renderer()

    @blueprint.get("/letters/<int:version_id>")
    def show(version_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        with services.db.read() as session:
            letter = load_compiled(session, version_id)
            uses = uses_of(session, version_id)
            lenders = lenders_of(session, [version_id]).get(version_id, {})
            seen = lenders.get(viewer.member_id)
            names = names_of(session, lenders)
            signatures = {str(use.signed_by): _signature(session, services, use, reader) for use in uses}
            allowed = may_lend(session, services.settings, viewer, {use.signed_by for use in uses})
        mail = made(renderer, letter, [use.step for use in uses], viewer.name if allowed else None, viewer.called)
        marks = sorted({use.mark for use in uses if use.mark})
        return render_template(
            "letter.html",
            letter=letter,
            version_id=version_id,
            subject="" if isinstance(mail, Refused) else mail.subject,
            says=mail.says if isinstance(mail, Refused) else None,
            text="" if isinstance(mail, Refused) else mail.text,
            segments=0 if isinstance(mail, Refused) else measure(mail.text).segments,
            uses=uses,
            up=next((f"/journeys/{use.slug}/{use.number}" for use in uses), "/journeys"),
            signatures=signatures,
            # Who lent it before an answer was changed is asked again.
            lent=viewer.member_id in lenders and (seen is None or set(marks) <= seen),
            takes_back=viewer.member_id in lenders,
            names=sorted(str(name) for name in names.values()),
            allowed=allowed,
            marks=" ".join(marks),
        )

    @blueprint.get("/letters/<int:version_id>/page")
    def page(version_id: int) -> ResponseReturnValue:
        viewer = me()
        with services.db.read() as session:
            letter = load_compiled(session, version_id)
            uses = uses_of(session, version_id)
            allowed = may_lend(session, services.settings, viewer, {use.signed_by for use in uses})
        mail = made(renderer, letter, [use.step for use in uses], viewer.name if allowed else None, viewer.called)
        response = Response("" if isinstance(mail, Refused) else mail.html, mimetype="text/html")
        response.headers["Content-Security-Policy"] = LETTER
        return response

    @blueprint.post("/letters/<int:version_id>/approval")
    def create(version_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        shown = set(request.form.get("seen", "").split())
        with services.db.write() as session:
            load_compiled(session, version_id)
            uses = uses_of(session, version_id)
            if not may_lend(session, services.settings, viewer, {use.signed_by for use in uses}):
                raise NotFound("There is no such letter for you to lend your name to.")
            marks = {use.mark for use in uses if use.mark}
            as_seen = marks <= shown
            if as_seen:
                approve(session, version_id, viewer.member_id, reader.now, seen=marks)
        if as_seen:
            tell(reader.say("letter.lent"), undo=f"/letters/{version_id}/approval/end")
        else:
            tell(reader.say("letter.changed_meanwhile"), trouble=True)
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


def made(
    renderer: Renderer, letter: Compiled, steps: Iterable[Message], name: str | None, called: str
) -> Rendered | Refused:
    """The letter as it looks with sample values, signed by this person (None: by the person of the samples)."""
    values = sample(letter.frame, letter.language, letter.channel)
    answers = next((offer for step in steps if (offer := offered_by(step, letter.language))), "")
    values["text"] = values.get("text", {}) | {"is_first": False, "answers": answers}
    if name is not None:
        values["sender"] |= {"name": name, "first_name": called, "is_person": True}
    return renderer.render(letter, values)


def _signature(session: Session, services: Services, use: Use, reader: Reader) -> str:
    """Who signs there, in a sentence."""
    match use.signed_by:
        case MembersOrganizer():
            return reader.say("letter.signs_organizer")
        case NamedMember(address=address):
            names = names_of(session, people_at(session, address, services.settings.mail.domain))
            if not names:
                return reader.say("letter.signs_named_nobody", address=address)
            return reader.say("letter.signs_named", name=", ".join(sorted(map(str, names.values()))))
        case _:
            return reader.say("letter.signs_desk")
