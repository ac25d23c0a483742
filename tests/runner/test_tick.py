"""A journey walks on a real database file: to its end, once, and never half."""

from datetime import timedelta

from sqlalchemy import select

from engine.base.ids import new_id
from engine.conversations.task import Task
from engine.enrollments.enrollment import Due, Visit, standing
from engine.enrollments.journey import Journey, JourneyVersion
from engine.enrollments.place import places
from engine.enrollments.signal import Signal
from engine.outbox.delivery import DeliveryKey, OutboxDue
from engine.people.member import MemberTag
from engine.people.path import Stage, StageChange
from engine.runner.signals import handle_signals
from engine.runner.tick import tick
from tests.database import on_both_databases
from tests.runner.conftest import Town

WALK = """
slug: walk
title: A walk
purpose: To try things out.
triggers: [joined, by_hand, {tag_added: gardener}]
re_entry: {after: P10D}
steps:
  - {id: hello, do: email, template: t/hello, speaks: give, signed_by: desk}
  - {id: rest, do: wait, for: P2D}
  - id: parting
    do: branch
    turns:
      - when: {tag: plain}
        go: end_here
    else: call
  - {id: call, do: hand_off, to: organizer, title: A hello, script: Say hello., due: P3D}
  - {id: mark, do: tag, add: [greeted], remove: [new]}
  - {id: up, do: move, path: belonging, stage: connected, evidence: They came along.}
  - {id: story, do: email, template: t/story, speaks: give, signed_by: organizer}
  - {id: end_here, do: end}
"""

CONVERSE = """
slug: converse
title: A talk
purpose: To try things out.
triggers: by_hand
re_entry: never
steps:
  - id: hello
    do: ask
    template: t/hello
    speaks: listen
    signed_by: desk
    question:
      kind: yes_no
      answers:
        "yes": {go: glad}
        "no": {go: done}
      otherwise: settle
    timeout: P4D
    silent: story
  - {id: settle, do: wait, for: P2D}
  - {id: story, do: email, template: t/story, speaks: give, signed_by: desk}
  - id: listen
    do: wait
    for_reply: {timeout: P3D, replied: glad, silent: done}
  - {id: glad, do: email, template: t/later, speaks: give, signed_by: desk}
  - {id: done, do: end}
"""


@on_both_databases
def test_a_journey_walks_to_its_end(town: Town) -> None:
    maya = town.member("Maya Torres")
    town.answers(maya)
    rosa = town.member(language="es-MX", organizer_id=maya)
    enrollment = town.enroll(rosa, town.publish(WALK))
    assert town.run() == 2
    assert town.history(enrollment) == ["sent", "waits"]
    town.check_places()
    town.pass_time(days=1)
    assert town.letters(rosa) == [2]
    town.pass_time(days=1, minutes=1)
    assert town.history(enrollment) == [
        "sent", "waits", "waited", "branched", "handed_off", "tagged", "moved", "sent", "finished",
    ]  # fmt: skip
    assert town.letters(rosa) == [2, 4]
    ended = town.enrollment(enrollment)
    assert (ended.end_reason, ended.ended_at is not None) == ("finished", True)
    with town.services.db.read() as session:
        task = session.scalars(select(Task)).one()
        assert (task.assignee_id, task.member_id, task.due_at - task.created_at) == (maya, rosa, timedelta(days=3))
        assert session.scalars(select(MemberTag.tag)).all() == ["greeted"]
        assert session.scalars(select(Stage.stage)).all() == ["connected"]
        assert session.scalars(select(StageChange.evidence)).all() == ["They came along."]
        assert session.scalars(select(Signal.detail)).all() == [{"tag": "greeted"}]
        assert session.scalars(select(Due)).all() == []
        assert len(session.scalars(select(OutboxDue)).all()) == 2


def test_a_branch_goes_by_what_is_true_of_each_person(town: Town) -> None:
    version = town.publish(WALK)
    plain, other = town.member(), town.member()
    with town.services.db.write() as session:
        session.add(MemberTag(member_id=plain, tag="plain", created_at=town.now))
    ids = [town.enroll(plain, version), town.enroll(other, version)]
    town.pass_time(days=3)
    assert [len(town.history(id_)) for id_ in ids] == [5, 9]


@on_both_databases
def test_a_second_run_doubles_nothing(town: Town) -> None:
    rosa = town.member()
    town.enroll(rosa, town.publish(WALK))
    town.run()
    assert town.run() == 0
    assert town.letters(rosa) == [1]


def test_a_batch_wakes_the_courier_once(town: Town) -> None:
    version = town.publish(WALK)
    members = [town.member(f"Member {number}") for number in range(40)]
    for member in members:
        town.enroll(member, version)
    town.woken.clear()
    assert tick(town.services) == 40
    assert town.woken == ["outbox.send"]


