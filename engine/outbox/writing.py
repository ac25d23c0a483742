"""Writing: the letters of a batch, written and signed. Whatever breaks in one stops no other."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from engine.base.log import logger
from engine.channels.dkim import Signer
from engine.outbox.delivery import Taken
from engine.outbox.letter import Unwritable, Written, write
from engine.outbox.material import Material
from engine.outbox.press import Press

#: So many are written before they are signed. In turns, the one pushes the other's code and tables out of the
#: processor's caches, and a letter takes a twentieth longer.
_TOGETHER = 150

log = logger(__name__)


def write_batch(
    deliveries: Sequence[Taken], material: Material, with_: Press, signer: Signer, now: datetime
) -> Iterator[tuple[Taken, Written | Unwritable]]:
    """Each delivery as a mail dated and signed `now`, or why not; in order."""
    for start in range(0, len(deliveries), _TOGETHER):
        some = deliveries[start : start + _TOGETHER]
        written = [_written(each, material, with_, now) for each in some]
        yield from zip(some, [_signed(each, signer, now) for each in written], strict=True)


def _written(delivery: Taken, material: Material, with_: Press, now: datetime) -> Written | Unwritable:
    try:
        return write(delivery, material, with_, now)
    except Exception as error:
        return _broken(delivery.id, error)


def _signed(mail: Written | Unwritable, signer: Signer, now: datetime) -> Written | Unwritable:
    if isinstance(mail, Unwritable):
        return mail
    try:
        return mail._replace(message=signer.signed(mail.message, now, mail.relaxed), relaxed=None)
    except Exception as error:
        return _broken(mail.delivery_id, error)


def _broken(delivery_id: int, error: Exception) -> Unwritable:
    log.error("a message broke while it was written", delivery_id=delivery_id, exc_info=error)
    return Unwritable("broken", f"It broke while it was written ({type(error).__name__}).")
