"""A published version never changes; people in flight stay on it, or are moved by a mapping that was shown."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from engine.audit.entry import AuditEntry
from engine.base.errors import Invalid, NotFound
from engine.base.ids import new_id
from engine.conversations.question import Question, open_questions
from engine.enrollments.enrolling import enroll_many
from engine.enrollments.enrollment import Due, Enrollment
from engine.enrollments.finishers import reach_finishers
from engine.enrollments.journey import JourneyVersion, load_version
from engine.outbox.delivery import Delivery, DeliveryKey
from engine.runner.moving import Moved, Plan, _move_some, move_people, plan_moving
from engine.runner.tick import tick
from tests.database import on_both_databases
from tests.runner.conftest import Town

HEAD = """
slug: walk
title: A walk
purpose: To walk.
triggers: [by_hand]
steps:
"""
HELLO = "  - {id: hello, do: email, template: t/hello, speaks: give, signed_by: desk}\n"
STORY = "  - {id: story, do: email, template: t/story, speaks: give, signed_by: desk}\n"
NEW = "  - {id: news, do: email, template: t/later, speaks: give, signed_by: desk}\n"
ASK = """  - id: ask
    do: ask
    template: t/hello
    speaks: ask
    signed_by: desk
    timeout: P4D
    question: {kind: open, replied: story}
    silent: story
