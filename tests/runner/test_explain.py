"""Why somebody did or did not get something, step by step, as it was and as it is."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import delete, update

from engine.base.errors import NotFound
from engine.enrollments.enrollment import Due, Enrollment
from engine.enrollments.journey import Journey, JourneyVersion, publish_journey
from engine.outbox import gate
from engine.outbox.classes import CLASSES
from engine.outbox.delivery import Delivery
from engine.people.address import add_email
from engine.people.consent import Said, record_consent
from engine.people.preference import Standing
from engine.runner.explain import JourneyWhy, StepWhy, why
from engine.runner.explain_conditions import conditions_of
from journeys.compiled import compiled
from journeys.model import Journey as Script
from journeys.read import read
from journeys.steps import STEP_KINDS
from tests.journeys.random_journeys import journeys_of_every_kind
from tests.runner.conftest import START, Town

WALK = """
slug: walk
title: A walk
purpose: To walk.
triggers: [joined, {tag_added: walker}]
re_entry: never
steps:
  - id: hello
    do: ask
    template: t/hello
    speaks: listen
    signed_by: desk
    question:
      kind: choice
      answers:
        yes_please: {label: {en: yes please}, words: {en: ["yes"]}, go: story}
        no_thanks: {label: {en: no thanks}, words: {en: ["no"]}, go: later}
      otherwise: story
    timeout: P2D
    silent: which
  - id: which
    do: branch
    turns:
      - when: {any: [{tag: walker}, {replied_since_enrolled: true}]}
        go: story
    else: later
  - id: story
    do: email
    template: t/story
    speaks: give
    signed_by: desk
    go: rest
  - id: later
    do: email
    template: t/later
    speaks: give
    signed_by: desk
  - id: rest
    do: wait
    for: P7D
  - id: over
    do: end
