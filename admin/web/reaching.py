"""Reaching: who gets no mail just now, why, and the other way to them: a text, or a person."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.web.bounce_words import says_of
from admin.web.frame import reader_of
from admin.web.me import me
from engine.base.errors import NotFound
from engine.base.services import Services
from engine.base.setting_groups.texting import Texting
from engine.chapters.membership import home_chapter
from engine.conversations.assignment import assign, may_answer
from engine.conversations.scope import member_in, threads_in
from engine.conversations.thread import Thread, open_thread
from engine.outbox.text_answer import text_trouble
from engine.people.consent import latest_complaint
from engine.people.member import Member
from engine.people.profile import Profile, Reach
from engine.people.texting import Untextable
from templates.web.reader import Reader


@dataclass(frozen=True, slots=True)
class Unreached:
    """Mail to somebody does not arrive, or is late: what to say of it, and what to do."""

    #: "Mail to Dana does not arrive."
    says: str
    #: "Text her?", or what else there is to do.
    ask: str
    #: Why, since when, and until when, in sentences.
    why: list[str]
    #: Where a press leads to a conversation with a text in it; empty: no text can go.
    text_at: str = ""
    #: It is only late.
    late: bool = False


def pages(services: Services) -> Blueprint:
    """POST `/people/<id>/conversations`: a conversation to write to the member in."""
    blueprint = Blueprint("reaching", __name__)

    @blueprint.post("/people/<int:member_id>/conversations")
    def begin(member_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        with services.db.write() as session:
            member = member_in(session, viewer.scope, member_id)
            thread = session.scalar(
                select(Thread)
                .where(
                    Thread.member_id == member.id,
                    Thread.kind == "person",
                    Thread.closure_id.is_(None),
                    threads_in(viewer.scope),
                )
                .order_by(Thread.last_at.desc())
                .limit(1)
            )
            if thread is None:
                thread = _begin(session, member, viewer.member_id, viewer.name, reader)
            place = f"/conversations/{thread.id}?way=sms#answer"
        return redirect(place)

    return blueprint


def unreached(session: Session, profile: Profile, sms: Texting, reader: Reader) -> Unreached | None:
    """What keeps mail from the member now; None when nothing does, or when they want none, which is said elsewhere."""
    member, mail = profile.member, [reach for reach in profile.reaches if reach.kind == "email"]
    if not mail or "email" in profile.stopped:
        return None
    free = [reach for reach in mail if not reach.rests]
    if any(reach.backs_off_until is None or reach.backs_off_until <= reader.now for reach in free):
        return None
    if free:
        return _late(member, free[0], reader)
    reach = mail[0]
    trouble = text_trouble(session, member, enabled=sms.enabled)
    said = []
    if reach.since is not None:
        said.append(reader.say("reach.since", when=reader.date(reach.since), why=rest_words(reach, reader)))
    if reach.until is not None:
        said.append(reader.say("reach.until", when=reader.date(reach.until)))
    if trouble is None:
        ask = reader.say(f"reach.text_{_gender(member)}")
        place = f"/people/{member.id}/conversations"
    else:
        ask, place = reader.say("reach.call"), ""
        said.insert(0, _no_text(trouble, member, reader))
    return Unreached(reader.say("reach.fails", name=member.called), ask, said, place)


def complaint_words(session: Session, member: Member, reader: Reader) -> str:
    """That they called mail of ours unwanted, and when; empty when they never did, or have said yes again since."""
    said = latest_complaint(session, member.id)
    return reader.say("reach.complained", name=member.called, when=reader.date(said)) if said is not None else ""


def rest_words(reach: Reach, reader: Reader) -> str:
    """Why nothing goes to an address, in the reader's language where its status says enough."""
    return says_of(reach.status, reader) or reach.rests.rstrip(".") or reader.say("reach.no_reason")


def _late(member: Member, reach: Reach, reader: Reader) -> Unreached:
    until: datetime = reach.backs_off_until or reader.now
    why = says_of(reach.status, reader)
    return Unreached(
        says=reader.say("reach.late_why" if why else "reach.late", name=member.called, why=why),
        ask="",
        why=[reader.say("reach.late_until", when=reader.moment(until))],
        late=True,
    )


def _no_text(trouble: Untextable, member: Member, reader: Reader) -> str:
    nowhere = trouble in (Untextable.NO_PHONE, Untextable.NOT_SET_UP)
    return reader.say("conversation.no_phone" if nowhere else f"conversation.text_{trouble}", name=member.called)


def _gender(member: Member) -> str:
    said = member.pronouns.strip().lower().partition("/")[0]
    return said if said in ("she", "he") else "they"


def _begin(session: Session, member: Member, by_id: int, by: str, reader: Reader) -> Thread:
    chapter_id = home_chapter(session, member.id)
    if not may_answer(session, by_id, chapter_id):
        raise NotFound("You answer nobody there.")
    thread = open_thread(
        session,
        reader.now,
        member_id=member.id,
        chapter_id=chapter_id,
        subject="",
        reason=f"{by} began it, because mail to {member.called} does not arrive.",
    )
    assign(session, thread, by_id, by_id, "", reader.now)
    return thread
