"""Lines by which phones, mail programs, virus scanners and mail services sign a person's letters."""

import re
from typing import Final

from reply_router.reading.languages import FEET, LANGUAGES

_SENT_FROM: Final = tuple(sorted({one.casefold() for language in LANGUAGES for one in language.sent_from}))
#: Languages that put the verb last ("iPhone'umdan gönderildi").
_SENT_LAST: Final = (
    "tarafından gönderildi",
    "gönderildi",
    "から送信",
    "에서 보냄",
    "에서 전송",
    "gesendet",
    "küldve",
    "傳送",
)
_DEVICES: Final = ("phone", "ipad", "galaxy", "samsung", "android", "mobil", "outlook", "smartphone", "メール", "mail")
_FEET: Final = tuple(sorted({one.casefold() for one in FEET}))
_LINK: Final = re.compile(r"[<(\[]{0,2}https?://[^\s<>]{1,300}[>)\]]{0,2}")
_EDGES: Final = ' \t\xa0\u2063\u200b*_-–—[]<>()#|"“”'
_LONGEST: Final = 140


def _bare(text: str) -> str:
    plain = _LINK.sub("", text[:600]).strip(_EDGES)
    return " ".join(plain.replace("[", "").replace("]", "").split())


def is_app_line(text: str) -> bool:
    """Whether a phone or an app signs with this line; programs begin theirs with a capital letter."""
    words = _bare(text)
    if not 0 < len(words) <= _LONGEST or words.endswith("?"):
        return False
    if words[0].islower() and not words.startswith("i") and words.isascii():
        return False
    if len(words.split()) > 16:
        return False
    bare = words.casefold()
    if bare.startswith("sent from ") and len(bare.split()) <= 5 and not bare.endswith("!"):
        return True  # "Sent from TypeApp": there are more apps than a table can name
    if bare.startswith(_SENT_FROM):
        return True
    return len(bare) <= 60 and bare.rstrip(".").endswith(_SENT_LAST) and any(one in bare for one in _DEVICES)


def is_foot(text: str) -> bool:
    """Whether a virus scanner or a free mail service speaks in this line."""
    bare = _bare(text).casefold()
    return 0 < len(bare) <= 400 and bare.startswith(_FEET)
