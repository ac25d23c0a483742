"""The compiler of conditions against a slow, obvious reading of the same words, on random people."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from engine.audience.compiler import enrollments_matching, members_matching
from engine.base.db import Database
from engine.tables import metadata
from journeys.conditions import (
    AllOf,
    Answered,
    AnsweredIn,
    AnyOf,
    AtStage,
    Attended,
    Condition,
    Consents,
    Did,
    Ended,
    EnrolledBefore,
    EnrolledIn,
    FactAtLeast,
    FactAtMost,
    FactBefore,
    FactIs,
    FactKnown,
    FactSince,
    FactTest,
    FactWithin,
    FilledForm,
    Finished,
    HasAddress,
    HasRole,
    HasTies,
    InChapter,
    JoinedAfter,
    JoinedBefore,
    JoinedSince,
    Language,
    Leaf,
    MemberFact,
    Not,
    OnDates,
    OnWeekday,
    OpenConversation,
    Place,
    Reached,
    ReachedIn,
    RepliedSinceEnrolled,
    RepliedWithin,
    Rsvped,
    Stopped,
    Tagged,
    TalkedSinceEnrolled,
    TalkedWithin,
    Wrote,
    Zone,
)  # fmt: skip
from journeys.vocabulary import AddressKind, Means, Weekday
from journeys.vocabulary import Role as RoleName
from tests.audience.people import CHAPTERS, JOURNEYS, NAMED, NOW, PEOPLE, PLACES, SCRIPTS, STEPS, TAGS, Person, settle
from tests.audience.slow import holds
from tests.database import database_in

SPANS = st.integers(0, 100).map(lambda hours: timedelta(hours=hours))
LATELY = st.none() | SPANS
SLUGS = st.sampled_from(JOURNEYS)
DAYS = st.sampled_from([date(2026, 2, 20), date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)])
MEANS = st.sampled_from(Means)
NUMBERS = st.sampled_from([-1, 0, 2, 2.5, 3])
WHAT = st.none() | st.sampled_from(NAMED)
STEP_NAMES = st.sampled_from(sorted({name for steps in SCRIPTS.values() for name in steps}))
FACT_TESTS: st.SearchStrategy[FactTest] = st.one_of(
    st.builds(
        FactIs, st.lists(st.sampled_from(["north", "SOUTH", "3", "-1", "america/phoenix"]), min_size=1).map(tuple)
    ),
    st.builds(FactAtLeast, NUMBERS),
    st.builds(FactAtMost, NUMBERS),
    st.builds(FactBefore, DAYS),
    st.builds(FactSince, DAYS),
    st.builds(FactWithin, st.integers(0, 9).map(lambda days: timedelta(days=days, hours=3))),
    st.just(FactKnown()),
)
#: One way to say each word of the vocabulary.
WORDS: dict[type, st.SearchStrategy[Condition]] = {
    Language: st.builds(Language, st.lists(st.sampled_from(["en", "es", "es-MX"]), min_size=1).map(tuple)),
    Zone: st.builds(Zone, st.just(("America/Phoenix",))),
    Place: st.builds(Place, st.lists(st.sampled_from(PLACES), min_size=1).map(tuple)),
    HasAddress: st.builds(HasAddress, st.sampled_from(AddressKind)),
    Tagged: st.builds(Tagged, st.sampled_from(TAGS)),
    MemberFact: st.builds(MemberFact, st.sampled_from(["ward", "children", "birthday", "zone"]), FACT_TESTS),
    Consents: st.builds(Consents, MEANS),
    Stopped: st.builds(Stopped, MEANS),
    JoinedBefore: st.builds(JoinedBefore, SPANS),
    JoinedAfter: st.builds(JoinedAfter, SPANS),
    JoinedSince: st.builds(JoinedSince, DAYS),
    AtStage: st.builds(AtStage, st.just("belonging"), st.sampled_from(["curious", "connected"])),
    InChapter: st.builds(InChapter, st.sampled_from([None, *CHAPTERS])),
    HasRole: st.builds(HasRole, st.sampled_from([RoleName.MEMBER, RoleName.ORGANIZER, RoleName.STAFF])),
    HasTies: st.builds(HasTies, st.integers(1, 3), WHAT),
    RepliedWithin: st.builds(RepliedWithin, SPANS),
    RepliedSinceEnrolled: st.just(RepliedSinceEnrolled()),
    Wrote: st.builds(
        Wrote,
        st.lists(
            st.sampled_from(["garden", "Huerto", "estacion", "no mas", "cafe por", "σισυφοσ"]), min_size=1, max_size=2
        ).map(tuple),
        LATELY,
        st.none() | MEANS,
    ),
    TalkedSinceEnrolled: st.just(TalkedSinceEnrolled()),
    TalkedWithin: st.builds(TalkedWithin, SPANS),
    OpenConversation: st.just(OpenConversation()),
    Answered: st.builds(Answered, st.sampled_from(STEPS), st.sampled_from(["yes", "no"])),
    AnsweredIn: st.builds(AnsweredIn, SLUGS, st.sampled_from(STEPS), st.sampled_from(["yes", "no"])),
    Reached: st.builds(Reached, STEP_NAMES),
    ReachedIn: st.builds(ReachedIn, SLUGS, STEP_NAMES),
    EnrolledIn: st.builds(EnrolledIn, SLUGS),
    Finished: st.builds(Finished, SLUGS),
    Ended: st.builds(Ended, SLUGS),
    EnrolledBefore: st.builds(EnrolledBefore, SPANS),
    Rsvped: st.builds(Rsvped, WHAT, LATELY),
    Attended: st.builds(Attended, WHAT, LATELY),
    FilledForm: st.builds(FilledForm, WHAT, LATELY),
    Did: st.builds(Did, WHAT, LATELY),
    OnWeekday: st.builds(OnWeekday, st.lists(st.sampled_from(Weekday), min_size=1, max_size=3).map(tuple)),
    OnDates: st.builds(OnDates, st.none() | DAYS, st.none() | DAYS),
}  # fmt: skip
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    st.sampled_from(list(WORDS.values())).flatmap(lambda word: word),
    lambda inner: st.one_of(
        st.builds(AllOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A real database file."""
    database = database_in(tmp_path_factory.mktemp("audience"))
    yield database
    database.close()


