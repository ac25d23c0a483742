"""Calls: somebody out there rings a number of ours, and speaks after the tone, or does not.

The whole call is made while the caller waits, as calls are: our door is asked what to do, its TwiML is followed as far
as the provider would follow it for such a call, and what was recorded can be fetched from then on.

https://www.twilio.com/docs/voice/twiml, https://www.twilio.com/docs/voice/twiml/record
"""

import io
import math
import random
import wave
from dataclasses import dataclass
from xml.etree import ElementTree

from admin.sandbox.carrier.form import API_VERSION
from admin.sandbox.carrier.our_door import OurDoor
from admin.sandbox.carrier.text import new_sid
from admin.sandbox.store import Store

SHAPE = """
CREATE TABLE IF NOT EXISTS call (
    sid TEXT PRIMARY KEY, phone TEXT NOT NULL, our_number TEXT NOT NULL, recording_sid TEXT NOT NULL,
    seconds INTEGER NOT NULL, taken INTEGER NOT NULL, greeting TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS call_recording ON call (recording_sid);
"""
_RATE = 8000
#: The longest that somebody speaks.
LONGEST = 180


@dataclass(frozen=True, slots=True)
class Call:
    """One call: what the caller heard, and whether our door took what was told of it."""

    sid: str
    taken: bool
    #: The words that were spoken to them, each with its language.
    heard: tuple[tuple[str, str], ...]


class Calls:
    """The carrier's calls; safe from any thread."""

    def __init__(self, store: Store, door: OurDoor, account: str) -> None:
        self._store, self._door, self._account = store, door, account
        self.api_url = ""
        store.shape(SHAPE)

    def make(self, phone: str, to: str, seconds: int, key: str = "") -> Call:
        """The call was made, and words of so many seconds left (0: none). Given the same key again, it is the same."""
        sid = new_sid("CA", key)
        recording = new_sid("RE", sid) if seconds else ""
        form = self._form(sid, phone, to)
        base = self._door.received_url.removesuffix("/texts/received")
        answer, body = self._door.ask(f"{base}/calls/received", {**form, "CallStatus": "ringing"}, f"{sid} received")
        spoken = _parsed(body) if answer.taken else None
        heard = tuple((each.get("language", ""), each.text or "") for each in spoken or () if each.tag == "Say")
        record = spoken.find("Record") if spoken is not None else None
        told = [answer.taken]
        self._keep(sid, phone, to, recording, seconds, heard)
        if record is not None and recording:
            words = {
                "RecordingSid": recording,
                "RecordingUrl": f"{self.api_url}/{API_VERSION}/Accounts/{self._account}/Recordings/{recording}",
                "RecordingDuration": str(seconds),
            }
            over = {**form, **words, "CallStatus": "completed", "Digits": "hangup"}
            told.append(self._door.call(record.get("action", ""), over, f"{sid} recorded").taken)
            done = {
                "AccountSid": self._account, "CallSid": sid, **words, "RecordingStatus": "completed",
                "RecordingChannels": "1", "RecordingSource": "RecordVerb",
            }  # fmt: skip
            told.append(self._door.call(record.get("recordingStatusCallback", ""), done, f"{sid} recording").taken)
        ended = {**form, "CallStatus": "completed", "CallDuration": str(seconds + 12)}
        told.append(self._door.call(f"{base}/calls/ended", ended, f"{sid} ended").taken)
        # Words are safe once our door took them by either way.
        taken = told[0] and (any(told[1:-1]) if recording else told[-1])
        self._store.change("UPDATE call SET taken = ? WHERE sid = ?", int(taken), sid)
        return Call(sid, taken, heard)

    def recording(self, recording_sid: str) -> bytes | None:
        """The recording as the provider has it, or None."""
        rows = self._store.ask("SELECT seconds FROM call WHERE recording_sid = ? AND seconds > 0", recording_sid)
        return murmur(rows[0][0], recording_sid) if rows else None

    def _form(self, sid: str, phone: str, to: str) -> dict[str, str]:
        return {
            "CallSid": sid, "AccountSid": self._account, "From": phone, "To": to, "Caller": phone, "Called": to,
            "Direction": "inbound", "ApiVersion": API_VERSION,
        }  # fmt: skip

    def _keep(
        self, sid: str, phone: str, to: str, recording: str, seconds: int, heard: tuple[tuple[str, str], ...]
    ) -> None:
        self._store.change(
            "INSERT OR IGNORE INTO call (sid, phone, our_number, recording_sid, seconds, taken, greeting)"
            " VALUES (?,?,?,?,?,0,?)",
            *(sid, phone, to, recording, seconds, " ".join(words for _, words in heard)),
        )


def murmur(seconds: int, key: str) -> bytes:
    """A WAV of that length in which somebody seems to speak behind a wall: no words, so that nobody is imitated."""
    chance = random.Random(key)  # noqa: S311
    samples = bytearray()
    while len(samples) < seconds * _RATE:
        length, pitch = chance.randrange(900, 2200), chance.uniform(95, 160)
        loud = chance.choice((0, 30, 40, 48))
        samples += bytes(
            int(128 + loud * math.sin(math.pi * at / length) * math.sin(2 * math.pi * pitch * at / _RATE))
            for at in range(length)
        )
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(_RATE)
        file.writeframes(bytes(samples[: seconds * _RATE]))
    return written.getvalue()


def _parsed(body: bytes) -> ElementTree.Element | None:
    try:
        return ElementTree.fromstring(body)  # noqa: S314 (our own door wrote it)
    except ElementTree.ParseError:
        return None
