"""Tapbacks: what a phone sends as a text when somebody taps a heart on another text.

An iPhone writes `Liked “…”`, an Android `👍 to “…”`; both in the phone's language. The quote may be cut short. Whether
it quotes anything we said is for the router to know: `Loved “Parable of the Sower”` may be a person speaking.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Tapback:
    """One tap. `what`: liked, loved, disliked, laughed, emphasized, questioned, or the sign itself."""

    what: str
    #: The words that were tapped; empty for a picture.
    quote: str
    #: The tap was taken back.
    removed: bool = False

    @property
    def agrees(self) -> bool:
        """Whether a person would take it for a yes."""
        return not self.removed and (self.what in ("liked", "loved") or self.what.rstrip(_MODIFIERS) in _YES_SIGNS)

    @property
    def refuses(self) -> bool:
        """Whether a person would take it for a no."""
        return not self.removed and (self.what == "disliked" or self.what.rstrip(_MODIFIERS) == "\U0001f44e")


_MODIFIERS: Final = "\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_YES_SIGNS: Final = frozenset(
    "\U0001f44d❤\U0001f44c\U0001f64c\U0001f44f\U0001f4af✅✔\U0001f525\U0001f64f\U0001f49a\U0001f499"
)
_VERBS: Final = {
    "liked": "liked", "loved": "loved", "disliked": "disliked", "laughed at": "laughed", "emphasized": "emphasized",
    "emphasised": "emphasized", "questioned": "questioned",
    "le gusto": "liked", "le gusta": "liked", "a me gusta": "liked", "me gusta": "liked", "me gusto": "liked",
    "indico que le gusta": "liked", "puso un me gusta a": "liked", "puso me gusta a": "liked",
    "le dio me gusta a": "liked",
    "dio me gusta a": "liked", "marco con me gusta": "liked",
    "le encanto": "loved", "le encanta": "loved", "me encanta": "loved", "me encanto": "loved", "amo": "loved",
    "indico que le encanta": "loved", "puso un me encanta a": "loved",
    "no le gusto": "disliked", "no le gusta": "disliked", "no me gusta": "disliked",
    "indico que no le gusta": "disliked",
    "le dio risa": "laughed", "le hizo gracia": "laughed", "se rio de": "laughed", "se rio con": "laughed",
    "le parecio divertido": "laughed",
    "le parecio gracioso": "laughed", "se exclamo por": "emphasized",
    "enfatizo": "emphasized", "exclamo por": "emphasized", "destaco": "emphasized", "resalto": "emphasized",
    "cuestiono": "questioned", "pregunto por": "questioned", "tiene dudas sobre": "questioned",
}  # fmt: skip
_REMOVED: Final = {
    "removed a like from": "liked", "removed a heart from": "loved", "removed a love from": "loved",
    "removed a dislike from": "disliked", "removed a laugh from": "laughed",
    "removed an exclamation from": "emphasized",
    "removed an emphasis from": "emphasized", "removed a question mark from": "questioned",
    "elimino un me gusta de": "liked", "quito un me gusta de": "liked", "elimino el me gusta de": "liked",
    "quito el me gusta de": "liked", "elimino un corazon de": "loved", "quito un corazon de": "loved",
    "elimino un me encanta de": "loved", "quito un me encanta de": "loved", "elimino un no me gusta de": "disliked",
    "quito un no me gusta de": "disliked",
    "elimino una risa de": "laughed", "quito una risa de": "laughed", "elimino una exclamacion de": "emphasized",
    "quito una exclamacion de": "emphasized", "elimino un signo de interrogacion de": "questioned",
    "quito un signo de interrogacion de": "questioned",
}  # fmt: skip
_PICTURES: Final = frozenset(
    f"{article} {noun}"
    for articles, nouns in (
        (
            ("a", "an"),
            "image photo picture movie video attachment sticker link gif contact location audio message".split(),
        ),
        (("una", "un"), "imagen foto fotografia video archivo adjunto sticker enlace gif contacto ubicacion".split()),
    )
    for article in articles
    for noun in nouns
) | {"an audio message", "a voice message", "un archivo adjunto", "un mensaje"}
_PICTURE_COUNT: Final = re.compile(
    r"\d{1,3} (?:images|photos|pictures|movies|videos|attachments|messages|imagenes|fotos|mensajes|adjuntos)"
)
_QUOTES: Final = '“”"«»„‟'
#: A lead is no longer than this: `Removed a question mark from`.
_LONGEST_LEAD: Final = 60
#: An Android's, and newer iPhones': the sign first, or after a verb.
_SIGN_TO: Final = re.compile(r"^(?:(?:reacted|reacciono)(?: with| con)? )?(\S{1,16}?) (?:to|a)$")
#: And after the picture: Reaccionó a una imagen con ❤.
_SIGN_AFTER: Final = re.compile(r"(reacted|reacciono) (?:to|a) (\S{1,8} \S{1,16}) (?:with|con) (\S{1,16})")
_SIGN_FROM: Final = re.compile(
    r"^(?:removed|elimino|quito) (?:a |an |la reaccion |una reaccion |the )?(\S{1,16}?) (?:reaction )?(?:from|de)$"
)


def tapback(body: str) -> Tapback | None:
    """The tap that a text reports, else None."""
    seen = "".join(each for each in body if unicodedata.category(each) != "Cf" or each == "\u200d").strip()
    if seen[-1:] and seen[-1] in _QUOTES:
        # The lead may hold quotation marks itself: Eliminó un "Me gusta" de "...".
        for at, sign in enumerate(seen[:_LONGEST_LEAD]):
            tap = _tap(_plain(seen[:at]), seen[at:].strip(f"{_QUOTES} ")) if sign in _QUOTES else None
            if tap is not None and tap.quote:
                return tap
    one = _plain(seen.rstrip("."))
    lead = one[: _LONGEST_LEAD * 2]
    if after := _SIGN_AFTER.fullmatch(lead):
        lead = f"{after[3]} to {after[2]}"
    for words in (2, 3):
        before, *picture = lead.rsplit(" ", words)
        if _is_picture(" ".join(picture)):
            return _tap(before, "")
    return None


def _is_picture(words: str) -> bool:
    return words in _PICTURES or _PICTURE_COUNT.fullmatch(words) is not None


def _tap(lead: str, quote: str) -> Tapback | None:
    if lead in _REMOVED:
        return Tapback(_REMOVED[lead], quote, removed=True)
    if lead in _VERBS:
        return Tapback(_VERBS[lead], quote)
    for pattern, removed in ((_SIGN_FROM, True), (_SIGN_TO, False)):
        found = pattern.match(lead)
        if found and not any(each.isalnum() for each in found[1]):
            return Tapback(found[1], quote, removed)
    return None


def _plain(text: str) -> str:
    """Without accents, in lower case, single spaces; signs stay."""
    text = unicodedata.normalize("NFKD", text.replace("\u200a", " ")).casefold()
    kept = (each for each in text if not unicodedata.combining(each) or each == "\ufe0f")
    return " ".join("".join(" " if each in _QUOTES else each for each in kept).split())
