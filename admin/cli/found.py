"""What was found in one file, as the fields that `hearthline read --json` promises (docs/reading.md).

Whatever the file is, there is an answer: what cannot be read is of kind unreadable and says why in `error`.
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reply_router.reading.file_kind import FileKind, file_kind, webhook_of, words_of

if TYPE_CHECKING:
    from reply_router.reading import Reading
    from reply_router.reading.text_message import TextMessage

Found = dict[str, Any]

NO_WEBHOOK: Final = "It holds no fields of a text's webhook: neither a JSON object nor a form."
_TOO_LARGE: Final = "It is larger than {:,} MB, which no mail is; it was not opened."
#: More than a door of ours takes (40 MB), and few enough that two readers fit a small machine.
LARGEST: Final = 64_000_000


def found_in(path: str, kind: FileKind | None) -> Found:
    """What the file at `path` says, read as `kind`, or as what it is when that is None."""
    began = time.perf_counter()
    raw = bytes_of(path)
    if isinstance(raw, str):
        return unreadable(path, raw, kind, time.perf_counter() - began)
    began = time.perf_counter()  # the disk's time is not the reader's
    try:
        kind = kind or file_kind(raw)
        found = _READERS[kind](raw)
    except MemoryError:
        raise  # its reader is to end, and to begin anew with what it had
    except Exception as trouble:  # a batch goes on, whatever one file does
        return unreadable(path, f"The reader stopped at it: {type(trouble).__name__}.", kind, _since(began))
    return {"file": path, "read_as": str(kind), **found, "seconds": _since(began)}


def found_of(path: str, kind: FileKind, reading: "Reading | TextMessage", seconds: float) -> Found:
    """The same fields of what was read elsewhere."""
    from reply_router.reading import Reading

    found = _of(reading) if isinstance(reading, Reading) else _of_text(reading)
    return {"file": path, "read_as": str(kind), **found, "seconds": round(seconds, 6)}


def bytes_of(path: str) -> bytes | str:
    """What the file holds, or the sentence that says why it cannot be read."""
    try:
        with Path(path).open("rb") as opened:
            raw = opened.read(LARGEST + 1)
    except (OSError, ValueError) as trouble:
        said = trouble.strerror if isinstance(trouble, OSError) and trouble.strerror else "its name is none"
        return f"It cannot be opened: {said}."
    return _TOO_LARGE.format(LARGEST // 1_000_000) if len(raw) > LARGEST else raw


def unreadable(path: str, error: str, kind: FileKind | None, seconds: float = 0.0) -> Found:
    """The answer for a file that nothing could be found in, with the sentence that says why."""
    read_as = str(kind) if kind else None
    return {"file": path, "read_as": read_as, **_fields(kind="unreadable", error=error), "seconds": round(seconds, 6)}


def _since(began: float) -> float:
    return round(time.perf_counter() - began, 6)


def _fields(**known: Any) -> Found:
    nothing: Found = {
        "kind": "human",
        "subject": None,
        "text": "",
        "signature": "",
        "body": "",
        "recipients": [],
        "calendar": None,
        "sms": None,
        "attachments": [],
        "from": [],
        "folded": [],
        "command": None,
        "why": [],
        "trouble": [],
        "error": None,
    }
    return {**nothing, **known}


def _mail(raw: bytes) -> Found:
    from reply_router.reading import read

    return _of(read(raw))


def _text(raw: bytes) -> Found:
    from reply_router.reading import read_text

    return _of(read_text(words_of(raw)))


def _html(raw: bytes) -> Found:
    from reply_router.reading import read_html

    return _of(read_html(words_of(raw)))


def _sms(raw: bytes) -> Found:
    from reply_router.reading.text_message import message_of

    form = webhook_of(raw)
    if form is None:
        return _fields(kind="unreadable", text=words_of(raw), error=NO_WEBHOOK)
    return _of_text(message_of(form))


def _of_text(text: "TextMessage") -> Found:
    from reply_router.reading.texts import TextKind

    # Joining, leaving and taps need to know our chapters and words: by themselves they are somebody's words.
    known = text.kind not in (TextKind.JOIN, TextKind.LEAVE, TextKind.TAPBACK)
    return _fields(
        text=text.body,
        body=text.body,
        sms={"class": str(text.kind) if known else "human"},
        attachments=[{"name": "", "type": each.content_type, "size": 0} for each in text.pictures],
        trouble=[text.trouble] if text.trouble else [],
        **{"from": [{"name": "", "address": text.from_}] if text.from_ else []},
    )


def _calendar(raw: bytes) -> Found:
    from reply_router.reading import read_calendar

    return _of(read_calendar(raw))


_READERS: Final[dict[FileKind, Callable[[bytes], Found]]] = {
    FileKind.MAIL: _mail,
    FileKind.TEXT: _text,
    FileKind.HTML: _html,
    FileKind.SMS: _sms,
    FileKind.CALENDAR: _calendar,
}


def _of(reading: "Reading") -> Found:
    asked = reading.command
    return _fields(
        kind=str(reading.kind),
        subject=reading.subject,
        text=reading.text,
        signature=reading.signature,
        body=reading.body,
        recipients=[
            {"address": each.address, "class": str(each.failure), "status": each.status} for each in reading.recipients
        ],
        calendar=asdict(reading.calendar) if reading.calendar else None,
        attachments=[_without_index(asdict(each)) for each in reading.attachments],
        folded=[{"text": each.text, "why": each.why, "at": each.at} for each in reading.folded],
        command={"verb": str(asked.verb), "argument": asked.argument} if asked else None,
        why=list(reading.why),
        trouble=list(reading.trouble),
        error=(reading.trouble or reading.why or ("",))[0] if str(reading.kind) == "unreadable" else None,
        **{"from": [{"name": each.name, "address": each.address} for each in reading.from_]},
    )


def _without_index(attached: Found) -> Found:
    return {name: value for name, value in attached.items() if name != "index"}
