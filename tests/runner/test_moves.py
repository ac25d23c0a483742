"""Moves on a path: forward, to rest, back again; leading by invitation; an outlook by somebody's own words alone."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from engine.base.errors import Invalid
from engine.base.ids import new_id
from engine.conversations.message import Message
from engine.conversations.question import Question, answer_question
from engine.conversations.talk import Talk, erase_outlook_and_words, log_talk
from engine.conversations.task import Task, finish_task
from engine.enrollments.enrolling import enroll
from engine.outbox.delivery import Delivery
from engine.people.path import BELONGING, Evidence, Moving, Stage, StageChange, move, move_many, outlooks
from engine.people.wish import wish_no_more, wish_to_stay
from templates.vocabulary import VOCABULARY
from tests.database import on_both_databases
from tests.runner.conftest import Town

LEAD = """
slug: lead
title: Organizer school
purpose: To find out whether you would like to lead.
triggers: by_hand
re_entry: after_exit
steps:
  - id: invite
    do: ask
    template: t/hello
    speaks: ask
    signed_by: desk
    question:
      kind: yes_no
      answers:
        'yes': {}
        'no': {go: over}
    timeout: P7D
  - id: leads
    do: move
    path: belonging
    stage: leading
    evidence: They were asked whether they would lead.
    accepted: {step: invite, answer: 'yes'}
  - id: over
    do: end
"""
BY_CALL = """
slug: by-call
title: By a call
purpose: To ask in person.
triggers: by_hand
steps:
  - id: call
    do: hand_off
    to: desk
    title: Ask whether they would lead
    script: Ask, and listen.
    due: P3D
    outcomes:
      gladly: {label: They would, note: required}
      not_now: {label: Not now}
  - id: leads
    do: move
    path: belonging
    stage: leading
    evidence: They were asked in a call.
    accepted: {step: call, answer: gladly}
  - id: over
    do: end
"""
TRANSIT = """
slug: transit
title: The bus in town
purpose: To hear how you get about.
path: outlook:transit
triggers: by_hand
steps:
  - id: how
    do: ask
    template: t/hello
    speaks: listen
    signed_by: desk
    question: {kind: open}
    timeout: P7D
  - id: listening
    do: move
    path: outlook:transit
    stage: listening
    evidence: They told us how they get about.
    said: {step: how}
  - id: way
    do: branch
    turns:
      - when: {stage: {path: 'outlook:transit', stage: listening}}
        go: story
    else: over
  - id: story
    do: email
    template: t/story
    speaks: give
    signed_by: desk
  - id: over
    do: end
