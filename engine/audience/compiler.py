"""The one compiler of conditions: a typed tree of journeys.conditions becomes one boolean of SQL over member.

Judged for a batch in one query. A leaf is never unknown: a fact that we do not have does not hold, so that `not`
means what it says.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from functools import partial
from typing import assert_never

from sqlalchemy import and_, false, func, not_, or_, select, true, union_all
from sqlalchemy.orm import Session

from engine.audience import facts, happened, history, talk
from engine.audience.folded import one_of_words
from engine.audience.local_days import today
from engine.audience.scope import Holds, Scope
from engine.base.asking import among
from engine.chapters.chapter import Chapter
from engine.chapters.membership import Membership, Role
from engine.enrollments.enrollment import Enrollment
from engine.people.address import Address
from engine.people.member import Member, MemberTag
from engine.people.path import Stage
from journeys.conditions import (
    AllOf,
    Answered,
    AnsweredIn,
    AnyOf,
    AtStage,
    Attended,
    Condition,
    Consents,
    Did,
    Ended,
    EnrolledBefore,
    EnrolledIn,
    FilledForm,
    Finished,
    HasAddress,
    HasRole,
    HasTies,
    InChapter,
    JoinedAfter,
    JoinedBefore,
    JoinedSince,
    Language,
    MemberFact,
    Not,
    OnDates,
    OnWeekday,
    OpenConversation,
    Place,
    Reached,
    ReachedIn,
    RepliedSinceEnrolled,
    RepliedWithin,
    Rsvped,
    Stopped,
    Tagged,
    TalkedSinceEnrolled,
    TalkedWithin,
    Wrote,
    Zone,
)
from journeys.vocabulary import AddressKind
from journeys.vocabulary import Role as RoleName


def compile(condition: Condition, scope: Scope) -> Holds:
    """The condition as SQL over `member`, judged at `scope.now`; on a journey over the `enrollment` beside them too.

    Elsewhere, what only a journey knows (replied since it began, answered one of its questions) does not hold.
    """
    inner = partial(compile, scope=scope)
    here, now = scope.on_journey, scope.now
    match condition:
        case AllOf(parts=parts):
            return and_(true(), *_together(parts, scope))
        case AnyOf(parts=parts) if scope.whole and _length(condition) < _NO_LIST:
            # One list made of several: PostgreSQL would ask everybody about an OR of lists.
            lists = (select(Member.id).where(inner(part)).correlate(None) for part in parts)
            return Member.id.in_(union_all(*lists))
        case AnyOf(parts=parts):
            return or_(false(), *(inner(part) for part in parts))
        case Not(part=part):
            # What is not so is asked one by one: a list of those it is so of may be long.
            return not_(compile(part, replace(scope, whole=False)))
        case Language(languages=languages):
            return _language(languages)
        case Zone(zones=zones):
            return and_(Member.zone.is_not(None), Member.zone.in_(zones))
        case Place(places=places):
            wanted = [place.strip() for place in places if place.strip()]
            return or_(*(one_of_words(each, wanted) for each in (Member.locality, Member.region, Member.postal_code)))
        case HasAddress(kind=kind):
            value = "email" if kind is AddressKind.EMAIL else "phone"
            return scope.has(Address.member_id, Address.kind == value, Address.resting_since.is_(None))
        case Tagged(tag=tag):
            return scope.has(MemberTag.member_id, MemberTag.tag == tag)
        case MemberFact():
            return facts.member_fact(scope, condition)
        case Consents(means=means):
            return facts.consents(means)
        case Stopped(means=means):
            return facts.stopped(means)
        case JoinedBefore(span=span):
            return Member.created_at < now - span
        case JoinedAfter(span=span):
            return Member.created_at >= now - span
        case JoinedSince(day=day):
            return Member.created_at >= datetime.combine(day, time(), UTC)
        case AtStage(path=path, stage=stage):
            return scope.has(Stage.member_id, Stage.path == path, Stage.stage == stage)
        case InChapter(chapter=slug):
            return _in_chapter(scope, slug)
        case HasRole(role=RoleName.MEMBER):
            return _in_chapter(scope, None)
        case HasRole(role=role):
            return scope.has(Role.member_id, Role.role == str(role), Role.ended_at.is_(None))
        case HasTies(at_least=at_least, kind=tie):
            return happened.tied(scope, tie, at_least)
        case RepliedWithin(span=span):
            return talk.wrote_since(scope, now - span)
        case RepliedSinceEnrolled():
            return talk.wrote_since(scope, Enrollment.created_at) if here else false()
        case Wrote():
            return talk.wrote(scope, condition)
        case TalkedSinceEnrolled():
            return talk.talked_since(scope, Enrollment.created_at) if here else false()
        case TalkedWithin(span=span):
            return talk.talked_since(scope, now - span)
        case OpenConversation():
            return talk.open_conversation()
        case Answered(step=step, answer=answer):
            return history.answered(step, answer) if here else false()
        case AnsweredIn(journey=slug, step=step, answer=answer):
            return history.answered_in(slug, step, answer)
        case Reached(step=step):
            return history.reached(scope, step) if here else false()
        case ReachedIn(journey=slug, step=step):
            return history.reached_in(scope, slug, step)
        case EnrolledIn(journey=slug):
            return history.on_journey(scope, slug, over=False)
        case Finished(journey=slug):
            return history.on_journey(scope, slug, over=True, finished=True)
        case Ended(journey=slug):
            return history.on_journey(scope, slug, over=True)
        case EnrolledBefore(span=span):
            return Enrollment.created_at < now - span if here else false()
        case Rsvped(event=event, within=within):
            return happened.happened(scope, "rsvped", "event", event, within)
        case Attended(event=event, within=within):
            return happened.happened(scope, "attended", "event", event, within)
        case FilledForm(form=form, within=within):
            return happened.happened(scope, "form_filled", "form", form, within)
        case Did(action=action, within=within):
            return happened.happened(scope, "acted", "action", action, within)
        case OnWeekday(days=days):
            wanted_days = {day.number for day in days}
            return today(now, lambda day: day.weekday() in wanted_days)
        case OnDates(since=since, until=until):
            return today(now, lambda day: (since is None or since <= day) and (until is None or day <= until))
        case _:
            assert_never(condition)


def _together(parts: Sequence[Condition], scope: Scope) -> list[Holds]:
    """The parts of an `all`: the one that an index lists most shortly says who is asked, and the others are asked.

    SQLite would otherwise make a list for each part, and the longest of them would cost the most.
    """
    leads = min(parts, key=_length, default=None) if scope.whole else None
    listed = leads is not None and _length(leads) < _NO_LIST
    one_by_one = replace(scope, whole=False)
    return [compile(part, scope if listed and part is leads else one_by_one) for part in parts]


def _length(condition: Condition) -> int:
    """How long the list of those it is so of may be, as a rank; _NO_LIST: no index lists them."""
    match condition:
        case AnyOf(parts=parts) if parts:
            return max(_length(part) for part in parts)
        case AllOf(parts=parts) if parts:
            return min(_length(part) for part in parts)
        case _:
            return _LENGTHS.get(type(condition), _NO_LIST)


_NO_LIST = 9
#: What an index lists, the shortest lists first.
_LENGTHS: dict[type, int] = {HasRole: 0, Tagged: 1, EnrolledIn: 2, Finished: 2, Ended: 2, InChapter: 3, AtStage: 4}


def members_matching(session: Session, condition: Condition, member_ids: Collection[int], now: datetime) -> set[int]:
    """Which of these members the condition holds for."""
    if not member_ids:
        return set()
    holds = compile(condition, Scope(session, now))
    return set(session.scalars(select(Member.id).where(among(session, Member.id, member_ids), holds)))


def enrollments_matching(
    session: Session, condition: Condition, enrollment_ids: Collection[int], now: datetime
) -> set[int]:
    """For which of these enrollments, and the members on them, the condition holds."""
    if not enrollment_ids:
        return set()
    query = (
        select(Enrollment.id)
        .join(Member, Member.id == Enrollment.member_id)
        .where(among(session, Enrollment.id, enrollment_ids), compile(condition, Scope(session, now, on_journey=True)))
    )
    return set(session.scalars(query))


def _language(languages: tuple[str, ...]) -> Holds:
    # es is said of es-MX too; es-MX only of itself.
    spoken = func.lower(Member.language)
    each = [language.lower() for language in languages]
    return or_(spoken.in_(each), *(spoken.startswith(f"{language}-", autoescape=True) for language in each))


def _in_chapter(scope: Scope, slug: str | None) -> Holds:
    so = [Membership.left_at.is_(None)]
    if slug is not None:
        so.append(Membership.chapter_id.in_(select(Chapter.id).where(Chapter.slug == slug)))
    return scope.has(Membership.member_id, *so)
