"""Why a journey has or has not begun for somebody: trigger, audience, re-entry, limits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.enrollments.enrollment import Enrollment
from engine.enrollments.journey import Journey, JourneyVersion, Published
from engine.enrollments.signal import Signal
from journeys.model import AfterExit, AfterSpan, ByHand, Joined, Never, TagAdded, Trigger


@dataclass(frozen=True, slots=True)
class EntryRule:
    """One thing that must be so before a journey begins for somebody, and whether it is."""

    rule: str
    holds: bool
    says: str


def entry_rules(
    session: Session, member_id: int, journey: Journey, version: Published, now: datetime
) -> tuple[EntryRule, ...]:
    """What must be so before this journey begins for this member, each with how it stands now."""
    return (
        *_state(journey),
        *_triggers(session, member_id, journey, version),
        *_re_entry(session, member_id, journey, version, now),
    )


def _state(journey: Journey) -> Iterator[EntryRule]:
    paused = journey.paused_at
    says = f"The journey is paused since {paused:%d %B %Y}: it takes nobody." if paused else "The journey takes people."
    yield EntryRule("open", paused is None, says)


def _triggers(session: Session, member_id: int, journey: Journey, version: Published) -> Iterator[EntryRule]:
    facts = session.scalars(select(Signal).where(Signal.member_id == member_id).order_by(Signal.id)).all()
    published_at = session.scalar(
        select(func.min(JourneyVersion.created_at)).where(JourneyVersion.journey_id == journey.id)
    )
    told = [_trigger(trigger, facts, journey, published_at) for trigger in version.script.triggers]
    # One trigger is enough.
    yield from sorted(told, key=lambda rule: not rule.holds)[:1] if any(rule.holds for rule in told) else told


def _trigger(trigger: Trigger, facts: Sequence[Signal], journey: Journey, published_at: datetime | None) -> EntryRule:
    begins = f"It begins when {trigger.describe()}"
    fact = next((fact for fact in reversed(facts) if _is_about(trigger, fact, journey)), None)
    if fact is None:
        return EntryRule("trigger", False, f"{begins}; we know of no such moment for them.")
    when = f"{fact.created_at:%d %B %Y}"
    if published_at is not None and fact.created_at < published_at:
        return EntryRule("trigger", False, f"{begins}. That was on {when}, before the journey was published.")
    if fact.handled_at is None:
        return EntryRule("trigger", True, f"{begins}. That was on {when}, and is about to be acted on.")
    return EntryRule("trigger", True, f"{begins}. That was on {when} ({fact.effect or 'acted on'}).")


def _is_about(trigger: Trigger, fact: Signal, journey: Journey) -> bool:
    match trigger:
        case Joined():
            return fact.kind == "joined" and fact.detail.get("journey_id") in (None, journey.id)
        case TagAdded(tag=tag):
            return fact.kind == "tagged" and fact.detail.get("tag") == tag
        case ByHand():
            return fact.kind == "by_hand" and fact.detail.get("journey_id") == journey.id


def _re_entry(
    session: Session, member_id: int, journey: Journey, version: Published, now: datetime
) -> Iterator[EntryRule]:
    rows = session.execute(
        select(Enrollment.created_at, Enrollment.ended_at)
        .where(Enrollment.member_id == member_id, Enrollment.journey_id == journey.id)
        .order_by(Enrollment.id)
    ).all()
    if any(row.ended_at is None for row in rows):
        yield EntryRule("live", False, "They are on it already; nobody is on one journey twice at a time.")
        return
    last = max((row.ended_at for row in rows), default=None)
    rule = version.script.re_entry
    says = f"For the same person it begins {rule.describe()}"
    if last is None:
        yield EntryRule("re_entry", True, f"{says}; they were never on it.")
        return
    over = f"the last time was over on {last:%d %B %Y}"
    match rule:
        case Never():
            yield EntryRule("re_entry", False, f"{says}; {over}.")
        case AfterExit():
            yield EntryRule("re_entry", True, f"{says}; {over}.")
        case AfterSpan(span=span):
            yield EntryRule("re_entry", last + span <= now, f"{says}; {over}, so not before {last + span:%d %B %Y}.")
