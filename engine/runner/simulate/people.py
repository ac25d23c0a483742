"""People who do not exist: who they are and how they are, dealt out by a seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

#: Where people live, and how often; the area code is where their phone was bought.
HOMES: tuple[tuple[str, str, int], ...] = (
    ("America/New_York", "404", 30),
    ("America/Chicago", "312", 20),
    ("America/Denver", "303", 10),
    ("America/Phoenix", "602", 6),
    ("America/Los_Angeles", "213", 20),
    ("America/Anchorage", "907", 3),
    ("Pacific/Honolulu", "808", 4),
    ("America/Puerto_Rico", "787", 7),
)
#: Where they travel: far, across half-hour zones and the other half of the year.
FAR = ("Europe/Madrid", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata", "America/St_Johns")
NAMES = ("Rosa", "Dana", "Amir", "Lin", "Joy", "Mateo", "Ines", "Sam", "Noor", "Walt", "Thuy", "Bea", "Olu", "Kim")
LAST = ("Marsh", "Ortiz", "Okafor", "Lee", "Haddad", "Nowak", "Cruz", "Bell", "Silva", "Grant", "Tran", "Katz")
#: Everybody has joined when this share of the days is over.
JOINING = 0.25
#: Ids of theirs begin here; below it are those who organize.
FIRST_ID = 1_000
#: So many phones have seven digits after the area code, from here on.
FIRST_PHONE = 2_000_000


@dataclass(slots=True)
class Person:
    """One who does not exist. What they do later is drawn from `dice`, in the order in which it happens to them."""

    id: int
    name: str
    language: str
    #: Where they are, and where we were told they are (None: nobody told us).
    zone: str
    told_zone: str | None
    #: Their chapter by its place in the list; None: no chapter yet.
    chapter: int | None
    email: str | None
    phone: str | None
    is_landline: bool
    texts_welcome: bool
    has_organizer: bool
    joins_at: datetime
    #: How likely they answer a question, write back to a letter, and say more than was asked.
    answers: float
    writes: float
    says_more: float
    #: They read nothing any more from then on.
    goes_away_at: datetime | None
    #: They ask us to stop after so many messages.
    stops_after: int | None
    travels_at: datetime | None
    moves_at: datetime | None
    dice: Random
    heard: int = 0


def dice(seed: int, *about: object) -> Random:
    """Chances that are the same for the same seed and thing, on every machine and in any order."""
    return Random(":".join(str(each) for each in (seed, *about)))  # noqa: S311  (nothing secret is drawn)


def people(seed: int, numbers: Sequence[int], chapters: int, start: datetime, days: int) -> list[Person]:
    """The people of these numbers, in the order in which they join."""
    made = [_person(seed, number, chapters, start, days) for number in numbers]
    return sorted(made, key=lambda person: (person.joins_at, person.id))


def _person(seed: int, number: int, chapters: int, start: datetime, days: int) -> Person:
    rng = dice(seed, "person", number)
    zone, area, _ = rng.choices(HOMES, weights=[home[2] for home in HOMES])[0]
    first, last = rng.choice(NAMES), rng.choice(LAST)
    has_phone = rng.random() < 0.7
    # A plain phone and nothing else: everything reaches them by text or not at all.
    is_plain = has_phone and rng.random() < 0.12
    joins_at = start + timedelta(minutes=rng.randrange(max(1, int(days * JOINING * 24 * 60))))
    span = max(1, days * 24 * 60)

    def some_day(chance: float) -> datetime | None:
        return joins_at + timedelta(minutes=rng.randrange(span)) if rng.random() < chance else None

    return Person(
        id=FIRST_ID + number,
        name=f"{first} {last}",
        language="es" if zone == "America/Puerto_Rico" or rng.random() < 0.18 else "en",
        zone=zone,
        told_zone=zone if rng.random() < 0.8 else None,
        chapter=rng.randrange(chapters) if rng.random() < 0.85 else None,
        email=None if is_plain else f"{first}.{number}@home.example".lower(),
        phone=f"+1{area}{FIRST_PHONE + number:07d}" if has_phone else None,
        is_landline=has_phone and not is_plain and rng.random() < 0.04,
        texts_welcome=is_plain or rng.random() < 0.85,
        has_organizer=rng.random() < 0.7,
        joins_at=joins_at,
        answers=rng.choice((0.0, 0.0, 0.05, 0.1, 0.6)),
        writes=rng.choice((0.0, 0.0, 0.0, 0.02, 0.1)),
        says_more=rng.choice((0.05, 0.2, 0.4)),
        goes_away_at=some_day(0.15),
        stops_after=rng.randrange(1, 12) if rng.random() < 0.1 else None,
        travels_at=some_day(0.1),
        moves_at=some_day(0.06),
        dice=rng,
    )