def compare(db: Database, people: list[Person], conditions: list[Condition]) -> None:
    """SQL says what the words say of these people, on their journey and off it."""
    with db.write() as session:
        for table in reversed(metadata.sorted_tables):
            session.execute(delete(table))
        ids = settle(session, people)
        for condition in conditions:
            found = enrollments_matching(session, condition, [enrollment for _, enrollment in ids], NOW)
            members = members_matching(session, condition, [member for member, _ in ids], NOW)
            wanted = {
                e for (_, e), person in zip(ids, people, strict=True) if holds(condition, person, on_journey=True)
            }
            off = {m for (m, _), person in zip(ids, people, strict=True) if holds(condition, person, on_journey=False)}
            assert found == wanted, condition
            assert members == off, condition


def test_every_word_of_the_vocabulary_is_compared() -> None:
    assert set(WORDS) == set(get_args(Leaf))


@settings(deadline=None)
@given(people=st.lists(PEOPLE, min_size=1, max_size=4), condition=CONDITIONS)
def test_sql_says_what_the_words_say(db: Database, people: list[Person], condition: Condition) -> None:
    compare(db, people, [condition])


@settings(deadline=None, max_examples=20)
@given(people=st.lists(PEOPLE, min_size=1, max_size=3), one_of_each=st.tuples(*WORDS.values()))
def test_sql_says_what_each_word_says(db: Database, people: list[Person], one_of_each: tuple[Condition, ...]) -> None:
    compare(db, people, list(one_of_each))


@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=st.lists(PEOPLE, min_size=2, max_size=4), one_of_each=st.tuples(*WORDS.values()), whole=CONDITIONS)
def test_postgresql_says_so_too(
    postgres: Database, people: list[Person], one_of_each: tuple[Condition, ...], whole: Condition
) -> None:
    compare(postgres, people, [*one_of_each, whole])


@pytest.fixture
def postgres(tmp_path: Path, new_database: Callable[[Path], Database]) -> Database:
    """A database of PostgreSQL, kept for all examples of one test."""
    return new_database(tmp_path)


def test_nobody_asked_is_nobody_found(db: Database) -> None:
    with db.read() as session:
        assert members_matching(session, Not(Tagged("gardener")), [], NOW) == set()
        assert enrollments_matching(session, Not(Tagged("gardener")), [], NOW) == set()
