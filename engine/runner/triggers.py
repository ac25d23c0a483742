"""Triggers against facts: which journeys a fact begins, and which rungs it lifts people to."""

from collections.abc import Collection, Sequence
from typing import NamedTuple, assert_never

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.asking import among
from engine.conversations.message import Message
from engine.enrollments.journey import Published, current_versions
from engine.enrollments.signal import Signal
from engine.runner.ending import hears_any_fact
from journeys.folding import says_any
from journeys.model import Rung
from journeys.triggers import (
    Acted,
    Assessed,
    ByHand,
    Came,
    FormFilled,
    Joined,
    Moved,
    RsvpGiven,
    TagAdded,
    Trigger,
    WroteIn,
)
from journeys.vocabulary import Means

#: The kind of signal that each trigger waits for.
KINDS: dict[type, str] = {
    Joined: "joined",
    TagAdded: "tagged",
    ByHand: "by_hand",
    FormFilled: "form_filled",
    RsvpGiven: "rsvped",
    Came: "attended",
    WroteIn: "replied",
    Moved: "stage_moved",
    Assessed: "assessed",
    Acted: "acted",
}
_CHANNELS = {Means.EMAIL: "email", Means.TEXT: "sms"}


class Words(NamedTuple):
    """What somebody wrote, and by what way."""

    text: str
    channel: str


def words_of(session: Session, facts: Sequence[Signal]) -> dict[int, Words]:
    """What was written, for each fact that somebody wrote."""
    by_message = {
        fact.detail["message_id"]: fact.id
        for fact in facts
        if fact.kind == "replied" and fact.detail.get("message_id") is not None
    }
    if not by_message:
        return {}
    query = select(Message.id, Message.text, Message.channel).where(among(session, Message.id, by_message))
    return {by_message[id_]: Words(text, channel) for id_, text, channel in session.execute(query)}


def is_about(trigger: Trigger, fact: Signal, words: Words | None, journey_id: int) -> bool:
    """Whether this fact is what the trigger of that journey waits for."""
    if fact.kind != KINDS[type(trigger)]:
        return False
    detail = fact.detail
    match trigger:
        case Joined():
            return detail.get("journey_id") in (None, journey_id)
        case ByHand():
            return detail.get("journey_id") == journey_id
        case TagAdded(tag=tag):
            return detail.get("tag") == tag
        case FormFilled(form=name):
            return name in (None, detail.get("form"))
        case RsvpGiven(event=name) | Came(event=name):
            return name in (None, detail.get("event"))
        case Acted(action=name):
            return name in (None, detail.get("action"))
        case Moved(path=path, to=stage):
            return detail.get("path") == path and stage in (None, detail.get("to"))
        case Assessed(at_least=level):
            return int(detail.get("level") or 0) >= level
        case WroteIn(by=by):
            return words is not None and _wrote(trigger, by, words)
        case _:
            assert_never(trigger)


def label(trigger: Trigger) -> str:
    """How the enrollment remembers what began it."""
    match trigger:
        case Joined() | ByHand():
            return KINDS[type(trigger)]
        case TagAdded(tag=tag):
            return f"tag:{tag}"
        case FormFilled(form=name):
            return f"form:{name or 'any'}"
        case RsvpGiven(event=name):
            return f"rsvp:{name or 'any'}"
        case Came(event=name):
            return f"attended:{name or 'any'}"
        case Acted(action=name):
            return f"did:{name or 'any'}"
        case Moved(path=path, to=stage):
            return f"moved:{path}:{stage or 'any'}"[:80]
        case Assessed(at_least=level):
            return f"assessed:{level}"
        case WroteIn():
            return "wrote"
        case _:
            assert_never(trigger)


def lifted_to(rungs: Sequence[Rung], fact: Signal, words: Words | None, journey_id: int, step: int) -> int | None:
    """The furthest step after `step` that the fact lifts somebody to; None: none."""
    reached = [
        rung.to
        for rung in rungs
        if rung.to is not None and any(is_about(trigger, fact, words, journey_id) for trigger in rung.on)
    ]
    furthest = max(reached, default=step)
    return furthest if furthest > step else None


def listens(session: Session, kind: str) -> bool:
    """Whether a signal of this kind may begin a journey, lift somebody on one, move them on or end it for them."""
    versions = current_versions(session)
    scripts = [version.script for version in versions]
    return any(hears_any_fact(version) for version in versions) or any(
        script.audience is not None
        or kind in {KINDS[type(each)] for each in script.triggers}
        or kind in {KINDS[type(each)] for rung in script.rungs for each in rung.on}
        for script in scripts
    )


def entry_kinds(versions: Collection[Published]) -> frozenset[str]:
    """The kinds of signal that begin any of these journeys."""
    return frozenset(KINDS[type(trigger)] for version in versions for trigger in version.script.triggers)


def _wrote(trigger: WroteIn, by: Means | None, words: Words) -> bool:
    if by is not None and words.channel != _CHANNELS[by]:
        return False
    return not trigger.words or says_any(words.text, trigger.every_word)
