"""People: who somebody is, for those who talk with them."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import and_, exists, func, literal, or_, select
from sqlalchemy.orm import Session

from admin.web.entries import consent_words, machine_words, proof_words
from admin.web.frame import reader_of
from admin.web.me import Me, me
from admin.web.places import addressed
from admin.web.reaching import Unreached, complaint_words, rest_words, unreached
from admin.web.row_ids import row_id
from engine.base.services import Services
from engine.base.setting_groups.texting import Texting
from engine.chapters.chapter import Chapter
from engine.chapters.ledger import ledger_of, sheet
from engine.chapters.membership import Membership, home_chapter
from engine.conversations.assignment import who_may_answer
from engine.conversations.hold import held_members
from engine.conversations.message import Message
from engine.conversations.scope import Scope, member_in, members_in, messages_in, tasks_in, threads_in
from engine.conversations.talk import Talk, talks
from engine.conversations.task import Task
from engine.conversations.thread import Thread
from engine.enrollments.place import JourneyPlace, places
from engine.people.address import masked
from engine.people.engagement import LEVELS, Assessment, assessments
from engine.people.member import Member, MemberTag, names_of
from engine.people.path import BELONGING, Outlook, StageChange, outlooks, stage_changes
from engine.people.profile import Profile, profile
from engine.people.wish import Wish
from templates.web.reader import Reader

PAGE_PEOPLE = 50
#: By what people are ordered: in what the reader reads, and the column with the way it runs. All come with an index.
IN_CONTACT = func.coalesce(Member.last_contact_at, Member.created_at)
ORDERS: dict[str, tuple[Any, bool]] = {
    "name": (Member.name, True),
    "contact": (IN_CONTACT, True),
    "engagement": (Member.engagement, False),
    "place": (Member.locality, True),
}
LATEST_WORDS = 30
#: Words of consent shown on the person's page; the download has all.
LATEST_CONSENTS = 12
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
    #: Why nothing goes to each address that rests, by its id, in the reader's words.
    rests: Mapping[int, str]
    #: What keeps mail from them now, and what to do.
    unreached: Unreached | None
    #: That they called mail of ours unwanted.
    complained: str
    #: What proves their yes or no to texts.
    texts_proof: str


@dataclass(frozen=True, slots=True)
class Known:
    """What stands on the person's own page beside the pane; each list the latest first."""

    assessments: list[Assessment]
    talks: list[Talk]
    outlooks: list[Outlook]
    moves: list[StageChange]
    wish: Wish | None
    names: dict[int | None, str]
    levels: Sequence[int]
    #: Who could be there for them.
    organizers: list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom a list of people shows, in what order: what stands in its address."""

    name: str = ""
    order: str = "name"
    tag: str = ""
    chapter: str = ""

    @classmethod
    def of(cls, args: Mapping[str, str]) -> "Wanted":
        """As the address says; what it cannot mean is left out."""
        order = args.get("order", "name")
        return cls(
            args.get("name", "").strip(),
            order if order in ORDERS else "name",
            args.get("tag", "").strip().lower(),
            args.get("chapter", "").strip(),
        )

    @property
    def narrows(self) -> bool:
        """Whether it leaves anybody out."""
        return bool(self.name or self.tag or self.chapter)

    def address(self, after: int | None = None) -> str:
        """The address of this list, or of its next page."""
        values = {name: value for name, value in asdict(self).items() if value and (name, value) != ("order", "name")}
        return addressed("/people", values | ({"after": str(after)} if after is not None else {}))


def pages(services: Services) -> Blueprint:
    """`/people`: all in sight by name, and one by one."""
    blueprint = Blueprint("people", __name__)

    @blueprint.get("/people")
    def index() -> ResponseReturnValue:
        wanted, after = Wanted.of(request.args), request.args.get("after", type=row_id)
        with services.db.read() as session:
            people = _found(session, me().scope, wanted, after)
            more = people[PAGE_PEOPLE - 1].id if len(people) > PAGE_PEOPLE else None
            return render_template(
                "people.html",
                people=people[:PAGE_PEOPLE],
                wanted=wanted,
                orders=list(ORDERS),
                chapters=_chapters(session, me().scope),
                after=after,
                more=more,
            )

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
                "person.html",
                about=about(session, me(), member, reader, services.settings.sms),
                known=known(session, member),
                consents=[
                    (
                        line.at,
                        consent_words(line.channel, line.chapter or line.scope, line.opted_in, line.how, reader),
                        proof_words(line.how, line.evidence, reader),
                    )
                    for line in ledger_of(session, member.id, latest=LATEST_CONSENTS)
                ],
                threads=threads,
                said=[(message, _line(message, member, reader)) for message in reversed(said)],
            )

    @blueprint.get("/people/<int:member_id>/consents.csv")
    def consents(member_id: int) -> ResponseReturnValue:
        with services.db.read() as session:
            member = member_in(session, me().scope, member_id)
            # An address is shown in full only where that is logged (law 8).
            lines = [replace(each, address=masked(each.address)) for each in ledger_of(session, member.id)]
        written = StringIO(newline="")
        csv.writer(written).writerows(sheet(lines))
        name = f"attachment; filename=consents-{member_id}.csv"
        return Response(written.getvalue(), mimetype="text/csv", headers={"Content-Disposition": name})

    return blueprint


def _line(message: Message, member: Member, reader: Reader) -> str:
    """What was said, in a line: a machine's mail is named for what it is, and what nobody could read for that."""
    if message.kind == "machine":
        return machine_words(message, message.author_name or member.name, member.name, reader)
    if message.detail.get("unreadable"):
        return reader.say("folded.as_it_came")
    words = " ".join(message.text.split())[:120]
    return message.subject or words if message.kind == "journey" else words or message.subject


