"""A figure: what was measured of us, of the naive way, and what was to be reached."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """Ours against its baseline, both medians of the same run in the same unit; the goal is on their ratio.

    Without a goal it is told and not judged.
    """

    name: str
    database: Literal["sqlite", "postgresql", "none"]
    baseline: float
    ours: float
    goal: float | None
    unit: str
    sense: Literal["at least", "at most"] = "at least"

    @property
    def ratio(self) -> float:
        """Ours divided by the baseline."""
        return self.ours / self.baseline

    @property
    def reached(self) -> bool:
        """Whether the ratio is on the good side of the goal."""
        if self.goal is None:
            return True
        return self.ratio >= self.goal if self.sense == "at least" else self.ratio <= self.goal

    def as_json(self) -> dict[str, str | float | bool | None]:
        """The figure as one flat object; `pass` is `reached`."""
        return {
            "name": self.name,
            "database": self.database,
            "baseline": significant(self.baseline),
            "ours": significant(self.ours),
            "ratio": significant(self.ratio),
            "goal": self.goal,
            "pass": self.reached,
            "unit": self.unit,
            "sense": self.sense,
        }


def significant(value: float) -> float:
    """The value with four significant digits: more would be noise."""
    return float(f"{value:.4g}")
