"""Call: one webhook of a mail provider as it came, and what it turns out to be."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

#: Fields that one form may have.
_MOST_FIELDS = 1_000


@dataclass(frozen=True, slots=True)
class Call:
    """The bytes, how they are written, and who they say they are from."""

    raw: bytes
    content_type: str = ""
    user: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """It tells what became of a letter; `raw` is kept and read again (reply_router.reading.events)."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class Brought:
    """It brings somebody's mail to us, as its server took it. `mail_from` is empty for the null sender."""

    recipients: tuple[str, ...]
    raw: bytes
    mail_from: str
    provider_id: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """It is the provider's, and nothing has to be kept."""

    says: str


def fields_of(call: Call) -> Mapping[str, bytes] | None:
    """A form's fields, byte for byte; None for what is no form, or names a field twice.

    A whole mail stands in one of them, and is not always text: the usual way to read a form would spoil it.
    """
    kind, options = parse_options_header(call.content_type)
    if kind == "application/x-www-form-urlencoded":
        try:
            pairs = parse_qsl(
                call.raw.decode("ascii"),
                keep_blank_values=True,
                encoding="latin-1",
                max_num_fields=_MOST_FIELDS,
                strict_parsing=True,
            )
        except ValueError:
            return None
        return _single([(name, value.encode("latin-1")) for name, value in pairs])
    if kind == "multipart/form-data" and options.get("boundary"):
        try:
            return _single(_parts(call.raw, options["boundary"].encode("latin-1", "replace")))
        except ValueError:
            return None
    return None


def _parts(raw: bytes, boundary: bytes) -> list[tuple[str, bytes]]:
    decoder = MultipartDecoder(boundary, max_parts=_MOST_FIELDS)
    decoder.receive_data(raw)
    decoder.receive_data(None)
    found: list[tuple[str, bytes]] = []
    pieces: list[bytes] = []
    while not isinstance(event := decoder.next_event(), Epilogue | NeedData):
        if isinstance(event, Field | File):
            found.append((event.name or "", b""))
            pieces = []
        elif isinstance(event, Data):
            pieces.append(event.data)
            if not event.more_data and found:
                found[-1] = (found[-1][0], b"".join(pieces))
    return found


def _single(pairs: list[tuple[str, bytes]]) -> Mapping[str, bytes] | None:
    found = dict(pairs)
    return found if len(found) == len(pairs) else None
