"""The compiler of conditions against a slow, obvious reading of the same words, on random people."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import assert_never

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlalchemy.orm import Session

from engine.audience.compiler import enrollments_matching, members_matching
from engine.base.db import Database
from engine.base.ids import new_id
from engine.chapters.chapter import Chapter
from engine.chapters.membership import Membership, Role
from engine.conversations.message import Message
from engine.conversations.question import Question
from engine.conversations.thread import Thread
from engine.enrollments.enrollment import Enrollment
from engine.enrollments.journey import Journey, JourneyVersion
from engine.people.address import Address
from engine.people.member import Member, MemberTag
from engine.people.path import Stage
from engine.tables import metadata
from journeys.conditions import (
    AllOf,
    Answered,
    AnyOf,
    AtStage,
    Condition,
    EnrolledIn,
    Finished,
    HasAddress,
    HasRole,
    InChapter,
    JoinedAfter,
    JoinedBefore,
    Language,
    Not,
    OpenConversation,
    Place,
    RepliedSinceEnrolled,
    RepliedWithin,
    Tagged,
    TalkedSinceEnrolled,
    Zone,
)  # fmt: skip
from journeys.vocabulary import AddressKind
from journeys.vocabulary import Role as RoleName
from tests.database import database_in

NOW = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
CHAPTERS = ("atlanta", "duluth")
JOURNEYS = ("welcome", "gift")
STEPS = ("hello", "what_next")
TAGS = ("gardener", "driver")
PLACES = ("Québec", "Tucson", "30303")


@dataclass(frozen=True)
class Person:
    """All that a condition may ask, in plain values; times are hours before now."""

    language: str
    zone: str | None
    place: str
    joined: int
    #: (kind, resting)
    addresses: tuple[tuple[str, bool], ...]
    tags: frozenset[str]
    stage: str | None
    #: chapter to whether they left
    chapters: tuple[tuple[str, bool], ...]
    #: (role, ended)
    roles: tuple[tuple[str, bool], ...]
    #: (hours ago, kind, written by a person)
    messages: tuple[tuple[int, str, bool], ...]
    #: (closed, kind)
    threads: tuple[tuple[bool, str], ...]
    enrolled: int
    #: ended earlier times: (journey, reason)
    earlier: tuple[tuple[str, str], ...]
    #: answers in order: (step, answer or None, answered at all)
    answers: tuple[tuple[str, str | None, bool], ...]


HOURS = st.integers(0, 100)
PEOPLE = st.builds(
    Person,
    language=st.sampled_from(["en", "es", "es-MX", "ES"]),
    zone=st.sampled_from([None, "America/New_York", "America/Phoenix"]),
    place=st.sampled_from(["QUÉBEC", "tucson", "30303", ""]),
    joined=HOURS,
    addresses=st.lists(st.tuples(st.sampled_from(["email", "phone"]), st.booleans()), max_size=2).map(tuple),
    tags=st.frozensets(st.sampled_from(TAGS)),
    stage=st.sampled_from([None, "curious", "connected"]),
    chapters=st.dictionaries(st.sampled_from(CHAPTERS), st.booleans()).map(lambda found: tuple(found.items())),
    roles=st.lists(st.tuples(st.sampled_from(["organizer", "staff"]), st.booleans()), max_size=2).map(tuple),
    messages=st.lists(
        st.tuples(HOURS, st.sampled_from(["in", "out", "machine", "note"]), st.booleans()), max_size=3
    ).map(tuple),
    threads=st.lists(st.tuples(st.booleans(), st.sampled_from(["person", "topic"])), max_size=2).map(tuple),
    enrolled=HOURS,
    earlier=st.lists(
        st.tuples(st.sampled_from(JOURNEYS), st.sampled_from(["finished", "opted_out"])), max_size=2
    ).map(tuple),
    answers=st.lists(
        st.tuples(st.sampled_from(STEPS), st.sampled_from([None, "yes", "no"]), st.booleans()), max_size=3
    ).map(tuple),
)  # fmt: skip
SPANS = st.integers(0, 100).map(lambda hours: timedelta(hours=hours))
SLUGS = st.sampled_from(JOURNEYS)
LEAVES: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Language, st.lists(st.sampled_from(["en", "es", "es-MX"]), min_size=1).map(tuple)),
    st.builds(Zone, st.just(("America/Phoenix",))),
    st.builds(Place, st.lists(st.sampled_from(PLACES), min_size=1).map(tuple)),
    st.builds(HasAddress, st.sampled_from(AddressKind)),
    st.builds(Tagged, st.sampled_from(TAGS)),
    st.builds(AtStage, st.just("belonging"), st.sampled_from(["curious", "connected"])),
    st.builds(InChapter, st.sampled_from([None, *CHAPTERS])),
    st.builds(HasRole, st.sampled_from([RoleName.MEMBER, RoleName.ORGANIZER, RoleName.STAFF])),
    st.builds(RepliedWithin, SPANS),
    st.just(RepliedSinceEnrolled()),
    st.just(TalkedSinceEnrolled()),
    st.builds(Answered, st.sampled_from(STEPS), st.sampled_from(["yes", "no"])),
    st.just(OpenConversation()),
    st.builds(EnrolledIn, SLUGS),
    st.builds(Finished, SLUGS),
    st.builds(JoinedBefore, SPANS),
    st.builds(JoinedAfter, SPANS),
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(AllOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=6,
)


def holds(condition: Condition, person: Person, *, on_journey: bool) -> bool:
    """What the words say, read slowly."""
    match condition:
        case AllOf(parts=parts):
            return all(holds(part, person, on_journey=on_journey) for part in parts)
        case AnyOf(parts=parts):
            return any(holds(part, person, on_journey=on_journey) for part in parts)
        case Not(part=part):
            return not holds(part, person, on_journey=on_journey)
        case Language(languages=languages):
            spoken = person.language.lower()
            return any(spoken == each.lower() or spoken.startswith(each.lower() + "-") for each in languages)
        case Zone(zones=zones):
            return person.zone in zones
        case Place(places=places):
            return person.place.lower() in [each.lower() for each in places]
        case HasAddress(kind=kind):
            return (str(kind), False) in person.addresses
        case Tagged(tag=tag):
            return tag in person.tags
        case AtStage(path="belonging", stage=stage):
            return person.stage == stage
        case AtStage():
            return False
        case InChapter(chapter=None) | HasRole(role=RoleName.MEMBER):
            return any(not left for _, left in person.chapters)
        case InChapter(chapter=chapter):
            return (chapter, False) in person.chapters
        case HasRole(role=role):
            return (str(role), False) in person.roles
        case RepliedWithin(span=span):
            return any(kind == "in" and timedelta(hours=ago) <= span for ago, kind, _ in person.messages)
        case RepliedSinceEnrolled():
            return on_journey and any(kind == "in" and ago <= person.enrolled for ago, kind, _ in person.messages)
        case TalkedSinceEnrolled():
            theirs = [ago for ago, kind, _ in person.messages if kind == "in" and ago <= person.enrolled]
            ours = [ago for ago, kind, by_person in person.messages if kind == "out" and by_person]
            return on_journey and any(answered <= asked for asked in theirs for answered in ours)
        case Answered(step=step, answer=answer):
            given = [said for asked, said, at_all in person.answers if asked == step and at_all]
            return on_journey and bool(given) and given[-1] == answer
        case OpenConversation():
            return (False, "person") in person.threads
        case EnrolledIn(journey=slug):
            return slug == JOURNEYS[0]
        case Finished(journey=slug):
            return (slug, "finished") in person.earlier
        case JoinedBefore(span=span):
            return timedelta(hours=person.joined) > span
        case JoinedAfter(span=span):
            return timedelta(hours=person.joined) <= span
        case _:
            assert_never(condition)


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A real database file."""
    database = database_in(tmp_path_factory.mktemp("audience"))
    yield database
    database.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(people=st.lists(PEOPLE, min_size=1, max_size=4), condition=CONDITIONS)
