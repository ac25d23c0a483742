"""The bytes of a letter are read: what a person wrote, what it is, and why, in words. Pure; never raises.

Who judges first is the order of `JUDGES`; how the words are found is the table in `quotes.py` (see `folding.py`).
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from reply_router.reading import html as markup
from reply_router.reading.bodies import Words, readable, sealed
from reply_router.reading.bounces import bounce, original_of
from reply_router.reading.calendar import calendar_in, calendar_reply
from reply_router.reading.challenges import challenge
from reply_router.reading.charsets import clean, decode
from reply_router.reading.commands import command
from reply_router.reading.complaints import complaint
from reply_router.reading.content_type import ENOUGH, type_of
from reply_router.reading.folding import LONGEST_LETTER, assemble, lines_in, parted, words_of
from reply_router.reading.glance import said_by
from reply_router.reading.letter import Letter
from reply_router.reading.machine import (
    automatic_headers,
    away_subject,
    list_mail,
    mail_report,
    null_sender,
    own_loop,
    read_receipt,
)
from reply_router.reading.mime import LONGEST_TEXT, Part, Tree, parse
from reply_router.reading.values import Attached, Kind, Opinion, Reading

#: Everybody who has an opinion on what a letter is, in the order in which they are asked; the first to have one wins.
JUDGES: Final[tuple[Callable[[Letter], Opinion | None], ...]] = (
    complaint,
    read_receipt,
    bounce,
    calendar_reply,
    mail_report,
    own_loop,
    automatic_headers,
    away_subject,
    challenge,
    null_sender,
    list_mail,
)
_UNREADABLE: Final = "It could not be read; nothing of it is lost, open the original."
_LONG: Final = "It is longer than what is shown here; open the original to see all of it."
_NAMED: Final = frozenset({Kind.BOUNCE, Kind.COMPLAINT, Kind.MACHINE})


def read(raw: bytes, *, sent: str | None = None, mail_from: str | None = None) -> Reading:
    """A letter's reading. `sent` is the exact text we sent and may find quoted, `mail_from` the envelope's sender."""
    began = time.perf_counter()
    try:
        return _read(raw, sent, mail_from, began)
    except Exception as trouble:  # whatever a stranger wrote, a person must get to see it
        stopped = type(trouble).__name__
    # Only here is what had filled the memory let go of.
    return replace(_unreadable(raw, stopped), seconds=time.perf_counter() - began)


def read_text(text: str, *, sent: str | None = None) -> Reading:
    """The reading of a bare plain text, as if it were the only part of a letter."""
    began = time.perf_counter()
    lines = lines_in(clean(text[:LONGEST_TEXT]))
    return replace(assemble(lines, sent, Kind.HUMAN), seconds=time.perf_counter() - began)


def read_html(html: str, *, sent: str | None = None) -> Reading:
    """The reading of a bare HTML text, as if it were the only part of a letter."""
    began = time.perf_counter()
    html = clean(html[:LONGEST_TEXT])
    reading = replace(assemble(markup.lines_of(html), sent, Kind.HUMAN), html=markup.sanitize(html))
    return replace(reading, seconds=time.perf_counter() - began)


def attachment_content(raw: bytes, index: int) -> bytes:
    """The decoded bytes of the attachment with this index in the same letter; empty when there is none."""
    tree = parse(raw)
    return tree.content(tree.parts[index]) if 0 <= index < len(tree.parts) else b""


def _read(raw: bytes, sent: str | None, mail_from: str | None, began: float) -> Reading:
    tree = parse(raw)
    headers = tree.root.headers
    shown, attached = readable(tree)
    found = words_of(tree, shown, sent)
    body = found.body
    letter = Letter(tree, body, mail_from)
    judged_by, opinion = judge(letter)
    words = parted(found, sent)
    said = said_by(headers)
    #: All of it is put down at once: a copy of a reading costs as much as looking for a signature.
    values: dict[str, Any] = {
        "kind": opinion.kind,
        **said,
        **words,
        "html": found.html,
        "judged_by": judged_by,
        "recipients": opinion.recipients,
        "original": original_of(letter) if opinion.kind in _NAMED else None,
        "calendar": calendar_in(letter),
        "attachments": tuple(_attached(tree, part) for part in attached),
        "trouble": _trouble(tree, shown),
        "why": (opinion.why, *words["why"]),
    }
    if opinion.kind is Kind.HUMAN:
        if not headers.fields and not body.strip():
            values |= {"kind": Kind.UNREADABLE, "why": ("There is neither a header nor a word in it.",)}
        elif tree.trouble and not body.strip() and not attached:
            values |= {"kind": Kind.UNREADABLE, "why": (_UNREADABLE,)}
        else:
            values["command"] = command(words["text"], said["subject"], [each.name for each in said["from_"]])
    return Reading(**values, seconds=time.perf_counter() - began)


def _trouble(tree: Tree, shown: list[Words]) -> tuple[str, ...]:
    said = [*tree.trouble]
    if _is_long(tree, shown):
        said.append(_LONG)
    if (why := sealed(tree)) is not None:
        said.append(why)
    return tuple(said)


def _is_long(tree: Tree, shown: list[Words]) -> bool:
    plain = [tree.size(part) for words in shown for part in words.plain]
    rich = [tree.size(part) for words in shown for part in words.html]
    one_is = max(plain, default=0) > LONGEST_TEXT or max(rich, default=0) > markup.LONGEST_READ
    return one_is or sum(plain) + sum(rich) > LONGEST_LETTER


def judge(letter: Letter) -> tuple[str, Opinion]:
    """What the letter is, and by whose opinion: the first of `JUDGES` to have one, else nobody's: a person's."""
    for one in JUDGES:
        opinion = one(letter)
        if opinion is not None:
            return one.__name__, opinion
    return "", Opinion(Kind.HUMAN, "Nothing in it says that a machine wrote it.")


def _attached(tree: Tree, part: Part) -> Attached:
    name = part.filename
    if not name and part.type == "message/rfc822" and part.children:
        name = part.children[0].headers.first("subject")[:100]
    kind = type_of(tree.beginning(part, ENOUGH), part.type)
    return Attached(name, kind, tree.size(part), part.index, part.type)


def _unreadable(raw: bytes, stopped: str) -> Reading:
    """What can be shown of a letter that broke the reader itself."""
    shown = decode(raw[:100_000], None)
    return Reading(
        Kind.UNREADABLE,
        text=shown,
        body=shown,
        why=(_UNREADABLE,),
        trouble=(f"The reader stopped at it: {stopped}.",),
    )
