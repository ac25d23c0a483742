"""View: a delivery as its reader gets it, for the outbox's page and the sandbox. Looking changes nothing."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engine.base.errors import NotFound
from engine.outbox.delivery import Delivery
from engine.outbox.letter import Unwritable, write
from engine.outbox.material import Material, read_material
from engine.outbox.press import Press
from engine.outbox.text import write_text


@dataclass(frozen=True, slots=True)
class Copy:
    """One delivery, written out. `headers` and `size` are those of the real mail; `trouble`: why it cannot be shown."""

    delivery: Delivery
    subject: str
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    size: int
    trouble: str = ""


def copy_of(session: Session, with_: Press, delivery_id: int, now: datetime) -> Copy:
    """The delivery as it was sent, or as it would be sent now. Raises NotFound.

    Only what it is made of is kept, not the bytes: a member's name that changed since shows as it is today. Whose name
    it went out in is kept. The reader's own links are left out: a page for staff must not hold them.
    """
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        raise NotFound("There is no such message.")
    material = read_material(session, [delivery], now, with_.settings.mail, give=False)
    if delivery.sent_at is not None:
        material.signers.pop(delivery.id, None)
        if delivery.author_id is not None:
            material.signers[delivery.id] = delivery.author_id
    if delivery.channel == "sms":
        return _text_copy(delivery, material, with_, delivery.sent_at or now)
    written = write(delivery, material, with_, delivery.sent_at or now, show_links=False)
    if isinstance(written, Unwritable):
        return Copy(delivery, delivery.subject or "", (), delivery.text or "", "", 0, written.says)
    mail = written.rendered
    return Copy(delivery, mail.subject, written.head, mail.text, mail.html, len(written.message))


def _text_copy(delivery: Delivery, material: Material, with_: Press, now: datetime) -> Copy:
    if delivery.body is not None:
        return Copy(delivery, "", (), delivery.body, "", len(delivery.body))
    text = write_text(delivery, material, with_, now, is_first=False, show_links=False)
    if isinstance(text, Unwritable):
        return Copy(delivery, "", (), delivery.text or "", "", 0, text.says)
    return Copy(delivery, "", (), text.body, "", len(text.body))