def test_a_batch_that_fails_half_way_leaves_nothing_half_done(town: Town) -> None:
    rosa = town.member()
    enrollment = town.enroll(rosa, town.publish(WALK))
    # The last thing written of a letter, and the note of the failure too: as when the disk is full.
    town.break_writes("queue_of_letters", "outbox_due", "1")
    town.break_writes("notes", "visit", "NEW.outcome = 'failed'")
    assert tick(town.services) == 0
    assert town.history(enrollment) == []
    assert town.letters(rosa) == []
    town.check_places()
    town.mend_writes("queue_of_letters", "notes")
    assert town.run() == 2
    assert town.letters(rosa) == [1]
    town.check_places()


def test_a_letter_that_is_in_the_outbox_already_is_not_posted_again(town: Town) -> None:
    rosa = town.member()
    enrollment = town.enroll(rosa, town.publish(WALK))
    with town.services.db.write() as session:
        here = standing(session, [enrollment])[enrollment]
        session.add(DeliveryKey(due_at=here.due_at, enrollment_id=enrollment, channel="email", delivery_id=new_id()))
    town.run()
    assert town.history(enrollment) == ["sent", "waits"]
    assert town.letters(rosa) == []


@on_both_databases
def test_a_row_that_shadows_a_settled_visit_goes_away(town: Town) -> None:
    rosa, ben = town.member(), town.member("Ben")
    version = town.publish(WALK)
    enrollment, other = town.enroll(rosa, version), town.enroll(ben, version)
    with town.services.db.read() as session:
        row = session.scalars(select(Due).where(Due.enrollment_id == enrollment)).one()
    town.run()
    with town.services.db.write() as session:
        session.merge(
            Due(
                due_at=row.due_at, enrollment_id=enrollment, member_id=rosa, version_id=version.id, step=0, phase=0,
                heard="", tries=0,
            )
        )  # fmt: skip
    town.run()
    town.check_places()
    assert town.letters(rosa) == [1]
    town.pass_time(days=3)
    assert town.history(enrollment) == town.history(other)


def test_one_persons_trouble_stops_nobody_else_and_ends_with_a_person(town: Town) -> None:
    version = town.publish(WALK, letters=("story",))
    rosa, ben = town.member(), town.member("Ben")
    good = town.publish(CONVERSE)
    stuck, fine = town.enroll(rosa, version), town.enroll(ben, good)
    town.run()
    assert town.history(stuck) == ["failed"]
    assert town.history(fine) == ["asked"]
    town.pass_time(hours=2)
    assert town.history(stuck) == ["failed"] * 3
    with town.services.db.read() as session:
        assert "t/hello was not there" in session.scalars(select(Visit.why).where(Visit.outcome == "failed")).all()[0]
        task = session.scalars(select(Task)).one()
        assert "hello" in task.script
        assert "goes wrong" in task.title
        place = places(session, rosa)[0]
        assert (place.title, place.step, place.stuck) == ("A walk", "hello", True)
    town.pass_time(days=3)
    with town.services.db.read() as session:
        assert len(session.scalars(select(Task)).all()) == 1
    town.check_places()


def test_a_step_that_cannot_be_written_for_one_person_is_put_off_for_that_one(town: Town) -> None:
    version = town.publish(WALK)
    rosa, ben = town.member(), town.member("Ben")
    stuck, fine = town.enroll(rosa, version), town.enroll(ben, version)
    town.break_writes("letters", "delivery", f"NEW.member_id = {rosa}")
    town.run()
    assert town.history(stuck) == ["failed"]
    assert town.history(fine) == ["sent", "waits"]
    town.mend_writes("letters")
    town.pass_time(hours=1)
    assert town.history(stuck) == ["failed", "sent", "waits"]
    assert town.letters(rosa) == [1]


def test_a_talk_holds_every_step_and_stale_letters_are_skipped_not_fired(town: Town) -> None:
    rosa = town.member()
    enrollment = town.enroll(rosa, town.publish(WALK))
    town.run()
    town.pass_time(days=1)
    thread = town.talk(rosa, town.now + timedelta(days=5))
    town.pass_time(days=4)
    assert town.history(enrollment) == ["sent", "waits", "held"]
    with town.services.db.read() as session:
        place = places(session, rosa)[0]
    assert (place.step, place.due_at, place.stuck) == ("rest", town.now + timedelta(days=1), False)
    town.talk_ends(thread)
    town.run()
    assert town.letters(rosa) == [1]
    assert town.history(enrollment)[3:] == [
        "waited", "branched", "handed_off", "tagged", "moved", "skipped", "finished",
    ]  # fmt: skip


