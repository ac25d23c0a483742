"""Goals and exits: a journey is over for somebody as soon as it has nothing more to bring about."""

from datetime import timedelta

from sqlalchemy import select

from engine.base.ids import new_id
from engine.conversations.question import Question
from engine.enrollments.enrollment import Due, Visit
from engine.people.member import MemberTag
from tests.database import on_both_databases
from tests.runner.conftest import Town

WALK = """
slug: walk
title: A walk
purpose: To try things out.
triggers: by_hand
re_entry: after_exit
goal: {tag: arrived}
exit:
  - {when: {tag: moved}, says: They live elsewhere now., name: moved_away}
  - {when: {place: Oslo}, says: They live in Oslo.}
steps:
  - {id: rest, do: wait, for: P2D}
  - {id: story, do: email, template: t/story, speaks: give, signed_by: desk}
  - {id: long_rest, do: wait, for: P30D}
  - {id: later, do: email, template: t/later, speaks: give, signed_by: desk}
"""


def tag(town: Town, member_id: int, word: str, *, told: bool = False) -> None:
    """The tag is on the member; `told`: a signal says so."""
    with town.services.db.write() as session:
        session.add(MemberTag(member_id=member_id, tag=word, created_at=town.now))
    if told:
        town.hears("tagged", member_id, tag=word)


def last_why(town: Town, enrollment_id: int) -> str:
    """Why the last visit went as it did."""
    with town.services.db.read() as session:
        asked = select(Visit.why).where(Visit.enrollment_id == enrollment_id).order_by(Visit.visit_at.desc())
        return session.scalars(asked.limit(1)).one()


@on_both_databases
def test_a_goal_and_exits_are_judged_before_each_step_and_nothing_more_is_said(town: Town) -> None:
    version = town.publish(WALK)
    rosa, ben, ana = town.member(), town.member("Ben"), town.member("Ana", locality="Oslo")
    arrived, moved, northern = (town.enroll(member, version) for member in (rosa, ben, ana))
    town.run()
    tag(town, rosa, "arrived")
    tag(town, ben, "moved")
    town.pass_time(days=2)
    assert town.history(arrived) == ["waits", "goal"]
    assert town.history(moved) == ["waits", "exit:moved_away"]
    assert town.history(northern) == ["exit:2"]
    assert [town.enrollment(id_).end_reason for id_ in (arrived, moved, northern)] == [
        "goal", "exit:moved_away", "exit:2",
    ]  # fmt: skip
    assert last_why(town, moved) == "They live elsewhere now."
    assert [town.letters(member) for member in (rosa, ben, ana)] == [[], [], []]
    with town.services.db.read() as session:
        assert session.scalars(select(Due.due_at)).all() == []


@on_both_databases
def test_a_goal_reached_while_waiting_ends_the_journey_at_once_where_a_signal_tells_of_it(town: Town) -> None:
    version = town.publish(WALK)
    rosa, ben = town.member(), town.member("Ben")
    walk, other = town.enroll(rosa, version), town.enroll(ben, version)
    town.pass_time(days=5)
    before = town.now
    tag(town, rosa, "arrived", told=True)
    tag(town, ben, "something-else", told=True)
    town.run()
    assert town.history(walk) == ["waits", "waited", "sent", "waits", "goal"]
    assert town.enrollment(walk).ended_at == before
    # Whom the signal does not bring to an end waits on, to the very minute.
    town.pass_time(days=26, hours=23)
    assert town.history(other) == ["waits", "waited", "sent", "waits"]
    town.pass_time(hours=1)
    assert town.history(other)[-2:] == ["waited", "sent"]
    town.check_places()


def test_a_goal_that_was_reached_before_keeps_the_first_word_unsaid_and_the_journey_may_begin_again(town: Town) -> None:
    version = town.publish(WALK)
    rosa = town.member()
    tag(town, rosa, "arrived")
    first = town.enroll(rosa, version)
    town.run()
    assert town.history(first) == ["goal"]
    second = town.enroll(rosa, version)
    town.run()
    assert town.history(second) == ["goal"]


def test_a_goal_is_noticed_while_people_talk_too(town: Town) -> None:
    rosa = town.member()
    walk = town.enroll(rosa, town.publish(WALK))
    town.pass_time(days=1)
    town.talk(rosa, town.now + timedelta(days=9))
    tag(town, rosa, "arrived", told=True)
    town.run()
    assert town.history(walk) == ["waits", "goal"]


def test_an_answer_that_reaches_the_goal_ends_the_journey_instead_of_going_on(town: Town) -> None:
    ask = """
slug: ask
title: A question
purpose: To try things out.
triggers: by_hand
goal: {answered: {step: hello, answer: "yes"}}
steps:
  - id: hello
    do: ask
    template: t/hello
    speaks: listen
    signed_by: desk
    question: {kind: yes_no, answers: {"yes": {go: glad}, "no": {go: done}}, otherwise: done}
    timeout: P4D
    silent: done
  - {id: glad, do: email, template: t/later, speaks: give, signed_by: desk}
  - {id: done, do: end}
"""
    rosa = town.member()
    walk = town.enroll(rosa, town.publish(ask))
    town.run()
    with town.services.db.write() as session:
        session.add(
            Question(
                id=new_id(), created_at=town.now, member_id=rosa, delivery_id=new_id(), kind="yes_no",
                subject_kind="enrollment", subject_id=walk,
                step="hello", until_at=town.now, answered_at=town.now, answer="yes",
            )
        )  # fmt: skip
    town.hears("answered", rosa, enrollment_id=walk, step="hello", answer="yes")
    town.run()
    assert town.history(walk) == ["asked", "goal"]
    assert len(town.letters(rosa)) == 1


MOVES = """
slug: moves
title: A step on the way
purpose: To try things out.
triggers: by_hand
steps:
  - {id: up, do: move, path: belonging, stage: connected, evidence: They came along.}
"""


@on_both_databases
def test_what_one_journey_does_for_somebody_is_heard_by_another_whose_goal_it_is(town: Town) -> None:
    walk = WALK.replace("goal: {tag: arrived}", "goal: {stage: {path: belonging, stage: connected}}")
    rosa = town.member()
    waiting = town.enroll(rosa, town.publish(walk))
    town.pass_time(days=1)
    town.enroll(rosa, town.publish(MOVES))
    town.run()
    assert town.history(waiting) == ["waits", "goal"]
