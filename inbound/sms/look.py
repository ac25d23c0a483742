"""The look: what the provider took in and our doors missed is taken in afterwards, from the provider's own list.

A provider calls once, or a few times, and then no more (help.twilio.com, error 11200). So every few minutes each number
of ours is asked what came in since the last look, with an overlap; what is not here yet is kept as if it had just come,
and goes the way of every text. The provider's id is its key: two looks at once take it in once, by the key's own
constraint, and what the door takes besides is a duplicate.
"""

import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base import lease
from engine.base.broker import wake_on_commit
from engine.base.bulk import insert_new
from engine.base.db import table_of
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
#: How long texts wait for the provider to say where their pictures are, from the first look that it did not tell.
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
    heard = texts.received_since(number, since)
    settled = [each for each in heard.texts if each.created_at <= now - SETTLING and each.sid]
    with services.db.read() as session:
        missing = _not_here(session, settled)
    # Words first: asking where pictures are may take long, and holds up nobody else's.
    arrivals = [_arrival(each, ()) for each in missing if not each.media]
    patient = known is None or known.held_since_at is None or now - known.held_since_at < PICTURES_WITHIN
    shown, held = _with_pictures([each for each in missing if each.media], texts, patient=patient)
    taken = _take_in(services, arrivals, now) + _take_in(services, shown, now)
    with services.db.write() as session:
        insert_new(session, table_of(TextLook), [{"our_number": number, "created_at": now, "looked_at": since}])
        row = session.get_one(TextLook, number, with_for_update=True)
        row.held_since_at = (row.held_since_at or now) if held else None
        if heard.whole:
            until = min([now - SETTLING, *(each.created_at - timedelta(seconds=1) for each in held)])
            row.looked_at = max(row.looked_at, until)
    if not heard.whole:
        log.warning("the provider's list of texts broke off; the next look goes as far back", count=len(heard.texts))
    if taken:
        log.warning("texts that our door missed were taken in", count=taken)
    return taken


def _with_pictures(
    missing: Sequence[ProviderText], texts: TextChannel, *, patient: bool
) -> tuple[list[Arrival], list[ProviderText]]:
    """What can be taken in with its pictures, and what waits for the provider to say where these are.

    Its words are worth more than its pictures: once patience is over it comes without them. A provider that does not
    say it of one is not asked about the others in this look.
    """
    arrivals: list[Arrival] = []
    held: list[ProviderText] = []
    away = False
    for each in missing:
        try:
            if away:
                raise ProviderAway("It did not say so of the one before.")
            arrivals.append(_arrival(each, texts.pictures_of(each.sid)))
        except ProviderAway:
            away = True
            if patient:
                held.append(each)
            else:
                arrivals.append(_arrival(each, ()))
    return arrivals, held


def _take_in(services: Services, arrivals: Sequence[Arrival], now: datetime) -> int:
    """They are kept and on their way, but for those that another look kept meanwhile; how many."""
    if not arrivals:
        return 0
    with services.db.write() as session:
        kept = [row_id for accepted in keep(session, arrivals, now) for row_id in accepted.received_ids]
        for row_id in kept:
            wake_on_commit(session, ROUTE, row_id)
    return len(kept)


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


def _arrival(text: ProviderText, pictures: Sequence[tuple[str, str]]) -> Arrival:
    """The text in the form in which the provider would have told us of it, with the pictures whose addresses and types
    are given; filed under its key from the start, so that no second look can take it in."""
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
    for number, (url, content_type) in enumerate(pictures):
        form |= {f"MediaUrl{number}": url, f"MediaContentType{number}": content_type}
    return Arrival(
        DOOR,
        (text.to,),
        urlencode(form).encode(),
        helo="taken from the provider's list",
        mail_from=text.from_,
        provider=PROVIDER,
        provider_id=text.sid,
        key=text_key(PROVIDER, text.sid),
    )
