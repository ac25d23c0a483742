"""What was found wrong, where, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

LONGEST_QUOTE = 60


class Level(StrEnum):
    """An error keeps a journey from being published; a warning is worth a second look."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend. `line` and `column` count from 1; `key` is the dotted path, steps by their id."""

    file: str
    line: int
    column: int
    key: str
    rule: str
    level: Level
    says: str
    fix: str

    def as_json(self) -> dict[str, Any]:
        """The finding as plain JSON, without the file (the caller lists findings under their file)."""
        plain = asdict(self)
        del plain["file"]
        return plain

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.level}: {self.says} {self.fix} [{self.rule}]"


@dataclass(frozen=True, slots=True)
class Source:
    """Where each key of a journey was written, so that later checks can point at the line."""

    file: str = "journey"
    marks: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def place(self, key: str) -> tuple[int, int]:
        """Line and column of the key, or of the nearest thing around it."""
        while key not in self.marks and "." in key:
            key = key.rpartition(".")[0]
        return self.marks.get(key, (1, 1))

    def finding(self, key: str, rule: str, level: Level, says: str, fix: str) -> Finding:
        """A finding at the place where the key was written."""
        line, column = self.place(key)
        return Finding(self.file, line, column, key, rule, level, says, fix)


def errors(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those findings that keep a journey from being published."""
    return tuple(finding for finding in findings if finding.level is Level.ERROR)


def in_reading_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings from the top of the file to its end."""
    return tuple(sorted(findings, key=lambda found: (found.file, found.line, found.column, found.rule)))


def quoted(text: str) -> str:
    """The text in quotes, cut short enough to stand in a sentence."""
    flat = " ".join(text.split())
    return f'"{flat[:LONGEST_QUOTE]}…"' if len(flat) > LONGEST_QUOTE else f'"{flat}"'
