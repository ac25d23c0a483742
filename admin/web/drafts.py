"""Drafts: an organizer's words that wait for one press, in the admin or by the link in a mail to their own address."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.web.frame import reader_of, tell
from admin.web.me import me
from engine.base.errors import BadToken, Invalid, NotFound
from engine.base.local_time import first_known
from engine.base.services import Services
from engine.base.tokens import Purpose
from engine.conversations.draft import Draft, waiting_drafts
from engine.conversations.scope import scope_of, thread_in
from engine.conversations.thread import Thread
from engine.outbox.orders import press, put_away
from engine.people.address import masked
from engine.people.member import Member
from templates.web.reader import LANGUAGES, Reader


@dataclass(frozen=True, slots=True)
class ShownDraft:
    """A draft as it is shown."""

    id: int
    at: datetime
    name: str
    thread_id: int | None
    #: The command of its first line, as it was written.
    command: str
    text: str
    why: str


def pages(services: Services) -> Blueprint:
    """POST `/drafts/<id>/sent` and `/drafts/<id>/end`, and `/press/<token>`."""
    blueprint = Blueprint("drafts", __name__)

    @blueprint.post("/drafts/<int:draft_id>/sent")
    def send(draft_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        try:
            with services.db.write() as session:
                draft = _draft(session, viewer.member_id, draft_id)
                done = press(session, draft, services.settings, reader.now)
            tell(done.says or reader.say("draft.sent"))
        except Invalid as reason:
            tell(reader_of(services).said(str(reason)), trouble=True)
        return redirect(f"/conversations/{draft.thread_id}" if draft.thread_id else "/me")

    @blueprint.post("/drafts/<int:draft_id>/end")
    def end(draft_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        with services.db.write() as session:
            draft = _draft(session, viewer.member_id, draft_id)
            put_away(session, draft, reader.now)
        tell(reader.say("draft.put_away"))
        return redirect(f"/conversations/{draft.thread_id}" if draft.thread_id else "/me")

    @blueprint.get("/press/<token>")
    def show(token: str) -> ResponseReturnValue:
        with services.db.read() as session:
            return _pressed(session, token)

    @blueprint.post("/press/<token>")
    def pressed(token: str) -> ResponseReturnValue:
        wrong = ""
        try:
            with services.db.write() as session, _asked(session, token) as draft:
                press(session, draft, services.settings, services.clock.now())
        except Invalid as reason:
            wrong = str(reason)
        except BadToken:
            return render_template("press.html", draft=None), 404
        with services.db.read() as session:
            return _pressed(session, token, wrong)

    @contextmanager
    def _asked(session: Session, token: str) -> Iterator[Draft]:
        said = services.tokens.verify_link(token, services.clock.now(), Purpose.STAFF_PRESS)
        try:
            yield _draft(session, said.member_id, said.subject_id)
        except NotFound as error:
            raise BadToken(str(error)) from error

    def _pressed(session: Session, token: str, wrong: str = "") -> ResponseReturnValue:
        try:
            with _asked(session, token) as draft:
                reader = reader_for(services, session.get_one(Member, draft.author_id))
                return render_template(
                    "press.html", draft=_of_its_talk(session, draft), settled=draft.settled_at is not None,
                    wrong=reader.said(wrong),
                    reader=reader, say=reader.say,
                )  # fmt: skip
        except BadToken:
            return render_template("press.html", draft=None), 404

    return blueprint


def reader_for(services: Services, member: Member) -> Reader:
    """Somebody who reads a page by a link in their own mail or text, without being signed in."""
    zone: ZoneInfo = first_known((member.zone, services.settings.organization.zone))
    language = member.language.split("-")[0].lower()
    return Reader(services.clock.now(), zone, language if language in LANGUAGES else "en")


def shown_drafts(session: Session, author_id: int, thread_id: int | None = None) -> list[ShownDraft]:
    """What of theirs waits, the oldest first."""
    drafts = waiting_drafts(session, author_id, thread_id)
    about = select(Thread, Member).outerjoin(Member, Member.id == Thread.member_id)
    known = {
        thread.id: (thread, member)
        for thread, member in session.execute(about.where(Thread.id.in_({each.thread_id for each in drafts})))
    }
    return [_shown(each, *known.get(each.thread_id or 0, (None, None))) for each in drafts]


def _of_its_talk(session: Session, draft: Draft) -> ShownDraft:
    thread = session.get(Thread, draft.thread_id) if draft.thread_id is not None else None
    member = session.get(Member, thread.member_id) if thread is not None and thread.member_id is not None else None
    return _shown(draft, thread, member)


def _draft(session: Session, author_id: int, draft_id: int) -> Draft:
    """Their own draft, for a conversation they still may see. Raises NotFound."""
    draft = session.get(Draft, draft_id)
    if draft is None or draft.author_id != author_id:
        raise NotFound("There is no such draft.")
    if draft.thread_id is not None:
        thread_in(session, scope_of(session, author_id), draft.thread_id)
    return draft


def _shown(draft: Draft, thread: Thread | None, member: Member | None) -> ShownDraft:
    stranger = (thread.correspondent_name or masked(thread.correspondent)) if thread is not None else ""
    command = f"#{draft.verb} {draft.argument}".strip() if draft.verb not in ("", "unknown") else ""
    return ShownDraft(
        draft.id, draft.created_at, member.name if member is not None else stranger, draft.thread_id, command,
        draft.text, draft.why,
    )  # fmt: skip
