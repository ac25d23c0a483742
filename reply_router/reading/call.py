"""Call: what the provider's webhook tells of one call to a number of ours, and of what was said after the tone."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

_MOST_FIELDS = 200
#: No voicemail is longer than that, whatever a form says.
_MOST_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Call:
    """One thing told of a call. `url` is empty where it tells only that the call is over."""

    sid: str
    recording_sid: str = ""
    url: str = ""
    seconds: int = 0
    trouble: str = ""

    @property
    def has_words(self) -> bool:
        """Whether something was recorded."""
        return bool(self.url)


def read_call(raw: bytes) -> Call:
    """What the form tells."""
    try:
        pairs = parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return Call("", trouble="It has more fields than can be read.")
    form = dict(pairs)
    url = form.get("RecordingUrl", "")
    length = form.get("RecordingDuration", "")
    seconds = int(length) if length.isascii() and length.isdecimal() and len(length) < 6 else 0
    return Call(form.get("CallSid", ""), form.get("RecordingSid", ""), url, min(seconds, _MOST_SECONDS))
