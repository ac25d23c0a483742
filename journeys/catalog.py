"""What a check must know of the letters and texts that a journey sends; whoever holds them hands it in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol


class Fault(Protocol):
    """What keeps a letter or text from being sent: the line of its file, what is wrong, what to write instead."""

    @property
    def line(self) -> int: ...

    @property
    def what(self) -> str: ...

    @property
    def fix(self) -> str: ...

    @property
    def about(self) -> str:
        """`variable` where it names one that does not exist, `length` where it came out too long; else empty."""
        ...


class Catalog(Protocol):
    """Every letter and text there is; one with a fault is left out of them, and its faults are told."""

    def letters(self) -> Collection[str]:
        """The names of the letters that a journey may send."""
        ...

    def texts(self) -> Collection[str]:
        """The names of the texts that a journey may send."""
        ...

    def faults(self, name: str) -> Sequence[tuple[str, Fault]]:
        """What keeps this letter or text from being sent, with the language it is found in."""
        ...

    def languages(self, name: str) -> Collection[str]:
        """The languages in which the letter is written."""
        ...

    def speaks(self, name: str) -> str | None:
        """What the letter does: `ask`, `give` or `listen`; None when it does not say."""
        ...

    def ends_with_question(self, name: str, language: str) -> bool:
        """Whether the letter ends with a question, in this language."""
        ...

    def says(self, name: str, language: str) -> str:
        """What the text says, with sample values."""
        ...

    def segments(self, name: str, language: str, answers: Sequence[str]) -> int:
        """Into how many segments the text is cut, with these answers offered by number."""
        ...
