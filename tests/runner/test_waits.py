"""Waits for a fact and until a date of theirs: at once, in time, or in vain, and never by memory alone."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from engine.base.ids import new_id
from engine.conversations.message import Message
from engine.enrollments.enrollment import Due, Visit
from engine.people.fact import Noted, note_facts
from engine.people.member import MemberTag, untag_many
from engine.runner.waiting import LOOK_LATEST, LOOK_SOONEST
from tests.database import on_both_databases
from tests.runner.conftest import START, Town
from tests.runner.test_ways import script

FOR_FACT = script(
    "id: hope, do: wait, for_fact: {when: {tag: ready}, timeout: P10D, met: glad, timed_out: sad}",
    "id: glad, do: email, template: t/hello, speaks: give, signed_by: desk, go: done",
    "id: sad, do: email, template: t/later, speaks: give, signed_by: desk",
    "id: done, do: end",
)


def tag(town: Town, member_id: int, word: str = "ready", *, told: bool) -> None:
    """The tag is on the member; `told`: a signal says so, as everything here that tags does."""
    with town.services.db.write() as session:
        session.add(MemberTag(member_id=member_id, tag=word, created_at=town.now))
    if told:
        town.hears("tagged", member_id, tag=word)


@on_both_databases
def test_a_wait_for_a_fact_passes_at_once_when_it_is_already_true(town: Town) -> None:
    rosa = town.member()
    tag(town, rosa, told=False)
    enrollment = town.enroll(rosa, town.publish(FOR_FACT))
    town.run()
    assert town.history(enrollment) == ["met", "sent", "finished"]


@on_both_databases
def test_a_wait_for_a_fact_is_woken_when_something_tells_of_it(town: Town) -> None:
    rosa, ben = town.member(), town.member("Ben")
    version = town.publish(FOR_FACT)
    walk, other = town.enroll(rosa, version), town.enroll(ben, version)
    town.pass_time(days=3, minutes=7)
    tag(town, rosa, told=True)
    town.run()
    assert town.history(walk) == ["waits", "met", "sent", "finished"]
    assert town.history(other) == ["waits"]
    town.check_places()


@on_both_databases
def test_a_wait_for_a_fact_looks_again_by_itself_and_leaves_no_visits_of_looking(town: Town) -> None:
    rosa = town.member()
    enrollment = town.enroll(rosa, town.publish(FOR_FACT))
    town.pass_time(days=3)
    tag(town, rosa, told=False)
    town.pass_time(hours=3)
    assert town.history(enrollment) == ["waits", "met", "sent", "finished"]
    with town.services.db.read() as session:
        acted = session.scalars(select(Visit.acted_at).where(Visit.enrollment_id == enrollment)).all()
    assert max(acted) - (START + timedelta(days=3)) <= timedelta(days=10) / 100


def test_a_wait_for_a_fact_times_out_at_its_time_however_often_it_was_woken(town: Town) -> None:
    rosa = town.member()
    enrollment = town.enroll(rosa, town.publish(FOR_FACT))
    for number in range(1, 10):
        town.pass_time(days=1)
        town.hears("tagged", rosa, tag=f"other-{number}")
    town.pass_time(hours=23, minutes=59)
    assert town.history(enrollment) == ["waits"]
    town.check_places()
    town.pass_time(minutes=1)
    assert town.history(enrollment) == ["waits", "timed_out", "sent", "finished"]


def test_a_fact_that_was_true_only_for_a_moment_nobody_looked_did_not_come(town: Town) -> None:
    rosa = town.member()
    enrollment = town.enroll(rosa, town.publish(FOR_FACT))
    town.pass_time(days=1, minutes=1)
    tag(town, rosa, told=False)
    with town.services.db.write() as session:
        untag_many(session, [(rosa, "ready")])
    town.pass_time(days=10)
    assert town.history(enrollment) == ["waits", "timed_out", "sent", "finished"]


def test_a_talk_holds_a_wait_for_a_fact_and_what_follows_is_not_stale(town: Town) -> None:
    rosa = town.member()
    enrollment = town.enroll(rosa, town.publish(FOR_FACT))
    town.pass_time(days=1)
    thread = town.talk(rosa, town.now + timedelta(days=5))
    town.pass_time(days=1)
    tag(town, rosa, told=True)
    town.pass_time(days=3)
    assert set(town.history(enrollment)) == {"waits", "held"}
    town.talk_ends(thread)
    town.run()
    assert town.history(enrollment)[-3:] == ["met", "sent", "finished"]
    assert town.letters(rosa) == [1]


def test_a_long_talk_with_many_words_is_one_line_of_history(town: Town) -> None:
    rosa = town.member()
    enrollment = town.enroll(rosa, town.publish(FOR_FACT))
    town.pass_time(days=1)
    thread = town.talk(rosa, town.now + timedelta(days=3))
    for _ in range(6):
        town.pass_time(hours=4)
        town.words_in(rosa)
        town.hears("replied", rosa)
    tag(town, rosa, told=True)
    town.run()
    assert town.history(enrollment) == ["waits", "held"]
    town.talk_ends(thread)
    town.run()
    assert town.history(enrollment) == ["waits", "held", "met", "sent", "finished"]


def test_a_talk_that_outlasts_the_time_out_makes_the_letter_of_vain_waiting_stale(town: Town) -> None:
    rosa = town.member()
    enrollment = town.enroll(rosa, town.publish(FOR_FACT))
    town.pass_time(days=9)
    town.talk(rosa, town.now + timedelta(days=5))
    town.pass_time(days=6)
    assert town.history(enrollment)[-3:] == ["timed_out", "skipped", "finished"]
    assert town.letters(rosa) == []


@pytest.mark.parametrize(("timeout", "looks"), [("PT1H", LOOK_SOONEST), ("P90D", LOOK_LATEST), ("PT5M", None)])
def test_the_next_look_is_never_far_and_never_after_the_time_out(
    town: Town, timeout: str, looks: timedelta | None
) -> None:
    town.enroll(town.member(), town.publish(FOR_FACT.replace("P10D", timeout)))
    town.run()
    with town.services.db.read() as session:
        assert session.scalars(select(Due.due_at)).one() == town.now + (looks or timedelta(minutes=5))


DATE = script(
    'id: eve, do: wait, until_date: {fact: moving_day, days: -3, hour: "10:00", missing: ask, past: late}, go: done',
    "id: ask, do: tag, add: no-date, go: done",
    "id: late, do: tag, add: too-late",
    "id: done, do: end",
)


@on_both_databases
def test_a_wait_until_a_date_ends_so_many_days_before_it_at_an_hour_where_they_live(town: Town) -> None:
    version = town.publish(DATE)
    # Clocks in Chicago go forward on 8 March 2026: ten in the morning is 15:00 UTC then, 16:00 before.
    here = town.member(zone="America/Chicago", custom={"moving_day": "2026-03-14"})
    there = town.member("Ben", zone="Asia/Kolkata", custom={"moving_day": "2026-03-14"})
    walks = [town.enroll(here, version), town.enroll(there, version)]
    town.pass_time(days=12)
    with town.services.db.read() as session:
        ended = [
            session.scalars(select(Visit.visit_at).where(Visit.enrollment_id == id_, Visit.outcome == "waited")).one()
            for id_ in walks
        ]
    assert ended == [datetime(2026, 3, 11, 15, 0, tzinfo=UTC), datetime(2026, 3, 11, 4, 30, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("known", "outcome"),
    [
        ({}, "no_date"),
        ({"moving_day": "soon"}, "no_date"),
        ({"moving_day": "2026-03-05"}, "past"),
        ({"moving_day": "1980-01-01"}, "past"),
        ({"moving_day": "2026-03-06"}, "waits"),
    ],
)
def test_a_missing_date_and_a_date_that_is_over_have_ways_of_their_own(
    town: Town, known: dict[str, str], outcome: str
) -> None:
    rosa = town.member(zone="America/New_York", custom=known)
    enrollment = town.enroll(rosa, town.publish(DATE))
    town.run()
    assert town.history(enrollment)[0] == outcome
    tags = {"no_date": ["no-date"], "past": ["too-late"], "waits": []}[outcome]
    with town.services.db.read() as session:
        assert session.scalars(select(MemberTag.tag).where(MemberTag.member_id == rosa)).all() == tags


def test_a_date_that_moves_while_they_wait_moves_the_wait(town: Town) -> None:
    rosa = town.member(zone="America/New_York", custom={"moving_day": "2026-03-14"})
    enrollment = town.enroll(rosa, town.publish(DATE))
    town.pass_time(days=5)
    move(town, rosa, "2026-03-20")
    town.pass_time(days=5)
    assert town.history(enrollment) == ["waits", "waits"]
    move(town, rosa, "2026-03-16")
    town.pass_time(days=2)
    # An earlier day is heard of at once.
    assert town.history(enrollment) == ["waits", "waits", "waits", "waited", "finished"]
    town.check_places()


def move(town: Town, member_id: int, day: str) -> None:
    """The day is another one, and a signal says so, as everything here that writes facts does."""
    with town.services.db.write() as session:
        note_facts(session, [Noted(member_id, "moving_day", day)])
    town.hears("fact", member_id, fact="moving_day")


def test_a_day_that_went_by_while_people_talked_is_over(town: Town) -> None:
    rosa = town.member(zone="America/New_York", custom={"moving_day": "2026-03-14"})
    enrollment = town.enroll(rosa, town.publish(DATE))
    town.pass_time(days=8)
    town.talk(rosa, town.now + timedelta(days=4))
    town.pass_time(days=6)
    assert town.history(enrollment)[-3:] == ["past", "tagged", "finished"]


def test_the_day_they_joined_is_a_date_too(town: Town) -> None:
    rosa = town.member(zone="Asia/Kolkata")
    joined = DATE.replace("moving_day", "joined").replace("-3", "7")
    enrollment = town.enroll(rosa, town.publish(joined))
    town.pass_time(days=6, hours=11)
    assert town.history(enrollment) == ["waits"]
    town.pass_time(hours=1)
    # 17:00 UTC is 22:30 of the same day in Kolkata; a week later at 10:00 there is 4:30 UTC.
    assert town.history(enrollment) == ["waits", "waited", "finished"]


WORDS = script(
    "id: hello, do: email, template: t/hello, speaks: listen, signed_by: desk",
    "id: listen, do: wait, for_reply: {timeout: P3D, replied: heard, silent: quiet}",
    "id: heard, do: tag, add: heard, go: done",
    "id: quiet, do: tag, add: quiet",
    "id: done, do: end",
)


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_a_wait_until_the_member_replies_on_any_channel_has_a_way_for_words_and_one_for_silence(
    town: Town, channel: str
) -> None:
    version = town.publish(WORDS)
    rosa, ben = town.member(), town.member("Ben")
    walks = [town.enroll(rosa, version), town.enroll(ben, version)]
    town.pass_time(days=1)
    with town.services.db.write() as session:
        session.add(
            Message(id=new_id(), created_at=town.now, at=town.now, member_id=rosa, kind="in", channel=channel)
        )  # fmt: skip
    town.hears("replied", rosa)
    town.run()
    assert town.history(walks[0]) == ["sent", "waits", "replied", "tagged", "finished"]
    town.pass_time(days=2)
    assert town.history(walks[1]) == ["sent", "waits", "silent", "tagged", "finished"]


def test_a_delay_is_fixed_or_to_a_local_weekday_and_hour_or_to_a_date_in_a_member_field(town: Town) -> None:
    delays = script(
        "id: fixed, do: wait, for: PT36H",
        'id: tuesday, do: wait, until: {weekday: tuesday, hour: "18:30"}',
        'id: eve, do: wait, until_date: {fact: moving_day, days: -1, hour: "09:00"}',
    )
    rosa = town.member(zone="America/Los_Angeles", custom={"moving_day": "2026-03-20"})
    enrollment = town.enroll(rosa, town.publish(delays))
    town.pass_time(days=30)
    with town.services.db.read() as session:
        asked = select(Visit.visit_at).where(Visit.enrollment_id == enrollment, Visit.outcome == "waited")
        ended = session.scalars(asked.order_by(Visit.visit_at)).all()
    assert ended == [
        START + timedelta(hours=36),
        # It is Tuesday evening there already when the first one ends; the next one is in daylight-saving time.
        datetime(2026, 3, 11, 1, 30, tzinfo=UTC),
        datetime(2026, 3, 19, 16, 0, tzinfo=UTC),
    ]


def test_a_day_that_many_wait_for_is_shared_out_like_any_other_hour(town: Town) -> None:
    shared = DATE.replace("triggers:", "spread: PT20M, triggers:")
    version = town.publish(shared)
    walks = [
        town.enroll(town.member(f"Member {each}", zone="Asia/Kolkata", custom={"moving_day": "2026-03-14"}), version)
        for each in range(12)
    ]
    town.pass_time(days=12)
    with town.services.db.read() as session:
        ended = session.scalars(select(Visit.visit_at).where(Visit.outcome == "waited")).all()
    first = datetime(2026, 3, 11, 4, 30, tzinfo=UTC)
    assert all(first <= each < first + timedelta(minutes=20) for each in ended)
    assert len(set(ended)) > 6
    assert {tuple(town.history(each)) for each in walks} == {("waits", "waited", "finished")}
