"""Breaker: when a way out answers nothing but errors, it is left alone for a while.

Twenty failures within a minute open the way to the provider of texts; five in a row, with no word about any letter in
between, the one to the mail relay: letters leave by the thousand, and one in a hundred that fails is no reason to stop,
while a relay that turns everybody away does so with a few a day as well. Then one message a minute is let through to
see; the first that is taken closes it again. What carriers or the provider forbid us altogether (`stop`) is closed by a
person alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.audit.entry import record
from engine.base.bulk import insert_new
from engine.base.db import table_of
from engine.base.log import logger
from engine.channels.failures import IN_A_ROW
from engine.outbox.line import Breaker

#: So many failures within so long open it, and so often one message is let through.
FAILURES, WITHIN, PROBE_EVERY = 20, timedelta(minutes=1), timedelta(minutes=1)
#: The ways: to the provider of texts, what the carriers let our organization send, and to the mail relay.
TEXTS, BRAND, MAIL = "sms", "sms brand", "email"
_CALLED = {TEXTS: "the provider of texts", MAIL: "the mail relay"}

_BREAKER = table_of(Breaker)
log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing leaves by this way, since when; `ends`: by itself once somebody answers, or by a person's word."""

    way: str
    since: datetime
    reason: str
    ends: Literal["by itself", "by hand"]


def lets_through(session: Session, now: datetime, limit: int, way: str = TEXTS) -> int:
    """How many messages may be tried now: all, one to see, or none. Asking for the one takes it."""
    ways = [way, BRAND] if way == TEXTS else [way]
    rows = {row.way: row for row in session.scalars(select(Breaker).where(Breaker.way.in_(ways)))}
    if BRAND in rows and rows[BRAND].opened_at is not None:
        return 0
    if way not in rows or rows[way].opened_at is None:
        return limit
    row = _locked(session, way, now)
    if row.opened_at is None:
        return limit
    if row.probe_at is not None and row.probe_at > now:
        return 0
    row.probe_at = now + PROBE_EVERY
    session.flush()
    return 1


def give_back(session: Session, now: datetime, way: str) -> None:
    """The one that was let through was none, and told nothing: the next may be tried at once."""
    row = _locked(session, way, now)
    if row.opened_at is not None:
        row.probe_at = now
        session.flush()


def mail_waits_until(session: Session, now: datetime) -> datetime | None:
    """When the next letter may be tried; None: now. Looking takes nothing."""
    row = session.scalar(select(Breaker).where(Breaker.way == MAIL, Breaker.opened_at.is_not(None)))
    return row.probe_at if row is not None and row.probe_at is not None and row.probe_at > now else None


def is_shut(session: Session, now: datetime) -> bool:
    """Whether no text may be tried now; looking takes nothing."""
    rows = session.scalars(select(Breaker).where(Breaker.way.in_([TEXTS, BRAND]), Breaker.opened_at.is_not(None)))
    return any(row.way == BRAND or (row.probe_at is not None and row.probe_at > now) for row in rows)


def note(session: Session, outcomes: Sequence[bool], reason: str, now: datetime, way: str = TEXTS) -> None:
    """Whoever is at the end of this way answered some calls (True) and failed at others (False), in that order."""
    failures = outcomes.count(False)
    if not failures:
        known = session.get(Breaker, way)
        if known is None or (known.opened_at is None and not known.failures):
            return
    row = _locked(session, way, now)
    if failures < len(outcomes) and outcomes[-1] and row.opened_at is not None:
        log.warning("what left nothing through takes messages again", way=way, since=row.opened_at.isoformat())
        row.opened_at, row.probe_at, row.failures, row.reason = None, None, 0, ""
        session.flush()
        return
    if way == MAIL:
        row.failures = _in_a_row(row.failures, outcomes)
    else:
        if now - row.counted_since >= WITHIN:
            row.counted_since, row.failures = now, 0
        row.failures += failures
    if row.opened_at is None and row.failures >= (IN_A_ROW if way == MAIL else FAILURES):
        row.opened_at, row.probe_at, row.reason = now, now + PROBE_EVERY, reason[:400]
        log.error(f"{_CALLED[way]} answers nothing but errors; one message a minute is tried", says=reason)
    session.flush()


def _in_a_row(before: int, outcomes: Sequence[bool]) -> int:
    for outcome in outcomes:
        before = 0 if outcome else before + 1
    return before


def stop(session: Session, reason: str, now: datetime) -> None:
    """No text leaves any more until a person says so."""
    row = _locked(session, BRAND, now)
    if row.opened_at is None:
        row.opened_at, row.probe_at, row.reason = now, None, reason[:400]
        log.error("all texts are stopped until a person lets them go on", says=reason)
    session.flush()


def let_go_on(session: Session, by_id: int, now: datetime) -> bool:
    """Texts leave again, by a person's word; False when nothing stopped them."""
    texts = select(Breaker).where(Breaker.way.in_([TEXTS, BRAND]), Breaker.opened_at.is_not(None))
    rows = list(session.scalars(texts.with_for_update()))
    for row in rows:
        row.opened_at, row.probe_at, row.failures, row.reason = None, None, 0, ""
    if rows:
        record(session, by_id, "texts_go_on", "breaker", 0, now)
    session.flush()
    return bool(rows)


def troubles(session: Session, *ways: str) -> list[Trouble]:
    """What keeps messages from leaving just now, by these ways; without any named, texts."""
    shut = select(Breaker).where(Breaker.way.in_(ways or (TEXTS, BRAND)), Breaker.opened_at.is_not(None))
    rows = session.scalars(shut.order_by(Breaker.way))
    return [
        Trouble(row.way, row.opened_at, row.reason, "by hand" if row.way == BRAND else "by itself")
        for row in rows
        if row.opened_at is not None
    ]


def _locked(session: Session, way: str, now: datetime) -> Breaker:
    query = select(Breaker).where(Breaker.way == way).with_for_update().execution_options(populate_existing=True)
    row = session.scalar(query)
    if row is None:
        insert_new(session, _BREAKER, [{"way": way, "counted_since": now, "failures": 0, "reason": ""}])
        row = session.scalars(query).one()
    return row
