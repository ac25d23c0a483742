"""Rungs: what people do lifts them on a journey they are on."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from engine.enrollments.enrollment import Visit
from engine.enrollments.signal import Signal
from engine.outbox.delivery import Delivery, OutboxDue
from tests.database import database_in, on_both_databases
from tests.runner.conftest import Town, build
from tests.runner.entering import journey, on_it, writes

LETTER = "do: email, speaks: give, signed_by: desk"
STEPS = f"""
{{id: invite, {LETTER}, template: t/hello}}, {{id: rest, do: wait, for: P3D}},
{{id: kicker, {LETTER}, template: t/story}}, {{id: again, do: wait, for: P3D, go: done}},
{{id: thanks, {LETTER}, template: t/later}}, {{id: soon, do: wait, for: P1D, go: done}},
{{id: came, do: tag, add: came}}, {{id: done, do: end}}
"""
RUNGS = """rungs: [{on: [{rsvp: park-day}, {wrote: {words: [count me in, cuenta conmigo]}}], to: thanks},
{on: {attended: any}, to: came}]"""
WALK = journey(f"triggers: by_hand, {RUNGS}", STEPS)
HELLO, KICKER, THANKS = 1, 3, 5


def lifts(town: Town, enrollment: int) -> list[str]:
    """The visits that settled something, without those that rested."""
    return [each for each in town.history(enrollment) if each not in ("waits", "waited")]


@on_both_databases
def test_a_new_trigger_lifts_a_member_to_a_later_rung_and_cancels_the_earlier_wait(town: Town) -> None:
    version = town.publish(WALK)
    rosa, dana = town.member("Rosa"), town.member("Dana")
    first, second = town.enroll(rosa, version), town.enroll(dana, version)
    town.run()
    town.pass_time(days=1)
    town.hears("rsvped", rosa, event="park-day")
    town.run()
    assert town.letters(rosa) == [HELLO, THANKS]
    town.check_places()
    town.pass_time(days=10)
    # No kicker to who already acted; whoever did nothing gets it.
    assert town.letters(rosa) == [HELLO, THANKS]
    assert town.letters(dana) == [HELLO, KICKER]
    assert lifts(town, first) == ["sent", "lifted", "sent", "finished"]
    assert lifts(town, second) == ["sent", "sent", "finished"]
    with town.services.db.read() as session:
        assert session.scalars(select(Signal.effect)).one() == "lifted to walk/thanks"


def test_several_rungs_lift_in_their_order_and_nobody_is_ever_taken_down(town: Town) -> None:
    version = town.publish(WALK)
    rosa = town.member("Rosa")
    enrollment = town.enroll(rosa, version)
    town.run()
    town.hears("attended", rosa, event="park-day")
    town.hears("rsvped", rosa, event="park-day")  # late: they came already
    town.run()
    town.pass_time(days=10)
    assert town.letters(rosa) == [HELLO]
    assert lifts(town, enrollment) == ["sent", "lifted", "tagged", "finished"]


def test_the_highest_of_several_rungs_heard_at_once_counts_in_whatever_order(town: Town) -> None:
    version = town.publish(WALK)
    people = [town.member("Rosa"), town.member("Dana")]
    enrollments = [town.enroll(member, version) for member in people]
    town.run()
    for member, kinds in zip(people, (("rsvped", "attended"), ("attended", "rsvped")), strict=True):
        for kind in kinds:
            town.hears(kind, member, event="park-day")
    town.run()
    assert [lifts(town, each) for each in enrollments] == [["sent", "lifted", "tagged", "finished"]] * 2
    town.check_places()


def test_a_doubled_or_late_signal_lifts_once(town: Town) -> None:
    loop = f"""
{{id: invite, {LETTER}, template: t/hello}}, {{id: rest, do: wait, for: P3D}},
{{id: thanks, {LETTER}, template: t/later}}, {{id: soon, do: wait, for: P1D, go: rest}}, {{id: done, do: end}}
"""
    version = town.publish(journey("triggers: by_hand, rungs: [{on: {rsvp: any}, to: thanks}]", loop))
    rosa = town.member("Rosa")
    town.enroll(rosa, version)
    town.run()
    for _ in range(2):
        town.hears("rsvped", rosa, event="park-day")
    town.run()
    assert town.letters(rosa) == [HELLO, THANKS]
    town.pass_time(days=1, hours=1)
    town.hears("rsvped", rosa, event="park-day")
    town.run()
    assert town.letters(rosa) == [HELLO, THANKS]
    town.pass_time(days=3)
    assert town.letters(rosa) == [HELLO, THANKS, THANKS]
    town.check_places()


def test_certain_words_lift_too_and_words_that_are_none_do_not(town: Town) -> None:
    version = town.publish(WALK)
    rosa, dana = town.member("Rosa"), town.member("Dana")
    for member in (rosa, dana):
        town.enroll(member, version)
    town.run()
    writes(town, rosa, "¡CUENTA conmigo!", "sms")
    writes(town, dana, "Do not count me for now")
    town.run()
    assert (town.letters(rosa), town.letters(dana)) == ([HELLO, THANKS], [HELLO])


def test_a_rung_lifts_who_talks_with_a_person_and_its_letter_waits_for_the_talk(town: Town) -> None:
    version = town.publish(WALK)
    rosa = town.member("Rosa")
    enrollment = town.enroll(rosa, version)
    town.run()
    talk = town.talk(rosa, town.now + timedelta(days=30))
    town.hears("rsvped", rosa, event="park-day")
    town.run()
    assert town.letters(rosa) == [HELLO]
    town.pass_time(hours=5)
    town.talk_ends(talk)
    town.run()
    assert town.letters(rosa) == [HELLO, THANKS]
    with town.services.db.read() as session:
        outcomes = set(session.scalars(select(Visit.outcome).where(Visit.enrollment_id == enrollment)))
    assert {"lifted", "held"} <= outcomes


def test_a_rung_begins_a_journey_for_nobody(town: Town) -> None:
    town.publish(WALK)
    rosa = town.member("Rosa")
    town.hears("rsvped", rosa, event="park-day")
    town.run()
    assert on_it(town) == []


@on_both_databases
def test_a_letter_that_has_not_left_when_its_reader_acts_never_leaves(town: Town) -> None:
    version = town.publish(WALK)
    rosa, dana = town.member("Rosa"), town.member("Dana")
    for member in (rosa, dana):
        town.enroll(member, version)
    town.run()
    town.letter_leaves(rosa)
    town.letter_leaves(dana)
    town.pass_time(days=4)  # the kicker is posted, and waits for its hour
    town.hears("rsvped", rosa, event="park-day")
    town.run()
    with town.services.db.read() as session:
        rows = session.execute(
            select(Delivery.member_id, Delivery.template_version_id, Delivery.state, Delivery.id)
        ).all()
        due = set(session.scalars(select(OutboxDue.delivery_id)))
    states = {(member, letter): state for member, letter, state, _ in rows}
    assert states == {
        (rosa, HELLO): "sent", (rosa, KICKER): "refused", (rosa, THANKS): "queued",
        (dana, HELLO): "sent", (dana, KICKER): "queued",
    }  # fmt: skip
    assert not due & {id_ for _, _, state, id_ in rows if state == "refused"}


@settings(deadline=None, max_examples=12)
@given(
    events=st.lists(
        st.sampled_from(["rsvped", "attended", "words", "talk", "talk_ends"]) | st.integers(1, 100), max_size=12
    )
)
def test_in_whatever_order_things_happen_nobody_is_taken_down_and_nobody_hears_anything_twice(
    tmp_path_factory: pytest.TempPathFactory, events: list[str | int]
) -> None:
    folder = tmp_path_factory.mktemp("rungs")
    db = database_in(folder)
    town = build(folder, db)
    version = town.publish(WALK)
    rosa = town.member("Rosa")
    enrollment = town.enroll(rosa, version)
    town.run()
    talk, acted = None, False
    for event in events:
        before = len(town.letters(rosa))
        match event:
            case int():
                town.pass_time(hours=event)
            case "words":
                writes(town, rosa, "count me in")
                acted = True
            case "talk":
                talk = talk or town.talk(rosa, town.now + timedelta(hours=50))
            case "talk_ends":
                if talk is not None:
                    town.talk_ends(talk)
                talk = None
            case _:
                town.hears(event, rosa, event="park-day")
                acted = True
        town.run()
        # No kicker to who already acted.
        assert KICKER not in town.letters(rosa)[before:] or not acted
    town.pass_time(days=40)
    letters = town.letters(rosa)
    assert len(set(letters)) == len(letters) and letters[0] == HELLO
    with town.services.db.read() as session:
        query = select(Visit.step).where(Visit.enrollment_id == enrollment).order_by(Visit.visit_at)
        steps = list(session.scalars(query))
    assert steps == sorted(steps)
    town.check_places()
    assert town.enrollment(enrollment).end_reason == "finished"
    db.close()
