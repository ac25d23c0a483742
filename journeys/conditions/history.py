"""What the member has lived on journeys: this one and others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from journeys.durations import say_duration
from journeys.groups import Wrapped
from journeys.records import Field, Option, Record
from journeys.scalars import ANSWER_NAME, SLUG, STEP_ID, Span, StepId


@dataclass(frozen=True, slots=True)
class Answered:
    """The latest answer to the question of this step (by its id in this journey) is the named one."""

    step: str
    answer: str

    def describe(self) -> str:
        return f'they answered "{self.answer}" at {self.step}'


@dataclass(frozen=True, slots=True)
class EnrolledIn:
    """The member is on the journey with this slug now."""

    journey: str

    def describe(self) -> str:
        return f"they are on the journey {self.journey}"


@dataclass(frozen=True, slots=True)
class Finished:
    """The member came to the end of the journey with this slug at least once."""

    journey: str

    def describe(self) -> str:
        return f"they finished the journey {self.journey}"


@dataclass(frozen=True, slots=True)
class AnsweredIn:
    """The member's latest answer to the question of that step of another journey is the named one."""

    journey: str
    step: str
    answer: str

    def describe(self) -> str:
        return f'they answered "{self.answer}" at {self.step} of the journey {self.journey}'


@dataclass(frozen=True, slots=True)
class Reached:
    """The member has been at this step of this journey (this time)."""

    step: str

    def describe(self) -> str:
        return f"they came to {self.step}"


@dataclass(frozen=True, slots=True)
class ReachedIn:
    """The member has been at this step of another journey, this time or an earlier one."""

    journey: str
    step: str

    def describe(self) -> str:
        return f"they came to {self.step} of the journey {self.journey}"


@dataclass(frozen=True, slots=True)
class Ended:
    """The member was on the journey with this slug, and it is over, in whatever way."""

    journey: str

    def describe(self) -> str:
        return f"the journey {self.journey} is over for them"


@dataclass(frozen=True, slots=True)
class EnrolledBefore:
    """This journey began for the member longer ago than this."""

    span: timedelta

    def describe(self) -> str:
        return f"this journey began for them more than {say_duration(self.span)} ago"


ANSWERED_FIELDS = (
    Field("step", StepId(), "The id of the step that asked."),
    Field("answer", ANSWER_NAME, "The name of the answer."),
)
STEP_OF = (
    Field("journey", SLUG, "The other journey's short name."),
    Field("step", STEP_ID, "The id of its step."),
)

OPTIONS = (
    Option("answered", Record(Answered, ANSWERED_FIELDS), "Their answer to a question here.", Answered),
    Option(
        "answered_in",
        Record(AnsweredIn, (*STEP_OF, ANSWERED_FIELDS[1])),
        "Their answer to a question of another journey.",
        AnsweredIn,
    ),
    Option("reached", Wrapped(Reached, "step", StepId()), "They came to this step of this journey.", Reached),
    Option("reached_in", Record(ReachedIn, STEP_OF), "They came to that step of another journey.", ReachedIn),
    Option("enrolled_in", Wrapped(EnrolledIn, "journey", SLUG), "They are on this journey.", EnrolledIn),
    Option("finished", Wrapped(Finished, "journey", SLUG), "They finished this journey.", Finished),
    Option("ended", Wrapped(Ended, "journey", SLUG), "This journey is over for them, finished or not.", Ended),
    Option(
        "enrolled_before",
        Wrapped(EnrolledBefore, "span", Span()),
        "This journey began longer ago than this.",
        EnrolledBefore,
    ),
)
