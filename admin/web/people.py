"""People: who somebody is, for those who talk with them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from admin.web.frame import reader_of
from admin.web.me import Me, me
from admin.web.row_ids import row_id
from engine.base.services import Services
from engine.chapters.chapter import Chapter
from engine.chapters.membership import Membership
from engine.conversations.hold import held_members
from engine.conversations.message import Message
from engine.conversations.scope import Scope, member_in, members_in, messages_in, tasks_in, threads_in
from engine.conversations.task import Task
from engine.conversations.thread import Thread
from engine.enrollments.place import JourneyPlace, places
from engine.people.member import Member
from engine.people.profile import Profile, profile
from templates.web.reader import Reader

PAGE_PEOPLE = 50
LATEST_WORDS = 30
#: A step due within this is said to come very soon.
VERY_SOON = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class About:
    """The person's pane."""

    profile: Profile
    zone: ZoneInfo | None
    chapters: list[str]
    journeys: list[tuple[str, str]]
    tasks: list[Task]


def pages(services: Services) -> Blueprint:
    """`/people`: all in sight by name, and one by one."""
    blueprint = Blueprint("people", __name__)

    @blueprint.get("/people")
    def index() -> ResponseReturnValue:
        wanted, after = request.args.get("name", "").strip(), request.args.get("after", type=row_id)
        with services.db.read() as session:
            people = _found(session, me().scope, wanted, after)
            more = people[PAGE_PEOPLE - 1].id if len(people) > PAGE_PEOPLE else None
            return render_template("people.html", people=people[:PAGE_PEOPLE], wanted=wanted, after=after, more=more)

    @blueprint.get("/people/<int:member_id>")
    def show(member_id: int) -> ResponseReturnValue:
        reader, scope = reader_of(services), me().scope
        with services.db.read() as session:
            member = member_in(session, scope, member_id)
            threads = session.scalars(
                select(Thread)
                .where(Thread.member_id == member.id, threads_in(scope))
                .order_by(Thread.last_at.desc())
                .limit(LATEST_WORDS)
            ).all()
            said = session.scalars(
                select(Message)
                .where(Message.member_id == member.id, messages_in(scope))
                .order_by(Message.at.desc(), Message.id.desc())
                .limit(LATEST_WORDS)
            ).all()
            return render_template(
                "person.html", about=about(session, me(), member, reader), threads=threads, said=list(reversed(said))
            )

    return blueprint


def about(session: Session, viewer: Me, member: Member, reader: Reader) -> About:
    """What stands in the person's pane for this viewer."""
    chapters = session.scalars(
        select(Chapter.name)
        .join(Membership, Membership.chapter_id == Chapter.id)
        .where(Membership.member_id == member.id, Membership.left_at.is_(None))
        .order_by(Membership.rank, Chapter.name)
    )
    held = held_members(session, [member.id], reader.now)
    return About(
        profile=profile(session, member),
        zone=ZoneInfo(member.zone) if member.zone else None,
        chapters=list(chapters),
        journeys=[
            (place.title, _going(place, talking_with(session, member.id) if held else None, reader))
            for place in places(session, member.id)
        ],
        tasks=list(
            session.scalars(
                select(Task)
                .where(Task.member_id == member.id, Task.done_at.is_(None), tasks_in(viewer.scope))
                .order_by(Task.due_at)
            )
        ),
    )


def talking_with(session: Session, member_id: int) -> str:
    """Who talks with the member just now; empty while nobody does."""
    name = session.scalar(
        select(Member.name)
        .join(Thread, Thread.responsible_id == Member.id)
        .where(Thread.member_id == member_id, Thread.kind == "person", Thread.closure_id.is_(None))
        .order_by(Thread.last_at.desc())
        .limit(1)
    )
    return name or ""


def _going(place: JourneyPlace, talking_with: str | None, reader: Reader) -> str:
    if talking_with is not None:
        return reader.say("person.paused", name=talking_with) if talking_with else reader.say("person.paused_nobody")
    if place.paused:
        return reader.say("person.paused_all")
    if place.stuck and place.due_at is not None:
        when = reader.moment(place.due_at)
        return reader.say("person.stuck", step=place.step, when=when, trouble=place.trouble)
    if place.due_at is None or place.due_at < reader.now + VERY_SOON:
        return reader.say("person.soon")
    return reader.say("person.next", when=reader.moment(place.due_at))


def _found(session: Session, scope: Scope, wanted: str, after: int | None) -> list[Any]:
    query = (
        select(Member.id, Member.name, Member.locality, Member.region, Member.created_at)
        .where(members_in(scope), Member.erased_at.is_(None))
        .order_by(Member.name, Member.id)
        .limit(PAGE_PEOPLE + 1)
    )
    if wanted:
        query = query.where(Member.name.icontains(wanted, autoescape=True))
    edge = session.get(Member, after) if after is not None else None
    if edge is not None:
        query = query.where(or_(Member.name > edge.name, and_(Member.name == edge.name, Member.id > edge.id)))
    return list(session.execute(query))
