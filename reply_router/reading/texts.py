"""What a text message asks for: the carriers' exact words, plain wishes to be left in peace, joining and leaving.

Pure. Whoever says stop in any plain wording is heard (47 CFR 64.1200(a)(10): "any reasonable means"), and nobody who
only uses the word is: a wish counts as a clause of its own, from its beginning, with nothing after it that narrows it.
A wish that is narrowed, conditional or told of somebody else is for a person to see (`HUMAN_FLAG`).
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from reply_router.reading.plain_wishes import (
    AFTERTHOUGHT,
    BENIGN,
    CONDITION,
    GOES_ON,
    JEST,
    MAIL_WISHES,
    REPORTED,
    TEXT_WISHES,
    WRONG_NUMBER,
    Wishes,
)
from reply_router.reading.tapbacks import Tapback, tapback

#: What carriers and the provider act on by themselves, as a whole message
#: (help.twilio.com, "Twilio support for opt-out keywords"; CTIA Messaging Principles 5.1.3).
STOP_WORDS: Final = frozenset("stop stopall unsubscribe cancel end quit revoke optout".split())
START_WORDS: Final = frozenset({"start", "unstop"})
HELP_WORDS: Final = frozenset({"help", "info"})
#: Whole messages that mean the same, and that no carrier acts on.
_OTHER_WORDS: Final = {
    **dict.fromkeys(
        (
            "alto", "parar", "detener", "detenganse", "cancelar", "baja", "basta", "terminar", "salir", "de baja",
            "opt out", "opt-out", "stop all", "unsub", "unsubscribed", "unsubscribing", "unsubcribe", "unsuscribe",
            "unsubscibe", "un-subscribe", "stop-all", "stpo", "sotp", "tsop", "dtop", "reply stop", "text stop",
            "send stop", "stop to stop", "stop to end", "stop2end", "stop to quit", "desuscribir",
            "desuscribirme", "remove", "arret", "stopp", "stop it all", "stop everything",
        ),
        "stop",
    ),
    **dict.fromkeys(("comenzar", "empezar", "iniciar", "inicio", "reanudar", "restart", "resubscribe"), "start"),
    **dict.fromkeys(("ayuda", "informacion", "auxilio"), "help"),
}  # fmt: skip
#: Words that mean stop as a sentence of their own, where nothing else is said but courtesies.
_ALONE: Final = frozenset("stop stopall unsubscribe optout alto parar baja".split()) | {"opt out", "stop all"}
_SPELLED: Final = re.compile(r"[^\W_](?:[ .\-_*]+[^\W_])+")
#: Signs alone that may mean stop.
_STOP_SIGNS: Final = frozenset("\U0001f6d1\U0001f6ab✋⛔\U0001f645\U0001f515\U0001f92b\U0001f910\U0001f595❌")
_JOIN: Final = re.compile(r"(?:join|unirme|unete|unirse|unir|sumarme|sumate)(?:(?: (?:a|al|to|the|la|el))? (.{1,60}))?")
_LEAVE: Final = re.compile(r"(?:leave|dejar|salir|salirme)(?: (?:de|del|from|the|la|el))? (.{1,60})")
#: Longer messages are somebody telling something, whatever is in them.
_LONGEST: Final = 600
_MOST_NAME_WORDS: Final = 4
_CLAUSE: Final = re.compile(
    r"[.!?;:\n,…—–]+|\s-+\s| (?:and|but|y|pero|asi que) (?=\w)| so (?=(?:i|you|we|please|stop|take|remove|no)\b)"
)
_QUOTED: Final = re.compile(r"[“\"«‘][^”\"»’]{3,600}[”\"»’]")


class TextKind(StrEnum):
    """What a text asks for."""

    #: A carrier's own word, which the provider confirms unless told otherwise.
    STOP = "stop"
    #: Any other plain wording of it.
    STOP_LENIENT = "stop_lenient"
    START = "start"
    #: A bare YES: a carrier's START where they had stopped, else an answer.
    START_OR_ANSWER = "start_or_answer"
    HELP = "help"
    WRONG_NUMBER = "wrong_number"
    JOIN = "join"
    LEAVE = "leave"
    TAPBACK = "tapback"
    #: Words that may mean stop, and that a person should see.
    HUMAN_FLAG = "human_flag"
    EMPTY = "empty"
    HUMAN = "human"


@dataclass(frozen=True, slots=True)
class TextWords:
    """What was found in the words of a text. `argument`: the chapter that JOIN or LEAVE names, as it was written."""

    kind: TextKind
    argument: str = ""
    tapback: Tapback | None = None


def read_words(body: str, opt_out_type: str = "") -> TextWords:
    """What the words of a text ask for. `opt_out_type`: what the provider says it did about them by itself."""
    said = _carriers(opt_out_type)
    if said is not None:
        return TextWords(said)
    one = one_form(body)
    if not one.strip(_PUNCTUATION):
        signs = set(one) & _STOP_SIGNS
        if signs:
            return TextWords(TextKind.HUMAN_FLAG)
        return TextWords(TextKind.HUMAN if one.strip() else TextKind.EMPTY)
    echo = tapback(body)
    if echo is not None:
        return TextWords(TextKind.TAPBACK, tapback=echo)
    exact = _exact(body, one)
    if exact is not None:
        return exact
    wish = _wish(body, one)
    return TextWords(wish) if wish is TextKind.STOP_LENIENT else _room(body, one) or TextWords(wish)


def one_form(text: str) -> str:
    """The text in one form for comparing: wide letters narrow, nothing unseen, no marks, lower case, single spaces."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return _LINE_ENDS.sub("\n", _SPACES.sub(" ", text.replace("`", "'").lower())).strip()
    text = unicodedata.normalize("NFKC", text).replace("’", "'").replace("`", "'").replace("‘", "'")
    text = unicodedata.normalize("NFKD", text).casefold()
    return _LINE_ENDS.sub("\n", _SPACES.sub(" ", text.translate(_SEEN))).strip()


