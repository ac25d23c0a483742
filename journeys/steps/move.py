"""A move on a path, with its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from journeys.conditions import CONDITION, STAGE_FIELDS, Condition
from journeys.records import Field, Record
from journeys.scalars import ANSWER_NAME, StepId, Text
from journeys.shapes import Next
from journeys.steps.kind import GO, Way, kind


@dataclass(frozen=True, slots=True)
class AtStep:
    """What was said at a step of this journey: the answer to its question, or the outcome of its task.

    Without an answer, any words of the member's own, or any outcome.
    """

    step: str
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """The member is at the stage from here on, if all that it needs is so; the journey goes on in either case.

    `accepted` is the invitation that they said yes to. `said` is where they said it in their own words. Whichever is
    there, what was said is quoted in the evidence.
    """

    takes_time: ClassVar[bool] = False

    id: str
    path: str
    stage: str
    evidence: str
    when: Condition | None
    go: Next
    accepted: AtStep | None = None
    said: AtStep | None = None

    @property
    def rests_on(self) -> AtStep | None:
        """Where it was said; None: on nothing that somebody said."""
        return self.accepted or self.said

    def ways(self) -> tuple[Way, ...]:
        return (Way("then", self.go),)

    def describe(self, ids: Sequence[str]) -> str:
        needs = [self.when.describe()] if self.when else []
        if self.rests_on is not None:
            answer = "spoke" if self.rests_on.answer is None else f'said "{self.rests_on.answer}"'
            needs.append(f"they {answer} at {self.rests_on.step}")
        condition = f", if {' and '.join(needs)}" if needs else ""
        stage = self.stage.replace("_", " ")
        return f'moves them to {stage} on the path {self.path}{condition}; evidence: "{self.evidence.rstrip(".")}"'


SAID_AT = Field("step", StepId(), "The step that asked, or gave the task.")
ACCEPTED = Record(AtStep, (SAID_AT, Field("answer", ANSWER_NAME, "The answer, or the outcome, that is a yes.")))
SAID = Record(
    AtStep, (SAID_AT, Field("answer", ANSWER_NAME, "The answer, or the outcome; without it, any words.", None))
)

KIND = kind(
    "move",
    "Moves the member on a path, with the evidence kept.",
    Record(
        Move,
        (
            *STAGE_FIELDS,
            Field("evidence", Text(300), "Why this move is right, in one sentence that the member may read."),
            Field("when", CONDITION, "What must be so; without it, always.", None),
            GO,
            Field(
                "accepted",
                ACCEPTED,
                "The invitation that they accepted. Nobody is moved to active or leading without one.",
                None,
            ),
            Field(
                "said",
                SAID,
                "Where they said so. An outlook moves on what somebody said, and on nothing else; it is quoted.",
                None,
            ),
        ),
    ),
)
