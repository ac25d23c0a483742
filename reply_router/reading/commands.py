"""Commands that a person gives as the whole first line of a letter, or as its subject when the letter is empty.

Only the whole line counts: "Stop by at six?" is a person talking. What a text message means is read by other rules,
because carriers fix its words; those will stand in a module beside this one.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from reply_router.reading.paces import PACE_WORDS


class Verb(StrEnum):
    """What a command asks for."""

    CLOSE = "close"
    NOTE = "note"
    UNSUBSCRIBE = "unsubscribe"
    LEAVE = "leave"
    HELP = "help"
    DIGEST = "digest"
    PAUSE = "pause"
    LESS = "less"
    MORE = "more"


@dataclass(frozen=True, slots=True)
class Command:
    """A command, the words after it on its line ("" when none), and the line as it was written."""

    verb: Verb
    argument: str
    line: str


#: Lines that are a command by themselves.
_WHOLE: Final[dict[str, Verb]] = {
    "#close": Verb.CLOSE,
    "#note": Verb.NOTE,
    "unsubscribe": Verb.UNSUBSCRIBE,
    "unsubscribe me": Verb.UNSUBSCRIBE,
    "please unsubscribe": Verb.UNSUBSCRIBE,
    "please unsubscribe me": Verb.UNSUBSCRIBE,
    "remove me": Verb.UNSUBSCRIBE,
    "please remove me": Verb.UNSUBSCRIBE,
    "remove me from this list": Verb.UNSUBSCRIBE,
    "take me off this list": Verb.UNSUBSCRIBE,
    "opt out": Verb.UNSUBSCRIBE,
    "stop": Verb.UNSUBSCRIBE,
    "stop all": Verb.UNSUBSCRIBE,
    "stopall": Verb.UNSUBSCRIBE,
    "baja": Verb.UNSUBSCRIBE,
    "darme de baja": Verb.UNSUBSCRIBE,
    "alto": Verb.UNSUBSCRIBE,
    "help": Verb.HELP,
    "info": Verb.HELP,
    "ayuda": Verb.HELP,
    "digest": Verb.DIGEST,
    **{word: Verb(asked) for word, asked in PACE_WORDS.items()},
    "más": Verb.MORE,
}
#: Words that take what follows them on the line; the router knows whether it names anything.
_WITH_ARGUMENT: Final[dict[str, Verb]] = {"#note": Verb.NOTE, "#close": Verb.CLOSE}
#: These take a name of at most this many words: "leave Atlanta", not "Leave the door open for me, please".
_WITH_NAME: Final[dict[str, Verb]] = {"leave": Verb.LEAVE, "stop": Verb.LEAVE}
_LONGEST_NAME: Final = 3
_SMALL_WORDS: Final = "me it this that by in at to the a an and my your him her them us here now please with for"


def command(text: str, subject: str | None = None) -> Command | None:
    """The command on the first written line, or in the subject of an empty letter; None when it is talk."""
    line = next((one.strip() for one in text[:2_000].splitlines() if one.strip()), "")
    if not line:
        line = (subject or "").strip()
    return _command_in(line) if 0 < len(line) <= 300 else None


def _command_in(line: str) -> Command | None:
    bare = " ".join(line.casefold().split()).strip(" .!*_\"'“”‘’")
    verb = _WHOLE.get(bare)
    if verb is not None:
        return Command(verb, "", line)
    first, _, rest = line.partition(" ")
    verb = _WITH_ARGUMENT.get(first.casefold())
    if verb is not None:
        return Command(verb, rest.strip(), line)
    first, _, rest = line.strip(" .!*_\"'“”‘’").partition(" ")
    verb = _WITH_NAME.get(first.casefold())
    names = rest.split()
    if verb is None or not 0 < len(names) <= _LONGEST_NAME or "?" in rest:
        return None
    capital = all(one[:1].isupper() for one in names) and names[0].casefold() not in _SMALL_WORDS.split()
    if first.isupper() or capital:
        return Command(verb, rest, line)
    return None
