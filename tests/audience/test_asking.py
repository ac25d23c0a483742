"""How many a condition is so of, and some of them: the same as a batch is told, and quick however many there are."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from engine.audience.asking import count, sample
from engine.audience.compiler import compile
from engine.audience.scope import Scope
from engine.base.db import Database
from engine.people.address import add_email
from engine.people.member import Member, add_member, tag_many
from engine.tables import metadata
from journeys.conditions import Condition
from journeys.read import read_condition
from tests.audience.people import NOW, PEOPLE, Person, settle
from tests.audience.slow import holds
from tests.audience.test_compiler import CONDITIONS
from tests.database import database_in, on_both_databases


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A real database file."""
    database = database_in(tmp_path_factory.mktemp("asking"))
    yield database
    database.close()


@pytest.fixture
def postgres(tmp_path: Path, new_database: Callable[[Path], Database]) -> Database:
    """A database of PostgreSQL, kept for all examples of one test."""
    return new_database(tmp_path)


def asked(expression: str) -> Condition:
    """The condition in the words of a journey."""
    found = read_condition(expression).condition
    assert found is not None
    return found


@settings(deadline=None, max_examples=60)
@given(people=st.lists(PEOPLE, min_size=1, max_size=5), condition=CONDITIONS)
def test_everybody_is_asked_what_a_batch_is_asked(db: Database, people: list[Person], condition: Condition) -> None:
    with db.write() as session:
        for table in reversed(metadata.sorted_tables):
            session.execute(delete(table))
        ids = settle(session, people)
        wanted = {m for (m, _), person in zip(ids, people, strict=True) if holds(condition, person, on_journey=False)}
        assert count(session, condition, NOW) == len(wanted)
        assert {each.member_id for each in sample(session, condition, NOW, 100)} == wanted


@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=st.lists(PEOPLE, min_size=2, max_size=4), conditions=st.lists(CONDITIONS, min_size=20, max_size=20))
def test_postgresql_is_asked_the_same(postgres: Database, people: list[Person], conditions: list[Condition]) -> None:
    with postgres.write() as session:
        for table in reversed(metadata.sorted_tables):
            session.execute(delete(table))
        settle(session, people)
        for condition in conditions:
            wanted = sum(1 for person in people if holds(condition, person, on_journey=False))
            assert count(session, condition, NOW) == wanted, condition


@on_both_databases
def test_a_sample_shows_no_whole_name_or_address_and_nobody_who_was_erased(
    tmp_path: Path, new_database: Callable[[Path], Database]
) -> None:
    with new_database(tmp_path).write() as session:
        rosa = add_member(session, "Rosa Marin Lopez", NOW)
        add_email(session, rosa.id, "rosa@home.example", NOW)
        gone = add_member(session, "Lee Park", NOW, erased_at=NOW)
        tag_many(session, [(rosa.id, "gardener"), (gone.id, "gardener")], NOW)
        condition = asked("{tag: gardener}")
        assert count(session, condition, NOW) == 1
        assert sample(session, condition, NOW, 10) == [(rosa.id, "Rosa M. L.", ("r…@home.example",))]


def test_a_sample_is_the_same_each_time_and_not_the_first_who_joined(db: Database) -> None:
    with db.write() as session:
        people = [add_member(session, f"Rosa {number}", NOW).id for number in range(200)]
        first = [each.member_id for each in sample(session, asked("{joined_after: P1D}"), NOW, 10)]
        again = [each.member_id for each in sample(session, asked("{joined_after: P1D}"), NOW, 10)]
    assert first == again and len(set(first)) == 10
    assert sorted(first) != sorted(people)[:10]


INDEXED = [
    "{tag: gardener}",
    "{role: staff}",
    "{in_chapter: atlanta}",
    "{enrolled_in: welcome}",
    "{stage: {path: belonging, stage: active}}",
    "{all: [{language: es}, {tag: gardener}, {not: {stage: {path: belonging, stage: curious}}}]}",
    "{any: [{tag: gardener}, {role: staff}]}",
    "{all: [{any: [{tag: gardener}, {tag: driver}]}, {wrote: {words: garden}}]}",
]


def plan(session: Session, expression: str) -> str:
    """How SQLite finds everybody of whom it is so."""
    query = session.query(Member.id).where(compile(asked(expression), Scope(session, NOW, whole=True))).statement
    sql = str(query.compile(session.connection(), compile_kwargs={"literal_binds": True}))
    return "\n".join(row[3] for row in session.execute(text(f"EXPLAIN QUERY PLAN {sql}")))


@pytest.mark.parametrize("expression", INDEXED)
def test_who_an_index_lists_is_found_without_asking_every_member(db: Database, expression: str) -> None:
    with db.read() as session:
        steps = plan(session, expression)
    assert "SEARCH member USING" in steps
    assert "SCAN member" not in steps.splitlines()
