"""Sending orders: `#pause everything` and `#resume everything`, by mail or text, from whoever is staff of the whole.

Like every order it is carried out only when it is proven who speaks; else it waits for one press (law 9).
"""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from engine.chapters.membership import roles_of
from engine.outbox.sending_pause import pause_sending, resume_sending

if TYPE_CHECKING:
    from engine.outbox.orders import Order

#: The order's first word of its argument, in the languages that orders are given in.
_EVERYTHING = ("everything", "all", "todo")
VERBS = ("pause", "resume")


def sending_order(session: Session, member_id: int, order: "Order", now: datetime) -> tuple[str, str]:
    """The order is carried out, or nothing is changed: the word that says so (desk_mail.*), and the effect."""
    first, _, rest = order.argument.partition(" ")
    if first.strip(" .,:;!").casefold() not in _EVERYTHING:
        return "pause_unknown", ""
    if (None, "staff") not in roles_of(session, member_id):
        return "pause_not_yours", ""
    if order.verb == "resume":
        return (
            ("everything_resumed", "sending_resumed") if resume_sending(session, member_id, now) else ("not_paused", "")
        )
    why = " ".join(each for each in (rest, order.text) if each).strip(" .,:;!")
    fresh = pause_sending(session, member_id, why, "mail", now)
    return ("everything_paused", "sending_paused") if fresh else ("paused_before", "")
