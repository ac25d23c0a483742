"""Relayed pictures: what came with a post as pictures is drawn anew and made small before the chapter gets it (law 8).

Only points remain: no place, no time, no camera, no name, no thumbnail of an uncut picture. What is no picture, or more
than a post may bring, is not passed on; the letter says that something was left off.
"""

import io
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.broker import Broker
from engine.base.errors import Unread
from engine.base.log import logger
from engine.base.services import Services
from engine.base.sweep import Sweep
from engine.conversations.message import Message
from engine.conversations.picture import PICTURES_BY_TEXT, ReceivedPicture
from engine.conversations.received import Received, ReceivedBytes
from engine.outbox.fan_out import PICTURES, FanOut, due_for_pictures, pictures_are_drawn, readers_of
from engine.outbox.relayed_picture import LONGEST_SIDE, MOST, MOST_BYTES, MOST_READERS, RelayedPicture
from reply_router.budget.readers import readers

if TYPE_CHECKING:
    from PIL import Image  # takes a moment to read: when first needed

#: 50 million points: more than a phone's camera makes, and 200 MB while it is drawn.
MOST_POINTS: Final = 50_000_000
KINDS: Final = ("JPEG", "PNG", "GIF", "WEBP")
CONTENT_TYPE: Final = "image/jpeg"
#: Tried in turn until it is small enough: the longer side, and JPEG's quality.
_TRIES: Final = ((LONGEST_SIDE, 82), (LONGEST_SIDE, 65), (800, 60), (480, 50))
#: So long a post waits for a picture that our reader cannot take out of its mail, or that the provider of texts does
#: not give; then its words go without.
PATIENCE: Final = timedelta(minutes=2)
#: One at a time is drawn in a process.
_DRAWING: Final = threading.Lock()
#: Attachments of one post that are looked at.
_MOST_LOOKED_AT: Final = 10

log = logger(__name__)


def register(broker: Broker, services: Services) -> None:
    """The job `topics.pictures` is known."""

    def draw(message_id: int | None) -> None:
        if message_id is not None:
            draw_pictures(services, message_id)

    broker.register(PICTURES, draw)


def draw_pictures(services: Services, message_id: int) -> None:
    """The post's pictures are drawn and it goes on its way; without those that cannot be drawn."""
    with services.db.read() as session:
        way = session.get(FanOut, message_id)
        if way is None or way.state != "pictures":
            return
        message = session.get_one(Message, message_id)
        numbers, raw = _attached(message, session)
        texted = _texted(session, message)
        patient = services.clock.now() - way.created_at < PATIENCE
        too_many = readers_of(session, way.chapter_id) > MOST_READERS
    if too_many:
        drawn = []
    elif texted:
        if patient and any(each.is_coming for each in texted):
            return  # whoever fetches it says so, and the sweep asks once more
        drawn = _first(drawn_anew(each.body) for each in texted if each.body is not None)
    else:
        try:
            drawn = _first(_taken_out(raw, number, message_id, patient=patient) for number in numbers)
        except Unread:
            return  # the reader was busy, or ended at it: the sweep asks once more
    now = services.clock.now()
    with services.db.write() as session:
        way = session.get(FanOut, message_id, with_for_update=True)
        if way is None or way.state != "pictures":
            return  # another worker was quicker
        session.add_all(
            RelayedPicture(message_id=message_id, place=place, created_at=now, content_type=CONTENT_TYPE, body=body)
            for place, body in enumerate(drawn)
        )
        pictures_are_drawn(session, message_id)


def _first(pictures: Iterable[bytes | None]) -> list[bytes]:
    """As many as a post may bring; those after them are not drawn at all."""
    return list(islice((each for each in pictures if each is not None), MOST))


def _taken_out(raw: bytes, number: int, message_id: int, *, patient: bool) -> bytes | None:
    """One part of the mail, drawn; None for what is no picture. Raises Unread while it may yet be taken out."""
    try:
        return drawn_anew(readers.attachment(raw, number))
    except Unread as error:
        log.warning("a post's attachment could not be taken out", message_id=message_id, error=str(error))
        if patient:
            raise
        return None


def drawn_anew(body: bytes) -> bytes | None:
    """The picture's points as a JPEG of at most MOST_BYTES; None for what is no picture, or will not become small."""
    from PIL import Image, UnidentifiedImageError

    try:
        # Its size is known before a point of it is drawn.
        with _DRAWING, Image.open(io.BytesIO(body), formats=KINDS) as image:
            if image.width * image.height > MOST_POINTS:
                return None
            return _small(image)
    except (UnidentifiedImageError, Image.DecompressionBombError):
        return None
    except Exception as error:  # a decoder meets a stranger's bytes; the words go out, whatever it raises
        log.info("a picture could not be drawn", error=type(error).__name__)
        return None


def _small(image: "Image.Image") -> bytes | None:
    from PIL import Image, ImageOps

    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    # How it was held is in its notes: it is turned upright, and the notes stay behind.
    upright = ImageOps.exif_transpose(image)
    flat: Any = upright.convert("RGBA") if "A" in upright.getbands() or "transparency" in upright.info else upright
    points = Image.new("RGB", flat.size, "white")
    points.paste(flat.convert("RGB"), mask=flat.getchannel("A") if flat.mode == "RGBA" else None)
    for side, quality in _TRIES:
        points.thumbnail((side, side))
        out = io.BytesIO()
        points.save(out, "JPEG", quality=quality, optimize=True)
        if out.tell() <= MOST_BYTES:
            return out.getvalue()
    return None


@dataclass(frozen=True, slots=True)
class _Texted:
    """One picture of a text; `is_coming`: the provider still has it."""

    body: bytes | None
    is_coming: bool


def _texted(session: Session, message: Message) -> list[_Texted]:
    """The pictures that came with a text, in their order; a mail has none of these."""
    if PICTURES_BY_TEXT not in message.detail:
        return []
    query = (
        select(ReceivedPicture.body, ReceivedPicture.due_at)
        .where(ReceivedPicture.message_id == message.id, ReceivedPicture.received_id == message.received_id)
        .order_by(ReceivedPicture.place)
        .limit(_MOST_LOOKED_AT)
    )
    return [_Texted(body, due_at is not None) for body, due_at in session.execute(query)]


def _attached(message: Message, session: Session) -> tuple[list[int], bytes]:
    """Which parts of the mail could be pictures, and its bytes."""
    numbers = [
        int(each["index"])
        for each in message.attachments
        if str(each.get("type", "")).startswith("image/") and "index" in each
    ]
    received = session.get(Received, message.received_id) if numbers and message.received_id is not None else None
    kept = session.get(ReceivedBytes, received.bytes_id) if received is not None else None
    return (numbers[:_MOST_LOOKED_AT], kept.body) if kept is not None else ([], b"")


SWEEPS = (Sweep(PICTURES, due_for_pictures, timedelta(seconds=10)),)
