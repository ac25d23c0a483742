"""Why a journey has or has not begun for somebody: trigger, audience, re-entry, limits."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.audience.compiler import members_matching
from engine.enrollments.enrollment import Enrollment
from engine.enrollments.entering import WaitingEntry, room_for
from engine.enrollments.journey import Journey, JourneyVersion, Published
from engine.enrollments.signal import Signal
from engine.runner.triggers import Words, is_about, words_of
from journeys.model import AfterExit, AfterSpan, AtMost, Never, Trigger


@dataclass(frozen=True, slots=True)
class EntryRule:
    """One thing that must be so before a journey begins for somebody, and whether it is."""

    rule: str
    holds: bool
    says: str


@dataclass(frozen=True, slots=True)
class Past:
    """What has happened with one member that decides whether journeys begin for them, read once for all of those."""

    member_id: int
    facts: Sequence[Signal]
    words: Mapping[int, Words]
    #: By journey: when it was first published, and the member's times on it, the first one first.
    published_at: Mapping[int, datetime]
    times: Mapping[int, Sequence[Enrollment]]


def past_of(session: Session, member_id: int) -> Past:
    """What has happened with this member until now."""
    facts = session.scalars(select(Signal).where(Signal.member_id == member_id).order_by(Signal.id)).all()
    first = select(JourneyVersion.journey_id, func.min(JourneyVersion.created_at)).group_by(JourneyVersion.journey_id)
    times: dict[int, list[Enrollment]] = defaultdict(list)
    for row in session.scalars(select(Enrollment).where(Enrollment.member_id == member_id).order_by(Enrollment.id)):
        times[row.journey_id].append(row)
    published_at = dict(session.execute(first).tuples().all())
    return Past(member_id, facts, words_of(session, facts), published_at, times)


def entry_rules(
    session: Session, past: Past, journey: Journey, version: Published, now: datetime
) -> tuple[EntryRule, ...]:
    """What must be so before this journey begins for that member, each with how it stands now."""
    return (
        *_state(journey),
        *_triggers(past, journey, version),
        *_so(session, past.member_id, version, now),
        *_re_entry(past, journey, version, now),
        *_room(session, past.member_id, version, now),
    )


def _state(journey: Journey) -> Iterator[EntryRule]:
    paused = journey.paused_at
    says = f"The journey is paused since {paused:%d %B %Y}: it takes nobody." if paused else "The journey takes people."
    yield EntryRule("open", paused is None, says)


def _triggers(past: Past, journey: Journey, version: Published) -> Iterator[EntryRule]:
    told = [_trigger(trigger, past, journey) for trigger in version.script.triggers]
    # One trigger is enough.
    yield from sorted(told, key=lambda rule: not rule.holds)[:1] if any(rule.holds for rule in told) else told


def _trigger(trigger: Trigger, past: Past, journey: Journey) -> EntryRule:
    begins, published_at = f"It begins when {trigger.describe()}", past.published_at.get(journey.id)
    about = (each for each in reversed(past.facts) if is_about(trigger, each, past.words.get(each.id), journey.id))
    fact = next(about, None)
    if fact is None:
        return EntryRule("trigger", False, f"{begins}; we know of no such moment for them.")
    when = f"{fact.created_at:%d %B %Y}"
    if published_at is not None and fact.created_at < published_at:
        return EntryRule("trigger", False, f"{begins}. That was on {when}, before the journey was published.")
    if fact.handled_at is None:
        return EntryRule("trigger", True, f"{begins}. That was on {when}, and is about to be acted on.")
    return EntryRule("trigger", True, f"{begins}. That was on {when} ({fact.effect or 'acted on'}).")


def _so(session: Session, member_id: int, version: Published, now: datetime) -> Iterator[EntryRule]:
    """The audience, and what is asked beside the triggers."""
    audience, only_if = version.script.audience, version.script.only_if
    if audience is not None:
        fits = bool(members_matching(session, audience.when, [member_id], now))
        so = "It does now" if fits else "It does not now"
        yield EntryRule("audience", fits, f"It begins for everybody for whom this holds: {audience.describe()}. {so}.")
    if only_if is not None:
        fits = bool(members_matching(session, only_if, [member_id], now))
        so = "It does now" if fits else "It does not now"
        yield EntryRule("only_if", fits, f"It begins only while this holds: {only_if.describe()}. {so}.")


def _room(session: Session, member_id: int, version: Published, now: datetime) -> Iterator[EntryRule]:
    """Whether the journey takes anybody just now."""
    limits = version.script.limits
    if limits is None:
        return
    since = session.scalar(
        select(WaitingEntry.created_at).where(
            WaitingEntry.journey_id == version.journey_id, WaitingEntry.member_id == member_id
        )
    )
    room = room_for(session, version.journey_id, limits, now)
    says = f"It takes {limits.describe()}"
    if since is not None:
        yield EntryRule("room", False, f"{says}; they have waited in line since {since:%d %B %Y}.")
    else:
        yield EntryRule("room", room != 0, f"{says}; there is {'room' if room != 0 else 'no room just now'}.")


def _re_entry(past: Past, journey: Journey, version: Published, now: datetime) -> Iterator[EntryRule]:
    rows = past.times.get(journey.id, ())
    ends = [row.ended_at for row in rows if row.ended_at is not None]
    if len(ends) < len(rows):
        yield EntryRule("live", False, "They are on it already; nobody is on one journey twice at a time.")
        return
    last = max(ends, default=None)
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
        case AtMost(times=most, after=span):
            again = len(rows) < most and (span is None or last + span <= now)
            yield EntryRule("re_entry", again, f"{says}; they were on it {len(rows)} times, and {over}.")
