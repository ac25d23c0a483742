"""The one compiler of conditions: a typed tree of journeys.conditions becomes one boolean of SQL over member.

Judged for a batch in one query. A leaf is never unknown: a fact that we do not have does not hold, so that `not`
means what it says.
"""

from collections.abc import Collection
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias, assert_never

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, not_, or_, select, true
from sqlalchemy.orm import Session, aliased

from engine.base.db import among
from engine.chapters.chapter import Chapter
from engine.chapters.membership import Membership, Role
from engine.conversations.message import Message
from engine.conversations.question import Question
from engine.conversations.thread import Thread
from engine.enrollments.enrollment import FINISHED, Enrollment
from engine.enrollments.journey import Journey
from engine.people.address import Address
from engine.people.member import Member, MemberTag
from engine.people.path import Stage
from journeys.conditions import (
    AllOf,
    Answered,
    AnyOf,
    AtStage,
    Condition,
    EnrolledIn,
    Finished,
    HasAddress,
    HasRole,
    InChapter,
    JoinedAfter,
    JoinedBefore,
    Language,
    Not,
    OpenConversation,
    Place,
    RepliedSinceEnrolled,
    RepliedWithin,
    Tagged,
    TalkedSinceEnrolled,
    Zone,
)
from journeys.vocabulary import AddressKind
from journeys.vocabulary import Role as RoleName

Holds: TypeAlias = ColumnElement[bool]


def compile(condition: Condition, now: datetime, *, on_journey: bool = False) -> Holds:
    """The condition as SQL over `member`, judged at `now`; with `on_journey` over the `enrollment` beside them too.

    Without it, what only a journey knows (replied since it began, answered one of its questions) does not hold.
    """
    inner = partial(compile, now=now, on_journey=on_journey)
    match condition:
        case AllOf(parts=parts):
            return and_(true(), *(inner(part) for part in parts))
        case AnyOf(parts=parts):
            return or_(false(), *(inner(part) for part in parts))
        case Not(part=part):
            return not_(inner(part))
        case Language(languages=languages):
            # es is said of es-MX too; es-MX only of itself.
            spoken = func.lower(Member.language)
            each = [language.lower() for language in languages]
            return or_(spoken.in_(each), *(spoken.startswith(f"{language}-", autoescape=True) for language in each))
        case Zone(zones=zones):
            return and_(Member.zone.is_not(None), Member.zone.in_(zones))
        case Place(places=places):
            wanted = sorted({place.strip().lower() for place in places if place.strip()})
            return or_(*(func.lower(each).in_(wanted) for each in (Member.locality, Member.region, Member.postal_code)))
        case HasAddress(kind=kind):
            value = "email" if kind is AddressKind.EMAIL else "phone"
            return exists().where(
                Address.member_id == Member.id, Address.kind == value, Address.resting_since.is_(None)
            )
        case Tagged(tag=tag):
            return exists().where(MemberTag.member_id == Member.id, MemberTag.tag == tag)
        case AtStage(path=path, stage=stage):
            return exists().where(Stage.member_id == Member.id, Stage.path == path, Stage.stage == stage)
        case InChapter(chapter=slug):
            return _in_chapter(slug)
        case HasRole(role=RoleName.MEMBER):
            return _in_chapter(None)
        case HasRole(role=role):
            return exists().where(Role.member_id == Member.id, Role.role == str(role), Role.ended_at.is_(None))
        case RepliedWithin(span=span):
            return _wrote(now, Message.at >= now - span)
        case RepliedSinceEnrolled():
            return _wrote(now, Message.at >= Enrollment.created_at) if on_journey else false()
        case TalkedSinceEnrolled():
            return _talked(now) if on_journey else false()
        case Answered(step=step, answer=answer):
            return _answered(step, answer) if on_journey else false()
        case OpenConversation():
            return exists().where(Thread.member_id == Member.id, Thread.kind == "person", Thread.closure_id.is_(None))
        case EnrolledIn(journey=slug):
            return _on_journey(slug, lambda other: other.ended_at.is_(None))
        case Finished(journey=slug):
            return _on_journey(slug, lambda other: and_(other.ended_at.is_not(None), other.end_reason == FINISHED))
        case JoinedBefore(span=span):
            return Member.created_at < now - span
        case JoinedAfter(span=span):
            return Member.created_at >= now - span
        case _:
            assert_never(condition)


def members_matching(session: Session, condition: Condition, member_ids: Collection[int], now: datetime) -> set[int]:
    """Which of these members the condition holds for."""
    query = select(Member.id).where(among(session, Member.id, member_ids), compile(condition, now))
    return set(session.scalars(query)) if member_ids else set()


def enrollments_matching(
    session: Session, condition: Condition, enrollment_ids: Collection[int], now: datetime
) -> set[int]:
    """For which of these enrollments, and the members on them, the condition holds."""
    query = (
        select(Enrollment.id)
        .join(Member, Member.id == Enrollment.member_id)
        .where(among(session, Enrollment.id, enrollment_ids), compile(condition, now, on_journey=True))
    )
    return set(session.scalars(query)) if enrollment_ids else set()


def _in_chapter(slug: str | None) -> Holds:
    there = exists().where(Membership.member_id == Member.id, Membership.left_at.is_(None))
    if slug is not None:
        there = there.where(Membership.chapter_id == Chapter.id, Chapter.slug == slug)
    return there


def _wrote(now: datetime, since: Holds) -> Holds:
    return exists().where(Message.member_id == Member.id, Message.kind == "in", Message.at <= now, since)


def _talked(now: datetime) -> Holds:
    theirs, ours = aliased(Message), aliased(Message)
    # A person wrote back: what the team's desk or a machine says has no author.
    return exists().where(
        theirs.member_id == Member.id,
        theirs.kind == "in",
        theirs.at >= Enrollment.created_at,
        ours.member_id == Member.id,
        ours.kind == "out",
        ours.author_id.is_not(None),
        ours.at >= theirs.at,
        ours.at <= now,
    )


def _answered(step: str, answer: str) -> Holds:
    latest: Select[Any] = (
        select(Question.answer)
        .where(
            Question.member_id == Member.id,
            Question.subject_kind == "enrollment",
            Question.subject_id == Enrollment.id,
            Question.step == step,
            Question.answered_at.is_not(None),
        )
        .order_by(Question.answered_at.desc(), Question.id.desc())
        .limit(1)
        .correlate(Member, Enrollment)
    )
    return func.coalesce(latest.scalar_subquery() == answer, false())


def _on_journey(slug: str, state: Any) -> Holds:
    # Not the enrollment the question may be asked about: another row of the same table.
    other = aliased(Enrollment)
    return exists().where(
        other.member_id == Member.id, other.journey_id == Journey.id, Journey.slug == slug, state(other)
    )
