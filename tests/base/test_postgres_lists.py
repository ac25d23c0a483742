"""Lists that are written in one go arrive as those that the driver writes value by value."""

from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.array import ListDumper

from engine.base.db import Database
from engine.base.postgres_lists import WholeList, write_whole_lists

NUMBERS = st.lists(st.integers(-(2**63), 2**63 - 1))
#: With every sign that means something inside an array, and without those that PostgreSQL has no place for.
SIGNS = st.text(st.sampled_from("\\\"{},\n\t '%NULnul") | st.characters(exclude_characters="\0", codec="utf-8"))
WORDS = st.lists(st.one_of(SIGNS, st.none(), st.sampled_from(["", "NULL", "null", "{}", "\\", '"', "Ñandú 🌱"])))
#: Hypothesis wants its bounds without a zone.
SPAN = datetime(1, 1, 3), datetime(9999, 12, 29)  # noqa: DTZ001
TIMES = st.lists(st.datetimes(*SPAN, timezones=st.just(UTC)))


class Grade(IntEnum):
    """A whole number with a name."""

    HIGH = 3


@pytest.fixture
def connection(postgres_db: Database) -> Any:
    with postgres_db.engine.connect() as connection:
        yield connection.connection.driver_connection


def back(connection: "psycopg.Connection[Any]", kind: str, values: list[Any]) -> list[Any]:
    [found] = connection.execute(f"SELECT %s::{kind}[]", (values,)).fetchone()  # type: ignore[misc]
    return list(found)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=NUMBERS, words=WORDS, times=TIMES)
def test_each_list_comes_back_as_it_went(
    connection: "psycopg.Connection[Any]", numbers: list[int], words: list[str | None], times: list[datetime]
) -> None:
    assert back(connection, "bigint", numbers) == numbers
    assert back(connection, "text", words) == words
    assert back(connection, "timestamptz", times) == times


@pytest.mark.parametrize(
    ("kind", "values"),
    [("bool", [True, False, None]), ("int", [Grade.HIGH, 4]), ("int", [1, None, 3]), ("int", [[1, 2], [3, 4]])],
)
def test_lists_of_other_kinds_are_left_to_the_driver(
    connection: "psycopg.Connection[Any]", kind: str, values: list[Any]
) -> None:
    assert back(connection, kind, values) == values
    assert WholeList(list).dump(values) == ListDumper(list).dump(values)


def test_a_zero_byte_is_refused_as_the_driver_does_and_the_connection_goes_on(
    connection: "psycopg.Connection[Any]",
) -> None:
    with pytest.raises(psycopg.DataError, match="NUL"):
        back(connection, "text", ["good", "b\0d"])
    assert back(connection, "text", ["good"]) == ["good"]


def test_words_go_in_the_connections_own_encoding(postgres_url: str) -> None:
    url = postgres_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(url, client_encoding="LATIN1") as connection:
        write_whole_lists(connection, None)
        assert back(connection, "text", ["Ñandú", "é"]) == ["Ñandú", "é"]
