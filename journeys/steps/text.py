"""A text, after which the journey goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from journeys.records import Record
from journeys.shapes import Next
from journeys.steps.kind import GO, Way, kind
from journeys.steps.signing import CONTRIBUTES, OR_EMAIL, TEXTING, Signer, or_by_letter
from journeys.vocabulary import Speaks


@dataclass(frozen=True, slots=True)
class Text:
    """One text to the member's phone; for those whom no text may reach, the letter `or_email`, or nothing."""

    takes_time: ClassVar[bool] = False

    id: str
    template: str
    speaks: Speaks
    signed_by: Signer
    or_email: str | None
    go: Next
    contributes: tuple[str, ...] = ()

    def ways(self) -> tuple[Way, ...]:
        return (Way("then", self.go),)

    def describe(self, ids: Sequence[str]) -> str:
        return (
            f"sends the text {self.template} ({self.speaks}){or_by_letter(self.or_email)}, signed by {self.signed_by}"
        )


KIND = kind("text", "Sends a text and goes on.", Record(Text, (*TEXTING, OR_EMAIL, GO, CONTRIBUTES)))
