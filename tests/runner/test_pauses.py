"""A journey that rests, and goes on: what its pause kept back never comes as a pile."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from engine.audit.entry import AuditEntry
from engine.base.errors import Invalid, NotFound
from engine.conversations.task import Task
from engine.enrollments.enrolling import enroll_many
from engine.enrollments.enrollment import Due
from engine.enrollments.journey import JourneyVersion, current_versions
from engine.enrollments.pause import JourneyPause, unjudged
from engine.runner.pausing import _judge_some, judge, pause, resume
from journeys.vocabulary import AfterPause
from tests.database import on_both_databases
from tests.runner.conftest import Town

#: Two letters one after the other, then three days, then one more.
PILE = """
slug: walk
title: A walk
purpose: To walk.
triggers: [by_hand]
{rule}
steps:
  - {{id: pause, do: wait, for: PT1H}}
  - {{id: first, do: email, template: t/hello, speaks: give, signed_by: desk}}
  - {{id: second, do: email, template: t/story, speaks: give, signed_by: desk}}
  - {{id: rest, do: wait, for: P3D}}
  - {{id: third, do: email, template: t/later, speaks: give, signed_by: desk}}
"""
HELLO, STORY, LATER = 1, 3, 5


def walk(town: Town, rule: str = "") -> JourneyVersion:
    return town.publish(PILE.format(rule=rule and f"after_pause: {rule}"))


def rests(town: Town, why: str = "The hall burned.", by_id: int | None = None) -> bool:
    with town.services.db.write() as session:
        return pause(session, "walk", why, town.now, by_id)


def goes_on(town: Town, rule: AfterPause | None = None, by_id: int | None = None) -> int:
    with town.services.db.write() as session:
        row = resume(session, "walk", town.now, by_id, rule)
    judged = judge(town.services.db, row.id, town.now)
    town.run()
    return judged


def paused_for_a_week(town: Town, rule: str = "", people: int = 1) -> list[int]:
    """The members of a journey that was paused before its letters, when the week is over."""
    members = [town.member() for _ in range(people)]
    version = walk(town, rule)
    with town.services.db.write() as session:
        enroll_many(session, members, version, "by_hand", town.now)
    town.run()
    assert rests(town)
    town.pass_time(days=7)
    assert [town.letters(each) for each in members] == [[]] * people
    return members


def test_pausing_then_resuming_never_fires_the_pile_of_missed_steps(town: Town) -> None:
    (rosa,) = paused_for_a_week(town)
    assert goes_on(town) == 1
    assert town.letters(rosa) == []
    town.check_places()
    town.pass_time(days=3, minutes=1)
    assert town.letters(rosa) == [LATER]


def test_of_what_a_pause_kept_back_only_the_newest_goes_out(town: Town) -> None:
    (rosa,) = paused_for_a_week(town, "newest")
    goes_on(town)
    assert town.letters(rosa) == [STORY]
    town.pass_time(days=3, minutes=1)
    assert town.letters(rosa) == [STORY, LATER]


def test_what_a_pause_kept_back_waits_until_a_person_has_decided(town: Town) -> None:
    rosa, ben = paused_for_a_week(town, "ask", people=2)
    goes_on(town, by_id=rosa)
    with town.services.db.read() as session:
        task = session.scalars(select(Task)).one()
    assert task.assignee_id == rosa
    assert "2 people" in task.script and "--overdue newest" in task.script
    town.pass_time(days=2)
    assert town.letters(rosa) == town.letters(ben) == []
    with town.services.db.write() as session, pytest.raises(Invalid, match="skip, or newest"):
        resume(session, "walk", town.now)
    assert goes_on(town, AfterPause.NEWEST, by_id=ben) == 2
    assert town.letters(rosa) == town.letters(ben) == [STORY]
    with town.services.db.write() as session, pytest.raises(Invalid, match="is decided"):
        resume(session, "walk", town.now, rule=AfterPause.SKIP)
    town.check_places()


def test_while_it_is_undecided_new_people_walk_on(town: Town) -> None:
    paused_for_a_week(town, "ask")
    goes_on(town)
    ben = town.member("Ben")
    with town.services.db.read() as session:
        (version,) = current_versions(session)
    with town.services.db.write() as session:
        enroll_many(session, [ben], version, "by_hand", town.now)
    town.pass_time(hours=2)
    assert town.letters(ben) == [HELLO, STORY]


def test_a_short_pause_makes_nothing_stale(town: Town) -> None:
    rosa = town.member()
    town.enroll(rosa, walk(town))
    town.run()
    rests(town)
    town.pass_time(hours=3)
    goes_on(town)
    assert town.letters(rosa) == [HELLO, STORY]


def test_what_follows_from_their_own_words_is_owed_after_a_pause_too(town: Town) -> None:
    rosa = town.member()
    town.enroll(
        rosa,
        town.publish("""
