"""A member who proves to be another, or asks to be forgotten, in mid-journey: nobody is stuck, nobody hears twice."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.base.errors import Invalid
from engine.base.ids import new_id
from engine.conversations.question import Question, open_questions
from engine.enrollments.enrollment import Enrollment, Visit, standing
from engine.enrollments.journey import JourneyVersion
from engine.enrollments.signal import Signal
from engine.outbox.delivery import Delivery
from engine.people.member import Member
from engine.people.member_pace import Wish, ask_pace, paces
from engine.runner.merging import ERASED, MERGED, Joined, end_for_erased, join_enrollments
from tests.database import on_both_databases
from tests.runner.conftest import Town

WALK = """
slug: walk
title: A walk
purpose: To walk.
triggers: [by_hand]
RULE
steps:
  - {id: hello, do: email, template: t/hello, speaks: give, signed_by: desk}
  - {id: rest, do: wait, for: P2D}
  - {id: story, do: email, template: t/story, speaks: give, signed_by: desk}
  - {id: more, do: wait, for: P2D}
  - {id: later, do: email, template: t/later, speaks: give, signed_by: desk}
"""
HELLO, STORY, LATER = 1, 3, 5


def walk(town: Town, rule: str = "") -> JourneyVersion:
    return town.publish(WALK.replace("RULE", rule))


def joined(town: Town, kept: int, gone: int) -> Joined:
    with town.services.db.write() as session:
        done = join_enrollments(session, kept, gone, town.now)
    town.check_places()
    return done


def lives(town: Town, member_id: int) -> list[tuple[str, bool]]:
    with town.services.db.read() as session:
        rows = session.scalars(select(Enrollment).where(Enrollment.member_id == member_id).order_by(Enrollment.id))
        return [(row.end_reason, row.ended_at is None) for row in rows]


def said(town: Town, *members: int) -> list[int]:
    """Every message to these records, in order, but those that were refused."""
    with town.services.db.read() as session:
        query = select(Delivery.template_version_id).where(Delivery.member_id.in_(members), Delivery.state != "refused")
        return [each for each in session.scalars(query.order_by(Delivery.id)) if each is not None]


@on_both_databases
def test_a_member_merged_in_mid_journey_goes_on_and_hears_nothing_twice(town: Town) -> None:
    rosa, rosa_too = town.member(), town.member()
    town.enroll(rosa_too, walk(town))
    town.pass_time(days=1)
    assert joined(town, rosa, rosa_too) == Joined(1, 0)
    town.pass_time(days=9)
    assert said(town, rosa, rosa_too) == [HELLO, STORY, LATER]
    assert lives(town, rosa) == [("finished", False)]
    town.check_places()


@on_both_databases
def test_of_two_records_on_one_journey_the_one_that_heard_more_goes_on(town: Town) -> None:
    rosa, rosa_too = town.member(), town.member()
    version = walk(town)
    town.enroll(rosa_too, version)
    town.pass_time(days=3)
    town.letter_leaves(rosa_too)
    town.enroll(rosa, version)
    town.run()
    assert joined(town, rosa, rosa_too) == Joined(1, 1)
    assert sorted(lives(town, rosa)) == [("", True), (MERGED, False)]
    town.pass_time(days=9)
    # Their first letter by the other record had not left yet, and does not.
    assert said(town, rosa, rosa_too) == [HELLO, STORY, LATER]
    town.check_places()
    with town.services.db.read() as session:
        refused = session.scalars(select(Delivery).where(Delivery.state == "refused")).one()
    assert "known by two records" in (refused.refusal or "")


@pytest.mark.parametrize(
    ("rule", "again"), [("", False), ("re_entry: after_exit", True), ("re_entry: {after: P30D}", False)]
)
def test_what_one_record_has_been_through_does_not_begin_for_the_other(town: Town, rule: str, again: bool) -> None:
    rosa, rosa_too = town.member(), town.member()
    version = walk(town, rule)
    town.enroll(rosa_too, version)
    town.pass_time(days=9)
    town.letter_leaves(rosa_too)
    town.enroll(rosa, version)
    town.run()
    assert joined(town, rosa, rosa_too) == Joined(1, 0 if again else 1)
    town.pass_time(days=9)
    heard = [HELLO, STORY, LATER]
    assert said(town, rosa, rosa_too) == heard + (heard if again else [])
    # And it is once in a life for both together.
    town.check_places()


def test_the_question_and_the_words_of_a_merged_member_go_with_them(town: Town) -> None:
    rosa, rosa_too = town.member(), town.member()
    version = town.publish("""
