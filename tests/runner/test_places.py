"""Whatever happens in whatever order: every live enrollment has one place, its walk leads there, nothing is doubled."""

import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import func, select

from engine.enrollments.enrollment import Due, Visit, stop
from engine.outbox.delivery import Delivery
from engine.runner.signals import handle_signals
from engine.runner.tick import tick
from tests.database import database_in
from tests.runner.conftest import build
from tests.runner.test_tick import CONVERSE, WALK

PEOPLE = st.integers(0, 2)


class Lives(RuleBasedStateMachine):
    """Three people on two journeys; time, words, talks and stops come in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.town = build(Path(self.folder.name), database_in(Path(self.folder.name)))
        self.talks: dict[int, int] = {}

    @initialize()
    def settle(self) -> None:
        self.versions = [self.town.publish(WALK), self.town.publish(CONVERSE)]
        self.members = [self.town.member(f"Neighbor {number}") for number in range(3)]

    @rule(who=PEOPLE, which=st.integers(0, 1))
    def begin(self, who: int, which: int) -> None:
        self.town.hears("by_hand", self.members[who], journey_id=self.versions[which].journey_id)

    @rule(hours=st.integers(0, 100))
    def time_passes(self, hours: int) -> None:
        self.town.clock.moment += timedelta(hours=hours)

    @rule(batch=st.integers(1, 3))
    def the_runner_ticks(self, batch: int) -> None:
        tick(self.town.services, limit=batch)

    @rule()
    def the_runner_hears(self) -> None:
        handle_signals(self.town.services)

    @rule(who=PEOPLE, answer=st.sampled_from(["yes", "no", "maybe"]))
    def they_answer(self, who: int, answer: str) -> None:
        for enrollment in self.live(who):
            self.town.hears("answered", self.members[who], enrollment_id=enrollment, step="hello", answer=answer)

    @rule(who=PEOPLE)
    def they_write(self, who: int) -> None:
        self.town.words_in(self.members[who])
        self.town.hears("replied", self.members[who])

    @rule(who=PEOPLE, hours=st.integers(1, 100))
    def they_talk(self, who: int, hours: int) -> None:
        self.talks[who] = self.town.talk(self.members[who], self.town.now + timedelta(hours=hours))

    @rule(who=PEOPLE)
    def the_talk_ends(self, who: int) -> None:
        if who in self.talks:
            self.town.talk_ends(self.talks.pop(who))

    @rule(who=PEOPLE)
    def they_leave(self, who: int) -> None:
        with self.town.services.db.write() as session:
            stop(session, [self.members[who]], "left", self.town.now)

    def live(self, who: int) -> list[int]:
        with self.town.services.db.read() as session:
            return list(session.scalars(select(Due.enrollment_id).where(Due.member_id == self.members[who])))

    @invariant()
    def everyone_is_somewhere_and_nothing_is_doubled(self) -> None:
        self.town.check_places()
        with self.town.services.db.read() as session:
            said = session.scalar(select(func.count()).where(Visit.outcome.in_(("sent", "asked")))) or 0
            posted = session.scalar(select(func.count()).select_from(Delivery))
            assert said == posted
            assert not session.scalar(select(func.count()).where(Visit.outcome == "failed"))
            assert not session.scalar(select(func.count()).where(Visit.next_at <= Visit.visit_at))

    def teardown(self) -> None:
        self.town.services.db.close()
        self.folder.cleanup()


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)