slug: walk
title: A walk
purpose: To walk.
triggers: [by_hand]
steps:
  - {id: hear, do: wait, for_reply: {timeout: P5D, replied: thanks, silent: thanks}}
  - {id: thanks, do: email, template: t/hello, speaks: give, signed_by: desk}
"""),
    )
    town.run()
    rests(town)
    town.words_in(rosa)
    town.hears("replied", rosa)
    town.pass_time(days=4)
    assert town.letters(rosa) == []
    goes_on(town)
    assert town.letters(rosa) == [HELLO]


def test_who_paused_and_resumed_when_and_why_is_logged(town: Town) -> None:
    (rosa,) = paused_for_a_week(town)
    goes_on(town, by_id=rosa)
    with town.services.db.read() as session:
        row = session.scalars(select(JourneyPause)).one()
        verbs = list(session.scalars(select(AuditEntry.verb).where(AuditEntry.subject_kind == "journey")))
    assert (row.why, row.resumed_by_id, row.rule, row.overdue) == ("The hall burned.", rosa, "skip", 1)
    assert row.resumed_at - row.created_at == timedelta(days=7)  # type: ignore[operator]
    assert verbs == ["paused", "resumed"]


def test_a_journey_is_paused_and_resumed_once(town: Town) -> None:
    walk(town)
    assert rests(town)
    assert not rests(town)
    goes_on(town)
    with town.services.db.write() as session, pytest.raises(Invalid, match="is not paused"):
        resume(session, "walk", town.now)
    with town.services.db.write() as session, pytest.raises(NotFound):
        pause(session, "nowhere", "", town.now)


@on_both_databases
def test_overdue_steps_are_judged_once_in_batches_and_go_on_after_a_crash(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.runner.pausing.BATCH", 3)
    members = paused_for_a_week(town, "newest", people=8)
    with town.services.db.write() as session:
        row = resume(session, "walk", town.now)
    with town.services.db.write() as session:
        # The process dies after its first batch.
        assert _judge_some(session, row.id, 0, town.now)[1] == 3
    # What was not judged waits meanwhile.
    town.run()
    assert [town.letters(each) for each in members] == [[STORY]] * 3 + [[]] * 5
    with town.services.db.read() as session:
        assert unjudged(session) == [row.id]
    assert judge(town.services.db, row.id, town.now) == 5
    assert judge(town.services.db, row.id, town.now) == 0
    town.run()
    assert [town.letters(each) for each in members] == [[STORY]] * 8
    town.check_places()
    with town.services.db.read() as session:
        assert not unjudged(session)
        assert session.scalar(select(func.count()).select_from(Due)) == 8


def test_a_pause_before_the_last_one_was_judged_keeps_everybody(town: Town) -> None:
    (rosa,) = paused_for_a_week(town, "newest")
    with town.services.db.write() as session:
        resume(session, "walk", town.now)
    assert rests(town, "Still burning.")
    town.pass_time(days=2)
    assert town.letters(rosa) == []
    goes_on(town)
    assert town.letters(rosa) == [STORY]
