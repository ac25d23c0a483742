"""What the member has done: said they would come, came, or did anything else that was noted as a signal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from journeys.durations import say_duration
from journeys.groups import WordOr
from journeys.records import Field, Option, Record
from journeys.scalars import SLUG, Span


@dataclass(frozen=True, slots=True)
class Rsvped:
    """The member said that they will come to this event, or (None) to any."""

    event: str | None
    within: timedelta | None

    def describe(self) -> str:
        return f"they said they would come to {self.event or 'an event'}" + _lately(self.within)


@dataclass(frozen=True, slots=True)
class Attended:
    """The member came to this event, or (None) to any."""

    event: str | None
    within: timedelta | None

    def describe(self) -> str:
        return f"they came to {self.event or 'an event'}" + _lately(self.within)


@dataclass(frozen=True, slots=True)
class FilledForm:
    """The member filled this form, or (None) any."""

    form: str | None
    within: timedelta | None

    def describe(self) -> str:
        return f"they filled {f'the form {self.form}' if self.form else 'a form'}" + _lately(self.within)


@dataclass(frozen=True, slots=True)
class Did:
    """The member did this, or (None) anything that was noted as an action."""

    action: str | None
    within: timedelta | None

    def describe(self) -> str:
        return f"they did {self.action or 'something'}" + _lately(self.within)


def _lately(within: timedelta | None) -> str:
    return f" in the last {say_duration(within)}" if within else ""


def _happened(builds: Any, key: str, says: str) -> WordOr[Any]:
    fields = (
        Field(key, SLUG, f"{says} Without it, any.", None),
        Field("within", Span(), "How long ago at most; without it, ever.", None),
    )
    return WordOr({"any": builds(None, None)}, Record(builds, fields))


OPTIONS = (
    Option("rsvped", _happened(Rsvped, "event", "Which event."), "They said they would come.", Rsvped),
    Option("attended", _happened(Attended, "event", "Which event."), "They came to an event.", Attended),
    Option("form", _happened(FilledForm, "form", "Which form."), "They filled a form.", FilledForm),
    Option("did", _happened(Did, "action", "Which action."), "They did something that was noted.", Did),
)
