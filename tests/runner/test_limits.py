"""How many a journey takes, and how fast it sends."""

from datetime import timedelta

from sqlalchemy import select

from engine.enrollments.entering import enter_many, waiting_line
from engine.enrollments.journey import Journey, load_version
from engine.enrollments.signal import Signal
from engine.outbox.delivery import Delivery
from engine.runner.enter import needs_entering, next_entering_at
from engine.runner.explain_entry import entry_rules, past_of
from engine.runner.merging import end_for_erased, join_enrollments
from tests.database import on_both_databases
from tests.runner.conftest import Town
from tests.runner.entering import HELLO, journey, look, on_it, tag, untag

LIMITED = "triggers: joined, limits: {%s}"


def join(town: Town, count: int) -> list[int]:
    """So many people join, and journeys have heard of it."""
    people = [town.member(f"Rosa {number}") for number in range(count)]
    for member in people:
        town.hears("joined", member)
    town.run()
    return people


@on_both_databases
def test_maximum_entries_lets_so_many_in_and_the_others_wait_until_it_is_raised(town: Town) -> None:
    version = town.publish(journey(LIMITED % "entries: 3"))
    people = join(town, 5)
    assert on_it(town) == people[:3]
    with town.services.db.read() as session:
        assert len(waiting_line(session, version.journey_id, 10)) == 2
        assert not needs_entering(session, town.now)
        assert next_entering_at(session, town.now) is None
        assert list(session.scalars(select(Signal.effect).order_by(Signal.id)))[3:] == ["waits for room"] * 2
    look(town)
    assert on_it(town) == people[:3]
    town.publish(journey(LIMITED % "entries: 4"))
    look(town)
    assert on_it(town) == people[:4]
    town.publish(journey("triggers: joined"))
    look(town)
    assert on_it(town) == people
    with town.services.db.read() as session:
        assert len(waiting_line(session, version.journey_id, 10)) == 0


@on_both_databases
def test_so_many_a_day_enter_first_come_first_and_nobody_is_lost(town: Town) -> None:
    version = town.publish(journey(LIMITED % "entries_per_day: 2"))
    first = join(town, 3)
    town.clock.moment += timedelta(hours=1)
    later = join(town, 2)
    assert on_it(town) == first[:2]
    with town.services.db.read() as session:
        fits_at = next_entering_at(session, town.now)
    assert fits_at == town.now - timedelta(hours=1) + timedelta(days=1)
    town.clock.moment = fits_at - timedelta(seconds=1)
    look(town)
    assert len(on_it(town)) == 2
    town.clock.moment = fits_at
    look(town)
    assert on_it(town) == [*first, later[0]]
    town.clock.moment += timedelta(days=1)
    look(town)
    assert on_it(town) == [*first, *later]
    with town.services.db.read() as session:
        assert len(waiting_line(session, version.journey_id, 10)) == 0


def test_nobody_overtakes_who_waits(town: Town) -> None:
    version = town.publish(journey(LIMITED % "entries_per_day: 1"))
    first, second = join(town, 2)
    town.clock.moment += timedelta(days=2)
    third = town.member("Late")
    with town.services.db.write() as session:
        entered = enter_many(session, [third], load_version(session, version.id), "joined", town.now)
    assert (entered.begun, set(entered.waiting)) == ({}, {third})
    look(town)
    assert on_it(town) == [first, second]


def test_who_left_the_audience_while_they_waited_does_not_enter(town: Town) -> None:
    rosa, dana, lee = (town.member(name) for name in ("Rosa", "Dana", "Lee"))
    for member in (rosa, dana, lee):
        tag(town, member, "gardener")
    town.publish(journey("audience: {when: {tag: gardener}}, limits: {entries_per_day: 1}"))
    look(town)
    assert on_it(town) == [rosa]
    untag(town, dana, "gardener")
    for _ in range(2):
        town.clock.moment += timedelta(days=1)
        look(town)
    assert on_it(town) == [rosa, lee]


def test_a_second_fact_does_not_put_anybody_in_the_line_twice(town: Town) -> None:
    version = town.publish(journey("triggers: joined, re_entry: after_exit, limits: {entries_per_day: 1}"))
    rosa, dana = join(town, 2)
    town.hears("joined", dana)
    town.run()
    with town.services.db.read() as session:
        assert len(waiting_line(session, version.journey_id, 10)) == 1
    town.clock.moment += timedelta(days=1)
    look(town)
    assert on_it(town) == [rosa, dana]


@on_both_databases
def test_a_maximum_send_rate_spreads_the_messages_of_a_journey(town: Town) -> None:
    town.publish(journey(LIMITED % "sends_per_hour: 20"))
    town.publish(journey("triggers: {tag_added: free}", HELLO, slug="free"))
    people = join(town, 50)
    town.hears("tagged", people[0], tag="free")
    town.run()
    with town.services.db.read() as session:
        rows = session.execute(select(Delivery.send_at, Delivery.version_id).order_by(Delivery.send_at)).all()
    free = [at for at, version_id in rows if version_id != rows[-1].version_id]
    times = [at for at, version_id in rows if version_id == rows[-1].version_id]
    assert free == [town.now]
    assert len(times) == 50 and times[0] == town.now
    for at in times:
        assert sum(1 for other in times if at <= other < at + timedelta(hours=1)) <= 20
    assert times[-1] < town.now + timedelta(hours=2.5)
    town.clock.moment += timedelta(hours=1)
    join(town, 1)
    with town.services.db.read() as session:
        assert max(session.scalars(select(Delivery.send_at))) == times[-1] + timedelta(minutes=3)


def test_who_waits_is_the_same_person_after_two_records_are_joined_and_nobody_when_forgotten(town: Town) -> None:
    version = town.publish(journey(LIMITED % "entries_per_day: 1"))
    first, twice, gone = join(town, 3)
    kept = town.member("Rosa, known longer")
    with town.services.db.write() as session:
        join_enrollments(session, kept, twice, town.now)
        end_for_erased(session, gone, town.now)
        assert [each.member_id for each in waiting_line(session, version.journey_id, 10)] == [kept]
    town.clock.moment += timedelta(days=1)
    look(town)
    assert on_it(town) == [first, kept]


def test_why_says_who_waits_for_room_and_of_whom_the_audience_is_not_so(town: Town) -> None:
    version = town.publish(journey("triggers: joined, only_if: {not: {tag: gone}}, limits: {entries_per_day: 1}"))
    other = town.publish(journey("audience: {when: {tag: gardener}}", slug="other"))
    first, second = join(town, 2)
    with town.services.db.read() as session:
        for published, member, expected in (
            (version, first, {"open": True, "trigger": True, "only_if": True, "re_entry": False, "room": False}),
            (version, second, {"open": True, "trigger": True, "only_if": True, "re_entry": True, "room": False}),
            (other, second, {"open": True, "audience": False, "re_entry": True}),
        ):
            row = session.get_one(Journey, published.journey_id)
            rules = entry_rules(session, past_of(session, member), row, load_version(session, published.id), town.now)
            assert {rule.rule: rule.holds for rule in rules} == expected
            if member == second and published is version:
                assert "they have waited in line since 02 March 2026" in rules[-1].says
