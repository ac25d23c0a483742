"""Splits, jumps, facts and joins on a real database: which way each person goes, and what is so afterwards."""

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from threading import Event, Thread

import pytest
from sqlalchemy import func, select, update

from engine.base.ids import new_id
from engine.chapters.chapter import Chapter
from engine.chapters.membership import Membership, join
from engine.conversations.task import Task
from engine.enrollments.enrollment import TICK, Due, Enrollment, Visit, relocate, standing
from engine.enrollments.journey import Journey
from engine.enrollments.place import places
from engine.enrollments.signal import Signal
from engine.people.fact import Noted, dates_of, note_facts
from engine.people.member import MemberTag
from engine.runner.tick import tick
from engine.runner.visited import MOST_WITHOUT_REST
from tests.database import on_both_databases
from tests.runner.conftest import Town

HEAD = "{slug: %s, title: A try, purpose: To try things out., triggers: by_hand, re_entry: %s, steps: [%s]}"


def script(*steps: str, slug: str = "try", re_entry: str = "after_exit") -> str:
    """A journey of these steps."""
    return HEAD % (slug, re_entry, ", ".join(f"{{{step}}}" for step in steps))


def chapter(town: Town, slug: str) -> int:
    """A chapter's id."""
    with town.services.db.write() as session:
        row = Chapter(id=new_id(), slug=slug, name=slug.title(), kind="place", created_at=town.now)
        session.add(row)
        session.flush()
        return row.id


def whys(town: Town, enrollment_id: int) -> list[str]:
    """Why each visit went as it did, where it says so."""
    with town.services.db.read() as session:
        asked = select(Visit.why).where(Visit.enrollment_id == enrollment_id).order_by(Visit.visit_at)
        return [why for why in session.scalars(asked) if why]


SPLIT = script(
    "id: which, do: split, ways: [{share: 50, go: left}, {share: 50, go: right}]",
    "id: left, do: tag, add: left, go: done",
    "id: right, do: tag, add: right",
    "id: done, do: end",
)


@on_both_databases
def test_a_split_sends_the_same_member_the_same_way_when_they_come_again(town: Town) -> None:
    version = town.publish(SPLIT)
    members = [town.member(f"Member {number}") for number in range(30)]
    first = {member: town.enroll(member, version) for member in members}
    town.run()
    again = {member: town.enroll(member, version) for member in members}
    town.run()
    assert {m: whys(town, id_) for m, id_ in first.items()} == {m: whys(town, id_) for m, id_ in again.items()}
    assert len(Counter(whys(town, id_)[0] for id_ in first.values())) == 2


ROUND = script(
    "id: mark, do: tag, add: seen",
    "id: rest, do: wait, for: P1D",
    "id: again, do: jump, to: mark, at_most: 3, otherwise: done",
    "id: done, do: end",
)


@on_both_databases
def test_a_jump_is_taken_so_many_times_and_then_the_other_way(town: Town) -> None:
    version = town.publish(ROUND)
    rosa = town.member()
    first = town.enroll(rosa, version)
    town.pass_time(days=10)
    assert Counter(town.history(first))["jumped"] == 3
    assert town.history(first)[-2:] == ["not_jumped", "finished"]
    assert [why for why in whys(town, first) if "Time" in why] == ["Time 1 of 3.", "Time 2 of 3.", "Time 3 of 3."]
    # Another time on the journey is counted by itself.
    second = town.enroll(rosa, version)
    town.pass_time(days=10)
    assert Counter(town.history(second)) == Counter(town.history(first))


def test_a_jump_to_a_later_step_skips_what_lies_between(town: Town) -> None:
    later = script(
        "id: over, do: jump, to: done, at_most: 1", "id: mark, do: tag, add: seen", "id: done, do: end"
    )  # fmt: skip
    enrollment = town.enroll(town.member(), town.publish(later))
    town.run()
    assert town.history(enrollment) == ["jumped", "finished"]


@on_both_databases
def test_a_fact_is_written_on_the_member_with_its_kind(town: Town) -> None:
    steps = script(
        "id: soup, do: set, fact: brings, value: Soup",
        "id: seats, do: set, fact: seats, value: 4",
        "id: drives, do: set, fact: drives, value: true",
        "id: born, do: set, fact: birthday, value: 1980-05-01",
        "id: speaks, do: set, fact: language, value: es",
    )
    rosa, ben = town.member(custom={"about": "A cook"}), town.member("Ben")
    version = town.publish(steps)
    for member in (rosa, ben):
        town.enroll(member, version)
    town.run()
    written = {"brings": "Soup", "seats": 4, "drives": True, "birthday": "1980-05-01"}
    assert town.person(rosa).custom == {"about": "A cook", **written}
    assert town.person(ben).custom == written
    assert (town.person(rosa).language, town.person(rosa).zone) == ("es", None)
    with town.services.db.read() as session:
        told = session.scalars(select(Signal.detail).where(Signal.member_id == rosa).order_by(Signal.id)).all()
    assert [each["fact"] for each in told] == ["brings", "seats", "drives", "birthday", "language"]


