"""Sending orders: `#pause everything` and `#resume everything`, from whoever is staff of the whole organization.

By mail to any address of ours, or as an answer to a notice; by text as an answer to an alert.

Like every order it is carried out only when it is proven who speaks; else it waits for one press (law 9).
"""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from engine.chapters.membership import roles_of
from engine.outbox.sending_pause import How, pause_sending, resume_sending

if TYPE_CHECKING:
    from engine.outbox.order import Order

#: The order's first word of its argument, in the languages that orders are given in.
_EVERYTHING = ("everything", "all", "todo")
VERBS = ("pause", "resume")
#: The same as Spanish has it: `#pausa todo`, `#reanuda todo`.
SPANISH = {"pausa": "pause", "pausar": "pause", "reanuda": "resume", "reanudar": "resume"}


def is_whole(order: "Order") -> bool:
    """Whether it says that it is about everything."""
    return _first(order) in _EVERYTHING


def beside_everything(order: "Order") -> str:
    """What stands on the order's own line besides what it is about."""
    return order.argument.partition(" ")[2].strip(" ,:;") if is_whole(order) else order.argument


def sending_order(session: Session, member_id: int, order: "Order", how: How, now: datetime) -> tuple[str, str]:
    """The order is carried out, or nothing is changed: the word that says so (desk_mail.*), and the effect."""
    if not is_whole(order):
        return "pause_unknown", ""
    if (None, "staff") not in roles_of(session, member_id):
        return "pause_not_yours", ""
    if order.verb == "resume":
        return (
            ("everything_resumed", "sending_resumed") if resume_sending(session, member_id, now) else ("not_paused", "")
        )
    why = " ".join(each for each in (beside_everything(order), order.text) if each).strip(" .,:;!")
    fresh = pause_sending(session, member_id, why, how, now)
    return ("everything_paused", "sending_paused") if fresh else ("paused_before", "")


def _first(order: "Order") -> str:
    return order.argument.partition(" ")[0].strip(" .,:;!").casefold()
