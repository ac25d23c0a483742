"""What a check must know of the letters that a journey sends; whoever holds them hands it in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Letter:
    """The facts of one template: its languages, the variables it uses, what it does, and how it ends."""

    languages: Collection[str]
    #: `ask`, `give` or `listen`.
    speaks: str
    ends_with_question: bool
    variables: Collection[str] = ()


class Catalog(Protocol):
    """Every letter there is."""

    def letter(self, name: str) -> Letter | None:
        """The letter of that name, or None."""
        ...

    def names(self) -> Collection[str]:
        """The names of all letters."""
        ...

    def offered(self) -> Collection[str]:
        """The variables that a journey's letters are given."""
        ...


@dataclass(frozen=True, slots=True)
class Letters:
    """A catalog held in memory."""

    by_name: Mapping[str, Letter] = field(default_factory=dict)
    variables: Collection[str] = ()

    def letter(self, name: str) -> Letter | None:
        """The letter of that name, or None."""
        return self.by_name.get(name)

    def names(self) -> Collection[str]:
        """The names of all letters."""
        return self.by_name.keys()

    def offered(self) -> Collection[str]:
        """The variables that a journey's letters are given."""
        return self.variables