"""


def explained(town: Town, member_id: int, slug: str | None = "walk") -> JourneyWhy:
    with town.services.db.read() as session:
        return why(session, town.services.settings, member_id, town.now, slug)[0]


def step(found: JourneyWhy, name: str) -> StepWhy:
    return next(each for each in found.enrollments[-1].steps if each.step == name)


def reachable(town: Town, name: str = "Rosa M.") -> int:
    member_id = town.member(name)
    with town.services.db.write() as session:
        add_email(session, member_id, f"m{member_id}@home.example", town.now)
        record_consent(session, member_id, "email", "all", True, Said("by hand"), town.now)
    return member_id


def test_each_step_says_what_happened_and_what_is_awaited_until_when(town: Town) -> None:
    version = town.publish(WALK)
    rosa = reachable(town)
    town.enroll(rosa, version)
    town.run()
    found = explained(town, rosa)
    assert [each.status for each in found.enrollments[0].steps] == ["here", *["ahead"] * 5]
    assert step(found, "hello").visits[0].outcome == "asked"
    assert found.enrollments[0].awaits_until == START + timedelta(days=2)
    assert "04 March 2026" in found.says and "hello asks with the letter t/hello" in found.says
    town.pass_time(days=3)
    found = explained(town, rosa)
    assert step(found, "hello").says.startswith("No answer came in time.")
    assert step(found, "which").visits[0].why == "Turns: 1 does not."
    assert step(found, "story").status == "passed_by"
    assert step(found, "later").status == "done"
    assert step(found, "over").status == "ahead"


def test_each_condition_shows_its_value_and_that_of_its_parts(town: Town) -> None:
    version = town.publish(WALK)
    rosa = reachable(town)
    town.enroll(rosa, version)
    town.run()
    (asked,) = step(explained(town, rosa), "which").conditions
    assert (asked.place, asked.judged.holds) == ("turns 1 when", False)
    assert [part.holds for part in asked.judged.parts] == [False, False]
    town.words_in(rosa)
    (asked,) = step(explained(town, rosa), "which").conditions
    assert asked.judged.holds
    assert [(part.says, part.holds) for part in asked.judged.parts] == [
        ('they have the tag "walker"', False),
        ("they wrote to us since this journey began", True),
    ]


def test_a_letter_that_the_gate_refused_says_which_rule_it_was(town: Town) -> None:
    version = town.publish(WALK)
    rosa = reachable(town)
    town.enroll(rosa, version)
    town.run()
    with town.services.db.write() as session:
        session.execute(update(Delivery).values(state="refused", refusal="They never said yes to mail of this kind."))
    (message,) = step(explained(town, rosa), "hello").messages
    assert (message.state, message.rule) == ("refused", "consent")
    assert "never left: They never said yes" in step(explained(town, rosa), "hello").says


def test_what_has_not_come_yet_shows_every_rule_of_the_gate_as_it_stands_now(town: Town) -> None:
    version = town.publish(WALK)
    rosa, silent = reachable(town), town.member("Nobody")
    for each in (rosa, silent):
        town.enroll(each, version)
    town.run()
    rules = {rule.rule: rule.verdict for rule in step(explained(town, rosa), "story").rules}
    assert rules == {rule.name: "allows" for rule in gate.RULES}
    rules = {rule.rule: rule.verdict for rule in step(explained(town, silent), "story").rules}
    assert rules["consent"] == rules["address"] == "refuses"
    town.talk(rosa, START + timedelta(hours=5))
    hold = next(rule for rule in step(explained(town, rosa), "story").rules if rule.rule == "hold")
    assert (hold.verdict, hold.until) == ("waits", START + timedelta(hours=5))


def test_a_held_step_says_that_a_talk_holds_it(town: Town) -> None:
    version = town.publish(WALK)
    rosa = reachable(town)
    town.enroll(rosa, version)
    town.talk(rosa, START + timedelta(days=1))
    town.run()
    found = explained(town, rosa)
    assert "talking with a person here" in found.says
    assert step(found, "hello").visits[0].outcome == "held"


def test_somebody_who_was_never_on_it_hears_which_trigger_audience_or_limit_was_in_the_way(town: Town) -> None:
    town.publish(WALK)
    rosa = reachable(town)
    found = explained(town, rosa)
    assert not found.enrollments
    assert [rule.holds for rule in found.entry if rule.rule == "trigger"] == [False, False]
    assert "They were never on it" in found.says and "we know of no such moment" in found.says
    town.hears("tagged", rosa, tag="walker")
    assert any(rule.rule == "trigger" and rule.holds for rule in explained(town, rosa).entry)
    with town.services.db.write() as session:
        session.execute(update(Journey).values(paused_at=town.now))
    assert "takes nobody" in explained(town, rosa).says
    with town.services.db.write() as session:
        session.execute(update(JourneyVersion).values(created_at=town.now + timedelta(days=1)))
    assert any("before the journey was published" in rule.says for rule in explained(town, rosa).entry)


def test_somebody_who_finished_it_hears_whether_it_may_begin_again(town: Town) -> None:
    version = town.publish(WALK)
    rosa = reachable(town)
    town.enroll(rosa, version)
    town.pass_time(days=20)
    found = explained(town, rosa)
    assert found.says.startswith("They walked it to its end")
    rule = next(rule for rule in found.entry if rule.rule == "re_entry")
    assert not rule.holds
    assert "once only" in rule.says


def test_a_member_or_journey_that_is_not_there_is_said_so(town: Town) -> None:
    town.publish(WALK)
    with pytest.raises(NotFound):
        explained(town, 12345)
    with pytest.raises(NotFound):
        explained(town, reachable(town), "nowhere")


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(script=journeys_of_every_kind())
def test_every_kind_of_step_can_be_explained_wherever_somebody_is(town: Town, script: Script) -> None:
    with town.services.db.write() as session:
        session.execute(update(Enrollment).values(ended_at=town.now, end_reason="over"))
        session.execute(delete(Due))
        version = publish_journey(session, f"{script}", script, compiled(script), {}, town.now)
    rosa = reachable(town)
    enrollment_id = town.enroll(rosa, version)
    for place, kind in enumerate(STEP_KINDS.values()):
        with town.services.db.write() as session:
            session.execute(update(Due).where(Due.enrollment_id == enrollment_id).values(step=place))
        found = explained(town, rosa, script.slug)
        assert [each.kind for each in found.enrollments[-1].steps] == [each.name for each in STEP_KINDS.values()]
        assert found.enrollments[-1].steps[place].status == "here"
        assert f"{kind.name}_here" in found.says


YES = {"all": Standing(True, START - timedelta(days=90))}


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("erased", {"erased": True}),
        ("phone", {"phone_stopped_at": START}),
        ("consent", {"standings": {}}),
        ("consent", {"standings": {"all": Standing(False, START)}}),
        ("address", {"address": None}),
        ("address", {"rests": "it bounced.", "rests_since": START}),
        ("late", {"could_leave_at": START - timedelta(days=30)}),
        ("hold", {"held_until": START + timedelta(days=1)}),
        ("stale", {"was_held": True, "meant_for": START - timedelta(days=9)}),
        ("asks", {"speaks": "ask", "letters": (gate.Letter(START - timedelta(days=1), "ask"),)}),
        ("asks", {"speaks": "ask", "letters": tuple(
            gate.Letter(START - timedelta(days=each), speaks) for each in (25, 22, 19, 16, 13, 10)
            for speaks in ("ask", "give")
        )}),
        ("cap", {"letters": tuple(gate.Letter(START - timedelta(days=each), "give") for each in (3, 2, 1))}),
        ("window", {"channel": "sms", "window_opens_at": START + timedelta(hours=9)}),
        ("window", {"channel": "sms", "has_no_hour": True}),
    ],
)  # fmt: skip
def test_a_reason_that_was_kept_tells_which_rule_gave_it(name: str, facts: dict[str, object]) -> None:
    given = {"channel": "email", "address": "rosa@home.example", "standings": YES} | facts
    verdict = gate.judge(gate.Facts(CLASSES["journey"], **given), gate.Limits(), START)  # type: ignore[arg-type]
    assert not isinstance(verdict, gate.Allow)
    assert gate.rule_of(verdict.reason) == name


def test_a_condition_is_found_wherever_a_step_holds_it() -> None:
    script = read(WALK).journey
    assert script is not None
    assert [place for place, _ in conditions_of(script.step("which"))] == ["turns 1 when"]
    assert conditions_of(script.step("rest")) == []
