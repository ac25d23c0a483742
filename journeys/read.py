"""A journey read from YAML, or everything that is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from journeys import nodes
from journeys.conditions import CONDITION, Condition
from journeys.findings import Finding, Level, Source, in_reading_order, quoted
from journeys.model import JOURNEY, Journey, step_names
from journeys.nodes import Mapping, Scalar, Trouble
from journeys.scalars import LANGUAGE
from journeys.shapes import REFUSED, Reader


@dataclass(frozen=True, slots=True)
class Draft:
    """What one file holds: a journey when nothing in it is an error, and where each key was written."""

    journey: Journey | None
    findings: tuple[Finding, ...]
    source: Source


def read(text: str | bytes, file: str = "journey") -> Draft:
    """The draft in the text. Never raises: whatever is wrong is a finding with its place."""
    tree = nodes.parse(text)
    if isinstance(tree, Trouble):
        mark = tree.mark
        finding = Finding(file, mark.line, mark.column, "", tree.rule, Level.ERROR, tree.says, tree.fix)
        return Draft(None, (finding,), Source(file))
    reader = Reader(file)
    if isinstance(tree, Mapping):
        _look_ahead(tree, reader)
    journey = JOURNEY.read(tree, "", reader)
    source = Source(file, reader.marks)
    whole = None if journey is REFUSED or reader.findings else journey
    return Draft(whole, in_reading_order(reader.findings), source)


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition that stands by itself, when nothing in it is an error."""

    condition: Condition | None
    findings: tuple[Finding, ...]


def read_condition(text: str | bytes, file: str = "condition") -> Asked:
    """The condition in the text, outside any journey. Never raises: whatever is wrong is a finding with its place."""
    tree = nodes.parse(text)
    if isinstance(tree, Trouble):
        mark = tree.mark
        return Asked(None, (Finding(file, mark.line, mark.column, "", tree.rule, Level.ERROR, tree.says, tree.fix),))
    reader = Reader(file)
    read = CONDITION.read(tree, file, reader)
    return Asked(None if read is REFUSED else read, in_reading_order(reader.findings))


def read_file(path: Path) -> Draft:
    """The draft in the file; a file that cannot be opened is a finding too."""
    try:
        # One byte more than is allowed, so that a file without end is refused and not read.
        with path.open("rb") as opened:
            content = opened.read(nodes.LARGEST_BYTES + 1)
    except OSError as error:
        says = f"The file {quoted(str(path))} cannot be read: {error.strerror or error}."
        fix = "Look at its name and at who may read it."
        return Draft(None, (Finding(str(path), 1, 1, "", "no_file", Level.ERROR, says, fix),), Source(str(path)))
    return read(content, str(path))


def _look_ahead(tree: Mapping, reader: Reader) -> None:
    """The reader knows the step ids and the language, which stand anywhere in the file, before it reads."""
    for key, value in tree.entries:
        if key.value == "steps":
            names = step_names(value)
            # A step without an id keeps a place (no id holds a blank), so that the last step stays the last.
            reader.steps = {name or f"step {place}": place for place, name in enumerate(names)}
        if key.value == "language" and isinstance(value, Scalar):
            probe = Reader(reader.file)
            language = LANGUAGE.read(value, "language", probe)
            reader.language = reader.language if language is REFUSED else language
