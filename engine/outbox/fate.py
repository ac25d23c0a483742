"""Fate: what became of something we said, in a word and a sentence for whoever wrote it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.outbox.delivery import Delivery, Receipt
from engine.outbox.sending_pause import open_pause, said


@dataclass(frozen=True, slots=True)
class Fate:
    """`waits` until it may leave, `sent` to the relay, or `failed`, and why."""

    word: Literal["waits", "sent", "failed"]
    says: str = ""
    #: When what waits may leave at the earliest.
    leaves_at: datetime | None = None


def fates(session: Session, delivery_ids: Iterable[int | None]) -> dict[int, Fate]:
    """The fate of each of these deliveries; a bounce that came back later makes it `failed`."""
    ids = {row_id for row_id in delivery_ids if row_id is not None}
    if not ids:
        return {}
    rows = session.execute(
        select(Delivery.id, Delivery.state, Delivery.error_says, Delivery.refusal, Delivery.send_at).where(
            Delivery.id.in_(ids)
        )
    )
    pause = open_pause(session)
    held = said(pause) if pause is not None else ""
    found = {
        row_id: _fate(state, held if held and state == "queued" else error or refusal or "", at)
        for row_id, state, error, refusal, at in rows
    }
    returned = session.execute(
        select(Receipt.delivery_id, Receipt.says)
        .join(Delivery, Delivery.id == Receipt.delivery_id)
        # A text that came back may have been sent once more: its state says what became of it.
        .where(Receipt.delivery_id.in_(ids), Receipt.kind == "bounced", Delivery.channel != "sms")
    )
    return found | {row_id: Fate("failed", says) for row_id, says in returned}


def _fate(state: str, says: str, at: datetime) -> Fate:
    match state:
        case "sent":
            return Fate("sent")
        case "failed" | "refused" | "unsure":
            return Fate("failed", says)
        case _:
            return Fate("waits", says, at)
