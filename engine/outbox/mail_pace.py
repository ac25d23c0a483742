"""Mail pace: how fast each mail host wants to hear from us, learned from its own words (421, 451, 452, 4.7.x).

A host that never complained has no row, and nothing holds it back. One that asked for less has a row that all couriers
keep to: so many a minute, and so many at a time. It is halved each time the host asks again, grows again while it is
content, and goes once it is as good as none. What waits for its turn stands in the queue at its own moment, so one slow
host never holds up the others.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.bulk import insert_new
from engine.base.db import Base, table_of
from engine.base.log import logger

#: What a host gets a minute, and at a time, after it asked for less the first time.
FIRST, FIRST_AT_ONCE = 60.0, 20
#: As little as it can become, and as much as no limit any more.
LEAST, ENOUGH = 1.0, 6000.0
#: After it asked, nothing goes there for so long; asked again within that time counts once.
REST = timedelta(minutes=1)
#: While it is content, it grows so much each time so long has gone by.
GROWS, EVERY = 1.5, timedelta(minutes=5)
#: A courier that takes some of a slow host's leaves the others nothing of it for so long: what is on the way is no more
#: than what it may get at a time.
BREATH = timedelta(seconds=3)
#: Turns are given so far ahead; what comes after them is looked at again then, and sooner off if the host has grown.
HORIZON = timedelta(hours=2)
#: A refusal for now that speaks of our pace, our name or our policy (RFC 3463 3.8; RFC 5321 4.2), and of no mailbox.
_SLOWER = re.compile(r"(?:(?:421|451|452)(?: 4\.7\.\d+)?|45\d 4\.7\.\d+|4\.7\.\d+)$")

log = logger(__name__)


class MailHost(Base):
    """A mail host that asked for less."""

    __tablename__ = "mail_host"

    host: Mapped[str] = mapped_column(String(253), primary_key=True)
    created_at: Mapped[datetime]
    per_minute: Mapped[float]
    at_once: Mapped[int]
    #: From when on the next may go there, and where the queue of those that wait for it ends.
    next_at: Mapped[datetime]
    tail_at: Mapped[datetime | None]
    #: Until then a courier has as many as may be on the way at a time.
    busy_until_at: Mapped[datetime | None]
    #: When it last asked for less, and since when it is content.
    slowed_at: Mapped[datetime]
    grown_at: Mapped[datetime]
    says: Mapped[str] = mapped_column(String(400), default="")


_HOST = table_of(MailHost)


@dataclass(frozen=True, slots=True)
class Wish:
    """A letter that the gate lets go: by its delivery's id, and to which host. `prompt`: somebody waits for it."""

    key: int
    host: str
    prompt: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """When its turn is, and why not now."""

    until: datetime
    reason: str


def asks_for_less(code: str) -> bool:
    """Whether a relay's or a report's code ("421 4.7.28", "4.7.0") is a host's wish for less mail from us."""
    return _SLOWER.match(code) is not None


def learn(session: Session, hosts: Mapping[str, str], now: datetime) -> None:
    """Each of these hosts asked for less just now, with these words."""
    if not hosts:
        return
    known = _locked(session, hosts)
    missing = sorted(hosts.keys() - known.keys())
    rows = [
        {
            "host": host, "created_at": now, "per_minute": FIRST, "at_once": FIRST_AT_ONCE, "next_at": now + REST,
            "slowed_at": now, "grown_at": now, "says": hosts[host][:400],
        }
        for host in missing
    ]  # fmt: skip
    insert_new(session, _HOST, rows)
    for host in missing:
        log.warning("a mail host asks for less; it gets less for a while", host=host, says=hosts[host])
    for host, row in known.items():
        row.says = hosts[host][:400]
        if now - row.slowed_at >= REST:
            _grow(row, now)
            row.per_minute, row.at_once = max(LEAST, row.per_minute / 2), max(1, row.at_once // 2)
            row.slowed_at, row.next_at = now, max(row.next_at, now + REST)
        row.grown_at = now
    session.flush()


def turns(session: Session, wishes: Sequence[Wish], now: datetime) -> dict[int, Wait]:
    """Of these letters those that must wait for their turn, by key. What somebody waits for never does."""
    slow = _locked(session, {wish.host for wish in wishes}) if wishes else {}
    waits: dict[int, Wait] = {}
    taken: dict[str, int] = {}
    for host, row in list(slow.items()):
        _grow(row, now)
        if row.per_minute >= ENOUGH:
            session.delete(slow.pop(host))
            log.info("a mail host takes as much as before", host=host)
    for wish in wishes:
        if wish.host not in slow or wish.prompt:
            continue
        row = slow[wish.host]
        apart = timedelta(minutes=1) / row.per_minute
        free = row.busy_until_at is None or row.busy_until_at <= now
        if free and row.next_at <= now and taken.get(wish.host, 0) < row.at_once:
            # Who had little to send may catch up, but never with more than one courier takes at a time.
            row.next_at = max(row.next_at, now - apart * (row.at_once - 1)) + apart
            taken[wish.host] = taken.get(wish.host, 0) + 1
            continue
        moment = min(max(row.tail_at or row.next_at, row.next_at, now + apart), now + HORIZON)
        row.tail_at = moment + apart
        waits[wish.key] = Wait(moment, said(row))
    for host in taken:
        slow[host].busy_until_at = now + BREATH
    session.flush()
    return waits


def slow_hosts(session: Session, now: datetime) -> list[MailHost]:
    """The hosts that get less than we could send, as they are now, the slowest first."""
    rows = list(session.scalars(select(MailHost)))
    for row in rows:
        session.expunge(row)
        _grow(row, now)
    return sorted((row for row in rows if row.per_minute < ENOUGH), key=lambda row: (row.per_minute, row.host))


def said(row: MailHost) -> str:
    """The sentence that says why a letter waits for its turn."""
    words = f" ({row.says[:120]})" if row.says else ""
    return f"{row.host} asked us to send more slowly{words}; this one waits for its turn."[:300]


def _grow(row: MailHost, now: datetime) -> None:
    while row.grown_at + EVERY <= now and row.per_minute < ENOUGH:
        row.per_minute, row.at_once = row.per_minute * GROWS, row.at_once + max(1, row.at_once // 2)
        row.grown_at += EVERY


def _locked(session: Session, hosts: Iterable[str]) -> dict[str, MailHost]:
    # In one order, so that two couriers never wait for one another.
    query = select(MailHost).where(MailHost.host.in_(sorted(set(hosts)))).order_by(MailHost.host).with_for_update()
    return {row.host: row for row in session.scalars(query.execution_options(populate_existing=True))}
