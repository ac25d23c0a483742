"""Quiet hours: when a journey keeps silent, on the member's own clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from journeys.records import Field, Record
from journeys.scalars import Closed, Hour
from journeys.vocabulary import Channels, InQuietHours


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `begins` to `ends` nothing of the journey arrives; over midnight where `ends` is the earlier one.

    Texts keep the organization's texting hours in any case; these can only make them narrower.
    """

    begins: time
    ends: time
    channels: Channels = Channels.TEXTS
    otherwise: InQuietHours = InQuietHours.NEXT_AVAILABLE

    def hold(self, local: time) -> bool:
        """Whether it is quiet at this hour of the member's own clock."""
        if self.begins <= self.ends:
            return self.begins <= local < self.ends
        return local >= self.begins or local < self.ends

    def describe(self) -> str:
        """The rule in words, without a full stop."""
        what = "texts" if self.channels is Channels.TEXTS else "letters and texts"
        then = "are given up" if self.otherwise is InQuietHours.ABORT else "wait for the next hour that is free"
        return f"from {self.begins:%H:%M} to {self.ends:%H:%M} where the member lives, {what} {then}"


QUIET_HOURS = Record(
    QuietHours,
    (
        Field("begins", Hour(), "The hour at which it becomes quiet, such as 19:00."),
        Field("ends", Hour(), "The hour from which messages may arrive again, such as 10:00."),
        Field("channels", Closed(Channels), "`texts` alone, or `all` for letters too.", Channels.TEXTS),
        Field(
            "otherwise",
            Closed(InQuietHours),
            "`next_available` waits for the next hour that is free; `abort` gives the message up.",
            InQuietHours.NEXT_AVAILABLE,
        ),
    ),
    says="Hours in which nothing of this journey arrives.",
)