def test_sql_says_what_the_words_say(db: Database, people: list[Person], condition: Condition) -> None:
    with db.write() as session:
        for table in reversed(metadata.sorted_tables):
            session.execute(delete(table))
        ids = settle(session, people)
        found = enrollments_matching(session, condition, [enrollment for _, enrollment in ids], NOW)
        members = members_matching(session, condition, [member for member, _ in ids], NOW)
        wanted = {e for (_, e), person in zip(ids, people, strict=True) if holds(condition, person, on_journey=True)}
        off = {m for (m, _), person in zip(ids, people, strict=True) if holds(condition, person, on_journey=False)}
    assert found == wanted
    assert members == off


def test_nobody_asked_is_nobody_found(db: Database) -> None:
    with db.read() as session:
        assert members_matching(session, Not(Tagged("gardener")), [], NOW) == set()
        assert enrollments_matching(session, Not(Tagged("gardener")), [], NOW) == set()


def settle(session: Session, people: list[Person]) -> list[tuple[int, int]]:
    """The people are in the database, each on the first journey: (member id, enrollment id)."""
    chapters = {slug: new_id() for slug in CHAPTERS}
    session.add_all(Chapter(id=id_, created_at=NOW, slug=slug, name=slug) for slug, id_ in chapters.items())
    versions: dict[str, tuple[int, int]] = {}
    for slug in JOURNEYS:
        versions[slug] = (new_id(), new_id())
        session.add(Journey(id=versions[slug][0], created_at=NOW, slug=slug, title=slug))
    session.flush()
    for journey_id, version_id in versions.values():
        session.add(
            JourneyVersion(
                id=version_id, created_at=NOW, journey_id=journey_id, number=1, source="", sha256="", compiled={},
                templates={},
            )
        )  # fmt: skip
    session.flush()
    return [_settle_one(session, person, chapters, versions) for person in people]


