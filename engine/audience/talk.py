"""Conditions on what the member and we have said to each other."""

from datetime import datetime

from sqlalchemy import exists, or_
from sqlalchemy.orm import InstrumentedAttribute, aliased

from engine.audience.facts import CHANNELS
from engine.audience.folded import folded
from engine.audience.scope import Holds, Scope
from engine.conversations.message import Message
from engine.conversations.thread import Thread
from engine.people.member import Member
from journeys.conditions import Wrote
from journeys.folding import folded as fold


def wrote_since(scope: Scope, since: datetime | InstrumentedAttribute[datetime]) -> Holds:
    """The member wrote to us since then; machine mail is no word of theirs."""
    return exists().where(
        Message.member_id == Member.id, Message.kind == "in", Message.at <= scope.now, Message.at >= since
    )


def wrote(scope: Scope, condition: Wrote) -> Holds:
    """The member wrote one of these words or sayings."""
    so = [Message.member_id == Member.id, Message.kind == "in", Message.at <= scope.now]
    if condition.within is not None:
        so.append(Message.at >= scope.now - condition.within)
    if condition.by is not None:
        so.append(Message.channel == CHANNELS[condition.by])
    said = folded(Message.text)
    return exists().where(*so, or_(*(said.contains(fold(word), autoescape=True) for word in condition.words)))


def talked_since(scope: Scope, since: datetime | InstrumentedAttribute[datetime]) -> Holds:
    """Since then the member wrote to us, and a person here wrote back."""
    theirs, ours = aliased(Message), aliased(Message)
    # A person wrote back: what the team's desk or a machine says has no author.
    return exists().where(
        theirs.member_id == Member.id,
        theirs.kind == "in",
        theirs.at >= since,
        ours.member_id == Member.id,
        ours.kind == "out",
        ours.author_id.is_not(None),
        ours.at >= theirs.at,
        ours.at <= scope.now,
    )


def open_conversation() -> Holds:
    """A conversation between the member and a person is open."""
    return exists().where(Thread.member_id == Member.id, Thread.kind == "person", Thread.closure_id.is_(None))
