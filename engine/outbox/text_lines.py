"""Text lines: by which number of ours each phone hears us.

A phone that knows a number of ours goes on hearing from it. A new one gets its chapter's own number, else the least
used of ours, else whatever number the provider's messaging service chooses.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.base.bulk import insert_new
from engine.base.db import table_of
from engine.base.setting_groups.texting import Texting
from engine.outbox.line import TextLine

_TEXT_LINE = table_of(TextLine)


def lines_of(session: Session, phones: Iterable[str]) -> dict[str, TextLine]:
    """The lines of those of these phones that have one."""
    wanted = sorted(set(phones))
    if not wanted:
        return {}
    return {row.phone: row for row in session.scalars(select(TextLine).where(TextLine.phone.in_(wanted)))}


def lines_for(
    session: Session, wanted: Sequence[tuple[str, str | None, str | None]], sms: Texting, now: datetime
) -> dict[str, TextLine]:
    """The line of each phone, made now for those who have none.

    `wanted`: (phone, the number of ours they just wrote to, their chapter's short name).
    """
    known = lines_of(session, (phone for phone, _, _ in wanted))
    usable = {*sms.every_number, *([sms.messaging_service] if sms.messaging_service else [])}
    fresh: dict[str, str] = {}
    used: Counter[str] | None = None
    for phone, wrote_to, chapter in wanted:
        if phone in known and known[phone].our_number in usable:
            continue
        if phone in fresh:
            continue
        choice = wrote_to if wrote_to in usable else sms.chapter_numbers.get(chapter or "")
        if choice is None and sms.numbers:
            if used is None:
                # Counting walks through every phone that knows us: only where there is a choice.
                used = _used(session) if len(sms.numbers) > 1 else Counter()
            choice = min(sms.numbers, key=lambda number: (used[number], sms.numbers.index(number)))
            used[choice] += 1
        choice = choice or sms.messaging_service or next(iter(sms.every_number), None)
        if choice is None:
            continue
        if phone in known:
            # The number it knew is ours no more.
            known[phone].our_number = choice
        else:
            fresh[phone] = choice
    if fresh:
        _insert(session, fresh, now)
        known |= lines_of(session, fresh)
    return known


def _used(session: Session) -> "Counter[str]":
    rows = session.execute(select(TextLine.our_number, func.count()).group_by(TextLine.our_number))
    return Counter(dict(rows.tuples().all()))


def _insert(session: Session, fresh: Mapping[str, str], now: datetime) -> None:
    rows = [{"phone": phone, "our_number": number, "created_at": now} for phone, number in sorted(fresh.items())]
    # Two couriers may meet the same phone at once; the first one's choice holds.
    insert_new(session, _TEXT_LINE, rows)


def knows_us_by(session: Session, phone: str, our_number: str, now: datetime) -> TextLine:
    """The phone hears from this number of ours from now on, because it wrote to it."""
    line = session.get(TextLine, phone)
    if line is None:
        _insert(session, {phone: our_number}, now)
        line = session.get_one(TextLine, phone)
    line.our_number = our_number
    session.flush()
    return line
