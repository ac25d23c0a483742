"""Sending: what holds messages back just now, for the doctor, the page Health and the command."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.check import Check
from engine.base.settings import Settings
from engine.chapters.chapter import Chapter
from engine.outbox.brakes import Brake, open_brakes
from engine.outbox.breaker import BRAND, MAIL, TEXTS, troubles
from engine.outbox.closed import Closed, closed
from engine.outbox.mail_pace import MailHost, slow_hosts
from engine.outbox.sending_pause import SendingPause, open_pause
from engine.outbox.text_day import TextDay
from engine.outbox.text_day import row_of as text_day_of
from engine.outbox.warm_up import WarmUpDay
from engine.outbox.warm_up import row_of as warm_up_of

#: The name of the check on it.
HELD_BACK = "messages may leave"


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Everything that holds messages back, or may today."""

    pause: SendingPause | None
    #: Each with its chapter's name; empty: letters of no chapter.
    brakes: tuple[tuple[Brake, str], ...]
    hosts: tuple[MailHost, ...]
    #: Queues that are closed until tomorrow.
    closed: tuple[Closed, ...]
    warm_up: WarmUpDay | None
    text_day: TextDay | None

    @property
    def reasons(self) -> list[str]:
        """What a person should know of it, in sentences, the gravest first."""
        found = [each.reason for each in self.closed]
        return found + [f"{name}: {row.says}" if name else row.says for row, name in self.brakes]


def held_back(session: Session, now: datetime) -> HeldBack:
    """What holds messages back now."""
    rows = open_brakes(session, now)
    names = dict(
        session.execute(select(Chapter.id, Chapter.name).where(Chapter.id.in_({row.chapter_id for row in rows})))
        .tuples()
        .all()
    )
    shut = {each.reason: each for channel in ("email", "sms") for each in closed(session, channel, now)}
    return HeldBack(
        open_pause(session),
        tuple((row, names.get(row.chapter_id, "")) for row in rows),
        tuple(slow_hosts(session, now)),
        tuple(shut.values()),
        warm_up_of(session, now),
        text_day_of(session, now),
    )


def nothing_is_held_back(session: Session, now: datetime, _settings: Settings) -> Check:
    """Whether everything may leave: no pause, no brake. A day that is used up is as it should be."""
    found = held_back(session, now)
    if found.pause is not None:
        fix = "`hearthline sending resume` lets messages leave again, or the page Health."
        return Check(HELD_BACK, False, found.reasons[0], fix)
    if found.brakes:
        row, name = found.brakes[0]
        fix = f'Find out why, then `hearthline sending lift {row.id} --why "..."`, or the page Health.'
        return Check(HELD_BACK, False, f"{name}: {row.says}" if name else row.says, fix)
    return Check(HELD_BACK, True, found.reasons[0] if found.reasons else "Nothing is paused or braked.")


def ways_out(session: Session) -> Check:
    """Whether something is at the other end that takes messages; the page Health has a place of its own for that."""
    found = troubles(session, MAIL, TEXTS, BRAND)
    if not found:
        return Check("ways out", True, "Nobody refuses everything that we send.")
    first = found[0]
    says = (
        f"No {'letter' if first.way == MAIL else 'text'} leaves since {first.since:%H:%M} UTC on {first.since:%d %B}: "
    )
    fix = (
        "Mend what it names, then let texts leave again on the page Health. Nothing is lost."
        if first.ends == "by hand"
        else "Mend what it names. One message a minute is tried until one is taken; then all go on by themselves, and "
        "nothing is lost."
    )
    return Check("ways out", False, f"{says}{first.reason}", fix)