_PUNCTUATION: Final = " \n.,;:!?¡¿'\"“”«»()[]{}*_~-—–…/\\#|<>+=&^%$@" + "".join(sorted(_STOP_SIGNS)) + "\ufe0f"
#: Categories of signs that are not seen, or only change others: formats, controls, combining marks.
_UNSEEN: Final = frozenset({"Cf", "Cc", "Mn", "Me", "Co", "Cn"})
_LINE_ENDS: Final = re.compile(r" ?\n[ \n]*")
_SPACES: Final = re.compile(r" +")


class _Seen(dict[int, str]):
    """What of each letter is seen; those of most writing are remembered."""

    #: The letters before this one, and no stranger's choice of a million others.
    _MOST = 0x3100

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        seen = letter if unicodedata.category(letter) not in _UNSEEN else ""
        if code < self._MOST:
            self[code] = seen
        return seen


_SEEN: Final = _Seen({**dict.fromkeys(map(ord, "\t\r\v\f\xa0"), " "), ord("\n"): "\n"})


def _carriers(opt_out_type: str) -> TextKind | None:
    match opt_out_type.strip().upper():
        case "STOP":
            return TextKind.STOP
        case "START":
            return TextKind.START
        case "HELP":
            return TextKind.HELP
    return None


def _exact(body: str, one: str) -> TextWords | None:
    """A whole message that is one command."""
    bare = one.strip(_PUNCTUATION)
    if bare in STOP_WORDS:
        # The provider acts on the word alone; with signs around it, it may not have.
        return TextWords(TextKind.STOP if body.strip().casefold() in STOP_WORDS else TextKind.STOP_LENIENT)
    if bare in START_WORDS:
        return TextWords(TextKind.START)
    if bare == "yes":
        return TextWords(TextKind.START_OR_ANSWER)
    if bare in HELP_WORDS:
        return TextWords(TextKind.HELP)
    if _SPELLED.fullmatch(bare) and re.sub(r"[ .\-_*]", "", bare) in STOP_WORDS:
        return TextWords(TextKind.STOP_LENIENT)
    other = _OTHER_WORDS.get(bare)
    if other is not None:
        return TextWords({"stop": TextKind.STOP_LENIENT, "start": TextKind.START, "help": TextKind.HELP}[other])
    words = [each.strip(_PUNCTUATION) for each in bare.split()]
    meant = {_meaning(each) for each in words if each}
    if len(words) > 1 and None not in meant:
        return TextWords(TextKind.STOP_LENIENT if meant == {"stop"} else TextKind.HUMAN_FLAG)
    return None


def _meaning(word: str) -> str | None:
    for words, meaning in ((STOP_WORDS, "stop"), (START_WORDS, "start"), (HELP_WORDS, "help")):
        if word in words:
            return meaning
    return _OTHER_WORDS.get(word)


def _room(body: str, one: str) -> TextWords | None:
    """JOIN or LEAVE with a name; whether there is such a chapter is for the router to know."""
    bare = one.strip(_PUNCTUATION)
    if "?" in one or "\n" in bare:
        return None
    for pattern, kind in ((_JOIN, TextKind.JOIN), (_LEAVE, TextKind.LEAVE)):
        found = pattern.fullmatch(bare)
        if found and len((found[1] or "").split()) <= _MOST_NAME_WORDS:
            return TextWords(kind, _as_written(body, found[1]) if found[1] else "")
    return None


