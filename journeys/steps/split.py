"""A parting of ways by lot, in which everybody keeps the lot they drew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import ClassVar

from journeys.records import Default, Field, Record
from journeys.scalars import TAG, ListOf, StepName, Whole
from journeys.shapes import Next
from journeys.steps.kind import Way, kind, to


@dataclass(frozen=True, slots=True)
class Share:
    """So many of all the parts go this way."""

    share: int
    go: Next


@dataclass(frozen=True, slots=True)
class Split:
    """Each member goes one of the ways, by lot: the same one each time they come here, on any day and any machine."""

    takes_time: ClassVar[bool] = False

    id: str
    ways_out: tuple[Share, ...]
    seed: str | None

    def drawn(self, journey: str, member_id: int) -> int:
        """The place of the way that this member goes. Nothing is remembered: the lot is made of who draws it where.

        Two splits with the same seed draw the same lots; without one, the journey and the step are the seed.
        """
        seed = self.seed or f"{journey}/{self.id}"
        lot = int.from_bytes(blake2b(f"{seed}/{member_id}".encode(), digest_size=8).digest(), "big")
        mark = lot * self.parts >> 64
        for place, way in enumerate(self.ways_out):
            mark -= way.share
            if mark < 0:
                return place
        raise AssertionError("the shares are the parts, so that one of them holds every mark")

    @property
    def parts(self) -> int:
        """All shares together."""
        return sum(way.share for way in self.ways_out)

    def ways(self) -> tuple[Way, ...]:
        return tuple(Way(f"way {number}", way.go) for number, way in enumerate(self.ways_out, start=1))

    def describe(self, ids: Sequence[str]) -> str:
        said = [f"{100 * way.share / self.parts:.3g} in 100 go to {to(way.go, ids)}" for way in self.ways_out]
        return f"draws a lot, the same one each time for the same person: {', '.join(said)}"


SHARE = Record(
    Share,
    (
        Field("share", Whole(1, 10_000), "How many go this way, in percent or as any parts of the whole."),
        Field("go", StepName(), "The step they go to; without it, the next in the list.", Default.NEXT),
    ),
)

KIND = kind(
    "split",
    "Goes one of several ways by lot; the same person draws the same lot each time.",
    Record(
        Split,
        (
            Field("ways", ListOf(SHARE, least=2, most=20), "The ways and how many go each.", attr="ways_out"),
            Field("seed", TAG, "A word that two splits share when they are to part people alike.", None),
        ),
    ),
)
