"""Days ahead: on which days so much would leave, by your own settings (engine.outbox.estimate says it of a send).

Mail keeps to the warm-up's table, if all goes well; texts to the brand's day, and to what the numbers can say within
texting hours. What waits already stands before it. Nothing is changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.base.local_time import first_known
from engine.base.setting_groups.texting import Texting
from engine.base.settings import Settings
from engine.outbox import pace, text_day, warm_up
from engine.outbox.classes import ranks_to_many
from engine.outbox.delivery import OutboxDue

_NO_LIMIT = 1 << 60
#: No list is followed further than this.
MOST_DAYS = 3660


@dataclass(frozen=True, slots=True)
class DaysOfMail:
    """How many of so many letters leave on each day; `ahead` wait already and go first. Empty days: nothing to send."""

    letters: int
    ahead: int
    days: tuple[tuple[date, int], ...]


def days_of_mail(session: Session, settings: Settings, letters: int, now: datetime) -> DaysOfMail:
    """On which days so many letters to many leave, beginning today."""
    ahead = _waiting(session, "email")
    today = now.astimezone(first_known([settings.organization.zone])).date()
    standing = warm_up.standing(session, settings, now)
    if standing is None:
        return DaysOfMail(letters, ahead, ((today, letters),) if letters else ())
    place, used = standing
    found = warm_up.days_for(ahead + letters, settings.warm_up.days, place, used)
    return DaysOfMail(letters, ahead, _from_today(today, _behind(found, ahead)))


def days_of_segments(
    session: Session, settings: Settings, texts: int, segments: int, ahead_segments: int, now: datetime
) -> tuple[tuple[date, int], ...]:
    """How many of so many texts, of so many segments together, leave on each day of the carriers', beginning today.

    Long and short ones are taken to be well mixed. Today has the hours that are left of it where the organization is.
    """
    if not texts:
        return ()
    sms = settings.sms
    row = text_day.row_of(session, now) if sms.per_day else None
    local = now.astimezone(first_known([settings.organization.zone])).time()
    found: list[int] = []
    gone, left_before = 0, 0
    while gone < ahead_segments + segments and len(found) < MOST_DAYS:
        if found:
            room = segments_of_a_day(sms)
        else:
            room = max(0, segments_of_a_day(sms, local, row.used if row is not None else 0))
        gone = min(ahead_segments + segments, gone + room)
        mine = max(0, gone - ahead_segments) * texts // segments
        found.append(mine - left_before)
        left_before = mine
    return _from_today(now.astimezone(first_known([sms.day_zone])).date(), found)


def segments_of_a_day(sms: Texting, since: time | None = None, used: int = 0) -> int:
    """Segments that may leave to many on one day: the brand's share, and what our numbers can say in texting hours.

    `since`: of a day on which it is that time already, and on which so many have left.
    """
    opens = max(sms.opens, since) if since is not None else sms.opens
    if opens >= sms.closes:
        return 0
    seconds = (datetime.combine(date.min, sms.closes) - datetime.combine(date.min, opens)).total_seconds()
    numbers = max(1, len(sms.every_number))
    most = int(seconds / pace.spacing(sms.per_second).total_seconds()) * numbers
    if sms.per_minute:
        most = min(most, int(seconds / pace.spacing(sms.per_minute, 60.0).total_seconds()))
    if sms.per_day:
        return max(0, min(most, sms.per_day - sms.kept_for_answers - used))
    return most


def leaving(
    session: Session, settings: Settings, wanted: Sequence[tuple[date, int, int]], now: datetime
) -> list[tuple[date, int, int]]:
    """Of letters and segments wanted on some days: how many leave on each, the warm-up's table and the cap kept to.

    Days follow one another; what is left over after the last would leave later.
    """
    if not wanted:
        return []
    first, last = wanted[0][0], wanted[-1][0]
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    many = {day: (letters, segments) for day, letters, segments in wanted}
    standing, table = warm_up.standing(session, settings, now), settings.warm_up.days
    rooms = [_NO_LIMIT] * len(days)
    if standing is not None:
        place, used = standing
        rooms = [table[n] if n < len(table) else _NO_LIMIT for n in range(place, place + len(days))]
        rooms[0] = max(0, rooms[0] - used)
    row = text_day.row_of(session, now) if settings.sms.per_day else None
    texts = [segments_of_a_day(settings.sms)] * len(days)
    if row is not None:
        texts[0] = segments_of_a_day(settings.sms, used=row.used)
    mails = kept_to([many.get(day, (0, 0))[0] for day in days], rooms)
    segments = kept_to([many.get(day, (0, 0))[1] for day in days], texts)
    return [pair for pair in zip(days, mails, segments, strict=True) if pair[1] or pair[2]]


def kept_to(wanted: Sequence[int], rooms: Sequence[int]) -> list[int]:
    """How many leave on each day where so many are wanted and so many may; what is over goes to the day after."""
    found: list[int] = []
    over = 0
    for want, room in zip(wanted, rooms, strict=True):
        found.append(min(want + over, room))
        over += want - found[-1]
    return found


def _behind(found: Sequence[int], ahead: int) -> list[int]:
    """The days without what stands ahead of the list."""
    mine: list[int] = []
    for many in found:
        theirs = min(ahead, many)
        ahead -= theirs
        mine.append(many - theirs)
    return mine


def _from_today(today: date, found: Sequence[int]) -> tuple[tuple[date, int], ...]:
    return tuple((today + timedelta(days=number), many) for number, many in enumerate(found) if many)


def _waiting(session: Session, channel: str) -> int:
    return session.scalar(select(func.count()).where(OutboxDue.rank.in_(ranks_to_many(channel)))) or 0
