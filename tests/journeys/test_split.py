"""A lot is drawn once and for all: by who draws it and where, and in the shares that were written."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.steps import Share, Split

IDS = st.integers(1, 2**63 - 1)
SHARES = st.lists(st.integers(1, 10_000), min_size=2, max_size=20)


def split(shares: list[int], name: str = "which", seed: str | None = None) -> Split:
    """A split of these shares; every way leads to the end."""
    return Split(name, tuple(Share(share, None) for share in shares), seed)


@given(SHARES, IDS, st.sampled_from(["welcome", "school"]))
def test_the_same_member_draws_the_same_lot_every_time(shares: list[int], member_id: int, journey: str) -> None:
    first = split(shares).drawn(journey, member_id)
    assert 0 <= first < len(shares)
    assert [split(list(shares)).drawn(journey, member_id) for _ in range(3)] == [first] * 3


def test_lots_are_the_same_on_any_machine_and_in_any_year() -> None:
    # Stored journeys rest on these: whoever changes how lots are drawn sends people another way.
    assert [split([50, 30, 20]).drawn("welcome", member_id) for member_id in range(1, 13)] == LOTS


LOTS = [2, 2, 1, 1, 0, 2, 0, 1, 0, 1, 0, 0]


@given(st.lists(st.integers(1, 100), min_size=2, max_size=6), st.integers(0, 2**40))
@settings(max_examples=25, deadline=None)
def test_the_ways_are_taken_in_their_shares(shares: list[int], first: int) -> None:
    many = 4000
    drawn = Counter(split(shares).drawn("welcome", first + n) for n in range(many))
    for place, share in enumerate(shares):
        part = share / sum(shares)
        # Six standard deviations of a lot drawn so often.
        assert abs(drawn[place] / many - part) < 6 * (part * (1 - part) / many) ** 0.5 + 1 / many


@given(SHARES, IDS)
def test_percents_and_parts_of_the_same_size_part_people_alike(shares: list[int], member_id: int) -> None:
    thrice = [3 * share for share in shares]
    assert split(thrice).drawn("welcome", member_id) == split(shares).drawn("welcome", member_id)


def test_splits_of_one_seed_part_people_alike_and_others_do_not() -> None:
    members = range(1, 200)
    here = [split([1, 1], "a", "letters").drawn("welcome", each) for each in members]
    assert here == [split([1, 1], "b", "letters").drawn("school", each) for each in members]
    alone = [split([1, 1], "a").drawn("welcome", each) for each in members]
    assert alone != [split([1, 1], "b").drawn("welcome", each) for each in members]
    assert alone != [split([1, 1], "a").drawn("school", each) for each in members]
