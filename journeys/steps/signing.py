"""Who signs a message, and the keys that every message has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from journeys.groups import WordOr, Wrapped
from journeys.records import Field
from journeys.scalars import EMAIL, TEMPLATE, Closed
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

SENDING = (
    Field("template", TEMPLATE, "The letter's name in the templates."),
    Field(
        "speaks",
        Closed(Speaks),
        "What the letter does: `ask` for something, `give` something, or `listen` with a gentle question.",
    ),
    Field("signed_by", SIGNER, "Who signs: `organizer` (the member's own), `desk`, or a person's email address."),
)
