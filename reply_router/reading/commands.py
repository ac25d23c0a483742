"""Commands that a person gives as the whole first line of a letter, or as its subject when the letter is empty.

Only the whole line counts: "Stop by at six?" is a person talking. A letter whose own words ask for no more mail, in any
plain wording that nothing narrows, is such a command too (`reply_router.reading.plain_wishes`). What a text means is
read in `texts.py`, because carriers fix its words.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from reply_router.reading.paces import PACE_WORDS
from reply_router.reading.texts import Asked, asks_for_no_mail, one_form


class Verb(StrEnum):
    """What a command asks for."""

    CLOSE = "close"
    NOTE = "note"
    UNSUBSCRIBE = "unsubscribe"
    LEAVE = "leave"
    JOIN = "join"
    HELP = "help"
    DIGEST = "digest"
    PAUSE = "pause"
    LESS = "less"
    MORE = "more"
    #: How what neighbors write in a chapter comes: each, one mail a day or a week, only what names them, nothing.
    EACH = "each"
    DAILY = "daily"
    WEEKLY = "weekly"
    MENTIONS = "mentions"


@dataclass(frozen=True, slots=True)
class Command:
    """A command, the words after it on its line ("" when none), and the line as it was written."""

    verb: Verb
    argument: str
    line: str
    #: The line is all that they wrote, with more in it than the wish and courtesies: a person is due as well.
    and_more: bool = False


#: Lines that are a command by themselves, as `one_form` writes them.
_WHOLE: Final[dict[str, Verb]] = {
    "#close": Verb.CLOSE,
    "#note": Verb.NOTE,
    "remove me": Verb.UNSUBSCRIBE,
    "please remove me": Verb.UNSUBSCRIBE,
    "stop all": Verb.UNSUBSCRIBE,
    "baja": Verb.UNSUBSCRIBE,
    "alto": Verb.UNSUBSCRIBE,
    "parar": Verb.UNSUBSCRIBE,
    **dict.fromkeys(("stop", "stopall", "unsubscribe", "optout", "opt out", "revoke"), Verb.UNSUBSCRIBE),
    "help": Verb.HELP,
    "info": Verb.HELP,
    "ayuda": Verb.HELP,
    "digest": Verb.DIGEST,
    **dict.fromkeys(("each", "each one", "cada uno", "cada una"), Verb.EACH),
    **dict.fromkeys(("daily", "diario"), Verb.DAILY),
    **dict.fromkeys(("weekly", "semanal"), Verb.WEEKLY),
    **dict.fromkeys(("mentions", "mentions only", "menciones", "solo menciones"), Verb.MENTIONS),
    **dict.fromkeys(("join", "join us", "sign me up", "unirme", "quiero unirme", "apuntarme"), Verb.JOIN),
    **{word: Verb(asked) for word, asked in PACE_WORDS.items()},
}
#: Words that take what follows them on the line; the router knows whether it names anything.
_WITH_ARGUMENT: Final[dict[str, Verb]] = {"#note": Verb.NOTE, "#close": Verb.CLOSE}
#: These take a name of at most this many words: "leave Atlanta", not "Leave the door open for me, please".
_WITH_NAME: Final[dict[str, Verb]] = {"leave": Verb.LEAVE, "stop": Verb.LEAVE, "dejar": Verb.LEAVE, "join": Verb.JOIN}
_LONGEST_NAME: Final = 3
_SMALL_WORDS: Final = (
    "me it this that by in at to the a an and my your him her them us here now please with for de la el los las que "
    "por en con a mi su un una pero"
)
_SIGNS: Final = " .!*_\"'“”‘’¡,;:"


def command(text: str, subject: str | None = None, names: Iterable[str] = ()) -> Command | None:
    """The command on the first written line, or in the subject of an empty letter, or the wish that it all is.

    None when it is talk. `names`: the writer's, which stand below a letter and add nothing.
    """
    line = next((one.strip() for one in text[:2_000].splitlines() if one.strip()), "")
    if not line:
        line = (subject or "").strip()
    found = _command_in(line) if 0 < len(line) <= 300 else None
    whole = text.strip() or line
    if found is None and line and line != whole and _stands_alone(line, text):
        found = _wish_in(line, names)
    return found or _wish_in(whole, names)


def _stands_alone(line: str, text: str) -> bool:
    """Whether the first line is a sentence by itself, and not the beginning of one that goes on below."""
    _, _, below = text.partition(line)
    return line.endswith((".", "!")) or not below.strip() or re.match(r"[ \t]*\r?\n[ \t]*\r?\n", below) is not None


def _wish_in(words: str, names: Iterable[str]) -> Command | None:
    asked = asks_for_no_mail(words, names)
    if asked is Asked.NOTHING:
        return None
    return Command(Verb.UNSUBSCRIBE, "", words, and_more=asked is Asked.AND_MORE)


def _command_in(line: str) -> Command | None:
    bare = one_form(line).strip(_SIGNS)
    verb = _WHOLE.get(bare)
    if verb is not None:
        return Command(verb, "", line)
    first, _, rest = line.partition(" ")
    verb = _WITH_ARGUMENT.get(first.casefold())
    if verb is not None:
        return Command(verb, rest.strip(), line)
    first, _, rest = line.strip(_SIGNS).partition(" ")
    verb = _WITH_NAME.get(first.casefold())
    names = rest.split()
    if verb is None or not 0 < len(names) <= _LONGEST_NAME or "?" in rest:
        return None
    capital = all(one[:1].isupper() for one in names) and names[0].casefold() not in _SMALL_WORDS.split()
    if first.isupper() or capital:
        return Command(verb, rest, line)
    return None
