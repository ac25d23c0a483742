"""Handed over: the doctor's question whether replies reach whoever conversations were handed to (N21)."""

from datetime import datetime

from sqlalchemy.orm import Session

from admin.check import Check, counted
from engine.base.settings import Settings
from engine.conversations.reply_test import unreached


def replies_reach_who_took_over(session: Session, _now: datetime, _settings: Settings) -> Check:
    """Whether every reply tried after a hand-over reached the next person; else the first that did not, and why."""
    count, some = unreached(session, 1)
    says = counted(
        count,
        "Replies reach whoever conversations were handed to.",
        "One conversation was handed over, and a reply to it does not reach the next person.",
        "{} conversations were handed over, and replies to them do not reach the next person.",
    )
    first = f" The first is /conversations/{some[0][0]}: {some[0][1]}" if some else ""
    fix = "Open it and give it to somebody who is there, or mend the address that is named."
    return Check("replies after a hand-over", count == 0, says + first, fix)
