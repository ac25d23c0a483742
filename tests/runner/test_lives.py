"""Whatever happens in whatever order, and wherever our process dies: nobody is doubled, talked over or stuck.

`tests.runner.life` is the world and what must be so in it; here is the machine that lets things happen. In the short
form it is always the same lives; in the long one new ones each time. A life that breaks a rule is printed as the
happenings that led there, in the order in which `World.happens` takes them. To see it made shorter, take
`phases=WITHOUT_SHRINKING` from the long form's settings.
"""

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.runner.life.beginning import CHANNELS
from tests.runner.life.checks import Checker
from tests.runner.life.outside import Mood
from tests.runner.life.scripts import SLUGS
from tests.runner.life.state import state
from tests.runner.life.world import World

WHO = st.integers(0, 2)
SLUG = st.sampled_from(SLUGS)
CHANNEL = st.sampled_from(CHANNELS)
SCOPE = st.sampled_from(["all", "journey"])
TAG = st.sampled_from(["ready", "keen", "arrived", "moved"])
#: Two known zones, one on the other side of the date line, none, and one that does not exist.
ZONE = st.sampled_from(["America/New_York", "Asia/Kolkata", "Pacific/Apia", None, "Nowhere/Gone"])
RULE = st.sampled_from([None, "skip", "newest", "ask"])
MINUTES = st.one_of(st.integers(1, 12 * 60), st.integers(60, 72 * 60), st.integers(60, 72 * 60))
DEATH = st.one_of(st.none(), st.integers(1, 90))
SOMETIMES = st.sampled_from([False, False, True])
SELDOM = st.sampled_from([*[False] * 6, True])

STEPS = 2_000
LONG_STEPS = 100_000
#: Happenings of one life, and of how many lives one is told again without the deaths in it.
A_LIFE = 250
ONE_IN = 7
WITHOUT_SHRINKING = (Phase.explicit, Phase.generate)


