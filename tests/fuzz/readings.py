"""The promises that every reading keeps, whatever was read."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace

from reply_router.reading import Kind, Reading, attachment_content, read

#: What we may have sent; every other input is read as an answer to it.
SENT = "Hi Dana,\n\nwill you come to the mill on Saturday at six and bring soup?\n\nMaya\nHill Street Neighbors\n"


def check_reading(raw: bytes, mail_from: str | None = None) -> Reading:
    """The letter's reading, after every promise was looked at."""
    sent = SENT if len(raw) % 2 else None
    reading = read(raw, sent=sent, mail_from=mail_from)
    assert reading.kind in Kind, reading.kind
    assert not any("stopped" in sentence for sentence in reading.trouble), reading.trouble
    assert same(reading) == same(read(raw, sent=sent, mail_from=mail_from)), "a second reading differs"
    check_words(reading)
    check_strings(reading)
    if reading.html:
        assert "<script" not in reading.html and "<iframe" not in reading.html, reading.html
    for one in reading.attachments:
        assert one.size >= 0
        attachment_content(raw, one.index)
    return reading


def check_strings(value: object) -> None:
    """A database can keep every text in it: there is no NUL, and no half of a surrogate pair."""
    for text in strings_in(value):
        assert "\0" not in text, f"PostgreSQL takes no NUL: {text!r}"
        text.encode()


def same(reading: Reading) -> Reading:
    """The reading without the time it took."""
    return replace(reading, seconds=0.0)


def check_words(reading: Reading) -> None:
    """Every word of the body is in the text or folded, and nothing else is; each folded stretch has its place."""
    kept = Counter(reading.text.split())
    whole, place = "", 0
    for one in reading.folded:
        assert place <= one.at <= len(reading.text), f"it stood outside the text, or above what stood before it: {one}"
        whole, place = f"{whole}{reading.text[place : one.at]}{one.text}", one.at
        kept.update(one.text.split())
    whole += reading.text[place:]
    assert "".join(whole.split()) == "".join(reading.body.split()), "folded words are not in their place"
    body = Counter(reading.body.split())
    assert kept == body, f"lost: {body - kept}; invented: {kept - body}"
    folded = Counter(word for one in reading.folded for word in one.text.split())
    assert not Counter(reading.signature.split()) - folded, "a signature that is not among what was folded"


def strings_in(value: object) -> Iterator[str]:
    """Every text anywhere in a value."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from strings_in(getattr(value, field.name))
    elif isinstance(value, (tuple, list)):
        for one in value:
            yield from strings_in(one)
