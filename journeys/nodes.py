"""YAML as a tree in which every value knows its line and column.

Built from parser events rather than from composed nodes: depth is known before anything recurses, and an
alias is refused when it is met, so that no input can make the tree larger than its text. Scalars follow the
YAML 1.2 core schema: `no`, `on` and `10:00` are words, as people expect and as editors read them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

LARGEST_BYTES = 512 * 1024
DEEPEST = 40

# libyaml reads half a megabyte in a fraction of a second; PyYAML's own parser is the same language, slower.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
NULL = frozenset({"", "~", "null", "Null", "NULL"})
TRUE = frozenset({"true", "True", "TRUE"})
FALSE = frozenset({"false", "False", "FALSE"})


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the text; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Scalar:
    """One word or text, exactly as written; `plain` when it had no quotes around it."""

    value: str
    plain: bool
    mark: Mark

    @property
    def kind(self) -> str:
        """What the core schema makes of it: text, number, truth or nothing."""
        if not self.plain:
            return "text"
        if self.value in NULL:
            return "nothing"
        if self.value in TRUE or self.value in FALSE:
            return "truth"
        return "number" if INT.fullmatch(self.value) or FLOAT.fullmatch(self.value) else "text"


@dataclass(frozen=True, slots=True)
class Listing:
    """A list."""

    items: list[Node]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping; its entries in order, doubled keys included."""

    entries: list[tuple[Scalar, Node]]
    mark: Mark


Node: TypeAlias = Scalar | Listing | Mapping


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the text is not YAML that we read."""

    mark: Mark
    rule: str
    says: str
    fix: str


def parse(text: str | bytes) -> Node | Trouble:
    """The tree of the one document in the text, or the first reason why there is none. Never raises."""
    start = Mark(1, 1)
    try:
        raw = text.encode("utf-8") if isinstance(text, str) else text
        decoded = raw.decode("utf-8-sig") if len(raw) <= LARGEST_BYTES else ""
    except UnicodeError:
        return Trouble(start, "not_text", "This file is not text in UTF-8.", "Save it as UTF-8 and try again.")
    if len(raw) > LARGEST_BYTES:
        says = f"This file is larger than {LARGEST_BYTES // 1024} kB, which no journey needs."
        return Trouble(start, "too_large", says, "Keep letters in templates, and only their names here.")
    try:
        return _tree(decoded)
    except yaml.MarkedYAMLError as error:
        return _not_yaml(decoded, error)
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError):
        # A reader error (a control character) or an escape outside Unicode carries no usable mark.
        says = "This file holds a character or an escape that YAML does not allow."
        return Trouble(_odd_character(decoded), "not_yaml", says, "Remove it, or type the letter itself.")


def plain_value(node: Node) -> Any:
    """The node as a schema validator wants it; a doubled key has its last value."""
    match node:
        case Scalar(value=value, kind=kind):
            return (
                {"text": value, "nothing": None, "truth": value in TRUE}[kind] if kind != "number" else _number(value)
            )
        case Listing(items=items):
            return [plain_value(item) for item in items]
        case Mapping(entries=entries):
            return {name.value: plain_value(item) for name, item in entries}


def _number(written: str) -> int | float:
    """The number of the core schema. A whole one too long for any use is told as infinite."""
    if INT.fullmatch(written):
        digits = written.lstrip("+-")
        if len(digits) > 200:
            return float("inf")
        whole = int(digits, 0) if digits[:2] in ("0o", "0x") else int(digits)
        return -whole if written.startswith("-") else whole
    return float(re.sub(r"\.(?=inf|nan)", "", written, flags=re.IGNORECASE))


def _tree(text: str) -> Node | Trouble:
    root: Node | None = None
    # Each open container with the key that waits for its value (mappings only).
    open_nodes: list[tuple[Listing | Mapping, Scalar | None]] = []
    for event in yaml.parse(text, Loader=LOADER):
        mark = _mark(event.start_mark)
        if isinstance(event, yaml.DocumentStartEvent) and root is not None:
            return Trouble(
                mark,
                "two_documents",
                "A second document begins here.",
                "Put each journey in a file of its own.",
            )
        if isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            open_nodes.pop()
            continue
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            return Trouble(
                mark,
                "alias",
                "Journeys use no anchors (&) and no aliases (*).",
                "Write the words out again, so that each line says what it does.",
            )
        if getattr(event, "tag", None) is not None:
            return Trouble(mark, "tag", "Journeys use no YAML tags (!).", "Remove the tag and keep its value.")
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = Scalar(event.value, event.style in (None, ""), mark)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = Listing([], mark)
        elif isinstance(event, yaml.MappingStartEvent):
            node = Mapping([], mark)
        else:
            continue
        if not open_nodes:
            root = node
        else:
            above, key = open_nodes[-1]
            if isinstance(above, Listing):
                above.items.append(node)
            elif key is not None:
                above.entries.append((key, node))
                open_nodes[-1] = (above, None)
            elif isinstance(node, Scalar):
                open_nodes[-1] = (above, node)
            else:
                return Trouble(mark, "key", "A key must be one word.", "Write `key: value`.")
        if not isinstance(node, Scalar):
            open_nodes.append((node, None))
            if len(open_nodes) > DEEPEST:
                says = f"This is nested more than {DEEPEST} levels deep."
                return Trouble(mark, "too_deep", says, "Say it with fewer levels, or in two journeys.")
    if root is None:
        return Trouble(Mark(1, 1), "empty", "There is nothing in this file.", "Begin with `slug:` and `title:`.")
    return root


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)


def _not_yaml(text: str, error: yaml.MarkedYAMLError) -> Trouble:
    at = error.problem_mark or error.context_mark
    mark = _mark(at) if at else Mark(1, 1)
    lines = text.splitlines()
    line = lines[mark.line - 1] if mark.line <= len(lines) else ""
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent:
        says = "This line is indented with a tab, which YAML does not allow."
        return Trouble(Mark(mark.line, indent.index("\t") + 1), "tab", says, "Use spaces instead.")
    return Trouble(
        mark,
        "not_yaml",
        f"This is not YAML: {error.problem or 'it cannot be read'}.",
        "Look at the indentation here and on the line before; put words with a colon or a quote in quotes.",
    )


def _odd_character(text: str) -> Mark:
    odd = re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    at = odd.start() if odd else 0
    before = text[:at]
    return Mark(before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1)
