"""History: what happened before the first lived morning, written as rows and in batches.

People who had joined, where they had come to, what they and their organizers said, and where they stand on the welcome
journey, so that the engine goes on with them as with anybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from admin.sandbox.cast import Cast, Person, read
from admin.sandbox.crowd import HISTORY, WELCOME, dealt
from admin.sandbox.talk import Talk, told
from engine.audit.entry import AuditEntry
from engine.base.db import Base, table_of
from engine.base.ids import new_id
from engine.chapters.membership import Membership
from engine.content.template import current_version, load_compiled
from engine.conversations.assignment import Assignment
from engine.conversations.closure import Closure
from engine.conversations.message import Message, first_line
from engine.conversations.thread import Thread
from engine.enrollments.enrollment import FINISHED, Due, Enrollment
from engine.enrollments.journey import Published
from engine.people.address import Address
from engine.people.consent import EVERYTHING, Consent, ConsentStanding
from engine.people.member import Member, first_name_of
from engine.people.path import BELONGING, Stage, StageChange
from engine.people.place import place_of
from templates.render import Rendered, Renderer
from templates.vocabulary import first_name, sample

#: The order in which tables are written: what others point to first.
TABLES: tuple[type[Base], ...] = (
    Member, Address, Membership, Consent, ConsentStanding, StageChange, Stage, Enrollment, Due, Thread, Assignment,
    Closure, Message, AuditEntry,
)  # fmt: skip
#: How long after our last word a talk that was not closed holds journeys.
HOLD = timedelta(hours=72)
#: Where somebody is on the welcome journey who joined less than so many days ago and said nothing: the step that is
#: due so many days after joining, and the letters they had by then. Who has come past the last is done.
PLACES = ((7, "a_story", 1), (13, "hello_call", 2), (20, "what_would_you_like", 2), (35, "connected", 3))


@dataclass(frozen=True, slots=True)
class Owner:
    """The organizer responsible for a member."""

    id: int
    name: str


def joined_before(cast: Cast) -> list[Person]:
    """Who had joined before the first lived morning, in the order in which they did."""
    before = [(person.joins, person.key, person) for person in cast.people if person.joins is not None]
    return [person for joins, _, person in sorted(before, key=lambda each: each[:2]) if joins < timedelta()]


def joined_at(person: Person, start: datetime) -> datetime:
    """When they joined: never before the first day of the history."""
    return max(start + (person.joins or timedelta()), start - HISTORY)


def letters_had(person: Person, start: datetime) -> int:
    """How many letters written to everyone they had before the first lived morning."""
    age = (start - joined_at(person, start)) / timedelta(days=1)
    return next((letters for days, _, letters in PLACES if age < days), 3)


def agreed_by(kind: str, source: str) -> str:
    """What somebody said yes to when they signed up, as the ledger of consents keeps it."""
    what = "Wrote their number below “text me too”" if kind == "phone" else "Put their name down for letters"
    return f"{what}: {source}."


@dataclass
class History:
    """Rows on their way into the database."""

    cast: Cast
    start: datetime
    seed: int
    #: Ids of chapters by short name, and organizers by key.
    rooms: Mapping[str, int]
    organizers: Mapping[str, Owner]
    version: Published
    rows: dict[type[Base], list[dict[str, Any]]] = field(default_factory=lambda: {table: [] for table in TABLES})

    def write(self, session: Session) -> None:
        """Everybody who had joined before the first lived morning is there with all that had happened."""
        letters = _Letters(session)
        for person in joined_before(self.cast):
            member_id = self._joined(person)
            joined = joined_at(person, self.start)
            self._moved(person, member_id, joined)
            self._enrolled(member_id, joined)
            if 1 in person.letters:
                self._talked(person, member_id, joined, letters)
        for table, rows in self.rows.items():
            if rows:
                session.execute(insert(table_of(table)), rows)

    def _add(self, table: type[Base], **values: Any) -> int:
        self.rows[table].append(values)
        return int(values.get("id", 0))

    def _owner(self, person: Person) -> Owner | None:
        steward = self.cast.steward_of(person.chapters[0]) if person.chapters else None
        return self.organizers[steward.key] if steward is not None else None

    def _joined(self, person: Person) -> int:
        at, owner, place = joined_at(person, self.start), self._owner(person), place_of(person.postal_code)
        source = person.source or "signed up on the website"
        member_id = self._add(
            Member,
            id=new_id(),
            created_at=at,
            name=person.name,
            first_name=first_name_of(person.name),
            language=person.language,
            zone=place.zone if place else None,
            postal_code=person.postal_code,
            locality=place.locality if place else "",
            region=place.region if place else "",
            source=source[:120],
            organizer_id=owner.id if owner else None,
            custom={"about": person.about} if person.about else {},
        )
        for kind, value in (("email", person.mailbox), ("phone", person.phone)):
            if value:
                self._add(Address, id=new_id(), created_at=at, member_id=member_id, kind=kind, value=value)
                self._agreed(member_id, "email" if kind == "email" else "sms", agreed_by(kind, source), at)
        for rank, slug in enumerate(person.chapters):
            self._add(Membership, member_id=member_id, chapter_id=self.rooms[slug], created_at=at, rank=rank)
        home = self.rooms[person.chapters[0]] if person.chapters else None
        self._did(None, "member_added", "member", member_id, at, home)
        return member_id

    def _agreed(self, member_id: int, channel: str, source: str, at: datetime) -> None:
        said = {"member_id": member_id, "channel": channel, "scope": EVERYTHING, "opted_in": True, "created_at": at}
        consent_id = self._add(Consent, id=new_id(), how="sign-up", evidence=source, **said)
        self._add(ConsentStanding, consent_id=consent_id, **said)

    def _moved(self, person: Person, member_id: int, joined: datetime) -> None:
        """Where they had come to, each move with what it rests on."""
        chance = dealt(self.seed, f"{person.key} moves")
        moves, owner = read("crowd")["moves"], self._owner(person)
        way = ["curious", "connected", "active", "leading"]
        at, before, change_id = joined, None, 0
        for stage in way[: way.index(person.stage) + 1]:
            if before is None:
                evidence = f"Joined ({person.source or 'signed up on the website'})."
            else:
                # Later than the last, and before the first lived morning.
                at += (self.start - at) * chance.uniform(0.25, 0.6)
                says = moves[stage][person.language if person.language in moves[stage] else "en"]
                evidence = chance.choice(says).format(organizer=first_name_of(owner.name) if owner else "Maya")
            change_id = self._add(
                StageChange,
                id=new_id(),
                created_at=at,
                member_id=member_id,
                path=BELONGING,
                from_stage=before,
                to_stage=stage,
                evidence=evidence,
                by_id=owner.id if owner and before else None,
            )
            before = stage
        self._add(
            Stage, member_id=member_id, path=BELONGING, created_at=at, stage=person.stage, change_id=change_id
        )  # fmt: skip

    def _enrolled(self, member_id: int, joined: datetime) -> None:
        age = (self.start - joined) / timedelta(days=1)
        journey = {
            "created_at": joined,
            "member_id": member_id,
            "journey_id": self.version.journey_id,
            "version_id": self.version.id,
            "trigger": "joined",
        }
        here = next(((step, days) for days, step, _ in PLACES if age < days), None)
        if here is None:
            ended = {"first_at": joined, "ended_at": joined + WELCOME, "end_reason": FINISHED}
            self._add(Enrollment, id=new_id(), **journey, **ended)
            return
        due = joined + timedelta(days=here[1])
        enrollment_id = self._add(Enrollment, id=new_id(), **journey, first_at=due, ended_at=None, end_reason="")
        step = next(place for place, step in enumerate(self.version.script.steps) if step.id == here[0])
        self._add(
            Due,
            due_at=due,
            enrollment_id=enrollment_id,
            member_id=member_id,
            version_id=self.version.id,
            step=step,
            phase=0,
            heard="",
            tries=0,
        )

    def _talked(self, person: Person, member_id: int, joined: datetime, letters: "_Letters") -> None:
        """Their letter, their words, their organizer's, and the end of it, as the script says."""
        owner = self._owner(person)
        assert owner is not None, f"nobody answers {person.key}"
        letter = letters.hello(person)
        talk = told(person, joined, self.seed)
        home = self.rooms[person.chapters[0]]
        thread_id = new_id()
        self._say(None, member_id, "journey", joined, letter.subject, letter.text, None, "Maya Torres", thread_id)
        for words in talk.words:
            theirs = words.by_member
            author = Owner(member_id, person.name) if theirs else owner
            subject = f"Re: {letter.subject}"
            kind = "in" if theirs else "out"
            self._say(thread_id, member_id, kind, words.at, subject, words.says, author.id, author.name)
            if not theirs:
                self._did(owner.id, "answered", "thread", thread_id, words.at, home)
        self._thread(thread_id, person, member_id, letter.subject, talk, owner, home)

    def _thread(
        self, thread_id: int, person: Person, member_id: int, subject: str, talk: Talk, owner: Owner, home: int
    ) -> None:
        first, last = talk.words[0], talk.words[-1]
        why = f"is {first_name_of(person.name)}’s organizer"
        chosen = self._add(
            Assignment, id=new_id(), created_at=first.at, thread_id=thread_id, member_id=owner.id, why=why
        )
        closed = None
        if talk.closed_at is not None:
            closed = self._add(
                Closure, id=new_id(), created_at=talk.closed_at, thread_id=thread_id, by_id=owner.id, why=""
            )
            self._did(owner.id, "closed", "thread", thread_id, talk.closed_at, home)
        self._add(
            Thread,
            id=thread_id,
            created_at=first.at,
            subject=subject,
            member_id=member_id,
            correspondent=person.mailbox,
            chapter_id=home,
            assignment_id=chosen,
            responsible_id=owner.id,
            closure_id=closed,
            reason=f"{first_name_of(person.name)} answered the letter “{subject}”.",
            detail={"rule": "token"},
            last_at=last.at,
            last_words=first_line(last.says),
            last_in_at=max(words.at for words in talk.words if words.by_member),
            last_out_at=max((words.at for words in talk.words if not words.by_member), default=None),
            hold_until_at=None if talk.closed_at is not None else last.at + HOLD,
        )

    def _say(
        self,
        thread_id: int | None,
        member_id: int,
        kind: str,
        at: datetime,
        subject: str,
        text: str,
        author_id: int | None,
        author_name: str,
        above: int | None = None,
    ) -> None:
        self._add(
            Message,
            id=new_id(),
            created_at=at,
            at=at,
            thread_id=thread_id or above,
            member_id=member_id,
            kind=kind,
            channel="email",
            author_id=author_id,
            author_name=author_name,
            subject=subject,
            text=text,
        )

    def _did(
        self, actor_id: int | None, verb: str, kind: str, subject_id: int, at: datetime, chapter_id: int | None
    ) -> None:
        self._add(
            AuditEntry,
            id=new_id(),
            created_at=at,
            actor_id=actor_id,
            verb=verb,
            subject_kind=kind,
            subject_id=subject_id,
            chapter_id=chapter_id,
        )


class _Letters:
    """The letters that people answered then, as they were written to them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._renderer = Renderer()

    def hello(self, person: Person) -> Rendered:
        """The first letter, in Maya's name."""
        version = current_version(self._session, "porch/hello", person.language)
        letter = load_compiled(self._session, version.id)
        values = sample(letter.frame, letter.language)
        called = {"first_name": first_name(person.name, letter.language), "name": person.name}
        values["member"] = {**values.get("member", {}), **called}
        values["sender"] = {"name": "Maya Torres", "first_name": "Maya", "role": "", "is_person": True}
        rendered = self._renderer.render(letter, values)
        assert isinstance(rendered, Rendered), rendered
        return rendered
