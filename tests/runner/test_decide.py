"""What is decided for one person, by tables and by any case Hypothesis can think of."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.errors import Astray
from engine.base.local_time import first_known, instant, next_local, zone_named
from engine.enrollments.enrollment import TICK, Standing
from engine.runner.decide import decide, waits_for_words
from engine.runner.decision import LOOK_AGAIN, NOTHING, TRY_AGAIN, Decision, Ending, Facts, failed
from engine.runner.lateness import WORDS
from journeys.model import Journey
from journeys.read import read

NOW = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
STALE = timedelta(hours=24)

SOURCE = """
slug: all-kinds
title: Every kind of step
purpose: To try things out.
triggers: by_hand
steps:
  - id: ask
    do: ask
    template: t/ask
    speaks: ask
    signed_by: desk
    question:
      kind: choice
      answers:
        meet: {label: Meet, words: [meet], go: branch}
        read: {label: Read, words: [read], go: end}
      otherwise: rest
    timeout: P4D
    silent: letter
  - {id: rest, do: wait, for: P2D}
  - {id: letter, do: email, template: t/letter, speaks: give, signed_by: desk}
  - id: listen
    do: wait
    for_reply: {timeout: P3D, replied: tuesday, silent: end}
  - {id: tuesday, do: wait, until: {weekday: tuesday, hour: "10:00"}}
  - id: branch
    do: branch
    turns: [{when: {tag: a}, go: call}, {when: {tag: b}, go: tag}]
    else: move
  - {id: call, do: hand_off, to: organizer, title: Call, script: Hello, due: P3D}
  - {id: tag, do: tag, add: greeted}
  - {id: move, do: move, path: belonging, stage: connected, evidence: They wrote., when: {tag: c}}
  - {id: end, do: end}
  - {id: lot, do: split, ways: [{share: 1, go: tag}, {share: 1, go: letter}]}
  - {id: again, do: jump, to: rest, at_most: 2, otherwise: end}
  - {id: note, do: set, fact: seats, value: 4, go: end}
  - {id: school, do: join, journey: school, go: end}
  - id: hope
    do: wait
    for_fact: {when: {tag: d}, timeout: P4D, met: tag, timed_out: end}
  - {id: eve, do: wait, until_date: {fact: moving_day, days: -1, hour: "10:00", missing: tag, past: letter}, go: end}