slug: ask
title: A question
purpose: To ask.
triggers: [by_hand]
steps:
  - id: ask
    do: ask
    template: t/hello
    speaks: ask
    signed_by: desk
    timeout: P4D
    question: {kind: open}
  - {id: thanks, do: email, template: t/story, speaks: give, signed_by: desk}
""")
    enrollment = town.enroll(rosa_too, version)
    town.run()
    with town.services.db.write() as session:
        session.add(
            Question(
                id=new_id(), created_at=town.now, member_id=rosa_too, kind="open", subject_kind="enrollment",
                subject_id=enrollment, step="ask", answers=[], delivery_id=new_id(),
                until_at=town.now + timedelta(days=4),
            )
        )  # fmt: skip
        ask_pace(session, rosa_too, Wish.LESS, town.now)
    town.hears("replied", rosa_too)
    joined(town, rosa, rosa_too)
    with town.services.db.read() as session:
        assert len(open_questions(session, rosa, town.now)) == 1
        assert session.scalars(select(Signal.member_id)).all() == [rosa]
        assert paces(session, [rosa, rosa_too]).keys() == {rosa}
    town.run()
    assert said(town, rosa) == [HELLO, STORY]


def test_a_record_is_not_merged_with_itself(town: Town) -> None:
    rosa = town.member()
    with town.services.db.write() as session, pytest.raises(Invalid, match="one record"):
        join_enrollments(session, rosa, rosa, town.now)


def test_a_member_erased_in_mid_journey_is_on_none_any_more(town: Town) -> None:
    rosa = town.member()
    enrollment = town.enroll(rosa, walk(town))
    town.pass_time(days=1)
    with town.services.db.write() as session:
        assert end_for_erased(session, rosa, town.now) == 1
    town.check_places()
    assert town.enrollment(enrollment).end_reason == ERASED
    town.pass_time(days=9)
    assert said(town, rosa) == [HELLO]


def test_whoever_erases_a_member_without_telling_journeys_stops_them_too(town: Town) -> None:
    rosa, ben = town.member(), town.member("Ben")
    version = walk(town)
    gone, stays = town.enroll(rosa, version), town.enroll(ben, version)
    town.pass_time(days=1)
    with town.services.db.write() as session:
        session.get_one(Member, rosa).erased_at = town.now
    town.pass_time(days=9)
    assert said(town, rosa) == [HELLO]
    assert said(town, ben) == [HELLO, STORY, LATER]
    assert (town.enrollment(gone).end_reason, town.enrollment(stays).end_reason) == ("gone", "finished")
    with town.services.db.read() as session:
        last = session.scalars(
            select(Visit).where(Visit.enrollment_id == gone).order_by(Visit.visit_at.desc()).limit(1)
        ).one()
        assert not standing(session, [gone])
    assert last.why == "They are with us no more."


def test_a_template_removed_while_people_are_on_it_is_still_sent_to_them(town: Town) -> None:
    rosa = town.member()
    town.enroll(rosa, walk(town))
    town.pass_time(days=1)
    # The story is in no template folder any more, and the journey that is published now does without it.
    town.publish(
        WALK.replace("RULE", "").replace("template: t/story", "template: t/hello"), letters=("hello", "other", "later")
    )
    town.pass_time(days=9)
    assert said(town, rosa) == [HELLO, STORY, LATER]


def test_a_zone_that_does_not_exist_moves_on_by_the_next_one_that_does(town: Town) -> None:
    rosa = town.member(zone="Atlantis/Poseidonis", postal_code="99501")
    enrollment = town.enroll(
        rosa,
        town.publish("""
slug: hour
title: An hour
purpose: To wait.
triggers: [by_hand]
steps:
  - {id: nine, do: wait, until: {hour: "09:00"}}
"""),
    )
    town.run()
    with town.services.db.read() as session:
        # Anchorage, where their postal code is, nine hours behind.
        assert standing(session, [enrollment])[enrollment].due_at.hour == 18
    town.pass_time(days=2)
    assert town.enrollment(enrollment).end_reason == "finished"
