"""The crowd: the members nobody wrote by hand, made of community/crowd.yaml from the seed and a stable key each.

The seed decides who gets what; how many join, write, are away or leave is the same for every seed.
"""

import random
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from admin.sandbox.cast import Cast, Person, Reaction, Room, read, typed, written

T = TypeVar("T")

#: Days before the first lived morning that were written as rows: with thirty lived days they make 96.
HISTORY = timedelta(days=66)
#: The days lived when nobody says otherwise: everything written by hand has happened by then.
MONTH = timedelta(days=30)
#: Of the crowd: who joins in the month that is lived, and who is still on the welcome journey when it begins.
JOIN_NOW, ON_THE_WAY = 38, 60
#: The welcome journey takes five weeks; who came before is done with it.
WELCOME = timedelta(days=35)
#: Of those who join now, how many: are away, have a mailbox that is no more, press the button, say it in words, talk.
AWAY, GONE, LEAVE, FAREWELL, TALK = 5, 3, 3, 1, 3
#: Of those on the way: how many answer the letter's own question in its own words.
CHOOSE = 1
#: One in so many has no phone that we know.
NO_PHONE = 3
AUTO = {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}


def community(seed: int, start: datetime) -> Cast:
    """Everybody, for one seed and first lived morning: those written by hand, and the crowd."""
    base = written()
    made = _Making(seed, start, base, read("crowd"))
    return replace(base, people=(*base.people, *made.people()))


def dealt(seed: int, key: str) -> random.Random:
    """The chance that belongs to one key: the same for the same seed, whoever asks and in whatever order."""
    return random.Random(f"{seed} {key}")  # noqa: S311 (a made-up world)


def shuffled(seed: int, key: str, things: Sequence[T]) -> list[T]:
    """All of `things` in the order that belongs to the key."""
    return dealt(seed, key).sample(list(things), len(things))


