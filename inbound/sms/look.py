"""The look: what the provider took in and our doors missed is taken in afterwards, from the provider's own list.

A provider calls once, or a few times, and then no more (help.twilio.com, error 11200). So every few minutes each number
of ours is asked what came in since the last look, with an overlap; what is not here yet is kept as if it had just come,
and goes the way of every text. Taken in twice, it is a duplicate: the provider's id is its key.
"""

import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base import lease
from engine.base.broker import wake_on_commit
from engine.base.errors import ProviderAway
from engine.base.ids import new_id
from engine.base.log import logger
from engine.base.services import ProviderText, Services, TextChannel
from engine.conversations.look import TextLook
from engine.conversations.received import FiledKey, Received
from inbound.receive import ROUTE, Arrival, keep
from inbound.sms.door import DOOR
from inbound.sms.webhook import PROVIDER
from reply_router.reading.text_message import SAID_AT
from reply_router.text_route import text_key

JOB = "texts.look"
#: What came less than this ago may still be on its way to our door.
SETTLING = timedelta(minutes=1)
OVERLAP = timedelta(minutes=10)
#: How far the first look of all goes back: what came to a number before it was ours is not ours.
FIRST = timedelta(minutes=15)
#: How long a text waits for the provider to say where its pictures are.
PICTURES_WITHIN = timedelta(minutes=30)
#: Wall time from one look to the next.
EVERY = timedelta(minutes=2)
_BATCH = 200

log = logger(__name__)


def look_if_due(services: Services) -> int:
    """The look was made, if nobody made one within the last two minutes; how many texts our doors had missed."""
    with services.db.write() as session:
        # Not given back: it says when the next look is due, in wall time, for all processes together.
        if not lease.take(session, JOB, f"{socket.gethostname()}:{new_id()}"[:60], datetime.now(UTC), EVERY):
            return 0
    return look(services)


def is_due(session: Session) -> bool:
    """Whether the last look was two minutes ago."""
    last = session.get(lease.Lease, JOB)
    return last is None or last.until_at <= datetime.now(UTC)


def look(services: Services) -> int:
    """Everything that came in to our numbers until a minute ago is here; how many texts our doors had missed."""
    texts, sms = services.texts, services.settings.sms
    if texts is None or not sms.enabled:
        return 0
    missed = 0
    for number in sms.every_number:
        try:
            missed += _look_at(services, texts, number)
        except ProviderAway as error:
            log.warning("the provider's list of texts cannot be read; the next look goes as far back", error=str(error))
    return missed


def _look_at(services: Services, texts: TextChannel, number: str) -> int:
    now = services.clock.now()
    with services.db.read() as session:
        known = session.get(TextLook, number)
        since = (known.looked_at if known is not None else now - FIRST) - OVERLAP
    until = now - SETTLING
    listed = [each for each in texts.received_since(number, since) if each.created_at <= until and each.sid]
    with services.db.read() as session:
        missing = _not_here(session, listed)
    arrivals: list[Arrival] = []
    for each in missing:
        try:
            arrivals.append(_arrival(each, texts))
        except ProviderAway:
            # Its words are worth more than its pictures, and it holds up nobody else's.
            if now - each.created_at > PICTURES_WITHIN:
                arrivals.append(_arrival(each, None))
            else:
                until = min(until, each.created_at - timedelta(seconds=1))
    with services.db.write() as session:
        for accepted in keep(session, arrivals, now):
            for received_id in accepted.received_ids:
                wake_on_commit(session, ROUTE, received_id)
        row = session.get(TextLook, number)
        if row is None:
            session.add(TextLook(our_number=number, created_at=now, looked_at=until))
        elif row.looked_at < until:
            row.looked_at = until
    if arrivals:
        log.warning("texts that our door missed were taken in", count=len(arrivals))
    return len(arrivals)


def _not_here(session: Session, listed: Sequence[ProviderText]) -> list[ProviderText]:
    """Those of the list that have neither been filed nor wait to be."""
    waiting = set(
        session.scalars(select(Received.provider_id).where(Received.outcome.is_(None), Received.door == DOOR))
    )
    missing: list[ProviderText] = []
    for first in range(0, len(listed), _BATCH):
        batch = listed[first : first + _BATCH]
        keys = {text_key(PROVIDER, each.sid): each for each in batch}
        filed = set(session.scalars(select(FiledKey.key).where(FiledKey.key.in_(keys))))
        missing += [each for key, each in keys.items() if key not in filed and each.sid not in waiting]
    return missing


def _arrival(text: ProviderText, texts: TextChannel | None) -> Arrival:
    """The text in the form in which the provider would have told us of it; without `texts` its pictures are left out.

    Raises ProviderAway when it does not say where its pictures are.
    """
    form = {
        "MessageSid": text.sid,
        "SmsSid": text.sid,
        "From": text.from_,
        "To": text.to,
        "Body": text.body,
        "NumMedia": str(text.media),
        "SmsStatus": "received",
        SAID_AT: text.created_at.isoformat(),
    }
    if text.media and texts is not None:
        for number, (url, content_type) in enumerate(texts.pictures_of(text.sid)):
            form |= {f"MediaUrl{number}": url, f"MediaContentType{number}": content_type}
    return Arrival(
        DOOR,
        (text.to,),
        urlencode(form).encode(),
        helo="taken from the provider's list",
        mail_from=text.from_,
        provider=PROVIDER,
        provider_id=text.sid,
    )