"""


def answers(town: Town, member: int, enrollment: int, step: str, words: str, answer: str | None) -> int:
    """The member's words answered the question of that step, as the router writes it; the message's id."""
    with town.services.db.write() as session:
        message = Message(id=new_id(), created_at=town.now, at=town.now, member_id=member, kind="in", text=words)
        question = Question(
            id=new_id(), created_at=town.now, member_id=member, kind="open", subject_kind="enrollment",
            subject_id=enrollment, step=step, answers=[{"name": "yes", "label": "Yes, gladly", "words": []}],
            delivery_id=new_id(), until_at=town.now + timedelta(days=7),
        )  # fmt: skip
        session.add_all([message, question])
        answer_question(question, answer, message.id, town.now)
    kind, detail = ("answered", {"step": step, "answer": answer}) if answer else ("replied", {})
    town.hears(kind, member, enrollment_id=enrollment, **detail)
    town.run()
    return message.id


def everything_leaves(town: Town) -> None:
    """Whatever was posted has been sent."""
    town.run()
    with town.services.db.write() as session:
        session.execute(update(Delivery).where(Delivery.sent_at.is_(None)).values(state="sent", sent_at=town.now))


def changes(town: Town, member: int) -> list[StageChange]:
    """How the member moved, the oldest first."""
    with town.services.db.read() as session:
        return list(
            session.scalars(select(StageChange).where(StageChange.member_id == member).order_by(StageChange.id))
        )


def stage(town: Town, member: int, path: str = BELONGING) -> str | None:
    """Where the member is."""
    with town.services.db.read() as session:
        row = session.get(Stage, (member, path))
        return row.stage if row else None


def test_stages_may_move_back_and_to_rest_and_no_move_is_forgotten(town: Town) -> None:
    rosa = town.member()
    walk = ("curious", "connected", "resting", "connected")
    with town.services.db.write() as session:
        for each in walk:
            move(session, rosa, BELONGING, each, f"Now {each}.", town.now)
    assert [change.to_stage for change in changes(town, rosa)] == list(walk)
    assert [change.from_stage for change in changes(town, rosa)] == [None, *walk[:-1]]
    assert stage(town, rosa) == "connected"


@on_both_databases
def test_leading_is_an_invitation_accepted_with_the_members_words_as_evidence(town: Town) -> None:
    rosa = town.member()
    enrollment = town.enroll(rosa, town.publish(LEAD))
    town.run()
    message = answers(town, rosa, enrollment, "invite", "Yes! I have wanted to since spring.", "yes")
    assert town.history(enrollment) == ["asked", "answered:yes", "moved", "finished"]
    (change,) = changes(town, rosa)
    assert change.to_stage == "leading"
    assert change.evidence == "They were asked whether they would lead. “Yes! I have wanted to since spring.”"
    assert (change.message_id, change.enrollment_id) == (message, enrollment)


def test_a_digit_is_quoted_with_the_words_that_it_stood_for(town: Town) -> None:
    rosa = town.member()
    enrollment = town.enroll(rosa, town.publish(LEAD))
    town.run()
    answers(town, rosa, enrollment, "invite", "1", "yes")
    assert changes(town, rosa)[0].evidence.endswith("“1: Yes, gladly”")


def test_who_did_not_accept_does_not_lead(town: Town) -> None:
    rosa, ana = town.member("Rosa M."), town.member("Ana P.")
    version = town.publish(LEAD)
    first, second = town.enroll(rosa, version), town.enroll(ana, version)
    town.run()
    answers(town, ana, second, "invite", "It depends, what would I do?", None)
    everything_leaves(town)
    town.pass_time(days=8)
    assert town.history(first) == ["asked", "silent", "not_moved", "finished"]
    assert town.history(second)[-2:] == ["not_moved", "finished"]
    assert stage(town, rosa) is None
    assert stage(town, ana) is None


def test_a_yes_of_an_earlier_time_on_the_journey_counts_for_that_time_alone(town: Town) -> None:
    rosa = town.member()
    version = town.publish(LEAD)
    first = town.enroll(rosa, version)
    town.run()
    answers(town, rosa, first, "invite", "Yes, let us.", "yes")
    with town.services.db.write() as session:
        move(session, rosa, BELONGING, "resting", "They asked for rest.", town.now)
        again = enroll(session, rosa, version, "by_hand", town.now)
    assert again is not None
    everything_leaves(town)
    town.pass_time(days=8)
    assert town.history(again.id) == ["asked", "silent", "not_moved", "finished"]
    assert stage(town, rosa) == "resting"


def test_the_outcome_of_a_task_can_be_the_yes_and_its_note_is_quoted(town: Town) -> None:
    maya, rosa = town.member("Maya Torres"), town.member("Rosa M.")
    enrollment = town.enroll(rosa, town.publish(BY_CALL))
    town.run()
    with town.services.db.write() as session:
        task = session.scalars(select(Task)).one()
        finish_task(session, task, maya, "She said she would love to, with Ben.", town.now, choice="gladly")
    town.run()
    assert town.history(enrollment) == ["handed_off", "done:gladly", "moved", "finished"]
    (change,) = changes(town, rosa)
    assert change.evidence == "They were asked in a call. “She said she would love to, with Ben.”"
    assert change.task_id == task.id


@pytest.mark.parametrize(("yaml", "end"), [(LEAD, ["skipped", "not_moved"]), (BY_CALL, ["skipped", "not_moved"])])
def test_who_would_rather_tend_the_garden_is_not_asked_to_lead(town: Town, yaml: str, end: list[str]) -> None:
    rosa = town.member()
    with town.services.db.write() as session:
        wish_to_stay(session, rosa, "active", "Not a leader, just the garden.", town.now)
    enrollment = town.enroll(rosa, town.publish(yaml))
    town.run()
    assert town.history(enrollment)[:2] == end
    assert town.letters(rosa) == []
    with town.services.db.read() as session:
        assert session.scalars(select(Task)).all() == []


def test_the_wish_is_the_members_to_take_back(town: Town) -> None:
    rosa = town.member()
    with town.services.db.write() as session:
        wish_to_stay(session, rosa, "active", "", town.now)
        assert wish_no_more(session, rosa)
        assert not wish_no_more(session, rosa)
    enrollment = town.enroll(rosa, town.publish(LEAD))
    town.run()
    assert town.history(enrollment) == ["asked"]


@on_both_databases
def test_an_outlook_moves_on_the_members_own_words_which_are_quoted_and_steps_branch_on_it(town: Town) -> None:
    rosa, ana = town.member("Rosa M."), town.member("Ana P.")
    version = town.publish(TRANSIT)
    talks, silent = town.enroll(rosa, version), town.enroll(ana, version)
    town.run()
    message = answers(town, rosa, talks, "how", "The 14 is late every day, so I walk.", None)
    everything_leaves(town)
    town.pass_time(days=8)
    assert town.history(talks) == ["asked", "replied", "moved", "branched", "sent", "finished"]
    assert town.history(silent) == ["asked", "silent", "not_moved", "branched", "finished"]
    (change,) = changes(town, rosa)
    assert "“The 14 is late every day, so I walk.”" in change.evidence
    assert change.message_id == message
    with town.services.db.read() as session:
        assert outlooks(session, ana) == []


@pytest.mark.parametrize("by_id", [None, 7])
def test_no_rule_and_nobodys_opinion_moves_an_outlook(town: Town, by_id: int | None) -> None:
    rosa = town.member()
    with town.services.db.write() as session, pytest.raises(Invalid):
        move(session, rosa, "outlook:transit", "listening", "They opened three letters.", town.now, by_id=by_id)
    with town.services.db.write() as session, pytest.raises(Invalid):
        move_many(session, [Moving(rosa, "outlook:transit", "listening", "They clicked.", 1)], town.now)
    assert stage(town, rosa, "outlook:transit") is None


def test_a_conversation_logged_by_a_person_moves_an_outlook(town: Town) -> None:
    maya, rosa = town.member("Maya Torres"), town.member("Rosa M.")
    with town.services.db.write() as session:
        talk = log_talk(
            session, rosa, maya, "phone", "My boy needs the bus to get to school.", town.now - timedelta(days=1),
            town.now, outlook=("outlook:transit", "sees_it"),
        )  # fmt: skip
    (change,) = changes(town, rosa)
    assert (change.evidence, change.by_id, change.talk_id) == ("My boy needs the bus to get to school.", maya, talk.id)
    assert town.person(rosa).last_contact_at == town.now - timedelta(days=1)


@pytest.mark.parametrize(
    ("channel", "words", "days", "path"),
    [
        ("telepathy", "Yes.", 0, "outlook:transit"),
        ("phone", "  ", 0, "outlook:transit"),
        ("phone", "Yes.", 2, "outlook:transit"),
        ("phone", "Yes.", 0, BELONGING),
    ],
)
def test_a_conversation_needs_a_day_a_way_and_words_and_moves_outlooks_alone(
    town: Town, channel: str, words: str, days: int, path: str
) -> None:
    maya, rosa = town.member("Maya Torres"), town.member("Rosa M.")
    with town.services.db.write() as session, pytest.raises(Invalid):
        log_talk(
            session, rosa, maya, channel, words, town.now + timedelta(days=days), town.now, outlook=(path, "listening")
        )


def test_the_member_erases_an_outlook_with_its_history_and_the_words_it_rested_on(town: Town) -> None:
    maya, rosa = town.member("Maya Torres"), town.member("Rosa M.")
    with town.services.db.write() as session:
        log_talk(session, rosa, maya, "phone", "I walk.", town.now, town.now, outlook=("outlook:transit", "listening"))
        move(
            session, rosa, "outlook:rents", "unsure", "Who knows.", town.now, rests_on=Evidence(message_id=5)
        )  # fmt: skip
    with town.services.db.write() as session:
        erase_outlook_and_words(session, rosa, "outlook:transit", town.now)
    assert [change.path for change in changes(town, rosa)] == ["outlook:rents"]
    with town.services.db.read() as session:
        assert [each.path for each in outlooks(session, rosa)] == ["outlook:rents"]
        assert session.scalars(select(Talk.words)).all() == [""]


def test_no_message_can_quote_a_stage_or_an_outlook_back() -> None:
    words = ("stage", "outlook", "path", "engagement", "evidence", "assessment", "wish")
    assert [name for name in VOCABULARY if any(word in name for word in words)] == []