@dataclass(frozen=True)
class _Making:
    seed: int
    start: datetime
    base: Cast
    stuff: dict[str, Any]

    def people(self) -> list[Person]:
        """The whole crowd, in the order of its chapters."""
        crowd = list(self._named())
        order = shuffled(self.seed, "order", [person.key for person in crowd if person.chapters])
        place = {key: number for number, key in enumerate(order)}
        crowd = [self._with_time(person, place.get(person.key, len(order))) for person in crowd]
        return self._with_lives(crowd)

    # Who they are.

    def _named(self) -> Iterator[Person]:
        rooms = {room.slug: room for room in self.base.rooms}
        phones = _Phones(self.base)
        names = {language: self._names(language) for language in ("en", "es")}
        for slug, part in self.stuff["chapters"].items():
            room = rooms.get(slug)
            abouts = shuffled(self.seed, f"{slug} about", part["about"])
            came = shuffled(self.seed, f"{slug} came", part["came"])
            for number in range(part["count"]):
                key = f"{slug}-{number + 1}"
                chance = dealt(self.seed, key)
                language = "es" if part.get("spanish") and number % 5 < 3 else "en"
                name = next(names[language])
                yield Person(
                    key=key,
                    name=name,
                    mailbox=f"{_plain(name)}@mail.example",
                    chapters=self._rooms(room, number),
                    language=language,
                    postal_code=chance.choice(part["zips"]),
                    joins=None,
                    letters={},
                    answers={},
                    writes=(),
                    answered={},
                    gone=False,
                    phone=phones.next(room, number),
                    about=abouts[number % len(abouts)],
                    source=came[(number + number // len(abouts)) % len(came)],
                    by_hand=False,
                )

    def _names(self, language: str) -> Iterator[str]:
        first = shuffled(self.seed, f"first {language}", self.stuff["first_names"][language])
        last = shuffled(self.seed, f"last {language}", self.stuff["last_names"][language])
        taken = {person.name for person in self.base.people} | {one.name for one in self.base.organizers}
        number = 0
        while True:
            # Two lists of different lengths side by side: no pair comes twice for a long time.
            name = f"{first[number % len(first)]} {last[(number + number // len(first)) % len(last)]}"
            number += 1
            if name not in taken:
                taken.add(name)
                yield name

    @staticmethod
    def _rooms(room: Room | None, number: int) -> tuple[str, ...]:
        if room is None:
            return ()
        # Every eighth also plays somewhere.
        return (room.slug, "musicians") if room.kind == "place" and number % 8 == 7 else (room.slug,)

    # When they came, and how far.

    def _with_time(self, person: Person, place: int) -> Person:
        chance = dealt(self.seed, f"{person.key} joins")
        hour = timedelta(minutes=chance.randrange(0, 11 * 60))
        if place < JOIN_NOW:
            return replace(person, joins=timedelta(days=1 + place * 26 // JOIN_NOW) + hour)
        if place < JOIN_NOW + ON_THE_WAY:
            return replace(person, joins=-timedelta(days=1 + (place - JOIN_NOW) * 33 // ON_THE_WAY) + hour / 2)
        # A third of the rest had been there on the first day: the list with which it all began.
        older = timedelta(days=chance.randrange(37, 66)) if place % 3 else HISTORY
        stage = ("connected", "curious", "active", "curious", "connected", "curious", "curious")[place % 7]
        return replace(person, joins=-older + hour / 2, stage="leading" if place % 41 == 0 else stage)

    # What they do while days are lived.

    def _with_lives(self, crowd: list[Person]) -> list[Person]:
        by_key = {person.key: person for person in crowd}
        for changed in (*self._joining(crowd), *self._choosing(crowd), *self._answering_tuesday(crowd)):
            by_key[changed.key] = changed
        return [by_key[person.key] for person in crowd]

    def _joining(self, crowd: list[Person]) -> Iterator[Person]:
        now = [each for each in crowd if each.joins is not None and each.joins > timedelta() and _is_heard(each)]
        now = shuffled(self.seed, "joining", [each for each in now if each.joins and each.joins < timedelta(days=24)])
        talks = iter(shuffled(self.seed, "talks", self.stuff["talks"]))
        talking = [each for each in now if each.language == "en"][:TALK]
        for person in talking:
            yield self._talk(person, next(talks))
        rest = [each for each in now if each not in talking]
        chance = dealt(self.seed, "after")
        for number, person in enumerate(rest[: AWAY + GONE + LEAVE + FAREWELL]):
            if number < AWAY:
                subject, says = self.stuff["away"][person.language][number % len(self.stuff["away"][person.language])]
                yield replace(person, letters={1: Reaction(timedelta(minutes=1), says, subject=subject, headers=AUTO)})
            elif number < AWAY + GONE:
                yield replace(person, gone=True)
            elif number < AWAY + GONE + LEAVE:
                after = timedelta(hours=chance.randrange(2, 40))
                yield replace(person, letters={1: Reaction(after, "", does="unsubscribe")})
            else:
                after = timedelta(hours=chance.randrange(2, 9))
                yield replace(person, letters={1: Reaction(after, self.stuff["farewells"][0])})

    def _talk(self, person: Person, talk: dict[str, Any]) -> Person:
        chance = dealt(self.seed, f"{person.key} talks")
        answered = {1: Reaction(timedelta(minutes=chance.randrange(25, 300)), typed(talk["answered"]))}
        answers = {}
        if "again" in talk:
            answers[1] = Reaction(timedelta(minutes=chance.randrange(50, 900)), typed(talk["again"]))
            answered[2] = Reaction(timedelta(minutes=chance.randrange(20, 200)), "", does="close")
        first = Reaction(timedelta(minutes=chance.randrange(90, 1500)), typed(talk["says"]))
        return replace(person, letters={1: first}, answers=answers, answered=answered)

    def _choosing(self, crowd: list[Person]) -> Iterator[Person]:
        """Some whose next letter, their third, is the question with an answer of its own."""
        next_letter = [each for each in crowd if each.joins and -timedelta(days=14) < each.joins < -timedelta(days=8)]
        some = shuffled(self.seed, "choosing", [each for each in next_letter if _is_heard(each)])[:CHOOSE]
        for number, person in enumerate(some):
            words = self.stuff["choices"][person.language]
            after = timedelta(minutes=dealt(self.seed, f"{person.key} chooses").randrange(40, 900))
            answer = Reaction(after, words[number % len(words)])
            # Whoever can be texted is asked by text; it is the first that comes to them while days are lived.
            yield replace(person, texts={1: answer}) if person.phone else replace(person, letters={3: answer})

    def _answering_tuesday(self, crowd: list[Person]) -> Iterator[Person]:
        """Twelve answer the question of the last Tuesday of the month, each with something they saw."""
        tuesday = _last_tuesday(self.start)
        free: dict[tuple[str, bool], list[Person]] = {}
        for person in shuffled(self.seed, "kind", crowd):
            if person.joins is not None and person.joins < -WELCOME and person.chapters:
                free.setdefault((person.chapters[0], person.language == "es"), []).append(person)
        for number, line in enumerate(self.stuff["kind_things"]):
            slug = line["chapter"]
            person = free[(slug, slug == "tucson")].pop()
            chance = dealt(self.seed, f"kind {number}")
            # Who nobody has answered yet wrote late: theirs are the fresh ones.
            at = tuesday + timedelta(minutes=chance.randrange(45, 720))
            if "answered" not in line:
                at = MONTH - timedelta(minutes=chance.randrange(60, 500))
            to = f"{slug}@{self.base.organization['domain']}"
            words = Reaction(timedelta(), typed(line["says"]), subject=f"Re: {self.stuff['question']}")
            answered = {}
            if "answered" in line:
                answered[1] = Reaction(timedelta(minutes=chance.randrange(20, 240)), typed(line["answered"]))
            yield replace(person, writes=((at, to, words),), answered=answered)


def _is_heard(person: Person) -> bool:
    """Whether somebody answers where they are: the steward of the Flats has been silent for a month."""
    return person.chapters[:1] not in ((), ("oakland-flats",), ("boise",))


def _last_tuesday(start: datetime) -> timedelta:
    """The last Tuesday's noon of the month that is lived, early enough that everybody can have answered."""
    latest = start + MONTH - timedelta(hours=22)
    noon = latest.replace(hour=14, minute=0, second=0, microsecond=0)
    noon -= timedelta(days=(noon.weekday() - 1) % 7)
    return (noon if noon <= latest else noon - timedelta(days=7)) - start


class _Phones:
    """Numbers of fiction, 555-01xx, each given out once."""

    def __init__(self, base: Cast) -> None:
        self._taken = {each.phone for each in base.people} | {each.phone for each in base.organizers}
        self._next: dict[str, int] = {}

    def next(self, room: Room | None, number: int) -> str:
        """The next free number of the chapter's area; empty for whoever gave us none."""
        if room is None or number % NO_PHONE == 0:
            return ""
        code = room.area_codes[number % len(room.area_codes)]
        while True:
            last = self._next.get(code, 126)
            self._next[code] = last + 1
            if last > 199:
                return ""
            if (phone := f"+1{code}5550{last}") not in self._taken:
                return phone


def _plain(name: str) -> str:
    """The name as it stands in an address."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return ".".join("".join(sign for sign in word if sign.isalnum()) for word in letters.split())
