"""Who signs a message, and the keys that every message has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from journeys.groups import WordOr, Wrapped
from journeys.records import Field
from journeys.scalars import CONTRIBUTION, EMAIL, TEMPLATE, Closed, ListOf
from journeys.vocabulary import Speaks


@dataclass(frozen=True, slots=True)
class MembersOrganizer:
    """The organizer who is there for this member."""

    def __str__(self) -> str:
        return "the member's organizer"


@dataclass(frozen=True, slots=True)
class Desk:
    """The team's desk, which says that it is a desk."""

    def __str__(self) -> str:
        return "the team's desk"


@dataclass(frozen=True, slots=True)
class NamedMember:
    """One person, known by an email address; without their approval the desk signs and says so."""

    address: str

    def __str__(self) -> str:
        return self.address


Signer: TypeAlias = MembersOrganizer | Desk | NamedMember

SIGNER: WordOr[Signer] = WordOr(
    {"organizer": MembersOrganizer(), "desk": Desk()}, Wrapped(NamedMember, "address", EMAIL)
)

SPEAKS = Field(
    "speaks", Closed(Speaks), "What it does: `ask` for something, `give` something, or `listen` with a gentle question."
)
SIGNED_BY = Field(
    "signed_by", SIGNER, "Who signs: `organizer` (the member's own), `desk`, or a person's email address."
)
SENDING = (Field("template", TEMPLATE, "The letter's name in the templates."), SPEAKS, SIGNED_BY)
TEXTING = (Field("template", TEMPLATE, "The text's name in the templates."), SPEAKS, SIGNED_BY)
CONTRIBUTES = Field(
    "contributes",
    ListOf(CONTRIBUTION, most=20, alone=True),
    "What it invites to contribute, in a word or several, such as cooking, fixing, driving, translating, telling, "
    "hosting, numbers or music; `phoning` and `money` are called so.",
    (),
)
OR_EMAIL = Field(
    "or_email",
    TEMPLATE,
    "The letter for those who cannot be texted (no phone, no consent to texts); without it, they are passed over.",
    None,
)


def or_by_letter(template: str | None) -> str:
    """What the others get, in words; empty when that is nothing."""
    return f" or, where no text may go, the letter {template}" if template else ""
