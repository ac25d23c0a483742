"""Talk: how a script goes when it is told with times: what a member says and what their organizer says to that."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from admin.sandbox.cast import Person, Reaction
from admin.sandbox.crowd import dealt
from engine.people.place import place_of


@dataclass(frozen=True, slots=True)
class Said:
    """Words at a time, the member's or their organizer's."""

    at: datetime
    says: str
    by_member: bool


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation from its first words on, and when it was closed; None: it was not."""

    words: tuple[Said, ...]
    closed_at: datetime | None = None


def told(person: Person, joined: datetime, seed: int) -> Talk:
    """What follows from the first letter to somebody who joined then, if everybody keeps to the script."""
    at = when(person, person.letters[1], joined, f"{person.key} letters 1", seed)
    words = [Said(at, person.letters[1].says, by_member=True)]
    for number in range(1, 1 + max(person.answered, default=0)):
        ours = person.answered[number]
        at = when(person, ours, at, f"{person.key} answered {number}", seed, by_member=False)
        if ours.does == "close":
            return Talk(tuple(words), at)
        words.append(Said(at, ours.says, by_member=False))
        if number not in person.answers:
            break
        theirs = person.answers[number]
        at = when(person, theirs, at, f"{person.key} answers {number}", seed)
        words.append(Said(at, theirs.says, by_member=True))
    return Talk(tuple(words))


def when(
    person: Person, reaction: Reaction, after: datetime, key: str, seed: int, *, by_member: bool = True
) -> datetime:
    """When somebody gets round to it: a few minutes off, always the same for one seed and key."""
    at = after + reaction.after + timedelta(seconds=dealt(seed, key).randrange(0, 540))
    if not reaction.at_local or not by_member:
        return at
    place = place_of(person.postal_code)
    zone = ZoneInfo(place.zone if place and place.zone else "America/New_York")
    hours, minutes = reaction.at_local.split(":")
    local = at.astimezone(zone)
    wanted = datetime.combine(local.date(), time(int(hours), int(minutes)), zone)
    return (wanted if wanted >= local else wanted + timedelta(days=1)).astimezone(UTC)
