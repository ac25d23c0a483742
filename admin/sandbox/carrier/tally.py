"""The tally of texts: what phones wrote against what we received, and what was said to a phone more than once."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.sandbox.carrier.texts import Texts
from engine.conversations.received import Received


@dataclass(frozen=True, slots=True)
class Tally:
    """Texts both ways. `lost` were written on a phone and never received; `doubled` were sent, or taken up, twice."""

    written: int
    created: int
    lost: int
    doubled: int


def tally(session: Session, texts: Texts) -> Tally:
    """The whole outside world's tally against the whole database."""
    written = texts.written()
    taken: dict[str, int] = {}
    rows = session.execute(
        select(Received.provider_id, Received.outcome).where(Received.door == "sms", Received.provider_id != "")
    )
    for sid, outcome in rows:
        taken[sid] = taken.get(sid, 0) + (outcome != "duplicate")
    return Tally(
        written=len(written),
        created=texts.created(),
        lost=sum(sid not in taken for sid in written),
        doubled=texts.created_twice() + sum(times > 1 for times in taken.values()),
    )