def _as_written(body: str, name: str) -> str:
    """The last words of the message, as many as the name has."""
    words = body.split()
    return " ".join(words[-len(name.split()) :]).strip(_PUNCTUATION)


class Asked(StrEnum):
    """Whether a mail's own words ask us to write no more: not plainly; plainly; plainly, with more said beside it."""

    NOTHING = "nothing"
    PLAINLY = "plainly"
    AND_MORE = "and more"


def asks_for_no_mail(text: str, names: Iterable[str] = ()) -> Asked:
    """Whether a mail's own words ask us to write no more, in any plain wording that nothing narrows.

    `names`: those that stand below a letter and add nothing.
    """
    one = one_form(text)
    if len(one) > _LONGEST:
        return Asked.NOTHING
    if not any(_wishes(each, MAIL_WISHES) for each in _clauses(one)):
        return Asked.NOTHING  # so it is with nearly every mail, whatever names stand in it
    around = frozenset(one_form(each) for name in names for each in (name, *name.split()))
    if _wish(text, one, MAIL_WISHES, around) is not TextKind.STOP_LENIENT:
        return Asked.NOTHING
    rest = [each for each in _clauses(one, around) if not BENIGN.fullmatch(each) and not _wishes(each, MAIL_WISHES)]
    return Asked.AND_MORE if rest else Asked.PLAINLY


def _clauses(one: str, around: frozenset[str] = frozenset()) -> list[str]:
    """What was said, clause by clause. `around`: names, which add nothing."""
    clauses = (each.strip(" '\"()*_~<>[]{}¡¿") for each in _CLAUSE.split(one))
    return [each for each in clauses if each and each not in around]


def _wish(body: str, one: str, wishes: Wishes = TEXT_WISHES, around: frozenset[str] = frozenset()) -> TextKind:
    """What the clauses of a message wish for. `around`: names, which add nothing."""
    if len(one) > _LONGEST:
        return TextKind.HUMAN
    clauses = _clauses(one, around)
    if wishes is TEXT_WISHES and len(clauses) <= 2 and any(WRONG_NUMBER.fullmatch(each) for each in clauses):
        rest = [each for each in clauses if not WRONG_NUMBER.fullmatch(each)]
        if not any(wishes.plain.match(each) for each in rest):
            return TextKind.WRONG_NUMBER if all(map(BENIGN.fullmatch, rest)) else TextKind.HUMAN_FLAG
    said = [number for number, each in enumerate(clauses) if _wishes(each, wishes)]
    if not said:
        return TextKind.HUMAN_FLAG if any(wishes.doubtful.fullmatch(each) for each in clauses) else TextKind.HUMAN
    if JEST.search(one) or _is_told(body, clauses, wishes):
        return TextKind.HUMAN_FLAG
    if any(_is_whole(clauses, number, wishes) for number in said):
        return TextKind.STOP_LENIENT
    # "Stop" by itself among other words is no more than a word: stop and smell the roses.
    return TextKind.HUMAN if all(clauses[number] in _ALONE for number in said) else TextKind.HUMAN_FLAG


def _wishes(clause: str, wishes: Wishes) -> bool:
    return clause in _ALONE or wishes.plain.match(clause) is not None or wishes.listed.match(clause) is not None


def _is_told(body: str, clauses: list[str], wishes: Wishes) -> bool:
    """Whether the wish stands between quotation marks, with words of their own around it."""
    quoted = _QUOTED.search(body[: 4 * _LONGEST])
    if quoted is None or quoted[0].strip() == body.strip():
        return False
    inside = one_form(quoted[0])
    return any(each in inside for each in clauses if _wishes(each, wishes))


def _is_whole(clauses: list[str], number: int, wishes: Wishes) -> bool:
    """Whether this clause is a wish and nothing narrows it, in it or beside it."""
    clause = clauses[number]
    before = clauses[number - 1] if number else ""
    after = clauses[number + 1] if number + 1 < len(clauses) else ""
    if CONDITION.match(before) or CONDITION.match(after) or REPORTED.search(before):
        return False
    others = [each for each in clauses if each != clause]
    if clause in _ALONE:
        return all(BENIGN.fullmatch(each) or _wishes(each, wishes) for each in others)
    for pattern in (wishes.plain, wishes.listed):
        found = pattern.match(clause)
        if found is None or not AFTERTHOUGHT.fullmatch(clause[found.end() :].strip()):
            continue
        if any(GOES_ON.search(each) for each in others):
            return False
        if pattern is wishes.listed or wishes.blunt.fullmatch(found[0].strip()):
            # "Take me off the list" may be a list for Saturday: only with nothing else said.
            return all(BENIGN.fullmatch(each) or _wishes(each, wishes) for each in others)
        return True
    return False
