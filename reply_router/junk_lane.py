"""The junk lane: whom mail may be junk of, and what of it is kept to look at (engine.conversations.junk)."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine.base.setting_groups.mail import Mail as MailSettings
from engine.conversations.junk import Junk
from engine.conversations.received import Received
from reply_router.junk import junk_words, verdict
from reply_router.mail_words import Mail, stored
from reply_router.place import Place
from reply_router.proof.proof import Proof
from reply_router.proof.prove import is_ours
from reply_router.reading import Reading
from reply_router.sender import Sender


def junk_in(
    received: Received, reading: Reading, raw: bytes, sender: Sender, place: Place, proof: Proof, mail: MailSettings
) -> str:
    """Why it is junk; "" for what a person rescued, and for whoever we know or who had words of ours before them."""
    if received.detail.get("rescued") or place.ours or sender.member_ids or place.thread is not None:
        return ""
    believed = bool(mail.trusted_mta) and is_ours(mail, received.door, received.peer)
    return junk_words(reading, proof, verdict(raw) if believed else "", mail.domain)


def keep_junk(session: Session, mail: Mail, now: datetime) -> None:
    """It lies in the lane, with what a person needs to see whether it belongs there."""
    reading, sender = mail.reading, mail.case.sender
    session.add(
        Junk(
            received_id=mail.received.id,
            created_at=now,
            chapter_id=getattr(mail.case.aim, "chapter_id", None),
            from_address=stored(sender.address)[:320],
            from_name=stored(sender.name)[:200],
            subject=stored(reading.subject or "")[:400],
            words=stored(" ".join(reading.text.split()))[:400],
            why=mail.sentence,
        )
    )