"""


def wait(name: str, pause: str = "for: P2D") -> str:
    return f"  - {{id: {name}, do: wait, {pause}}}\n"


def people_on(town: Town, version: JourneyVersion, count: int = 1) -> list[int]:
    members = [town.member() for _ in range(count)]
    with town.services.db.write() as session:
        enroll_many(session, members, version, "by_hand", town.now)
    town.run()
    return members


def planned(town: Town, **said: str) -> Plan:
    with town.services.db.read() as session:
        return plan_moving(session, "walk", said)


def moved(town: Town, **said: str) -> Moved:
    done = move_people(town.services.db, planned(town, **said), town.now)
    town.check_places()
    return done


def due_in(town: Town, member_id: int) -> timedelta:
    with town.services.db.read() as session:
        return session.scalars(select(Due.due_at).where(Due.member_id == member_id)).one() - town.now


def test_people_in_flight_stay_on_their_version_when_a_journey_is_published_again(town: Town) -> None:
    (rosa,) = people_on(town, town.publish(HEAD + wait("rest") + STORY))
    town.publish(HEAD + wait("rest") + NEW)
    (ben,) = people_on(town, town.publish(HEAD + wait("rest") + NEW))
    town.pass_time(days=3)
    assert (town.letters(rosa), town.letters(ben)) == ([3], [5])


def test_people_are_moved_by_a_mapping_that_was_shown_in_words_with_counts(town: Town) -> None:
    people_on(town, town.publish(HEAD + HELLO + wait("rest") + STORY), 3)
    second = town.publish(HEAD + wait("pause", "for: P9D") + NEW)
    people_on(town, second)
    town.publish(HEAD + HELLO + wait("breathe") + NEW)
    plan = planned(town, rest="breathe", pause="end")
    assert [each.says() for each in plan.crossings] == [
        "3 people at rest (version 1) go on at breathe.",
        "1 person at pause (version 2) is finished.",
    ]
    assert not plan.refused
    assert move_people(town.services.db, plan, town.now) == Moved(3, 1, 0)
    town.check_places()
    town.pass_time(days=2, minutes=1)
    with town.services.db.read() as session:
        chosen = list(session.scalars(select(Delivery.template_version_id).order_by(Delivery.id)))
        logged = session.scalars(select(AuditEntry).where(AuditEntry.verb == "people_moved")).one()
    assert chosen == [1, 1, 1, 5, 5, 5]
    assert logged.detail == {"number": 3, "people": 3, "ended": 1, "said": {"rest": "breathe", "pause": "end"}}


def test_a_mapping_that_loses_a_step_where_people_stand_is_refused_with_a_sentence(town: Town) -> None:
    (rosa,) = people_on(town, town.publish(HEAD + wait("rest") + STORY))
    town.publish(HEAD + wait("breathe") + NEW)
    plan = planned(town)
    assert plan.refused == (
        "1 person stands at the step rest of version 1, and version 2 has no step of that name. Nobody was moved. "
        "Say where they go on: --map rest=STEP, or --map rest=end.",
    )
    with pytest.raises(Invalid, match="1 person stands at the step rest"):
        move_people(town.services.db, plan, town.now)
    town.pass_time(days=3)
    assert town.letters(rosa) == [3]
    with pytest.raises(Invalid, match=r"no step 'breath'. It has: breathe, news, end"):
        planned(town, rest="breath")
    with pytest.raises(Invalid, match="ever had a step 'rost'"):
        planned(town, rost="breathe")
    with town.services.db.read() as session, pytest.raises(NotFound):
        plan_moving(session, "nowhere", {})


@pytest.mark.parametrize(
    ("before", "after", "due"),
    [
        (wait("rest"), wait("rest"), timedelta(days=1)),
        (wait("rest"), wait("rest", "for: P5D"), timedelta(days=4)),
        (wait("rest"), wait("rest", "for: PT1H"), timedelta(0)),
        (
            wait("rest", "for_reply: {timeout: P2D, replied: story, silent: story}"),
            wait("rest", "for_reply: {timeout: P6D, replied: story, silent: story}"),
            timedelta(days=5),
        ),
        # What waits for something else begins anew, and is a wait from now on.
        (wait("rest"), wait("rest", "for_reply: {timeout: P6D, replied: story, silent: story}"), timedelta(0)),
        # A wait that is no wait any more ends when it would have.
        (wait("rest"), NEW.replace("news", "rest"), timedelta(days=1)),
    ],
)
def test_a_wait_is_carried_over(town: Town, before: str, after: str, due: timedelta) -> None:
    (rosa,) = people_on(town, town.publish(HEAD + HELLO + before + STORY))
    town.pass_time(days=1)
    town.publish(HEAD + HELLO + after + STORY + wait("bye"))
    assert moved(town) == Moved(1, 0, 0)
    assert due_in(town, rosa) == due
    town.pass_time(days=9)
    assert town.letters(rosa)[-1] == 3
    town.check_places()


def asked(town: Town, version: JourneyVersion) -> tuple[int, int]:
    """A member with an open question of the step `ask`, and their enrollment."""
    (rosa,) = people_on(town, version)
    with town.services.db.write() as session:
        enrollment = session.scalars(select(Enrollment).where(Enrollment.member_id == rosa)).one()
        session.add(
            Question(
                id=new_id(), created_at=town.now, member_id=rosa, kind="open", subject_kind="enrollment",
                subject_id=enrollment.id, step="ask", answers=[], delivery_id=new_id(),
                until_at=town.now + timedelta(days=4),
            )
        )  # fmt: skip
    town.letter_leaves(rosa)
    return rosa, enrollment.id


def test_somebody_who_was_asked_keeps_the_question_where_the_step_still_asks(town: Town) -> None:
    rosa, enrollment = asked(town, town.publish(HEAD + ASK + STORY))
    town.publish(HEAD + ASK.replace("id: ask", "id: ask_again").replace("P4D", "P6D") + STORY)
    moved(town, ask="ask_again")
    with town.services.db.read() as session:
        (question,) = open_questions(session, rosa, town.now)
    assert (question.step, question.until_at) == ("ask_again", town.now + timedelta(days=6))
    town.hears("answered", rosa, enrollment_id=enrollment, step="ask_again", answer="")
    town.run()
    assert town.letters(rosa) == [1, 3]


def test_a_question_that_is_asked_no_more_is_closed(town: Town) -> None:
    rosa, _ = asked(town, town.publish(HEAD + ASK + STORY))
    town.publish(HEAD + wait("rest") + STORY)
    moved(town, ask="rest")
    with town.services.db.read() as session:
        assert open_questions(session, rosa, town.now) == []
    town.pass_time(days=3)
    assert town.letters(rosa) == [1, 3]


def test_moving_goes_on_after_a_crash_and_moves_nobody_twice(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.runner.moving.BATCH", 3)
    members = people_on(town, town.publish(HEAD + HELLO + wait("rest") + STORY), 8)
    town.publish(HEAD + HELLO + wait("rest") + NEW)
    plan = planned(town)
    with town.services.db.write() as session:
        assert _move_some(session, plan, 0, town.now).moved == 3  # and here the process died
    town.check_places()
    assert move_people(town.services.db, plan, town.now) == Moved(5, 0, 0)
    assert moved(town) == Moved(0, 0, 0)
    town.pass_time(days=3)
    assert [town.letters(each) for each in members] == [[1, 5]] * 8


@on_both_databases
def test_moving_races_with_a_tick_and_nobody_is_lost_or_hears_twice(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.runner.moving.BATCH", 7)
    people = 120
    members = people_on(town, town.publish(HEAD + wait("rest", "for: PT1M") + HELLO + wait("more") + STORY), people)
    town.publish(HEAD + wait("rest", "for: PT1M") + HELLO + wait("more") + NEW)
    plan = planned(town)
    town.clock.moment += timedelta(minutes=2)

    def work(_: int) -> None:
        while tick(town.services, limit=5):
            pass

    with ThreadPoolExecutor(3) as pool:
        ticking = [pool.submit(work, number) for number in range(2)]
        moving = pool.submit(move_people, town.services.db, plan, town.now)
        for each in ticking:
            each.result(timeout=60)
        moving.result(timeout=60)
    town.run()
    town.check_places()
    move_people(town.services.db, planned(town), town.now)
    town.pass_time(days=3)
    town.check_places()
    assert {tuple(town.letters(each)) for each in members} == {(1, 5)}
    with town.services.db.read() as session:
        keys = session.scalar(select(func.count()).select_from(DeliveryKey))
        assert keys == session.scalar(select(func.count()).select_from(Delivery)) == people * 2


def finished(town: Town, count: int = 1) -> tuple[list[int], Any]:
    version = town.publish(HEAD + HELLO)
    members = people_on(town, version, count)
    return members, version


def test_a_new_last_step_reaches_those_who_finished_only_when_asked(town: Town) -> None:
    members, first = finished(town, 3)
    newer = town.publish(HEAD + HELLO + NEW)
    (late,) = people_on(town, newer)
    town.pass_time(days=1)
    assert [town.letters(each) for each in members] == [[1]] * 3
    assert reach_finishers(town.services.db, "walk", "news", town.now) == 3
    town.run()
    assert [town.letters(each) for each in members] == [[1, 5]] * 3
    assert town.letters(late) == [1, 5]
    # Each once, however often it is asked.
    assert reach_finishers(town.services.db, "walk", "news", town.now) == 0
    town.run()
    assert [town.letters(each) for each in (*members, late)] == [[1, 5]] * 4
    town.check_places()
    with town.services.db.read() as session:
        assert load_version(session, first.id).script.ids == ("hello",)


def test_whoever_stopped_or_is_on_the_journey_is_no_finisher(town: Town) -> None:
    members, _ = finished(town, 2)
    waiting = people_on(town, town.publish(HEAD + wait("rest") + HELLO))
    with town.services.db.write() as session:
        session.scalars(select(Enrollment).where(Enrollment.member_id == members[0])).one().end_reason = "opted_out"
    town.publish(HEAD + wait("rest") + HELLO + NEW)
    assert reach_finishers(town.services.db, "walk", "news", town.now) == 1
    town.run()
    assert [town.letters(each) for each in (*members, *waiting)] == [[1], [1, 5], []]
    with pytest.raises(Invalid, match="has no step 'newz'"):
        reach_finishers(town.services.db, "walk", "newz", town.now)
