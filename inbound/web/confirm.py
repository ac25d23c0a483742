"""Confirm: the page behind a mail that asks whether somebody wrote what came in their name, or whose an address is.

Opening it changes nothing; one of its two buttons does (laws 9 and 6). The link is good for a week, and its word once.
"""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from engine.base.errors import BadToken
from engine.base.services import Services
from engine.base.tokens import Purpose
from engine.chapters.chapter import Chapter
from engine.people.member import Member
from engine.people.pending import Pending, is_open
from inbound.web.visitor import is_for, network_address, reader
from reply_router.confirming import confirm, refuse
from templates.web.reader import WORDS


def pages(services: Services) -> Blueprint:
    """The page with its two buttons, and what they do."""
    blueprint = Blueprint("confirm", __name__)

    @blueprint.get("/confirm/<token>")
    def asked(token: str) -> ResponseReturnValue:
        with services.db.read() as session:
            row = _pending(session, services, token)
            if not is_open(row, services.clock.now()):
                raise BadToken("This question is over.")
            return render_template("confirm.html", here=f"/confirm/{token}", **_words(session, row, services))

    @blueprint.post("/confirm/<token>")
    def said(token: str) -> ResponseReturnValue:
        now = services.clock.now()
        answer = request.form.get("answer", "")
        with services.db.write() as session:
            row = _pending(session, services, token, locked=True)
            words = _words(session, row, services)
            if answer == "yes":
                button = WORDS.say("en", "confirm.yes")
                done = confirm(session, row, f"They pressed “{button}”.", now, network_address=network_address())
            else:
                done = answer == "no" and refuse(session, row, now)
        if not done:
            raise BadToken("This question is over.")
        return render_template("confirmed.html", yes=answer == "yes", **words)

    @blueprint.errorhandler(BadToken)
    def over(_error: BadToken) -> ResponseReturnValue:
        # The same page for a link that was never one: there is nothing to learn by trying.
        return render_template("confirm_over.html"), 410

    return blueprint


def _pending(session: Session, services: Services, token: str, *, locked: bool = False) -> Pending:
    """What the link asks about. Raises BadToken when it is too old, was not made here, or its member is no more."""
    says = services.tokens.verify_link(token, services.clock.now(), Purpose.CONFIRM)
    row = session.get(Pending, says.subject_id, with_for_update=locked or None)
    member = session.get(Member, says.member_id) if says.member_id else None
    if row is None or member is None or row.member_id != member.id or member.erased_at is not None:
        raise BadToken("This question is over.")
    is_for(member)
    return row


def _words(session: Session, row: Pending, services: Services) -> dict[str, str]:
    """What is asked, and what the buttons say."""
    here = reader(services)
    chapter = session.get(Chapter, row.chapter_id) if row.chapter_id is not None else None
    what = here.say(f"confirm.what_{row.kind}", chapter=chapter.name if chapter is not None else "")
    if row.kind == "address":
        return {
            "title": here.say("confirm.title_address", address=row.given),
            "asks": here.say("confirm.asks_address", address=row.given),
            "yes_words": here.say("confirm.yes_address"),
            "no_words": here.say("confirm.no_address"),
            "done": here.say("confirm.done_address", address=row.given),
        }
    return {
        "title": here.say("confirm.title"),
        "asks": here.say("confirm.asks", what=what),
        "yes_words": here.say("confirm.yes"),
        "no_words": here.say("confirm.no"),
        "done": here.say("confirm.done_says", what=what),
    }