def _ago(hours: int) -> datetime:
    return NOW - timedelta(hours=hours)


def _settle_one(
    session: Session, person: Person, chapters: dict[str, int], versions: dict[str, tuple[int, int]]
) -> tuple[int, int]:
    member, enrollment = new_id(), new_id()
    session.add(
        Member(
            id=member, created_at=_ago(person.joined), language=person.language, zone=person.zone,
            locality=person.place, languages_spoken=[], custom={},
        )
    )  # fmt: skip
    session.flush()
    for number, (kind, resting) in enumerate(person.addresses):
        session.add(
            Address(
                id=new_id(), created_at=NOW, member_id=member, kind=kind, value=f"{member}-{number}@members.example",
                resting_since=NOW if resting else None,
            )
        )  # fmt: skip
    session.add_all(MemberTag(member_id=member, tag=tag, created_at=NOW) for tag in person.tags)
    if person.stage:
        session.add(Stage(member_id=member, path="belonging", created_at=NOW, stage=person.stage, change_id=1))
    for slug, left in person.chapters:
        session.add(
            Membership(member_id=member, chapter_id=chapters[slug], created_at=NOW, left_at=NOW if left else None)
        )
    for role, ended in person.roles:
        session.add(Role(id=new_id(), created_at=NOW, member_id=member, role=role, ended_at=NOW if ended else None))
    for ago, kind, by_person in person.messages:
        session.add(
            Message(
                id=new_id(), created_at=NOW, at=_ago(ago), member_id=member, kind=kind,
                author_id=member if by_person else None,
            )
        )  # fmt: skip
    for closed, kind in person.threads:
        session.add(
            Thread(
                id=new_id(), created_at=NOW, member_id=member, kind=kind, last_at=NOW,
                closure_id=new_id() if closed else None,
            )
        )  # fmt: skip
    for slug, reason, id_ in [
        *((slug, reason, new_id()) for slug, reason in person.earlier),
        (JOURNEYS[0], "", enrollment),
    ]:
        journey_id, version_id = versions[slug]
        session.add(
            Enrollment(
                id=id_, created_at=_ago(person.enrolled), member_id=member, journey_id=journey_id,
                version_id=version_id, first_at=NOW, ended_at=NOW if reason else None, end_reason=reason,
            )
        )  # fmt: skip
    for number, (step, answer, at_all) in enumerate(person.answers):
        session.add(
            Question(
                id=new_id(), created_at=NOW, member_id=member, kind="choice", subject_kind="enrollment",
                subject_id=enrollment, step=step, delivery_id=new_id(), until_at=NOW,
                answered_at=NOW + timedelta(seconds=number) if at_all else None, answer=answer if at_all else None,
            )
        )  # fmt: skip
    session.flush()
    return member, enrollment