class Lives(RuleBasedStateMachine):
    """Three members, three journeys, and whatever comes."""

    #: Happenings, lives told again, messages and deaths so far, over all lives of one test.
    count: Counter[str] = Counter()
    #: New lives each time, half of them with hosts that ask for less. Who dies with a turn there has had it and waits
    #: for another, so such a life told without its deaths may be another: only the others are told again then.
    long = False

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.turns = not self.long or self.count["lives"] % 2 == 0
        self.world = World(Path(self.folder.name), asks_for_less=self.turns)
        self.checker = Checker(self.world)
        self.count["lives"] += 1

    def happens(self, name: str, **values: Any) -> None:
        """That, and then everything must be in order."""
        self.world.happens(name, **values)
        self.checker.look()
        self.count["steps"] += 1

    @initialize()
    def everybody_comes(self) -> None:
        for who in range(3):
            self.happens("joins", who=who)
            self.happens("enrolls", who=who, slug="crowd")

    @rule(who=WHO, slug=SLUG)
    def somebody_is_put_on_a_journey(self, who: int, slug: str) -> None:
        self.happens("enrolls", who=who, slug=slug)

    @rule(who=WHO, how=st.sampled_from(["joins", "is_tagged", "is_untagged", "has_birthday"]), tag=TAG, told=SOMETIMES)
    def something_is_so_from_now_on(self, who: int, how: str, tag: str, told: bool) -> None:
        values: dict[str, dict[str, Any]] = {
            "joins": {}, "is_tagged": {"tag": tag, "told": told}, "is_untagged": {"tag": tag},
            "has_birthday": {"days": len(tag)},
        }  # fmt: skip
        self.happens(how, who=who, **values[how])

    @rule(who=WHO, nth=st.integers(0, 2), more=SOMETIMES, twice=SOMETIMES)
    def they_give_an_answer_that_we_know(self, who: int, nth: int, more: bool, twice: bool) -> None:
        self.happens("answers", who=who, nth=nth, more=more, twice=twice)

    @rule(who=WHO, about=st.one_of(st.none(), st.integers(0, 2)), twice=SOMETIMES)
    def they_write(self, who: int, about: int | None, twice: bool) -> None:
        self.happens("writes", who=who, about=about, twice=twice)

    @rule(
        who=WHO, about=st.integers(0, 3),
        kind=st.sampled_from(["answered", "replied", "unheard", "task_done", "hold_ended", "opted_out"]),
        step=st.sampled_from(["hello", "choose", "ask", "call", "texted", "when"]),
        said=st.sampled_from(["meet", "read", "yes", "reached", "later", "a", "mornings"]),
    )  # fmt: skip
    def something_is_heard_late(self, who: int, about: int, kind: str, step: str, said: str) -> None:
        self.happens("is_heard_late", who=who, about=about, kind=kind, step=step, said=said)

    @rule(who=WHO, how=st.sampled_from(["stops", *["starts"] * 5]), channel=CHANNEL, scope=SCOPE)
    def they_say_what_may_come(self, who: int, how: str, channel: str, scope: str) -> None:
        self.happens(how, who=who, channel=channel, scope=scope)

    @rule(who=WHO, zone=ZONE)
    def they_move_house(self, who: int, zone: str | None) -> None:
        self.happens("moves_house", who=who, zone=zone)

    @rule(who=WHO, wish=st.sampled_from(["less", "pause", *["more"] * 4]))
    def they_say_how_often(self, who: int, wish: str) -> None:
        self.happens("asks_for", who=who, wish=wish)

    @rule(who=WHO, channel=CHANNEL, mood=st.sampled_from([str(each) for each in Mood]))
    def the_next_message_fares_so(self, who: int, channel: str, mood: str) -> None:
        self.happens("is_in_a_mood", who=who, channel=channel, mood=mood)

    @rule(who=WHO, mood=st.sampled_from([Mood.SILENT, Mood.LOST, Mood.NOT_NOW, Mood.DEADLY]))
    def their_mail_is_in_doubt(self, who: int, mood: Mood) -> None:
        self.happens("is_in_a_mood", who=who, channel="email", mood=str(mood))

    @rule(who=WHO, how=st.sampled_from(["bounces_back", *["has_a_new_address"] * 4]))
    def their_address_dies_or_works_again(self, who: int, how: str) -> None:
        self.happens(how, who=who)

    @rule(who=WHO, how=st.sampled_from(["is_answered", "is_over", "is_over", "is_over"]))
    def a_person_here_answers_or_closes(self, who: int, how: str) -> None:
        self.happens(how, who=who)

    @rule(who=WHO, nth=st.integers(0, 1))
    def a_person_here_says_how_it_was(self, who: int, nth: int) -> None:
        self.happens("is_called", who=who, nth=nth)

    @rule(slug=SLUG, moves=SOMETIMES)
    def a_journey_is_edited(self, slug: str, moves: bool) -> None:
        self.happens("is_edited", slug=slug, moves=moves)

    @rule(slug=SLUG, rests=SELDOM, rule_=RULE)
    def a_journey_rests_or_goes_on(self, slug: str, rests: bool, rule_: str | None) -> None:
        self.happens("rests", slug=slug) if rests else self.happens("goes_on", slug=slug, rule=rule_)

    @rule(minutes=MINUTES, dies_after=DEATH)
    def time_goes_by(self, minutes: int, dies_after: int | None) -> None:
        self.happens("time_passes", minutes=minutes)
        self.works(dies_after)

    @rule(minutes=MINUTES)
    def time_goes_by_again(self, minutes: int) -> None:
        self.happens("time_passes", minutes=minutes)
        self.works(None)

    @rule(days=st.integers(1, 30))
    def weeks_go_by(self, days: int) -> None:
        self.happens("time_passes", days=days)
        self.works(None)

    @rule(minutes=MINUTES)
    def nobody_is_at_work_for_a_while(self, minutes: int) -> None:
        self.happens("time_passes", minutes=minutes)

    @rule(dies_after=DEATH, batch=st.sampled_from([1, 2, 500]))
    def our_process_works(self, dies_after: int | None, batch: int) -> None:
        self.works(dies_after, batch)

    def works(self, dies_after: int | None, batch: int = 500) -> None:
        self.count["deaths"] += dies_after is not None
        self.happens("works", dies_after=dies_after, batch=batch)

    def teardown(self) -> None:
        try:
            self.count["messages"] += len(self.checker.letters)
            # Chosen by what happened in it, so that the same life is told again each time.
            chosen = sum(len(each.values) for each in self.world.told) % ONE_IN == 0 or not self.count["told again"]
            if chosen and len(self.world.told) >= A_LIFE and not (self.long and self.turns):
                self.told_again()
        finally:
            self.world.close()
            self.folder.cleanup()

    def told_again(self) -> None:
        """The same history in a world in which nobody dies comes to the same end."""
        with tempfile.TemporaryDirectory() as folder:
            again = World(Path(folder), mortal=False, asks_for_less=self.turns)
            try:
                for each in self.world.told:
                    again.happens(each.name, **each.values)
                assert state(again) == state(self.world)
            finally:
                again.close()
        self.count["told again"] += 1


def live(steps: int, **how: Any) -> Counter[str]:
    """So many things have happened, in lives of their own, and nothing was broken; what was counted."""
    Lives.count, Lives.long = Counter(), not how
    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=steps // A_LIFE, stateful_step_count=A_LIFE, deadline=None, database=None,
            suppress_health_check=list(HealthCheck), phases=WITHOUT_SHRINKING, print_blob=True, **how,
        ),
    )  # fmt: skip
    return Lives.count


# On a machine that has other things to do too.
@pytest.mark.timeout(900)
def test_whatever_happens_nobody_is_doubled_stuck_talked_over_or_written_to_at_the_wrong_time() -> None:
    count = live(STEPS, derandomize=True)
    # A life may end a little before its last step.
    assert count["steps"] >= STEPS * 9 // 10 and count["told again"] and count["deaths"] and count["messages"], count


# Forty minutes of one core that has nothing else to do.
@pytest.mark.timeout(7200)
@pytest.mark.long
def test_whatever_happens_a_hundred_thousand_times_nothing_is_broken() -> None:
    count = live(LONG_STEPS)
    print(dict(count))
    assert count["steps"] >= LONG_STEPS * 9 // 10 and count["told again"] and count["deaths"] and count["messages"], (
        count
    )
