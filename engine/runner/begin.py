"""Begin: facts begin journeys for people, by a trigger or because a journey's audience has come to fit them."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from engine.audience.compiler import members_matching
from engine.enrollments.entering import AudienceWatch, enter_many, hold_doors, mark_in
from engine.enrollments.journey import Published, current_versions
from engine.enrollments.signal import Signal
from engine.runner.triggers import Words, entry_kinds, is_about, label, words_of
from journeys.vocabulary import Entering

#: Facts that are for beginning a journey alone.
BEGINNINGS = frozenset({"joined", "tagged", "by_hand"})
#: How an enrollment remembers that its journey's audience brought the member in.
BY_AUDIENCE = "audience"
BEGAN, WAITS = "began", "waits for room"


def begin(session: Session, facts: Sequence[Signal], now: datetime) -> dict[int, str]:
    """Members whom a fact puts on a journey are on it; what each fact did, by its id.

    A fact begins each journey at most once, in the transaction in which it is handled.
    """
    open_now = current_versions(session)
    effects = {fact.id: "no journey begins with it" for fact in facts if fact.kind in BEGINNINGS}
    listened = [fact for fact in facts if fact.kind in entry_kinds(open_now) | BEGINNINGS]
    words = words_of(session, listened)
    starts: dict[tuple[int, str], list[Signal]] = defaultdict(list)
    versions = {version.id: version for version in open_now}
    for fact in listened:
        for version, trigger in _wanted(open_now, fact, words.get(fact.id)):
            starts[version.id, trigger].append(fact)
    inviting = [version for version in open_now if version.script.audience is not None]
    hold_doors(session, [*inviting, *(versions[version_id] for version_id, _ in starts)])
    for (version_id, trigger), asking in starts.items():
        version = versions[version_id]
        wanted = _only(session, version, [fact.member_id for fact in asking], now)
        entered = enter_many(session, wanted, version, trigger, now)
        for fact in asking:
            if fact.member_id in entered.begun:
                effects[fact.id] = BEGAN
            elif fact.member_id in entered.waiting:
                effects[fact.id] = WAITS
            elif effects.get(fact.id) not in (BEGAN, WAITS):
                fits = fact.member_id in wanted
                effects[fact.id] = "on it already, or once only" if fits else "not so of them what it asks"
    fitting = by_audience(session, inviting, {fact.member_id for fact in facts}, now)
    for fact in facts:
        if fact.member_id in fitting:
            effects[fact.id] = BEGAN
    return effects


def by_audience(
    session: Session, versions: Sequence[Published], member_ids: Collection[int], now: datetime
) -> set[int]:
    """Those of these members whom the audience of a journey has come to fit have entered it; whom it began for."""
    begun: set[int] = set()
    for version in versions:
        audience = version.script.audience
        if audience is None or audience.entry is Entering.ONLY_CURRENT:
            continue
        if audience.entry is Entering.ONLY_FUTURE and not _was_looked_through(session, version):
            continue  # the pass that says who fits today is still under way, and finds them
        fitting = members_matching(session, audience.when, member_ids, now)
        fresh = mark_in(session, version.journey_id, fitting, now)
        begun |= enter_many(session, fresh, version, BY_AUDIENCE, now).begun.keys()
    return begun


def _was_looked_through(session: Session, version: Published) -> bool:
    watch = session.get(AudienceWatch, version.journey_id)
    return watch is not None and watch.version_id == version.id and watch.first_at is not None


def _wanted(versions: Sequence[Published], fact: Signal, words: Words | None) -> list[tuple[Published, str]]:
    """The journeys that the fact begins, each with the trigger as it is remembered."""
    journey_id = fact.detail.get("journey_id") if fact.kind == "joined" else None
    if journey_id is not None:
        # People from a file: the journey that says hello begins, and no other.
        return [(version, "joined") for version in versions if version.journey_id == journey_id]
    found = []
    for version in versions:
        triggers = version.script.triggers
        trigger = next((each for each in triggers if is_about(each, fact, words, version.journey_id)), None)
        if trigger is not None:
            found.append((version, label(trigger)))
    return found


def _only(session: Session, version: Published, member_ids: list[int], now: datetime) -> list[int]:
    """Those of these members of whom it is so what the journey asks beside its triggers."""
    condition = version.script.only_if
    if condition is None:
        return member_ids
    fitting = members_matching(session, condition, set(member_ids), now)
    return [member_id for member_id in member_ids if member_id in fitting]
