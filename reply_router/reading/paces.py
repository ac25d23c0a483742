"""Pace: whole messages by which a member asks for less from us, a pause, or as much as before."""

from typing import Final

from reply_router.reading.texts import one_form

#: What each word asks for: `less`, `pause` or `more` (engine.people.member_pace.Wish).
PACE_WORDS: Final = {
    "less": "less", "menos": "less",
    "pause": "pause", "pausa": "pause",
    "more": "more", "mas": "more",
}  # fmt: skip


def pace_of(line: str) -> str:
    """What the line asks for, where it is nothing but one of these words; else empty."""
    return PACE_WORDS.get(one_form(line).strip(" .!¡*_\"'“”‘’#"), "")