def test_a_short_talk_makes_nothing_stale(town: Town) -> None:
    rosa = town.member()
    enrollment = town.enroll(rosa, town.publish(WALK))
    town.pass_time(days=1, hours=23)
    town.talk(rosa, town.now + timedelta(hours=5))
    town.pass_time(days=1)
    assert town.letters(rosa) == [1, 3]
    assert "held" in town.history(enrollment)
    town.check_places()


def test_a_hold_without_an_end_is_looked_at_again_and_ends_with_the_talk(town: Town) -> None:
    from engine.conversations.thread import UNTIL_ANSWERED

    rosa = town.member()
    enrollment = town.enroll(rosa, town.publish(WALK))
    thread = town.talk(rosa, UNTIL_ANSWERED)
    town.pass_time(days=90)
    assert set(town.history(enrollment)) == {"held"}
    assert town.letters(rosa) == []
    town.talk_ends(thread)
    town.run()
    assert town.history(enrollment)[-1] == "waits"
    town.check_places()


@on_both_databases
def test_a_recognized_answer_takes_its_branch_at_once(town: Town) -> None:
    rosa = town.member()
    enrollment = town.enroll(rosa, town.publish(CONVERSE))
    town.pass_time(hours=3)
    town.hears("answered", rosa, enrollment_id=enrollment, step="hello", answer="yes")
    town.run()
    assert town.history(enrollment) == ["asked", "answered:yes", "sent", "finished"]
    assert town.letters(rosa) == [1, 5]


def test_other_words_go_to_a_person_and_the_journey_waits_for_the_talk(town: Town) -> None:
    rosa = town.member()
    enrollment = town.enroll(rosa, town.publish(CONVERSE))
    town.pass_time(hours=3)
    town.words_in(rosa)
    thread = town.talk(rosa, town.now + timedelta(days=30))
    town.hears("replied", rosa, enrollment_id=enrollment)
    town.pass_time(days=6)
    assert town.history(enrollment) == ["asked", "replied", "held"]
    town.talk_ends(thread)
    town.pass_time(days=1)
    assert town.history(enrollment) == ["asked", "replied", "held", "waits"]
    town.pass_time(days=1, minutes=1)
    # Not stale: it was meant to follow the talk.
    assert town.letters(rosa) == [1, 3]
    town.check_places()


def test_silence_times_out(town: Town) -> None:
    rosa = town.member()
    enrollment = town.enroll(rosa, town.publish(CONVERSE))
    town.run()
    town.letter_leaves(rosa)
    town.pass_time(days=3)
    assert town.history(enrollment) == ["asked"]
    town.pass_time(days=1)
    assert town.history(enrollment) == ["asked", "silent", "sent", "waits"]
    town.pass_time(days=3)
    assert town.enrollment(enrollment).end_reason == "finished"


def test_a_question_whose_letter_left_late_stays_open_its_whole_time(town: Town) -> None:
    rosa = town.member()
    enrollment = town.enroll(rosa, town.publish(CONVERSE))
    town.pass_time(days=3)
    town.letter_leaves(rosa)
    town.pass_time(days=3)
    assert town.history(enrollment) == ["asked", "waits"]
    town.pass_time(days=1)
    assert town.history(enrollment)[:3] == ["asked", "waits", "silent"]


def test_words_that_came_before_the_wait_for_them_count(town: Town) -> None:
    rosa = town.member()
    enrollment = town.enroll(rosa, town.publish(CONVERSE))
    town.run()
    town.letter_leaves(rosa)
    town.pass_time(days=3, hours=23)
    thread = town.talk(rosa, town.now + timedelta(days=2))
    town.pass_time(hours=3)
    # The question's time is over meanwhile and the story is next; they write before it waits for words.
    assert town.history(enrollment) == ["asked", "held"]
    town.talk_ends(thread)
    assert handle_signals(town.services) == 1
    assert [tick(town.services) for _ in range(3)] == [1, 1, 1]
    assert town.history(enrollment) == ["asked", "held", "silent", "sent", "waits"]
    town.words_in(rosa)
    town.pass_time(days=3)
    # The signal was lost, the words were not.
    assert town.history(enrollment)[5:] == ["replied", "sent", "finished"]


def test_an_answer_with_more_words_takes_its_branch_though_the_words_are_heard_later(town: Town) -> None:
    rosa = town.member()
    enrollment = town.enroll(rosa, town.publish(CONVERSE))
    town.run()
    town.hears("answered", rosa, enrollment_id=enrollment, step="hello", answer="yes")
    handle_signals(town.services)
    town.hears("replied", rosa, enrollment_id=enrollment)
    town.run()
    assert town.history(enrollment)[1] == "answered:yes"


def test_an_answer_to_another_step_wakes_nothing(town: Town) -> None:
    rosa = town.member()
    enrollment = town.enroll(rosa, town.publish(CONVERSE))
    town.run()
    town.hears("answered", rosa, enrollment_id=enrollment, step="elsewhere", answer="yes")
    town.run()
    assert town.history(enrollment) == ["asked"]
    with town.services.db.read() as session:
        assert session.scalars(select(Signal.effect)).all() == ["nothing waited for it"]