def test_a_fact_that_is_known_already_tells_nobody_again(town: Town) -> None:
    rosa = town.member(custom={"seats": 1})
    with town.services.db.write() as session:
        assert note_facts(session, [Noted(rosa, "seats", 1)]) == []
        # One is not true: a fact keeps its kind.
        assert note_facts(session, [Noted(rosa, "seats", True)]) == [Noted(rosa, "seats", True)]
        assert note_facts(session, [Noted(rosa + 1, "seats", 1)]) == []


@on_both_databases
def test_two_facts_written_at_the_same_moment_both_stay(town: Town) -> None:
    rosa = town.member()
    begun = Event()

    def write_another() -> None:
        begun.wait(60)
        with town.services.db.write() as session:
            note_facts(session, [Noted(rosa, "drives", True)])

    other = Thread(target=write_another, daemon=True)
    other.start()
    with town.services.db.write() as session:
        note_facts(session, [Noted(rosa, "seats", 4)])
        begun.set()
        other.join(0.3)
        assert other.is_alive()
    other.join(60)
    assert not other.is_alive()
    assert town.person(rosa).custom == {"seats": 4, "drives": True}


JOIN = script("id: come_in, do: join, chapter: atlanta", "id: done, do: end")


@on_both_databases
def test_a_join_brings_the_member_into_the_chapter_but_never_back_into_one_they_left(town: Town) -> None:
    atlanta = chapter(town, "atlanta")
    version = town.publish(JOIN)
    new, there, left = town.member(), town.member("Ben"), town.member("Ana")
    with town.services.db.write() as session:
        join(session, there, atlanta, town.now - timedelta(days=9))
        join(session, left, atlanta, town.now - timedelta(days=9)).left_at = town.now - timedelta(days=1)
    walks = [town.enroll(member, version) for member in (new, there, left)]
    town.run()
    assert [town.history(id_)[0] for id_ in walks] == ["joined", "not_joined", "not_joined"]
    assert whys(town, walks[2]) == ["They left that chapter, and come back by their own word only."]
    with town.services.db.read() as session:
        here = set(session.scalars(select(Membership.member_id).where(Membership.left_at.is_(None))))
    assert here == {new, there}


def test_a_join_of_a_chapter_that_is_not_there_waits_for_a_person(town: Town) -> None:
    enrollment = town.enroll(town.member(), town.publish(JOIN))
    town.pass_time(hours=1)
    assert town.history(enrollment) == ["failed"] * 3
    with town.services.db.read() as session:
        task = session.scalars(select(Task)).one()
    assert "There is no chapter atlanta" in task.script
    chapter(town, "atlanta")
    town.pass_time(days=1)
    assert town.history(enrollment)[3:] == ["joined", "finished"]


SCHOOL = script("id: lesson, do: wait, for: P30D", slug="school", re_entry="never")
TO_SCHOOL = script("id: onward, do: join, journey: school", "id: done, do: end")


@on_both_databases
def test_a_join_begins_the_newest_version_of_the_other_journey_and_keeps_its_rule(town: Town) -> None:
    town.publish(SCHOOL)
    newest = town.publish(SCHOOL.replace("P30D", "P20D"))
    version = town.publish(TO_SCHOOL)
    rosa, ben = town.member(), town.member("Ben")
    town.enroll(ben, newest)
    walks = [town.enroll(member, version) for member in (rosa, ben)]
    town.run()
    assert [town.history(id_) for id_ in walks] == [["joined", "finished"], ["not_joined", "finished"]]
    town.pass_time(days=40)
    second = town.enroll(rosa, version)
    town.run()
    assert town.history(second) == ["not_joined", "finished"]
    with town.services.db.read() as session:
        begun = session.execute(
            select(Enrollment.member_id, Enrollment.version_id, Enrollment.trigger, func.count())
            .where(Enrollment.journey_id == newest.journey_id)
            .group_by(Enrollment.member_id, Enrollment.version_id, Enrollment.trigger)
        ).all()
    assert {tuple(row) for row in begun} == {(rosa, newest.id, "journey:try", 1), (ben, newest.id, "by_hand", 1)}
    town.check_places()


def test_a_join_of_a_paused_journey_waits_until_it_goes_on(town: Town) -> None:
    school = town.publish(SCHOOL)
    enrollment = town.enroll(town.member(), town.publish(TO_SCHOOL))
    _pause(town, school.journey_id, paused=True)
    town.pass_time(hours=1)
    assert town.history(enrollment) == ["paused"]
    _pause(town, school.journey_id, paused=False)
    town.pass_time(days=1)
    assert town.history(enrollment) == ["paused", "joined", "finished"]


def _pause(town: Town, journey_id: int, *, paused: bool) -> None:
    with town.services.db.write() as session:
        session.execute(
            update(Journey).where(Journey.id == journey_id).values(paused_at=town.now if paused else None)
        )  # fmt: skip


def test_two_journeys_that_join_each_other_do_not_chase_anybody_round(town: Town) -> None:
    there = town.publish(script("id: on, do: join, journey: back", slug="there"))
    town.publish(script("id: on, do: join, journey: there", slug="back"))
    rosa = town.member()
    town.enroll(rosa, there)
    town.run()
    with town.services.db.read() as session:
        assert session.scalar(select(func.count()).select_from(Enrollment)) == 2
        assert set(session.scalars(select(Enrollment.end_reason))) == {"finished"}


