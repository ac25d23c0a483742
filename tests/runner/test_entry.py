"""Whom a journey's audience brings in, and how often a journey begins for one person."""

import pytest
from sqlalchemy import func, select

from engine.enrollments.entering import AudienceWatch, InAudience
from engine.enrollments.signal import Signal
from engine.people.member import Member
from engine.runner import enter as entering
from engine.runner.enter import enter, needs_entering
from tests.database import on_both_databases
from tests.runner.conftest import Town
from tests.runner.entering import HELLO, journey, look, on_it, tag, untag

GARDENERS = "audience: {when: {tag: gardener}%s}"
WAITS = f"{HELLO}, {{id: rest, do: wait, for: P30D}}"


def audience(entry: str = "") -> str:
    """An audience of gardeners with this way of entering."""
    return GARDENERS % (f", entry: {entry}" if entry else "")


@on_both_databases
def test_entry_by_segment_enrolls_who_matches_now_and_who_comes_to_match_later(town: Town) -> None:
    rosa, dana, lee = (town.member(name) for name in ("Rosa", "Dana", "Lee"))
    tag(town, rosa, "gardener")
    town.publish(journey(audience()))
    look(town)
    assert on_it(town) == [rosa]
    tag(town, dana, "gardener", heard=True)  # told by a signal: at once
    town.run()
    assert on_it(town) == [rosa, dana]
    tag(town, lee, "gardener")  # nobody tells of it: the next look finds it
    look(town)
    assert on_it(town) == [rosa, dana]
    town.clock.moment += entering.AGAIN
    look(town)
    assert on_it(town) == [rosa, dana, lee]
    town.check_places()


def test_only_current_enrolls_who_matches_at_publication_and_nobody_later(town: Town) -> None:
    rosa, dana = town.member("Rosa"), town.member("Dana")
    tag(town, rosa, "gardener")
    town.publish(journey(audience("only_current")))
    look(town)
    tag(town, dana, "gardener", heard=True)
    town.run()
    town.clock.moment += entering.AGAIN
    look(town)
    assert on_it(town) == [rosa]
    with town.services.db.read() as session:
        assert not needs_entering(session, town.now)


def test_only_future_enrolls_nobody_who_matches_at_publication_and_everybody_later(town: Town) -> None:
    rosa, dana = town.member("Rosa"), town.member("Dana")
    tag(town, rosa, "gardener")
    town.publish(journey(audience("only_future")))
    look(town)
    assert on_it(town) == []
    tag(town, dana, "gardener", heard=True)
    town.run()
    assert on_it(town) == [dana]
    untag(town, rosa, "gardener")
    town.clock.moment += entering.AGAIN
    look(town)
    tag(town, rosa, "gardener", heard=True)
    town.run()
    assert on_it(town) == [dana, rosa]


def test_leaving_the_segment_and_rejoining_sends_nothing_twice_when_never(town: Town) -> None:
    rosa = town.member("Rosa")
    tag(town, rosa, "gardener")
    town.publish(journey(audience()))
    look(town)
    for _ in range(3):
        untag(town, rosa, "gardener")
        town.clock.moment += entering.AGAIN
        look(town)
        tag(town, rosa, "gardener", heard=True)
        town.run()
        town.clock.moment += entering.AGAIN
        look(town)
    assert on_it(town) == [rosa]
    assert len(town.letters(rosa)) == 1


def test_who_stays_in_the_segment_does_not_begin_again_and_who_comes_back_does_after_exit(town: Town) -> None:
    rosa = town.member("Rosa")
    tag(town, rosa, "gardener")
    town.publish(journey(audience() + ", re_entry: after_exit"))
    for _ in range(3):
        look(town)
        town.clock.moment += entering.AGAIN
    assert on_it(town) == [rosa]
    untag(town, rosa, "gardener")
    look(town)
    tag(town, rosa, "gardener")
    town.clock.moment += entering.AGAIN
    look(town)
    assert on_it(town) == [rosa, rosa]


