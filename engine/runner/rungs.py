"""Rungs: facts that lift somebody on a journey to a later step, once, and never down."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.enrollments.enrollment import Enrollment, Standing
from engine.enrollments.journey import load_version
from engine.enrollments.signal import Signal
from engine.runner.decision import RUNG
from engine.runner.triggers import Words, lifted_to, words_of


class Lifts:
    """What a batch of facts lifts people to."""

    def __init__(self, session: Session, facts: Sequence[Signal]) -> None:
        self._session = session
        self._facts = facts
        #: What was written is read only once a journey with rungs asks.
        self._words: dict[int, Words] | None = None

    def word(self, fact: Signal, here: Standing, heard: str) -> str | None:
        """What the row at `here` hears, when the fact lifts it further than it is and than `heard` lifts it already."""
        version = load_version(self._session, here.version_id)
        if not version.script.rungs:
            return None
        if self._words is None:
            self._words = words_of(self._session, self._facts)
        kind, _, place = heard.partition(":")
        from_step = max(here.step, int(place)) if kind == RUNG else here.step
        to = lifted_to(version.script.rungs, fact, self._words.get(fact.id), version.journey_id, from_step)
        if to is None or self._was_lifted(here, self.effect(f"{RUNG}:{to}", here)):
            return None
        return f"{RUNG}:{to}"

    def effect(self, word: str, here: Standing) -> str:
        """What the fact did, for its row."""
        script = load_version(self._session, here.version_id).script
        return f"lifted to {script.slug}/{script.steps[int(word.partition(':')[2])].id}"[:50]

    def _was_lifted(self, here: Standing, effect: str) -> bool:
        """A rung is used once, so that a late or doubled signal leads nobody round a loop a second time."""
        query = (
            select(Signal.id)
            .join(Enrollment, Enrollment.member_id == Signal.member_id)
            .where(
                Enrollment.id == here.enrollment_id,
                Signal.created_at >= Enrollment.created_at,
                Signal.effect.startswith(effect, autoescape=True),
            )
        )
        return self._session.scalar(query.limit(1)) is not None