"""


def journey() -> Journey:
    """The journey of every kind of step."""
    found = read(SOURCE).journey
    assert found is not None
    return found


JOURNEY = journey()
PLACE = {step.id: number for number, step in enumerate(JOURNEY.steps)}


def at(step: str, phase: int = 0, **more: object) -> Standing:
    """A row that is due now at the step."""
    here = Standing(NOW, 1, 2, 3, PLACE[step], phase, NOW - timedelta(days=1), None, "", 0)
    return here._replace(**more)  # type: ignore[arg-type]


def decided(here: Standing, facts: Facts = NOTHING) -> Decision:
    """What happens there now."""
    return decide(here, JOURNEY, facts, NOW, STALE)


LONG_AGO = NOW - timedelta(days=3)
#: The next look at a wait of four days: a hundredth of it.
LOOK = timedelta(days=4) / 100
OVER = Ending("goal", "They are there.")


@pytest.mark.parametrize(
    ("here", "facts", "outcome", "step", "after"),
    [
        (at("ask"), NOTHING, "asked", "ask", timedelta(days=4)),
        (at("ask", 1), NOTHING, "silent", "letter", TICK),
        (at("ask", 1), Facts(open_until=NOW + timedelta(days=1)), "waits", "ask", timedelta(days=1)),
        (at("ask", 1, heard="answered:meet"), NOTHING, "answered:meet", "branch", TICK),
        (at("ask", 1, heard="answered:gone"), NOTHING, "answered:gone", "rest", TICK),
        (at("ask", 1, heard="replied"), NOTHING, "replied", "rest", TICK),
        (at("ask", wanted_at=LONG_AGO), NOTHING, "skipped", "rest", TICK),
        (at("rest"), NOTHING, "waits", "rest", timedelta(days=2)),
        (at("rest", 1), NOTHING, "waited", "letter", TICK),
        (at("letter"), NOTHING, "sent", "listen", TICK),
        (at("letter", wanted_at=LONG_AGO), NOTHING, "skipped", "listen", TICK),
        (at("letter", wanted_at=NOW - timedelta(hours=23)), NOTHING, "sent", "listen", TICK),
        (at("letter", wanted_at=LONG_AGO, heard=WORDS), NOTHING, "sent", "listen", TICK),
        (at("letter", wanted_at=LONG_AGO, tries=2), NOTHING, "sent", "listen", TICK),
        (at("letter"), Facts(paused=True), "paused", "letter", LOOK_AGAIN),
        (at("letter"), Facts(held_until=NOW + timedelta(hours=5)), "held", "letter", timedelta(hours=5)),
        (at("letter"), Facts(held_until=datetime(9999, 1, 1, tzinfo=UTC)), "held", "letter", LOOK_AGAIN),
        (at("letter"), Facts(held_until=NOW), "sent", "listen", TICK),
        (at("listen"), NOTHING, "waits", "listen", timedelta(days=3)),
        (at("listen"), Facts(replied=True), "replied", "tuesday", TICK),
        (at("listen", 1), Facts(replied=True), "replied", "tuesday", TICK),
        (at("listen", 1), NOTHING, "silent", "end", TICK),
        (at("listen", 1, heard="replied"), Facts(held_until=NOW + timedelta(days=9)), "replied", "tuesday", TICK),
        (at("tuesday"), Facts(zones=("America/New_York",)), "waits", "tuesday", timedelta(hours=22)),
        (at("tuesday", 1), NOTHING, "waited", "branch", TICK),
        (at("tuesday", 1, wanted_at=LONG_AGO), Facts(zones=("UTC",)), "waits", "tuesday", timedelta(hours=17)),
        (at("branch"), Facts(true=frozenset({0, 1})), "branched", "call", TICK),
        (at("branch"), Facts(true=frozenset({1})), "branched", "tag", TICK),
        (at("branch"), NOTHING, "branched", "move", TICK),
        (at("call"), NOTHING, "handed_off", "tag", TICK),
        (at("tag"), NOTHING, "tagged", "move", TICK),
        (at("move"), NOTHING, "not_moved", "end", TICK),
        (at("move"), Facts(true=frozenset({0})), "moved", "end", TICK),
        (at("end"), NOTHING, "finished", "end", None),
        (at("again"), NOTHING, "jumped", "rest", TICK),
        (at("again"), Facts(jumped=1), "jumped", "rest", TICK),
        (at("again"), Facts(jumped=2), "not_jumped", "end", TICK),
        (at("note"), NOTHING, "set", "end", TICK),
        (at("school"), NOTHING, "joined", "end", TICK),
        (at("school"), Facts(kept_out="They are on it."), "not_joined", "end", TICK),
        (at("school"), Facts(shut="It is paused."), "paused", "school", LOOK_AGAIN),
        (at("hope"), Facts(true=frozenset({0})), "met", "tag", TICK),
        (at("hope"), NOTHING, "waits", "hope", LOOK),
        (at("hope", 1), Facts(since=NOW - timedelta(days=1)), "looked", "hope", LOOK),
        (at("hope", 1), Facts(since=NOW - timedelta(days=4) + TICK * 9), "looked", "hope", TICK * 9),
        (at("hope", 1), Facts(since=NOW - timedelta(days=4)), "timed_out", "end", TICK),
        (at("hope", 1), Facts(true=frozenset({0}), since=NOW - timedelta(days=9)), "met", "tag", TICK),
        (at("hope", 1), NOTHING, "waits", "hope", LOOK),
        (at("eve"), NOTHING, "no_date", "tag", TICK),
        (at("eve"), Facts(day=date(2026, 3, 4)), "waits", "eve", timedelta(hours=17)),
        (at("eve"), Facts(day=date(2026, 3, 3)), "past", "letter", TICK),
        (at("eve", 1), Facts(day=date(2026, 3, 3)), "waited", "end", TICK),
        (at("eve", 1), Facts(day=date(2026, 3, 1)), "past", "letter", TICK),
        (at("eve", 1), Facts(day=date(2026, 3, 4)), "waits", "eve", timedelta(hours=17)),
        (at("eve", 1), NOTHING, "no_date", "tag", TICK),
        (at("letter"), Facts(over=OVER), "goal", "letter", None),
        (at("letter"), Facts(over=OVER, paused=True, held_until=NOW + LOOK_AGAIN), "goal", "letter", None),
        (at("ask", 1, heard="replied"), Facts(over=OVER), "goal", "ask", None),
    ],
)
def test_each_kind_of_step_goes_its_way(
    here: Standing, facts: Facts, outcome: str, step: str, after: timedelta | None
) -> None:
    decision = decided(here, facts)
    assert (decision.outcome, JOURNEY.ids[decision.step]) == (outcome, step)
    assert decision.at == (None if after is None else NOW + after)


def test_an_end_before_the_last_step_says_why() -> None:
    decision = decided(at("letter"), Facts(over=OVER))
    assert (decision.reason, decision.why, decision.act) == ("goal", "They are there.", None)
    assert decided(at("end")).reason == "finished"


def test_a_split_goes_the_way_that_the_member_drew() -> None:
    ways = {decided(at("lot", member_id=member_id)).step for member_id in range(40)}
    assert ways == {PLACE["tag"], PLACE["letter"]}
    assert len({decided(at("lot", enrollment_id=each, due_at=NOW - TICK * each)).step for each in range(40)}) == 1


def test_a_step_that_cannot_be_taken_raises_but_never_while_nothing_moves() -> None:
    trouble = Facts(trouble="There is no such chapter.")
    with pytest.raises(Astray, match="no such chapter"):
        decided(at("school"), trouble)
    assert decided(at("school"), trouble._replace(paused=True)).outcome == "paused"


def test_only_steps_that_say_or_do_something_have_an_act() -> None:
    assert decided(at("letter")).act is JOURNEY.step("letter")
    assert decided(at("ask")).act is JOURNEY.step("ask")
    assert decided(at("ask", 1)).act is None
    assert decided(at("move")).act is None
    assert decided(at("letter", wanted_at=LONG_AGO)).act is None
    assert decided(at("letter"), Facts(held_until=NOW + TICK)).act is None


def test_what_is_late_stays_late_until_the_journey_rests_again() -> None:
    assert decided(at("rest", 1, wanted_at=LONG_AGO)).wanted_at == LONG_AGO
    assert decided(at("branch", wanted_at=LONG_AGO)).wanted_at == LONG_AGO
    assert decided(at("rest", 0, wanted_at=LONG_AGO)).wanted_at is None
    assert decided(at("letter", wanted_at=NOW - timedelta(hours=1))).wanted_at is None


def test_what_is_put_off_remembers_when_it_was_wanted_first() -> None:
    held = Facts(held_until=NOW + timedelta(days=1))
    assert decided(at("letter"), held).wanted_at == NOW
    assert decided(at("letter", wanted_at=LONG_AGO, heard=WORDS), held)[6:8] == (LONG_AGO, WORDS)


def test_a_failing_step_is_tried_later_each_time_and_says_why() -> None:
    here, waits = at("letter"), []
    for tries in range(5):
        decision = failed(here, ValueError("x" * 999), NOW)
        assert decision.tries == tries + 1
        assert decision.at is not None
        assert decision.why.startswith("ValueError: x")
        assert len(decision.why) <= 300
        waits.append(decision.at - NOW)
        here = here._replace(tries=decision.tries)
    assert waits == [*TRY_AGAIN, TRY_AGAIN[-1], TRY_AGAIN[-1]]


def test_only_questions_and_waits_for_words_listen() -> None:
    assert [step.id for step in JOURNEY.steps if waits_for_words(step)] == ["ask", "listen"]


MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
SPANS = st.timedeltas(timedelta(0), timedelta(days=40))
ZONES = st.sampled_from(sorted(available_timezones()))


@given(
    now=MOMENTS,
    lateness=SPANS,
    early=st.timedeltas(timedelta(0), timedelta(milliseconds=1)),
    step=st.integers(0, len(JOURNEY.steps) - 1),
    phase=st.integers(0, 1),
    wanted=st.none() | SPANS,
    heard=st.sampled_from(["", "replied", "answered:meet", "answered:read", "answered:", WORDS]),
    tries=st.integers(0, 5),
    held=st.none() | SPANS,
    open_for=st.none() | SPANS,
    true=st.frozensets(st.integers(0, 2)),
    paused=st.booleans(),
    replied=st.booleans(),
    zone=st.none() | ZONES | st.just("Nowhere/Else"),
    day=st.none() | st.dates(date(1900, 1, 1), date(2199, 12, 31)),
    waiting=st.none() | SPANS,
    jumped=st.integers(0, 3),
    shut=st.sampled_from(["", "It is paused."]),
)
def test_due_times_grow_and_are_never_before_now(
    now: datetime, lateness: timedelta, early: timedelta, step: int, phase: int, wanted: timedelta | None,
    heard: str, tries: int, held: timedelta | None, open_for: timedelta | None, true: frozenset[int], paused: bool,
    replied: bool, zone: str | None, day: date | None, waiting: timedelta | None, jumped: int, shut: str,
) -> None:  # fmt: skip
    due = now - lateness + early
    here = Standing(due, 1, 2, 3, step, phase, None, None if wanted is None else due - wanted, heard, tries)
    facts = Facts(
        None if held is None else now + held, paused, true, replied, (zone, None, "America/New_York"),
        None if open_for is None else now + open_for, day=day, jumped=jumped, shut=shut,
        since=None if waiting is None else now - waiting,
    )  # fmt: skip
    decision = decide(here, JOURNEY, facts, now, STALE)
    assert 0 <= decision.step < len(JOURNEY.steps)
    if decision.at is not None:
        assert decision.at > due
        assert decision.at >= now
    if decision.outcome in ("held", "paused", "skipped", "waits", "looked"):
        assert decision.act is None
    failure = failed(here, ValueError("no"), now)
    assert failure.at is not None
    assert failure.at > due


@given(
    now=MOMENTS, name=ZONES, hour=st.times(), days=st.sets(st.integers(0, 6)).map(sorted),
)  # fmt: skip
def test_the_next_such_hour_is_the_first_one_on_the_members_clock(
    now: datetime, name: str, hour: time, days: list[int]
) -> None:
    zone = ZoneInfo(name)
    hour = hour.replace(second=0, microsecond=0, tzinfo=None)
    found = next_local(now, zone, hour, days)
    assert now < found <= now + timedelta(days=9)
    shown = found.astimezone(zone)
    exact = shown.time() == hour
    if exact:
        assert not days or shown.weekday() in days
    else:
        # A gap: the clock never showed that hour, and this is the first moment after it.
        assert shown.utcoffset() != (found - timedelta(seconds=1)).astimezone(zone).utcoffset()
    # No earlier one: a day has the hour once, and the first of two.
    for ahead in range((found - now).days + 1):
        day = now.astimezone(zone).date() + timedelta(days=ahead)
        if not days or day.weekday() in days:
            earlier = instant(datetime.combine(day, hour), zone)
            assert earlier <= now or earlier >= found


@given(name=ZONES, year=st.integers(2018, 2034), seconds=st.integers(-7200, 7200))
def test_an_hour_in_a_gap_is_the_first_moment_after_and_one_in_a_fold_the_first(
    name: str, year: int, seconds: int
) -> None:
    zone = ZoneInfo(name)
    change = _a_change(zone, year)
    if change is None:
        return
    local = (change + timedelta(seconds=seconds)).astimezone(zone).replace(tzinfo=None) + timedelta(minutes=17)
    found = instant(local, zone)
    shown = found.astimezone(zone)
    if shown.replace(tzinfo=None) == local:
        assert shown.fold == 0
    else:
        assert found == change
    assert instant(shown.replace(tzinfo=None), zone) == found


def _a_change(zone: ZoneInfo, year: int) -> datetime | None:
    """The first change of the zone's offset in that year, to the second."""
    start = datetime(year, 1, 1, tzinfo=UTC)
    for day in range(366):
        before, after = start + timedelta(days=day), start + timedelta(days=day + 1)
        if before.astimezone(zone).utcoffset() == after.astimezone(zone).utcoffset():
            continue
        while after - before > timedelta(seconds=1):
            middle = before + timedelta(seconds=(after - before).total_seconds() // 2)
            same = middle.astimezone(zone).utcoffset() == before.astimezone(zone).utcoffset()
            before, after = (middle, after) if same else (before, middle)
        return after
    return None


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        ("America/New_York", "2026-03-08T02:30", datetime(2026, 3, 8, 7, 0, tzinfo=UTC)),
        ("America/New_York", "2026-11-01T01:30", datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
        ("America/Phoenix", "2026-03-08T02:30", datetime(2026, 3, 8, 9, 30, tzinfo=UTC)),
        ("Australia/Lord_Howe", "2026-10-04T02:15", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
        ("Pacific/Apia", "2011-12-30T12:00", datetime(2011, 12, 30, 10, 0, tzinfo=UTC)),
    ],
)
def test_gaps_and_folds_that_are_on_record(zone: str, local: str, utc: datetime) -> None:
    assert instant(datetime.fromisoformat(local), ZoneInfo(zone)) == utc


def test_an_unknown_zone_is_the_chapters_then_the_organizations() -> None:
    assert first_known((None, "America/Chicago", "America/New_York")).key == "America/Chicago"
    assert first_known(("Nowhere/Else", "", "America/New_York")).key == "America/New_York"
    assert first_known(("../etc/passwd",)).key == "UTC"
    assert zone_named("America") is None
