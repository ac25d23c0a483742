"""What the door of texts leaves to be done: fetching pictures and voicemails, and looking for what it missed."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from engine.base.broker import Broker
from engine.base.services import Services
from engine.base.sweep import Sweep
from inbound.sms.look import JOB as LOOK
from inbound.sms.look import is_due, look_if_due
from inbound.sms.pictures import due_pictures, fetch_picture
from inbound.sms.voicemails import due_voicemails, fetch_voicemail
from reply_router.calls import VOICEMAIL
from reply_router.text_filing import PICTURE


def register(broker: Broker, services: Services) -> None:
    """The jobs are known to the broker."""

    def fetch(row_id: int | None) -> None:
        if row_id is not None:
            fetch_picture(services, row_id)

    def look_again(_: int | None) -> None:
        look_if_due(services)

    def fetch_words(row_id: int | None) -> None:
        if row_id is not None:
            fetch_voicemail(services, row_id)

    broker.register(PICTURE, fetch)
    broker.register(VOICEMAIL, fetch_words)
    broker.register(LOOK, look_again)


def _look_due(session: Session, _now: datetime) -> list[int | None]:
    return [None] if is_due(session) else []


SWEEPS = (
    Sweep(PICTURE, due_pictures, timedelta(seconds=30)),
    Sweep(VOICEMAIL, due_voicemails, timedelta(seconds=30)),
    Sweep(LOOK, _look_due, timedelta(seconds=30), asks_outside=True),
)
