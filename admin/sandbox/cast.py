"""The cast: the made-up people of the sandbox and what they are like. Nobody in it exists.

Those with a life of their own are written in community/*.yaml, one file a chapter; the rest are the crowd.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
FOLDER = Path(__file__).with_name("community")


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
    #: Not before this hour and minute where they live (`3:07`): some read only then.
    at_local: str = ""
    #: Said by text where the sandbox has phones, else by mail.
    texts: bool = False
    #: The word of a calendar program that answers an invitation with these words: ACCEPTED.
    calendar: str = ""
    #: A picture comes with it.
    picture: bool = False
    #: They call instead, and speak for so many seconds after the tone; what they say is for whoever listens.
    voicemail: int = 0


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
    #: What they do after the n-th post of a topic that reached them by mail.
    topics: Mapping[int, Reaction] = field(default_factory=dict)
    #: What they do after the n-th text of a journey.
    texts: Mapping[int, Reaction] = field(default_factory=dict)
    #: In E.164; empty: none that we know.
    phone: str = ""
    #: What they are and do, in a line, and how they came to us.
    about: str = ""
    source: str = ""
    #: Where they had come to by the first lived morning.
    stage: str = "curious"
    #: Who answers them when they are no member: an organizer's key, and what that one does.
    handled: tuple[str, Reaction] | None = None
    #: Written by hand, or one of the crowd.
    by_hand: bool = True


@dataclass(frozen=True, slots=True)
class Organizer:
    """Somebody who answers people in the sandbox."""

    key: str
    name: str
    mailbox: str
    #: Their roles: a chapter's short name (None: the whole organization) and the role there.
    roles: tuple[tuple[str | None, str], ...]
    language: str
    #: Letters and texts they lent their name to, by name or by a pattern such as `gift/*`.
    approves: tuple[str, ...]
    postal_code: str = ""
    phone: str = ""
    #: When they came, counted like a member's; None: with the first day of the history.
    joins: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """A chapter of the sandbox community."""

    slug: str
    name: str
    kind: str
    zone: str
    language: str
    about: str
    gathering: str = ""
    area_codes: tuple[str, ...] = ()
    #: Whom mail to its address is for (engine.chapters.chapter).
    default_to: str = "desk"
    #: Its own number, in E.164.
    number: str = ""


@dataclass(frozen=True)
class Cast:
    """Everybody."""

    organization: Mapping[str, str]
    rooms: tuple[Room, ...]
    organizers: tuple[Organizer, ...]
    people: tuple[Person, ...]

    def by_mailbox(self, mailbox: str) -> Person | None:
        """Whose mailbox it is, or None."""
        return self._mailboxes.get(mailbox.lower())

    def by_phone(self, phone: str) -> Person | None:
        """Whose phone it is, or None."""
        return self._phones.get(phone)

    def number_at(self, address: str) -> str:
        """The number of the chapter with that address; the desk's for any other."""
        slug = address.partition("@")[0]
        return next((room.number for room in self.rooms if room.slug == slug), "") or self.organization["number"]

    def by_key(self, key: str) -> Person:
        """The person of that key. Raises KeyError."""
        return self._keys[key]

    def steward_of(self, slug: str) -> Organizer | None:
        """Who answers for a chapter: its steward, else its first organizer."""
        for role in ("steward", "organizer"):
            for organizer in self.organizers:
                if (slug, role) in organizer.roles:
                    return organizer
        return None

    @cached_property
    def _mailboxes(self) -> dict[str, Person]:
        return {person.mailbox: person for person in self.people}

    @cached_property
    def _phones(self) -> dict[str, Person]:
        return {person.phone: person for person in self.people if person.phone}

    @cached_property
    def _keys(self) -> dict[str, Person]:
        return {person.key: person for person in self.people}


@cache
def written() -> Cast:
    """Everybody who was written by hand."""
    top = read("organization")
    files = [read(name) for name in top["files"]]
    return Cast(
        organization=top["organization"],
        rooms=tuple(_room(data["chapter"]) for data in files if "chapter" in data),
        organizers=tuple(_organizer(row) for data in files for row in data.get("organizers", ())),
        people=tuple(_person(row) for data in files for row in (*data.get("members", ()), *data.get("strangers", ()))),
    )


@cache
def read(name: str) -> dict[str, Any]:
    """One file of the community."""
    data: dict[str, Any] = yaml.load((FOLDER / f"{name}.yaml").read_text("utf-8"), _LOADER)  # noqa: S506 (safe ones)
    return data


def span(text: str) -> timedelta:
    """`2d 9:30`, `5h`, `40m`, `-3d`: a length of time as people write it."""
    total = timedelta()
    text = str(text)
    if text.startswith("-"):
        return -span(text[1:])
    for part in text.split():
        if ":" in part:
            hours, minutes = part.split(":")
            total += timedelta(hours=int(hours), minutes=int(minutes))
        else:
            total += timedelta(**{{"d": "days", "h": "hours", "m": "minutes"}[part[-1]]: int(part[:-1])})
    return total


def typed(text: str) -> str:
    """The words as somebody types them: a line break only between paragraphs, wherever the file wraps its lines."""
    return "\n\n".join(" ".join(block.split()) for block in text.split("\n\n") if block.strip())


def _reaction(row: Mapping[str, Any]) -> Reaction:
    return Reaction(
        after=span(row.get("after", "0m")),
        says=typed(row["says"]),
        mailbox=row.get("from", ""),
        subject=row.get("subject", ""),
        headers=row.get("headers", {}),
        does=row.get("does", ""),
        at_local=row.get("at_local", ""),
        texts=bool(row.get("texts", False)),
        calendar=row.get("calendar", ""),
        picture=bool(row.get("picture", False)),
        voicemail=int(row.get("voicemail", 0)),
    )


def _room(row: Mapping[str, Any]) -> Room:
    return Room(**{**row, "area_codes": tuple(row["area_codes"])})


def _organizer(row: Mapping[str, Any]) -> Organizer:
    return Organizer(
        key=row["key"],
        name=row["name"],
        mailbox=row["mailbox"],
        roles=tuple((None if where == "everywhere" else where, role) for where, role in row["roles"].items()),
        language=row.get("language", "en"),
        approves=tuple(row.get("approves", ())),
        postal_code=str(row.get("zip", "")),
        phone=row.get("phone", ""),
        joins=span(row["joins"]) if "joins" in row else None,
    )


def _person(row: Mapping[str, Any]) -> Person:
    handled = row.get("handled")
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
        topics={int(n): _reaction(r) for n, r in row.get("topics", {}).items()},
        texts={int(n): _reaction(r) for n, r in row.get("texts", {}).items()},
        phone=row.get("phone", ""),
        about=row.get("about", ""),
        source=row.get("source", ""),
        stage=row.get("stage", "curious"),
        handled=(handled["by"], _reaction(handled)) if handled else None,
    )
