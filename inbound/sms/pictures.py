"""Pictures: what came with a text is fetched from the provider, made harmless, and kept beside the words."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.services import Services
from engine.conversations.picture import ReceivedPicture
from engine.outbox.fan_out import PICTURES, FanOut
from inbound.sms.fetching import MOST_BYTES, Fetched, due, fetch
from inbound.sms.harmless import harmless

_PICTURE = Fetched(ReceivedPicture, lambda texts, url: texts.picture(url, MOST_BYTES), harmless)


def fetch_picture(services: Services, picture_id: int) -> None:
    """The picture is there, or refused, or waits for its next try; a topic's post that waited for it goes on."""
    fetch(services, _PICTURE, picture_id)
    with services.db.read() as session:
        waiting = session.scalar(
            select(FanOut.message_id)
            .join(ReceivedPicture, ReceivedPicture.message_id == FanOut.message_id)
            .where(ReceivedPicture.id == picture_id, ReceivedPicture.due_at.is_(None), FanOut.state == "pictures")
        )
    if waiting is not None:
        services.broker.wake(PICTURES, waiting)


def due_pictures(session: Session, now: datetime) -> list[int | None]:
    """Pictures that are to be fetched by now."""
    return due(session, ReceivedPicture, now)
