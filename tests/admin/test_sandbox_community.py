"""The sandbox's community: who is in it, whatever the seed, and that nobody in it could be real."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from admin.sandbox.cast import Cast, Organizer, Person, written
from admin.sandbox.crowd import HISTORY, MONTH, community
from admin.sandbox.history import joined_at, joined_before
from admin.sandbox.talk import told
from engine.people.place import place_of

START = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
FICTION = re.compile(r"\+1\d{3}55501\d\d")


@pytest.fixture(scope="module", params=[1, 2, 77])
def cast(request: pytest.FixtureRequest) -> Cast:
    """The community of one seed."""
    return community(request.param, START)


def test_it_has_the_size_that_the_first_page_promises_whatever_the_seed(cast: Cast) -> None:
    members = [person for person in cast.people if person.joins is not None]
    assert len(members) + len(cast.organizers) == 312
    assert len(cast.organizers) == 14
    assert [room.name for room in cast.rooms] == [
        "Atlanta", "Duluth", "Tucson", "Lehigh Valley", "Oakland Flats", "Musicians for Progress",
        "Night-Shift Nurses", "Student Debt Project", "Boise (forming)",
    ]  # fmt: skip
    assert sum(person.by_hand for person in members) >= 26
    everybody = Counter(slug for person in members for slug in person.chapters)
    everybody.update(slug for organizer in cast.organizers for slug, _ in organizer.roles if slug)
    assert everybody["duluth"] == 11
    assert everybody["boise"] == 5
    assert set(everybody) == {room.slug for room in cast.rooms}
    assert sum("musicians" in person.chapters[1:] for person in members) >= 10


def test_nobody_shares_a_name_a_mailbox_or_a_phone_and_every_address_is_fiction(cast: Cast) -> None:
    everybody: list[Person | Organizer] = [*cast.people, *cast.organizers]
    for things in (
        [each.name for each in everybody],
        [each.mailbox for each in everybody],
        [each.phone for each in everybody if each.phone],
        [person.key for person in cast.people],
    ):
        assert [thing for thing, count in Counter(things).items() if count > 1] == []
    assert all(each.mailbox.endswith(".example") for each in everybody)
    assert all(FICTION.fullmatch(each.phone) for each in everybody if each.phone)
    codes = {code for room in cast.rooms for code in room.area_codes}
    assert {each.phone[2:5] for each in everybody if each.phone} <= codes


def test_everybody_lives_somewhere_in_a_zone_that_is_known(cast: Cast) -> None:
    everybody: list[Person | Organizer] = [*cast.people, *cast.organizers]
    unknown = [
        each.key
        for each in everybody
        if each.postal_code and not (place_of(each.postal_code) and getattr(place_of(each.postal_code), "zone", None))
    ]
    assert unknown == []
    zones = {getattr(place_of(each.postal_code), "zone", "") for each in cast.people if each.postal_code}
    assert len(zones) >= 5
    assert {person.language for person in cast.people} == {"en", "es"}


def test_one_seed_makes_the_same_people_and_another_seed_others() -> None:
    assert community(1, START) == community(1, START)
    ours, others = ({person.name for person in community(seed, START).people} for seed in (1, 2))
    assert len(ours & others) < 200
    by_hand = {person.name for person in written().people}
    assert by_hand <= ours & others


def test_ninety_six_days_begin_with_the_history_and_every_old_talk_was_over_before_the_first_lived_morning(
    cast: Cast,
) -> None:
    assert timedelta(days=96) == HISTORY + MONTH
    before = joined_before(cast)
    assert min(joined_at(person, START) for person in before) < START - timedelta(days=65)
    for person in before:
        if 1 in person.letters:
            talk = told(person, joined_at(person, START), 1)
            assert talk.words[-1].at < START, person.key
            assert talk.closed_at is None or talk.closed_at < START, person.key
            if talk.closed_at is None:
                assert not talk.words[-1].by_member, f"{person.key} waits since before anything was lived"


def test_tuesdays_question_has_twelve_different_answers_in_time_for_the_end_of_any_month() -> None:
    for days in range(7):
        start = START + timedelta(days=days)
        twelve = [
            (person, person.writes) for person in community(1, start).people if not person.by_hand and person.writes
        ]
        assert len({writes[0][2].says for _, writes in twelve}) == 12
        for person, ((at, _, _),) in twelve:
            answered = person.answered[1].after if 1 in person.answered else timedelta()
            assert timedelta() < at + answered + timedelta(minutes=9) < MONTH
            if 1 in person.answered:
                assert (start + at).weekday() in (1, 2)
