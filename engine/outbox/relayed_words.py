"""RelayedWords: of what somebody wrote, what their neighbors get: their words, and nothing their mail program added.

The reader has folded quotes, signatures, banners and notices already (reply_router.reading). It keeps what is doubtful,
because an organizer may see it; what goes on to a whole chapter is judged more strictly here (law 8): behind somebody's
own name or a closing, and at the very end, nothing stays that looks like a card: numbers, addresses, an employer, a
post held there, a notice. A sentence always stays: a number that somebody says in one is theirs to say.
"""

import re
from dataclasses import dataclass
from typing import Final

from journeys.folding import folded

#: Lines at the end that are looked at.
_LINES: Final = 24
_PHONE: Final = re.compile(r"(?:\+|\()?\d[\d ()./-]{5,18}\d")
_MAIL: Final = re.compile(r"[^\s@]{1,64}@[^\s@.]+\.\S+")
_WEB: Final = re.compile(
    r"(?:https?://|www\.)\S+|\b[\w-]+\.(?:com|org|net|gov|edu|io|co|us|mx|es|example)\b(?:/\S*)?", re.I
)
_LABEL: Final = re.compile(
    r"(?:tel|phone|ph|mobile|cell|cel|móvil|teléfono|office|oficina|direct|desk|fax|work|home|email|e-mail|mail|correo|"
    r"web|website|ext|extension|linkedin|twitter|facebook|instagram|whatsapp|signal|skype|zoom)\b\W",
    re.I,
)
_SHORT_LABEL: Final = re.compile(r"[tmfocpew]\s?[:.]\s?\S", re.I)
_EMPLOYER: Final = re.compile(
    r"\b(?:inc|llc|llp|ltd|gmbh|corp|corporation|company|co|s\.?a|s\.?l|plc|department|dept|office|university|college|"
    r"institute|hospital|clinic|school|district|county|city|agency|bank|group|partners|associates|solutions|services|"
    r"systems|holdings|foundation|headquarters)\b\.?|&",
    re.I,
)
_POST: Final = re.compile(
    r"\b(?:manager|director|engineer|officer|president|chief|head|lead|senior|junior|assistant|associate|analyst|"
    r"consultant|coordinator|specialist|administrator|supervisor|partner|attorney|counsel|professor|teacher|nurse|rn|"
    r"md|phd|dr|cpa|esq|realtor|agent|representative|accountant|technician|ceo|cto|cfo|vp|gerente|directora?|ingenier[oa]|"
    r"abogad[oa]|profesora?|enfermer[oa])\b",
    re.I,
)
_PLACE: Final = re.compile(
    r"\b(?:street|st|avenue|ave|road|rd|suite|ste|floor|building|blvd|boulevard|drive|lane|calle|avenida|piso|p\.?\s?o\.?"
    r"\s?box)\b|\b[A-Z]{2}\s+\d{5}(?:-\d{4})?\b",
    re.I,
)
_NOTICE: Final = re.compile(
    r"confidential|intended (?:only|solely)|intended recipient|privileged|received this (?:e-?mail|message) in error|"
    r"before printing|virus|unauthori[sz]ed|disclosure|confidencial|destinatario|antes de imprimir|sent from|"
    r"enviado desde|get outlook|views expressed|do not necessarily|pronouns|pronombres",
    re.I,
)
_CLOSINGS: Final = frozenset(
    folded(closing).strip()
    for closing in (
        "best", "best regards", "best wishes", "kind regards", "warm regards", "warmly", "regards", "sincerely",
        "yours", "yours truly", "cheers", "thanks", "thank you", "many thanks", "thanks so much", "thx", "take care",
        "all the best", "respectfully", "cordially", "in solidarity", "love", "peace", "see you", "talk soon",
        "saludos", "un saludo", "saludos cordiales", "atentamente", "cordialmente", "un abrazo", "abrazos", "gracias",
        "muchas gracias", "cariños",
    )
)  # fmt: skip
#: Signs of one text of words that need several: with who writes around them the provider still takes it (1,600).
LONGEST_TEXT: Final = 1200
_DELIMITER: Final = re.compile(r"[-_=*~–—]{2,}\s*")
_EDGE: Final = " \t\xa0*_-–—~•|>,.!"
_ENDS: Final = (".", "!", "?", "…", ".”", '."', ".)", "!)", "?)")


@dataclass(frozen=True, slots=True)
class Relayed:
    """The words that go on, and whether something of a signature was left off here."""

    text: str
    cut: bool = False