def known(session: Session, member: Member) -> Known:
    """What people here have come to know of the member."""
    judged, talked, moved = (
        assessments(session, member.id),
        talks(session, member.id),
        stage_changes(session, member.id),
    )
    people = {*(each.by_id for each in judged), *(each.by_id for each in talked), *(each.by_id for each in moved)}
    return Known(
        assessments=judged,
        talks=talked,
        outlooks=outlooks(session, member.id),
        moves=moved,
        wish=session.get(Wish, (member.id, BELONGING)),
        names=names_of(session, people),
        levels=LEVELS,
        organizers=who_may_answer(session, home_chapter(session, member.id)),
    )


def about(session: Session, viewer: Me, member: Member, reader: Reader, sms: Texting) -> About:
    """What stands in the person's pane for this viewer."""
    chapters = session.scalars(
        select(Chapter.name)
        .join(Membership, Membership.chapter_id == Chapter.id)
        .where(Membership.member_id == member.id, Membership.left_at.is_(None))
        .order_by(Membership.rank, Chapter.name)
    )
    held = held_members(session, [member.id], reader.now)
    talking = talking_with(session, member.id) if held else None
    known = profile(session, member)
    return About(
        profile=known,
        zone=ZoneInfo(member.zone) if member.zone else None,
        chapters=list(chapters),
        journeys=[(place.title, _going(place, talking, reader)) for place in places(session, member.id)],
        tasks=list(
            session.scalars(
                select(Task)
                .where(Task.member_id == member.id, Task.done_at.is_(None), tasks_in(viewer.scope))
                .order_by(Task.due_at)
            )
        ),
        rests={reach.id: rest_words(reach, reader) for reach in known.reaches if reach.rests},
        unreached=unreached(session, known, sms, reader),
        complained=complaint_words(session, member, reader),
        texts_proof=proof_words(known.texts.how, known.texts.evidence, reader) if known.texts else "",
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


def _chapters(session: Session, scope: Scope) -> list[tuple[str, str]]:
    """The chapters whose people the viewer sees, as (short name, name)."""
    query = select(Chapter.slug, Chapter.name).order_by(Chapter.name, Chapter.id)
    return list(session.execute(query if scope.everything else query.where(Chapter.id.in_(scope.chapters))).tuples())


def _found(session: Session, scope: Scope, wanted: Wanted, after: int | None) -> list[Any]:
    """One more than a page, from the row after `after` in this order."""
    column, rising = ORDERS[wanted.order]
    query = (
        select(
            Member.id, Member.name, Member.locality, Member.region, Member.engagement,
            Member.last_contact_at, column.label("at"),
        )
        .where(members_in(scope), Member.erased_at.is_(None))
        .order_by(*((column, Member.id) if rising else (column.desc(), Member.id.desc())))
        .limit(PAGE_PEOPLE + 1)
    )  # fmt: skip
    if wanted.name:
        query = query.where(Member.name.icontains(wanted.name, autoescape=True))
    if wanted.tag:
        query = query.where(exists().where(MemberTag.member_id == Member.id, MemberTag.tag == wanted.tag))
    if wanted.chapter:
        query = query.where(
            exists().where(
                Membership.member_id == Member.id,
                Membership.left_at.is_(None),
                Membership.chapter_id == Chapter.id,
                Chapter.slug == wanted.chapter,
            )
        )
    if after is not None:
        edge = session.execute(select(column.label("at")).where(Member.id == after)).first()
        if edge is not None:
            value = literal(edge.at, column.type)
            further, onward = (column > value, Member.id > after) if rising else (column < value, Member.id < after)
            # Said twice: the first, plain bound is what the index begins to read from.
            begin = column >= value if rising else column <= value
            query = query.where(begin, or_(further, and_(column == value, onward)))
    return list(session.execute(query))