@on_both_databases
def test_triggers_put_members_on_their_journeys_once(town: Town) -> None:
    version = town.publish(WALK)
    rosa = town.member()
    town.hears("joined", rosa)
    town.hears("joined", rosa)
    town.hears("tagged", rosa, tag="gardener")
    town.hears("tagged", rosa, tag="other")
    town.hears("by_hand", town.member("Ben"), journey_id=version.journey_id)
    town.run()
    with town.services.db.read() as session:
        assert sorted(session.scalars(select(Signal.effect))) == [
            "began", "began", "began", "no journey begins with it", "on it already, or once only",
        ]  # fmt: skip
        assert len(session.scalars(select(Due)).all()) == 2


def test_a_fact_that_cannot_be_acted_on_stops_nobody_elses(town: Town) -> None:
    town.publish(WALK)
    rosa, ben = town.member(), town.member("Ben")
    town.break_writes("enrollments", "enrollment", f"NEW.member_id = {rosa}")
    town.hears("joined", rosa)
    town.hears("joined", ben)
    town.run()
    assert (town.letters(rosa), town.letters(ben)) == ([], [1])
    town.mend_writes("enrollments")
    town.run()
    assert (town.letters(rosa), town.letters(ben)) == ([1], [1])
    town.check_places()


def test_a_journey_begins_again_only_when_its_rule_allows(town: Town) -> None:
    version, once = town.publish(WALK), town.publish(CONVERSE)
    rosa = town.member()
    first = town.enroll(rosa, version)
    asked = town.enroll(rosa, once)
    town.run()
    town.hears("answered", rosa, enrollment_id=asked, step="hello", answer="no")
    town.pass_time(days=4)
    assert town.enrollment(first).ended_at is not None
    town.hears("joined", rosa)
    town.hears("by_hand", rosa, journey_id=once.journey_id)
    town.run()
    with town.services.db.read() as session:
        assert session.scalars(select(Due)).all() == []
    town.pass_time(days=20)
    town.hears("joined", rosa)
    town.hears("by_hand", rosa, journey_id=once.journey_id)
    town.run()
    with town.services.db.read() as session:
        assert [row.version_id for row in session.scalars(select(Due))] == [version.id]


def test_who_opted_out_of_all_mail_is_on_no_journey(town: Town) -> None:
    from engine.people.consent import EVERYTHING, Said, record_consent

    rosa, ben = town.member(), town.member("Ben")
    version = town.publish(WALK)
    gone, partly = town.enroll(rosa, version), town.enroll(ben, version)
    town.run()
    with town.services.db.write() as session:
        for member in (rosa, ben):
            record_consent(session, member, "email", EVERYTHING, True, Said("sign-up"), town.now)
        record_consent(session, rosa, "email", EVERYTHING, False, Said("one-click"), town.now)
        record_consent(session, ben, "email", "digest", False, Said("preferences"), town.now)
    town.hears("opted_out", rosa)
    town.hears("opted_out", ben)
    town.run()
    assert town.enrollment(gone).end_reason == "opted_out"
    assert town.enrollment(partly).ended_at is None
    town.check_places()
    town.pass_time(days=3)
    assert town.letters(rosa) == [1]


def test_a_paused_journey_moves_nobody(town: Town) -> None:
    rosa = town.member()
    version = town.publish(WALK)
    enrollment = town.enroll(rosa, version)
    with town.services.db.write() as session:
        session.get_one(Journey, version.journey_id).paused_at = town.now
    town.pass_time(days=3)
    assert set(town.history(enrollment)) == {"paused"}
    with town.services.db.write() as session:
        session.get_one(Journey, version.journey_id).paused_at = None
    town.pass_time(days=3)
    assert town.history(enrollment)[-1] in ("waits", "skipped", "finished")
    town.check_places()


def test_a_version_of_a_newer_program_is_shown_and_waits(town: Town) -> None:
    rosa = town.member()
    enrollment = town.enroll(rosa, town.publish(WALK))
    newer = town.publish(WALK.replace("A walk", "A newer walk"))
    with town.services.db.write() as session:
        session.get_one(JourneyVersion, newer.id).compiled = {"format": 99}
        row = session.scalars(select(Due).where(Due.enrollment_id == enrollment)).one()
        row.version_id = newer.id
    import engine.enrollments.journey

    engine.enrollments.journey._kept.clear()
    town.run()
    assert town.history(enrollment) == ["failed"]
    with town.services.db.read() as session:
        assert "format 99" in session.scalars(select(Visit.why)).one()
        assert places(session, rosa)[0].stuck
