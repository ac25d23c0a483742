"""Preference: what a member lets us send them, read from the ledger as the gate reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people.consent import EVERYTHING, Channel, ConsentStanding

REMINDERS = "reminders"


@dataclass(frozen=True, slots=True)
class Standing:
    """The latest word on one scope."""

    opted_in: bool
    at: datetime


def latest(session: Session, member_id: int, channel: Channel) -> dict[str, Standing]:
    """The latest word of a member on each scope of one channel; absent: never said."""
    rows = session.execute(
        select(ConsentStanding.scope, ConsentStanding.opted_in, ConsentStanding.created_at).where(
            ConsentStanding.member_id == member_id, ConsentStanding.channel == channel
        )
    )
    return {scope: Standing(opted_in, at) for scope, opted_in, at in rows}


def lets_come(scope: str, said: Mapping[str, Standing]) -> bool:
    """Whether messages of this scope come, by the latest words.

    A no to everything ends every yes said before it; a yes said after it is the member's newer word. Being in a chapter
    is enough for its news by mail, and asking for something for its reminders; everything else needs a yes.
    """
    own, everything = said.get(scope), said.get(EVERYTHING)
    if own is not None and not own.opted_in:
        return False
    if everything is not None and not everything.opted_in:
        return own is not None and own.at > everything.at
    return own is not None or everything is not None or scope == REMINDERS or scope.startswith("chapter:")


def what_comes(session: Session, member_id: int, channel: Channel, scopes: Sequence[str]) -> dict[str, bool]:
    """For each of these scopes, whether its messages come."""
    said = latest(session, member_id, channel)
    return {scope: lets_come(scope, said) for scope in scopes}