def relayed(text: str, author: str) -> Relayed:
    """The words of this text that others get; `author` is its writer's whole name."""
    lines = text.replace("\r\n", "\n").rstrip().split("\n")
    end = _without_card(lines, author)
    kept = "\n".join(lines[:end]).strip()
    if not kept and text.strip():
        # Nothing above the card. A bare "Thanks" was said all the same; a bare card was not.
        first = next(line.strip() for line in lines if line.strip())
        is_word = folded(first.strip(_EDGE)).strip() in _CLOSINGS
        return Relayed(first if is_word else "", _says_more(" ".join(lines).replace(first, "", 1), author))
    return Relayed(kept, end < len(lines) and any(_says_more(line, author) for line in lines[end:]))


def shortened(text: str, most: int) -> str:
    """The text on one line, cut between words where it is longer than `most` signs."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    return f"{line[: most - 1].rsplit(' ', 1)[0].rstrip(' ,;:')}…"


def text_parts(text: str, most: int = LONGEST_TEXT) -> list[str]:
    """All of the words, in pieces of at most `most` signs that end between words; none for no words."""
    rest, parts = text.strip(), []
    while len(rest) > most:
        cut = max(rest.rfind(" ", 0, most + 1), rest.rfind("\n", 0, most + 1))
        cut = cut if cut > most // 2 else most
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*parts, rest] if rest else parts


def _without_card(lines: list[str], author: str) -> int:
    """Where the words end and a signature begins."""
    end = len(lines)
    first = max(0, end - _LINES)
    # From the top: the first name, closing or rule behind which nothing is said any more.
    for at in range(first, end):
        if (_begins(lines[at], author)) and not any(_is_said(line) for line in lines[at + 1 : end]):
            end = at
            break
    while end > 0 and (not lines[end - 1].strip() or _is_card(lines[end - 1], author)):
        end -= 1
    return end


def _begins(line: str, author: str) -> bool:
    bare = line.strip(_EDGE)
    if not bare:
        return bool(_DELIMITER.fullmatch(line.strip()))
    return folded(bare).strip() in _CLOSINGS or _is_name(bare, author)


def _is_name(bare: str, author: str) -> bool:
    """Whether the line is the writer's own name, whole or its first word, alone or before what they are."""
    name = folded(author).strip()
    if not name:
        return False
    head = folded(re.split(r" ?[,|/(·•–—] ?| - ", " ".join(bare.split()), maxsplit=1)[0]).strip()
    return head in (name, name.split()[0]) or (
        len(name.split()) > 1 and head == f"{name.split()[0]} {name.split()[-1]}"
    )


def _is_card(line: str, author: str) -> bool:
    """Whether a line at the very end could only stand on a card."""
    bare = line.strip(_EDGE)
    if not bare:
        return True
    if _NOTICE.search(bare):
        return True
    if _is_name(bare, author):
        return True
    if _is_said(line):
        return False
    marks = (_PHONE, _MAIL, _WEB)
    if any(mark.search(bare) for mark in marks):
        rest = bare
        for mark in marks:
            rest = mark.sub(" ", rest)
        # Contacts and what they are called; in a longer line they are part of what somebody says.
        return len(rest.split()) <= 4 or bool(_LABEL.match(bare))
    return bool(_LABEL.match(bare) or _SHORT_LABEL.match(bare))


def _is_said(line: str) -> bool:
    """Whether the line is something that a person says rather than what stands on a card or in a notice."""
    bare = line.strip()
    if not bare or _NOTICE.search(bare):
        return False
    words = [word for word in bare.split() if any(sign.isalpha() for sign in word)]
    on_a_card = bool(_LABEL.match(bare) or _EMPLOYER.search(bare) or _POST.search(bare) or _PLACE.search(bare))
    if any(mark.search(bare) for mark in (_PHONE, _MAIL, _WEB)):
        return len(words) >= 5 and bare.endswith(_ENDS)
    if on_a_card:
        return len(words) >= 6 and bare.endswith(_ENDS)
    if folded(bare.strip(_EDGE)).strip() in _CLOSINGS:
        return False
    return (len(words) >= 3 and bare.endswith(_ENDS)) or len(words) >= 6


def _says_more(line: str, author: str) -> bool:
    """Whether what was cut there is more than a name or a closing."""
    bare = line.strip(_EDGE)
    return bool(bare) and not _is_name(bare, author) and folded(bare).strip() not in _CLOSINGS
