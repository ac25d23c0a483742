"""Rows said alike by both databases: in pages that memory holds, with one digest whatever their order."""

import os
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from engine.migrations.neutral import PAGE_BYTES, PAGE_ROWS, Digest, Lane, lanes_of, pages
from engine.tables import metadata

JSON_LANE = Lane(metadata.tables["member"].columns["custom"])


def test_a_page_holds_few_rows_that_are_large_and_many_that_are_small() -> None:
    small, large = lanes_of(metadata.tables["due"]), lanes_of(metadata.tables["received_bytes"])
    assert [len(page) for page in pages(((0,) * len(small) for _ in range(PAGE_ROWS + 1)), small)] == [PAGE_ROWS, 1]
    mail = os.urandom(PAGE_BYTES)
    rows = (tuple(mail if lane.kind == "bytea" else 0 for lane in large) for _ in range(3))
    assert [len(page) for page in pages(rows, large)] == [1, 1, 1]


def test_a_digest_is_of_the_rows_and_not_of_their_order() -> None:
    lanes = lanes_of(metadata.tables["filed_key"])
    first, turned, other, twice = (Digest(lanes) for _ in range(4))
    columns = [[each.to_bytes(2) if lane.kind == "bytea" else each for each in range(3)] for lane in lanes]
    first.add(columns)
    turned.add([column[::-1] for column in columns])
    other.add([[*column[:2], column[0]] for column in columns])
    twice.add(columns)
    twice.add(columns)
    assert str(first) == str(turned)
    assert len({str(first), str(other), str(twice), str(Digest(lanes))}) == 4
    assert (first.rows, twice.rows) == (3, 6)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_within_json_is_said_alike_as_python_and_as_postgresql_write_it(number: float) -> None:
    without_exponent = format(Decimal(repr(number)), "f")  # what jsonb gives back: every digit and no exponent
    (sent,) = JSON_LANE.taken([f'{{"b": [], "a": {number!r}}}'])
    (found,) = JSON_LANE.found([f'{{"a": {without_exponent}, "b": []}}'])
    assert sent == found
