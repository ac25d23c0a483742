"""Redaction: what is taken out of everything that is logged, so that a log may be read by whoever runs the machine.

Addresses, phone numbers, tokens, passwords and people's words go; what happened, to which row and when, stays. Every
rule runs in one pass over a text of bounded length.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

#: Characters of one text that are logged; a traceback's end, where the error stands, is worth more than its middle.
MOST = 16_000
#: Stands for what was taken out.
GONE = "…"
#: A shorter secret is not looked for: it would be found in half of all words.
SHORTEST_SECRET = 6

#: Fields whose value is never logged, whatever it is: secrets, and words that people said or read.
_SECRET_FIELD = re.compile(
    r"(?:^|_)(?:password|passwd|pwd|secret|token|authorization|auth|cookie|credentials?|keys?|api_?key|signature)$"
)
_WORDS_FIELD = re.compile(r"(?:^|_)(?:body|bodies|text|html|raw|words|subject|content|snippet|payload|parameters)$")

# A quoted local part (RFC 5321 4.1.2) or a plain one, then a domain; %40 is the sign inside an address of a page.
_ADDRESS = re.compile(r'(?:"[^"@\n]{1,64}"|[^\s@<>()\[\],;:"\'\\/=&?%|{}]{1,64})(?:@|%40)([\w.-]{0,255})')
_PHONES = (
    re.compile(r"(?:\+|%2B)\d[\d\s().\u00a0-]{5,22}\d"),
    re.compile(r"(?<!\d)(?:1[ .\u00a0-]?)?\(?[2-9]\d{2}\)?[ .\u00a0-]{1,2}\d{3}[ .\u00a0-]\d{4}(?!\d)"),
    re.compile(r"(?<![\w.:-])\d{10,15}(?!\w)"),
)
_IN_URL = re.compile(r"(\b[a-z][a-z0-9+.-]{1,20}://)[^\s/@]{0,300}@", re.IGNORECASE)
_AUTHORIZATION = re.compile(r"\b(Basic|Bearer|Digest)\s{1,4}[^\s,;]{4,4000}", re.IGNORECASE)
_NAMED = re.compile(
    r"\b((?:[a-z]{1,20}[_-]){0,3}(?:password|passwd|pwd|secret|token|authorization|cookie|api[_-]?key)"
    r"[\"']?\s{0,3}[=:]\s{0,3}[\"']?)[^\s\"',;&]{1,4000}",
    re.IGNORECASE,
)
_LONG_RUN = re.compile(r"[A-Za-z0-9_-]{24,}")
_BREAK = re.compile(r"[_-]")
#: Signs without a break that are no word where a digit is among them, and no name of anything where none is.
_NO_WORD, _NO_NAME = 12, 30
#: The provider's own names of messages, by which somebody finds them there.
_PROVIDER_ID = re.compile(r"(?:SM|MM)[0-9a-f]{32}")
# What a request or a form carried as words.
_SAID = re.compile(r"""((?:^|[\s{(&?"'])(?:body|text|subject|html)["']?\s?[=:]\s?).+""", re.IGNORECASE | re.MULTILINE)
# PostgreSQL repeats the row that it refused.
_ROW = re.compile(r"((?:Failing row contains|Key) )\(.*")


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without addresses, phone numbers, tokens and `secrets`, cut to MOST characters."""
    if len(text) > MOST:
        # Not in the middle of a word: half an address is not known for one.
        text = f"{_whole_words(text[: MOST // 4])}\n{GONE}\n{_whole_words(text[-MOST * 3 // 4 :][::-1])[::-1]}"
    for secret in secrets:
        text = text.replace(secret, GONE)
    if "://" in text:
        text = _IN_URL.sub(rf"\1{GONE}@", text)
    if "@" in text or "%40" in text:
        text = _ADDRESS.sub(lambda found: f"{GONE}@{found[1]}", text)
    text = _SAID.sub(rf"\1{GONE}", text)
    text = _ROW.sub(rf"\1({GONE})", text)
    text = _NAMED.sub(rf"\1{GONE}", _AUTHORIZATION.sub(rf"\1 {GONE}", text))
    text = _LONG_RUN.sub(_unless_plain, text)
    for phone in _PHONES:
        text = phone.sub(GONE, text)
    return text


class Redaction:
    """The last step before an event is written: nothing leaves that must not."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # The longest first: one may be a part of another.
        self._secrets = tuple(sorted({each for each in secrets if len(each) >= SHORTEST_SECRET}, key=len, reverse=True))

    def __call__(self, _logger: object, _method: str, event: Any) -> Any:
        """The event with every field redacted, whatever its shape."""
        return {name: self._field(name, value) for name, value in event.items()}

    def _field(self, name: str, value: Any, depth: int = 0) -> Any:
        lower = name.lower()
        if lower.endswith("sha256"):
            return value
        if value is not None and not isinstance(value, bool) and _SECRET_FIELD.search(lower):
            return GONE
        if isinstance(value, str | bytes | bytearray | memoryview) and _WORDS_FIELD.search(lower):
            return f"{GONE} ({len(value)})"
        return self._value(value, depth)

    def _value(self, value: Any, depth: int) -> Any:
        match value:
            case None | bool() | int() | float():
                return value
            case str():
                return redacted(value, self._secrets)
            case bytes() | bytearray() | memoryview():
                return f"{GONE} ({len(value)} bytes)"
            case Mapping() if depth < 4:
                named = ((str(key), each) for key, each in value.items())
                return {self._value(name, depth): self._field(name, each, depth + 1) for name, each in named}
            case list() | tuple() | set() | frozenset() if depth < 4:
                return [self._value(each, depth + 1) for each in value]
            case _:
                return redacted(_shown(value), self._secrets)


def _shown(value: object) -> str:
    show: Callable[[object], str] = str if isinstance(value, BaseException) else repr
    try:
        return show(value)
    except Exception:
        return f"<{type(value).__name__}>"


def _whole_words(text: str) -> str:
    """The text without the word it breaks off in."""
    for place in range(len(text) - 1, max(-1, len(text) - 400), -1):
        if text[place].isspace():
            return text[:place]
    return text[:-400]


def _unless_plain(found: re.Match[str]) -> str:
    """A run of letters and digits is a token; one of words alone is somebody's name for something.

    A token may hold few digits by chance, or none; but no name has so many letters without a break between words.
    """
    run = found[0]
    digits = sum(map(str.isdigit, run))
    if _PROVIDER_ID.fullmatch(run) or digits == len(run):
        return run
    longest = max(map(len, _BREAK.split(run)))
    return GONE if digits >= 3 or longest >= (_NO_WORD if digits else _NO_NAME) else run
