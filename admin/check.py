"""Check: one question to an installation, and its answer."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One question and its answer; `fix` says what to do about a no."""

    name: str
    ok: bool
    says: str
    fix: str = ""


def counted(count: int, none: str, one: str, many: str) -> str:
    """The sentence for so many."""
    return none if count == 0 else one if count == 1 else many.format(count)
