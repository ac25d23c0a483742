"""The cast: the made-up people of the sandbox and what they are like, read from community.yaml. Nobody in it exists."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("community.yaml")


@dataclass(frozen=True, slots=True)
class Reaction:
    """What somebody does after reading: how long later, and the words they write."""

    after: timedelta
    says: str
    #: A mailbox other than their own, a subject of their own, headers of a mail program: what makes the case special.
    mailbox: str = ""
    subject: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Instead of writing: `unsubscribe` (a member presses their mail program's button) or `close` (an organizer does).
    does: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the sandbox: a member of the community, or a stranger who writes to it."""

    key: str
    name: str
    mailbox: str
    chapters: tuple[str, ...]
    language: str
    postal_code: str
    #: When they join, counted from the first moment of the lived days; None: never.
    joins: timedelta | None
    #: What they do after the n-th letter written to everyone (1 is the first).
    letters: Mapping[int, Reaction]
    #: What they do after the n-th answer a person wrote to them.
    answers: Mapping[int, Reaction]
    #: Mails of their own, out of the blue: when, and the chapter or desk they write to.
    writes: tuple[tuple[timedelta, str, Reaction], ...]
    #: What their organizer answers to their n-th words; absent: it waits for you.
    answered: Mapping[int, Reaction]
    #: Their mailbox is no more: mail to it comes back.
    gone: bool


@dataclass(frozen=True, slots=True)
class Organizer:
    """Somebody who answers people in the sandbox."""

    key: str
    name: str
    mailbox: str
    #: Their roles: a chapter's short name (None: the whole organization) and the role there.
    roles: tuple[tuple[str | None, str], ...]
    language: str
    #: Letters they lent their name to.
    approves: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Room:
    """A chapter of the sandbox community."""

    slug: str
    name: str
    kind: str
    zone: str
    language: str
    about: str


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody."""

    organization: Mapping[str, str]
    rooms: tuple[Room, ...]
    organizers: tuple[Organizer, ...]
    people: tuple[Person, ...]

    def by_mailbox(self, mailbox: str) -> Person | None:
        """Whose mailbox it is, or None."""
        return next((person for person in self.people if person.mailbox == mailbox.lower()), None)


@cache
def cast() -> Cast:
    """The cast of community.yaml."""
    data = yaml.safe_load(FILE.read_text("utf-8"))
    return Cast(
        organization=data["organization"],
        rooms=tuple(Room(**room) for room in data["chapters"]),
        organizers=tuple(
            Organizer(
                key=row["key"],
                name=row["name"],
                mailbox=row["mailbox"],
                roles=tuple((None if where == "everywhere" else where, role) for where, role in row["roles"].items()),
                language=row.get("language", "en"),
                approves=tuple(row.get("approves", ())),
            )
            for row in data["organizers"]
        ),
        people=tuple(_person(row) for row in [*data["members"], *data["strangers"]]),
    )


def span(text: str) -> timedelta:
    """`2d 9:30`, `5h`, `40m`: a length of time as people write it."""
    total = timedelta()
    for part in str(text).split():
        if ":" in part:
            hours, minutes = part.split(":")
            total += timedelta(hours=int(hours), minutes=int(minutes))
        else:
            total += timedelta(**{{"d": "days", "h": "hours", "m": "minutes"}[part[-1]]: int(part[:-1])})
    return total


def _reaction(row: Mapping[str, Any]) -> Reaction:
    return Reaction(
        after=span(row.get("after", "0m")),
        says=_paragraphs(row["says"]),
        mailbox=row.get("from", ""),
        subject=row.get("subject", ""),
        headers=row.get("headers", {}),
        does=row.get("does", ""),
    )


def _paragraphs(text: str) -> str:
    """The words as somebody types them: a line break only between paragraphs, wherever the file wraps its lines."""
    return "\n\n".join(" ".join(block.split()) for block in text.split("\n\n") if block.strip())


def _person(row: Mapping[str, Any]) -> Person:
    return Person(
        key=row["key"],
        name=row["name"],
        mailbox=row.get("mailbox", f"{row['key']}@mail.example").lower(),
        chapters=tuple(row.get("chapters", ())),
        language=row.get("language", "en"),
        postal_code=str(row.get("zip", "")),
        joins=span(row["joins"]) if "joins" in row else None,
        letters={int(n): _reaction(r) for n, r in row.get("letters", {}).items()},
        answers={int(n): _reaction(r) for n, r in row.get("answers", {}).items()},
        writes=tuple((span(r["at"]), r["to"], _reaction(r)) for r in row.get("writes", ())),
        answered={int(n): _reaction(r) for n, r in row.get("answered", {}).items()},
        gone=bool(row.get("gone", False)),
    )
