"""Probe: our own test of the way in. A mail of ours to ourselves, by the relay out and by our door in, once an hour.

    sent ──> back       it came in by our door
      └────> returned   a server on the way gave it back
    refused             our own relay did not take it

While the last one came back in time, replies arrive, and letters say "just reply". There is no such test of texts: a
number cannot text itself, and the provider would count every one; what its doors miss is found by the look
(inbound.sms.look).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import Index, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.clock import ClockRow
from engine.base.db import Base, Id, changed_by
from engine.base.ids import id_at, new_id

#: From one probe to the next.
EVERY = timedelta(hours=1)
#: A probe that is not back so long after it left has not come back.
BACK_WITHIN = timedelta(minutes=15)
#: What the last answer says holds no longer than this, in wall time: a sandbox's clock may jump by days.
HOLDS_FOR = timedelta(hours=2)
#: Probes that are kept, to show since when something is wrong.
KEPT = timedelta(days=30)

Sign = Literal["unknown", "green", "red"]


class Probe(Base):
    """One test mail."""

    __tablename__ = "probe"
    __table_args__ = (Index(None, "created_at"),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    #: When our relay took it.
    sent_at: Mapped[datetime | None]
    #: When our door took it in.
    came_at: Mapped[datetime | None]
    #: sent, refused, returned, back
    state: Mapped[str] = mapped_column(String(10), default="sent")
    #: What the relay said, where it did not take it.
    says: Mapped[str] = mapped_column(String(400), default="")


@dataclass(frozen=True, slots=True)
class WayIn:
    """Whether replies by mail reach us, as far as the probes tell."""

    sign: Sign
    #: Why it is red: refused, returned, lost or stale; empty otherwise.
    why: Literal["", "refused", "returned", "lost", "stale"] = ""
    #: When the probe that decides was sent.
    at: datetime | None = None
    #: What the relay said.
    says: str = ""

    @property
    def arrives(self) -> bool:
        """Whether a letter may say "just reply". Before the first probe has an answer nothing speaks against it."""
        return self.sign != "red"


def way_in(session: Session, now: datetime) -> WayIn:
    """What the last probe says whose time is over: one that left just now has still some minutes to come back.

    Unknown until the first one has an answer, which is some minutes after a first start.
    """
    rows = session.scalars(select(Probe).order_by(Probe.id.desc()).limit(3))
    wall = datetime.now(UTC)
    for probe in rows:
        on_its_way = probe.state == "sent" and now - probe.created_at < BACK_WITHIN
        # In the sandbox a day may pass while a mail is on its way: it gets its minutes on the wall's clock too.
        if on_its_way or (probe.state == "sent" and not _older(probe.id, BACK_WITHIN, wall) and _jumped(session)):
            continue
        if probe.state in ("refused", "returned"):
            return WayIn("red", "refused" if probe.state == "refused" else "returned", probe.created_at, probe.says)
        if probe.state == "sent" or (probe.came_at or now) - probe.created_at > BACK_WITHIN:
            return WayIn("red", "lost", probe.created_at)
        if _older(probe.id, HOLDS_FOR, wall):
            return WayIn("red", "stale", probe.created_at)
        return WayIn("green", at=probe.created_at)
    return WayIn("unknown")


def is_due(session: Session, now: datetime) -> bool:
    """Whether the last probe was an hour ago; however far a clock jumps, that is one. Never while a clock is held.

    While it is held (days of a sandbox are lived), nothing goes out into the world that would come back by itself.
    """
    clock = session.get(ClockRow, 1)
    if clock is not None and clock.held_at is not None:
        return False
    last = session.scalar(select(Probe.created_at).order_by(Probe.id.desc()).limit(1))
    return last is None or not now - EVERY < last <= now


def begin(session: Session, now: datetime) -> int:
    """A probe is about to leave; its id. Those of more than a month ago are gone."""
    session.execute(delete(Probe).where(Probe.created_at < now - KEPT))
    probe = Probe(id=new_id(), created_at=now, state="sent", says="")
    session.add(probe)
    session.flush()
    return probe.id


def left(session: Session, probe_id: int, now: datetime) -> None:
    """Our relay took it."""
    session.execute(update(Probe).where(Probe.id == probe_id).values(sent_at=now))


def refused(session: Session, probe_id: int, says: str) -> None:
    """Our relay did not take it, unless it is back all the same."""
    session.execute(
        update(Probe).where(Probe.id == probe_id, Probe.came_at.is_(None)).values(state="refused", says=says[:400])
    )


def came(session: Session, probe_id: int, at: datetime, *, returned: bool = False) -> bool:
    """The probe came in by our door `at`, or a server gave it back; False for one that is back already or is none."""
    values: dict[str, object] = {"state": "returned"} if returned else {"state": "back", "came_at": at}
    return changed_by(session, update(Probe).where(Probe.id == probe_id, Probe.came_at.is_(None)).values(values)) > 0


def _older(probe_id: int, than: timedelta, wall: datetime) -> bool:
    """Whether the row was made longer ago than that, in wall time, which ids are made from."""
    return probe_id < id_at(int((wall - than).timestamp() * 1000))


def _jumped(session: Session) -> bool:
    """Whether time is not the wall's here."""
    return session.get(ClockRow, 1) is not None
