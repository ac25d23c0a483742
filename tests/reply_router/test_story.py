"""The loop, whole: a journey asks, a member answers by mail, the journey hears it; an organizer answers, they talk."""

from sqlalchemy import select

from engine.conversations.thread import Thread
from engine.enrollments.enrolling import enroll
from engine.enrollments.enrollment import Visit
from engine.enrollments.journey import publish_journey
from engine.outbox.post import answer
from engine.runner.signals import handle_signals
from engine.runner.tick import tick
from journeys.compiled import compiled
from journeys.read import read
from reply_router.routing import route_one
from tests.reply_router.conversation import DOMAIN, Town

ASKS = """\
slug: asks
title: One question
purpose: To hear what you would like.
path: belonging
language: en
triggers: by_hand
re_entry: never
steps:
  - id: choose
    do: ask
    template: porch/what_would_you_like
    speaks: ask
    signed_by: desk
    question:
      kind: choice
      answers:
        meet: {label: Meet neighbors nearby, words: [meet], go: keen}
        browse: {label: Just read for now, words: [read], go: done}
      otherwise: done
    timeout: P3D
    silent: done
  - id: keen
    do: tag
    add: keen
  - id: done
    do: end
"""


def _run(town: Town) -> None:
    for _ in range(20):
        if not handle_signals(town.house.services) and not tick(town.house.services):
            break
    town.house.send()


def _asked(town: Town, name: str) -> int:
    now = town.house.now
    with town.house.services.db.write() as session:
        draft = read(ASKS)
        assert draft.journey is not None, draft.findings
        templates = {"porch/what_would_you_like": town.house.templates["porch/what_would_you_like"]}
        version = publish_journey(session, ASKS, draft.journey, compiled(draft.journey), templates, now)
        enrollment = enroll(session, town.person_id(name), version, "by_hand", now)
        assert enrollment is not None
        enrollment_id = enrollment.id
    _run(town)
    town.house.later(hours=1)
    return enrollment_id


def _outcomes(town: Town, enrollment_id: int) -> list[str]:
    with town.house.read() as session:
        query = select(Visit.outcome).where(Visit.enrollment_id == enrollment_id).order_by(Visit.visit_at)
        return list(session.scalars(query))


def test_a_recognized_answer_moves_the_journey_while_nobody_has_to_do_anything(town: Town) -> None:
    enrollment_id = _asked(town, "Rosa")
    town.answers("Rosa", town.house.mails("Rosa")[-1], "Meet neighbors nearby")
    _run(town)
    assert _outcomes(town, enrollment_id) == ["asked", "answered:meet", "tagged", "finished"]


def test_an_answer_with_more_words_waits_for_the_talk_and_then_takes_its_branch(town: Town) -> None:
    enrollment_id = _asked(town, "Rosa")
    row = town.answers("Rosa", town.house.mails("Rosa")[-1], "Meet neighbors nearby. Is there a ramp?")
    _run(town)
    assert "tagged" not in _outcomes(town, enrollment_id)
    with town.house.services.db.write() as session:
        thread = session.get_one(Thread, row.thread_id)
        answer(session, thread, town.person_id("Denise"), "There is, at the side.", town.house.now, key="1")
    town.house.later(hours=80)
    _run(town)
    town.house.later(hours=80)
    _run(town)
    assert "answered:meet" in _outcomes(town, enrollment_id) and "tagged" in _outcomes(town, enrollment_id)


def test_words_go_back_and_forth_in_one_conversation(town: Town) -> None:
    row = town.answers("Rosa", town.letter("Rosa"), "Beans first, then people.")
    for number in range(3):
        with town.house.services.db.write() as session:
            thread = session.get_one(Thread, row.thread_id)
            answer(session, thread, town.person_id("Denise"), f"Answer {number}.", town.house.now, key=str(number))
        town.house.later(hours=1)
        town.house.send()
        again = town.answers("Rosa", town.house.mails("Rosa")[-1], f"Words {number}.")
        assert again.thread_id == row.thread_id and again.outcome == "thread"
        assert town.thread(again).answer_due_at is not None
    assert [each.text for each in town.timeline(row) if each.kind != "journey"] == [
        "Beans first, then people.",
        "Answer 0.", "Words 0.", "Answer 1.", "Words 1.", "Answer 2.", "Words 2.",
    ]  # fmt: skip
    assert len(town.threads()) == 1 and town.thread(row).marks == []


def test_two_first_mails_of_one_person_open_one_conversation(town: Town) -> None:
    to = f"hello@{DOMAIN}"
    ids = [town.accepts(town.mail("R <rosa@home.example>", to, "Hi", f"{n}"), to)[0] for n in range(4)]
    assert [route_one(town.house.services, each) for each in ids] == ["thread"] * 4
    assert len(town.threads("Rosa")) == 1
