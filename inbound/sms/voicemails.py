"""Voicemails: what a caller said is fetched from the provider and kept beside the call, to be saved and listened to."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine.base.errors import Invalid
from engine.base.services import Services
from engine.conversations.voicemail import Voicemail
from inbound.sms.fetching import MOST_BYTES, Fetched, due, fetch


def sound(body: bytes) -> tuple[str, bytes]:
    """The type of a recording, told by its first bytes, and the bytes. Raises Invalid for what is none."""
    if body[:4] == b"RIFF" and body[8:12] == b"WAVE":
        return "audio/wav", body
    if body[:3] == b"ID3" or (len(body) > 1 and body[0] == 0xFF and body[1] & 0xE0 == 0xE0):
        return "audio/mpeg", body
    raise Invalid("What the provider gave is no recording.")


_VOICEMAIL = Fetched(Voicemail, lambda texts, url: texts.recording(url, MOST_BYTES), sound)


def fetch_voicemail(services: Services, voicemail_id: int) -> None:
    """The recording is there, or refused, or waits for its next try."""
    fetch(services, _VOICEMAIL, voicemail_id)


def due_voicemails(session: Session, now: datetime) -> list[int | None]:
    """Recordings that are to be fetched by now."""
    return due(session, Voicemail, now)