def test_at_most_one_live_instance_per_member_and_journey(town: Town) -> None:
    rosa = town.member("Rosa")
    tag(town, rosa, "gardener")
    town.publish(journey(f"triggers: joined, {audience()}, re_entry: after_exit", WAITS))
    look(town)
    for _ in range(2):
        town.hears("joined", rosa)
        town.run()
    assert on_it(town) == [rosa]
    town.check_places()


@pytest.mark.parametrize(
    ("rule", "days_and_times"),
    [
        ("never", [(1, 1), (40, 1)]),
        ("after_exit", [(1, 2), (2, 3), (40, 4)]),
        ("{after: P30D}", [(1, 1), (29, 1), (31, 2), (40, 2), (62, 3)]),
        ("{at_most: {times: 2}}", [(1, 2), (2, 2), (40, 2)]),
        ("{at_most: {times: 2, after: P30D}}", [(1, 1), (31, 2), (70, 2)]),
    ],
)
def test_the_re_entry_rule_is_explicit(town: Town, rule: str, days_and_times: list[tuple[int, int]]) -> None:
    town.publish(journey(f"triggers: joined, re_entry: {rule}"))
    rosa, start = town.member("Rosa"), town.now
    town.hears("joined", rosa)
    town.run()
    for day, times in days_and_times:
        town.clock.moment = start.replace() + day * (entering.AGAIN * 12 * 24)
        town.hears("joined", rosa)
        town.run()
        assert len(on_it(town)) == times, day


@on_both_databases
def test_a_pass_that_is_broken_off_goes_on_where_it_stopped(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entering, "BATCH", 3)
    monkeypatch.setattr(entering, "FOUND", 6)
    people = [town.member(f"Rosa {number}") for number in range(20)]
    for member in people:
        tag(town, member, "gardener")
    town.publish(journey(audience()))
    real, batches = entering._bring_in, iter(range(20))

    def breaks(*what: object, **how: object) -> int:
        if next(batches) == 3:
            raise KeyboardInterrupt
        return real(*what, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(entering, "_bring_in", breaks)
    with pytest.raises(KeyboardInterrupt):
        enter(town.services)
    assert on_it(town) == people[:9]
    with town.services.db.read() as session:
        watch = session.scalars(select(AudienceWatch)).one()
        assert (watch.upto_id, watch.first_at) == (people[8], None)
        assert needs_entering(session, town.now)
    look(town)
    assert on_it(town) == people
    with town.services.db.read() as session:
        assert session.scalars(select(AudienceWatch)).one().first_at == town.now
        assert not needs_entering(session, town.now)
        assert session.scalar(select(func.count()).select_from(InAudience)) == 20
    assert [len(town.letters(member)) for member in people] == [1] * 20


def test_a_new_version_looks_through_its_own_audience_and_sends_nothing_twice(town: Town) -> None:
    rosa, dana = town.member("Rosa"), town.member("Dana")
    tag(town, rosa, "gardener")
    tag(town, dana, "driver")
    town.publish(journey(audience()))
    look(town)
    town.publish(journey("audience: {when: {any: [{tag: gardener}, {tag: driver}]}}"))
    look(town)
    assert on_it(town) == [rosa, dana]
    assert [len(town.letters(member)) for member in (rosa, dana)] == [1, 1]


def test_nobody_who_was_erased_enters(town: Town) -> None:
    rosa = town.member("Rosa")
    tag(town, rosa, "gardener")
    with town.services.db.write() as session:
        session.get_one(Member, rosa).erased_at = town.now
    town.publish(journey(audience()))
    look(town)
    assert on_it(town) == []


def test_an_audience_hears_of_a_member_without_a_trigger_and_says_so(town: Town) -> None:
    town.publish(journey("audience: {when: {joined_after: P1D}}"))
    rosa = town.member("Rosa")
    town.hears("joined", rosa)
    town.run()
    assert on_it(town) == [rosa]
    with town.services.db.read() as session:
        assert session.scalars(select(Signal.effect)).one() == "began"
