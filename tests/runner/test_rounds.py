"""However the steps of a journey lead round, nobody runs round in it."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.base.errors import Astray
from engine.enrollments.enrollment import Standing
from engine.runner.decide import decide
from engine.runner.decision import JUMPED, Facts
from engine.runner.visited import MOST_WITHOUT_REST, Passed, without_rest
from journeys.model import ByHand, Journey, Never
from journeys.steps import Jump, Share, Split, Tag, Wait, WaitFor
from journeys.walk import restless

NOW = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
STALE = timedelta(hours=24)


@st.composite
def rounds(draw: st.DrawFn, *, rests: bool) -> Journey:
    """A journey that mostly leads round: jumps, lots and tags, and waits when it `rests`."""
    count = draw(st.integers(1, 8))
    there = st.integers(0, count - 1)
    places = there | there | there | st.none()
    shares = st.lists(st.builds(Share, st.integers(1, 9), places), min_size=2, max_size=3).map(tuple)

    def step(name: str) -> st.SearchStrategy[Jump | Split | Tag | Wait]:
        id_ = st.just(name)
        kinds: list[st.SearchStrategy[Jump | Split | Tag | Wait]] = [
            st.builds(Jump, id_, there, st.integers(1, 4), places),
            st.builds(Split, id_, shares, st.none()),
            st.builds(Tag, id_, st.just(("seen",)), st.just(()), places),
        ]
        if rests:
            kinds.append(st.builds(Wait, id_, st.just(WaitFor(timedelta(days=1))), places))
        return st.one_of(kinds)

    steps = tuple(draw(step(f"step_{place}")) for place in range(count))
    return Journey("rounds", "Rounds", "To try.", "belonging", "en", (ByHand(),), Never(), steps)


def walk(journey: Journey, most: int) -> tuple[list[Passed], bool]:
    """The visits of one person, told what the runner tells, up to so many; and whether it stopped them."""
    visits: list[Passed] = []
    here = Standing(NOW, 1, 2, 3, 0, 0, None, None, "", 0)
    lead_round = restless(journey)
    while len(visits) < most:
        taken = sum(visit.outcome == JUMPED and visit.step == here.step for visit in visits)
        runs = here.phase == 0 and here.step in lead_round and without_rest(visits) >= MOST_WITHOUT_REST
        facts = Facts(jumped=taken, trouble="It goes round." if runs else "")
        try:
            decision = decide(here, journey, facts, here.due_at, STALE)
        except Astray:
            return visits, True
        visits.append(Passed(3, here.step, here.phase, decision.outcome))
        if decision.at is None:
            return visits, False
        here = here._replace(due_at=decision.at, step=decision.step, phase=decision.phase, prev_at=here.due_at)
    return visits, False


@given(rounds(rests=False))
@settings(max_examples=60, deadline=None)
def test_a_journey_without_a_rest_ends_or_is_stopped_and_no_jump_is_taken_too_often(journey: Journey) -> None:
    visits, stopped = walk(journey, MOST_WITHOUT_REST + 1)
    assert len(visits) == MOST_WITHOUT_REST if stopped else len(visits) <= MOST_WITHOUT_REST
    _check_jumps(journey, visits)


@given(rounds(rests=True))
@settings(max_examples=60, deadline=None)
def test_between_two_rests_nobody_takes_more_steps_than_anybody_needs(journey: Journey) -> None:
    visits, _ = walk(journey, 2 * MOST_WITHOUT_REST)
    _check_jumps(journey, visits)
    steps = 0
    for visit in visits:
        steps = 0 if visit.phase else steps + 1
        # On the way out of a circle a few steps more than the most, straight on.
        assert steps <= MOST_WITHOUT_REST + len(journey.steps)


def _check_jumps(journey: Journey, visits: list[Passed]) -> None:
    taken = Counter(visit.step for visit in visits if visit.outcome == JUMPED)
    for place, times in taken.items():
        jump = journey.steps[place]
        assert isinstance(jump, Jump) and times <= jump.at_most


def test_held_and_failed_visits_are_no_steps_and_no_rest_either() -> None:
    moved, stood = Passed(3, 0, 0, "tagged"), [Passed(3, 0, 0, each) for each in ("held", "paused", "failed")]
    assert without_rest([moved, *stood, moved]) == 2
    assert without_rest([moved, Passed(3, 1, 0, "waits"), Passed(3, 1, 1, "waited"), moved, *stood]) == 1
    assert without_rest([]) == 0
