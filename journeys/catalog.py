"""What a check must know of the letters and texts that a journey sends; whoever holds them hands it in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol


class Catalog(Protocol):
    """Every letter and text there is. That a letter uses only variables that exist is seen to when it is compiled."""

    def letters(self) -> Collection[str]:
        """The names of the letters that a journey may send."""
        ...

    def texts(self) -> Collection[str]:
        """The names of the texts that a journey may send."""
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
