"""Choice: a member's own word on what may come to them, with everything that follows from it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from engine.audit.entry import record
from engine.base.broker import wake_on_commit
from engine.chapters.membership import Membership
from engine.enrollments.signal import signal
from engine.people.consent import EVERYTHING, Channel, Said, record_consent
from engine.people.member_pace import Pace, Wish, ask_pace
from engine.people.preference import latest, lets_come


def choose(
    session: Session, member_id: int, channel: Channel, scope: str, wanted: bool, said: Said, now: datetime
) -> bool:
    """Messages of `scope` come, or do not; True if that is a change, and then it stands in the ledger.

    Said again, nothing is added: a button pressed twice is one word. The gate reads the ledger in the transaction that
    claims a message, so what is queued already stays unsent.
    """
    before = latest(session, member_id, channel)
    if scope == EVERYTHING and not wanted:
        # Everything is stopped only if no single yes came after the last no to everything.
        newest = before.get(EVERYTHING)
        known = newest is not None and not newest.opted_in and not any(lets_come(each, before) for each in before)
    else:
        own = before.get(scope)
        known = own is not None and own.opted_in == wanted and lets_come(scope, before) == wanted
    if known:
        return False
    record_consent(session, member_id, channel, scope, wanted, said, now)
    record(
        session, member_id, "consent_changed", "member", member_id, now,
        channel=channel, scope=scope, opted_in=wanted, how=said.how,
    )  # fmt: skip
    if not wanted:
        signal(session, "opted_out", member_id, now, channel=channel, scope=scope)
    return True


def stop_everything(session: Session, member_id: int, channels: Sequence[Channel], said: Said, now: datetime) -> bool:
    """Nothing but answers to the member's own words comes on these channels; True if that is a change."""
    changes = [choose(session, member_id, channel, EVERYTHING, False, said, now) for channel in channels]
    return any(changes)


def choose_pace(session: Session, member_id: int, wish: Wish, now: datetime) -> Pace:
    """We write to the member as often as they asked; after MORE, what their pause held goes on at once."""
    pace = ask_pace(session, member_id, wish, now)
    if wish is Wish.MORE:
        signal(session, "hold_ended", member_id, now)
        wake_on_commit(session, "outbox.held", member_id)
    return pace


def came_back(session: Session, member_id: int, chapter_id: int, said: Said, now: datetime) -> None:
    """Its news comes by mail again to somebody who left and joined anew; to be called before they are in it."""
    membership = session.get(Membership, (member_id, chapter_id))
    if membership is not None and membership.left_at is not None:
        choose(session, member_id, "email", f"chapter:{chapter_id}", True, said, now)