def test_a_journey_that_goes_round_without_a_rest_stops_and_a_person_is_asked(town: Town) -> None:
    # `check` refuses it; the runner does not rest on that.
    spin = town.publish(
        script(
            "id: here, do: branch, turns: [{when: {tag: never}, go: done}], else: there",
            "id: there, do: tag, add: round, go: here",
            "id: done, do: end",
        )
    )
    straight = town.publish(SPLIT.replace("slug: try", "slug: other"))
    rosa = town.member()
    stuck, fine = town.enroll(rosa, spin), town.enroll(town.member("Ben"), straight)
    _go_round(town, stuck, MOST_WITHOUT_REST - 4)
    for _ in range(20):
        tick(town.services)
    town.pass_time(hours=2)
    history = town.history(stuck)
    assert Counter(history)["failed"] == 3
    assert len(history) == MOST_WITHOUT_REST + 3
    assert town.history(fine)[-1] == "finished"
    with town.services.db.read() as session:
        task = session.scalars(select(Task)).one()
        (place,) = places(session, rosa)
    assert "goes round" in task.script
    assert place.stuck and "goes round" in place.trouble
    town.pass_time(days=3)
    assert len(town.history(stuck)) == MOST_WITHOUT_REST + 6
    town.check_places()


def _go_round(town: Town, enrollment_id: int, steps: int) -> None:
    """The enrollment took so many of the first two steps, as ticks would have written it down."""
    with town.services.db.write() as session:
        here = standing(session, [enrollment_id])[enrollment_id]
        times = [here.due_at + TICK * each for each in range(steps + 1)]
        session.add_all(
            Visit(
                visit_at=at, enrollment_id=enrollment_id, version_id=here.version_id, step=place % 2, phase=0,
                acted_at=town.now, outcome="branched", next_at=following,
            )
            for place, (at, following) in enumerate(pairwise(times))
        )  # fmt: skip
        relocate(session, {here: here._replace(due_at=times[-1])})
        session.execute(update(Due).where(Due.enrollment_id == enrollment_id).values(prev_at=times[-2]))
        session.execute(update(Enrollment).where(Enrollment.id == enrollment_id).values(first_at=times[0]))


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-05-01", date(2026, 5, 1)),
        (" 2026-05-01T18:30:00 ", date(2026, 5, 1)),
        ("1 May", None),
        ("0001-01-01", None),
        ("9999-12-31", None),
        ("", None),
        (20260501, None),
        (None, None),
    ],
)
def test_a_date_is_read_as_it_is_written_or_not_at_all(town: Town, written: object, day: date | None) -> None:
    rosa = town.member(custom={"birthday": written})
    with town.services.db.read() as session:
        assert dates_of(session, {rosa})[rosa].of("birthday") == day


EVERY_KIND = """
slug: every-kind
title: Every kind of step
purpose: To try things out.
triggers: by_hand
exit: [{when: {tag: moved}, says: They live elsewhere now.}]
steps:
  - {id: hello, do: email, template: t/hello, speaks: give, signed_by: desk}
  - {id: delay, do: wait, for: P1D}
  - {id: hour, do: wait, until: {hour: "10:00"}}
  - {id: hope, do: wait, for_fact: {when: {tag: ready}, timeout: PT2H}}
  - id: parting
    do: branch
    turns: [{when: {language: es}, go: lot}]
    else: lot
  - {id: lot, do: split, ways: [{share: 1, go: call}, {share: 1, go: call}]}
  - {id: call, do: hand_off, to: organizer, title: A hello, script: Say hello., due: P3D}
  - {id: again, do: jump, to: delay, at_most: 1}
  - {id: note, do: set, fact: seen, value: true}
  - {id: mark, do: tag, add: greeted}
  - {id: up, do: move, path: belonging, stage: connected, evidence: They came along.}
  - {id: room, do: join, chapter: atlanta}
  - {id: long_rest, do: wait, for: P30D}
  - {id: end_here, do: end}
"""


@on_both_databases
def test_a_journey_is_made_of_messages_tasks_delays_waits_branches_splits_loops_moves_and_joins_and_has_exits(
    town: Town,
) -> None:
    chapter(town, "atlanta")
    rosa = town.member()
    enrollment = town.enroll(rosa, town.publish(EVERY_KIND))
    town.pass_time(days=12)
    once = ["waits", "waited", "waits", "waited", "waits", "timed_out", "branched", "split", "handed_off"]
    rest = ["not_jumped", "set", "tagged", "moved", "joined", "waits"]
    assert town.history(enrollment) == ["sent", *once, "jumped", *once, *rest]
    town.check_places()
    with town.services.db.write() as session:
        session.add(MemberTag(member_id=rosa, tag="moved", created_at=town.now))
    town.pass_time(days=30)
    assert town.history(enrollment)[-1] == town.enrollment(enrollment).end_reason == "exit:1"
