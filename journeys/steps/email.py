"""A letter, after which the journey goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from journeys.records import Record
from journeys.shapes import Next
from journeys.steps.kind import GO, Way, kind
from journeys.steps.signing import CONTRIBUTES, SENDING, Signer
from journeys.vocabulary import Speaks


@dataclass(frozen=True, slots=True)
class Email:
    """One letter to the member's email address."""

    takes_time: ClassVar[bool] = False

    id: str
    template: str
    speaks: Speaks
    signed_by: Signer
    go: Next
    contributes: tuple[str, ...] = ()

    def ways(self) -> tuple[Way, ...]:
        return (Way("then", self.go),)

    def describe(self, ids: Sequence[str]) -> str:
        return f"sends the letter {self.template} ({self.speaks}), signed by {self.signed_by}"


KIND = kind("email", "Sends a letter and goes on.", Record(Email, (*SENDING, GO, CONTRIBUTES)))
