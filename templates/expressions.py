"""The small part of Jinja that a template may use: read with places, checked by an allow-list, run in a sandbox.

What may stand in a template: `{{ variable }}`, `{% if %}`, `{% for %}`, comments, comparisons, and the filters of
`FILTERS`. No arithmetic, no calls, no indexing, no attributes of anything but our own dicts. The check runs when an
author saves and once more before anything stored is run; the sandbox refuses the same things again while it runs.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS as JINJA_FILTERS
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from templates.finding import Finding
from templates.vocabulary import fields_of

#: The filters an author may use; none can grow its input or reach another object.
FILTERS = frozenset({"capitalize", "default", "first", "join", "last", "length", "lower", "trim", "upper", "urlencode"})
TESTS = frozenset({"defined"})
#: Loops inside loops; with `render.LONGEST_LIST` this bounds the time of a loop that prints nothing.
DEEPEST_LOOP = 2
MOST_LOOPS = 12

_LOOP_WORDS = frozenset({"first", "last", "index"})
_PLAIN_NODES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Name, nodes.Getattr, nodes.Const,
    nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr,
    nodes.Keyword,
)  # fmt: skip
_WORDS = frozenset({"=", "#", "if", "elif", "else", "endif", "for", "endfor"})
_ONLY_BLOCKS = "A template has only {% if %}, {% elif %}, {% else %}, {% endif %}, {% for %} and {% endfor %}."
_OPENERS = {"{{": "}}", "{%": "%}", "{#": "#}"}


class LetterEnvironment(ImmutableSandboxedEnvironment):
    """A Jinja environment in which only plain values can be read, and nothing can be called or computed."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})
    intercepted_unops = frozenset({"+", "-"})

    def __init__(self, *, autoescape: bool) -> None:
        super().__init__(autoescape=autoescape, undefined=StrictUndefined, keep_trailing_newline=True, cache_size=0)
        self.globals.clear()
        self.filters = {name: JINJA_FILTERS[name] for name in FILTERS}
        self.tests = {"defined": self.tests["defined"]}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """The value under this name of one of our own dicts; nothing else has attributes here."""
        if type(obj) is dict:
            try:
                return obj[attribute]
            except KeyError:
                return self.undefined(name=attribute)
        if isinstance(obj, LoopContext) and attribute in _LOOP_WORDS:
            return getattr(obj, attribute)
        if isinstance(obj, Undefined):
            return obj
        raise SecurityError(f"“{attribute}” was asked of something that is not a group of variables.")

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self.getattr(obj, argument)

    def call(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise SecurityError("A template calls nothing.")

    def call_binop(self, _context: Any, operator: str, _left: Any, _right: Any) -> NoReturn:
        raise SecurityError(f"A template does not compute with “{operator}”.")

    def call_unop(self, _context: Any, operator: str, _arg: Any) -> NoReturn:
        raise SecurityError(f"A template does not compute with “{operator}”.")


@dataclass(frozen=True, slots=True)
class Piece:
    """One Jinja part of a source, from its opening to its closing braces."""

    source: str
    line: int
    column: int

    @property
    def word(self) -> str:
        """The word a block begins with (`if`, `endfor`), `=` for an expression, `#` for a comment."""
        if self.source.startswith("{{"):
            return "="
        if self.source.startswith("{#"):
            return "#"
        found = re.match(r"\{%[-+]?\s*(\w*)", self.source)
        return found[1] if found else ""


def split(source: str, *, file: str, line: int = 1) -> list[str | Piece] | Finding:
    """The source as plain text and Jinja pieces in order; a Finding where a piece never ends."""
    parts: list[str | Piece] = []
    start = 0
    while True:
        opening = _next_opening(source, start)
        if opening is None:
            parts.append(source[start:])
            return parts
        if opening > start:
            parts.append(source[start:opening])
        end = _closing(source, opening)
        before = source[:opening]
        at_line = line + before.count("\n")
        at_column = opening - (before.rfind("\n") + 1) + 1
        if end is None:
            mark = source[opening : opening + 2]
            return Finding(
                file,
                at_line,
                at_column,
                f"“{mark}” is opened here and never closed.",
                f"Close it with {_OPENERS[mark]}.",
            )
        parts.append(Piece(source[opening:end], at_line, at_column))
        start = end


def _next_opening(source: str, start: int) -> int | None:
    found = [at for mark in _OPENERS if (at := source.find(mark, start)) >= 0]
    return min(found, default=None)


def _closing(source: str, opening: int) -> int | None:
    """Just behind the closing mark, which may not stand inside a quoted string (but anywhere in a comment)."""
    mark = source[opening : opening + 2]
    close = _OPENERS[mark]
    if mark == "{#":
        at = source.find(close, opening + 2)
        return at + 2 if at >= 0 else None
    quote = ""
    at = opening + 2
    while at < len(source):
        sign = source[at]
        if quote:
            if sign == "\\":
                at += 1
            elif sign == quote:
                quote = ""
        elif sign in "\"'":
            quote = sign
        elif source.startswith(close, at):
            return at + 2
        at += 1
    return None


@dataclass(frozen=True, slots=True)
class Used:
    """What a checked source uses: dotted variable names."""

    variables: frozenset[str]


def check(source: str, *, file: str, line: int, known: frozenset[str]) -> Used | tuple[Finding, ...]:
    """The variables this source uses, or everything in it that a template may not do.

    `line` is where the source begins in its file; `known` are the dotted names of the vocabulary.
    """
    pieces = split(source, file=file, line=line)
    if isinstance(pieces, Finding):
        return (pieces,)
    strange = [p for p in pieces if isinstance(p, Piece) and p.word not in _WORDS]
    if strange:
        return tuple(
            Finding(file, p.line, p.column, f"“{p.word}” is not used in templates.", _ONLY_BLOCKS) for p in strange
        )
    try:
        # A bare parse: it runs nothing and knows no values.
        tree = LetterEnvironment(autoescape=True).parse("\n" * (line - 1) + source)
    except TemplateSyntaxError as error:
        at = _column_on(pieces, error.lineno)
        said = (error.message or "This is not a template expression").rstrip(".")
        return (Finding(file, error.lineno, at, f"This part cannot be read: {said}.", _syntax_fix(said)),)
    except (RecursionError, MemoryError):
        return (Finding(file, line, 1, "These expressions are nested too deeply.", "Write them more simply."),)
    reader = _Reader(file, pieces, known)
    reader.visit(tree, bound={}, depth=0)
    return tuple(reader.findings) if reader.findings else Used(frozenset(reader.variables))


def _syntax_fix(said: str) -> str:
    if "unknown tag" in said or "Encountered unknown" in said:
        return _ONLY_BLOCKS
    if "filter" in said:
        return f"The filters here are {', '.join(sorted(FILTERS))}."
    return "Write {{ a.variable }} for a value, {% if a.variable %}…{% endif %} for a choice."


def _column_on(pieces: list[str | Piece], line: int, holding: str = "") -> int:
    on_line = [p for p in pieces if isinstance(p, Piece) and p.line <= line <= p.line + p.source.count("\n")]
    best = next((p for p in on_line if holding in p.source), on_line[0] if on_line else None)
    return best.column if best else 1


class _Reader:
    """Walks a parsed source and notes what it uses and what it may not."""

    def __init__(self, file: str, pieces: list[str | Piece], known: frozenset[str]) -> None:
        self.file = file
        self.pieces = pieces
        self.known = known
        self.groups = {name.partition(".")[0] for name in known}
        self.findings: list[Finding] = []
        self.variables: set[str] = set()
        self.loops = 0

    def refuse(self, node: nodes.Node, what: str, fix: str, holding: str = "", about: str = "") -> None:
        column = _column_on(self.pieces, node.lineno, holding)
        self.findings.append(Finding(self.file, node.lineno, column, what, fix, about))

    def visit(self, node: nodes.Node, *, bound: Mapping[str, frozenset[str]], depth: int) -> None:
        """Note this node and what is in it. `bound` are loop variables, `loop` itself among them, with their fields."""
        match node:
            case nodes.For():
                self._visit_for(node, bound, depth)
            case nodes.Getattr() | nodes.Name():
                self._visit_name(node, bound)
            case nodes.Filter() if node.name not in FILTERS:
                self.refuse(
                    node, f"There is no filter “{node.name}” here.", f"Use {', '.join(sorted(FILTERS))}.", node.name
                )
            case nodes.Test() if node.name not in TESTS:
                self.refuse(
                    node, f"There is no test “{node.name}” here.", "Use “is defined”, or a comparison.", node.name
                )
            case nodes.Getitem():
                self.refuse(node, "Square brackets are not used here.", "Write group.variable with a dot.", "[")
            case nodes.Call():
                self.refuse(node, "A template calls nothing.", "Use a variable, and no round brackets behind it.", "(")
            case nodes.BinExpr() | nodes.UnaryExpr() if not isinstance(node, (nodes.And, nodes.Or, nodes.Not)):
                self.refuse(
                    node, "A template does not compute.", "Let the letter say it, or ask for a variable that does."
                )
            case _ if not isinstance(node, _PLAIN_NODES):
                self.refuse(
                    node,
                    f"“{_plain_name(node)}” is not used in templates.",
                    "A template has only variables, {% if %} and {% for %}.",
                )
            case _:
                for child in node.iter_child_nodes():
                    self.visit(child, bound=bound, depth=depth)

    def _visit_for(self, node: nodes.For, bound: Mapping[str, frozenset[str]], depth: int) -> None:
        self.loops += 1
        if depth >= DEEPEST_LOOP or self.loops > MOST_LOOPS:
            self.refuse(node, "There are too many loops here.", "A letter hardly ever needs more than one.", "for")
            return
        if not isinstance(node.target, nodes.Name) or node.recursive:
            self.refuse(node, "This loop is not a plain one.", "Write {% for line in a.list %}…{% endfor %}.", "for")
            return
        self.visit(node.iter, bound=bound, depth=depth)
        path = _path(node.iter) if isinstance(node.iter, nodes.Name | nodes.Getattr) else None
        inner = {**bound, node.target.name: fields_of(".".join(path or ())), "loop": _LOOP_WORDS}
        for child in (*node.body, *([node.test] if node.test else [])):
            self.visit(child, bound=inner, depth=depth + 1)
        for child in node.else_:
            self.visit(child, bound=bound, depth=depth)

    def _visit_name(self, node: nodes.Getattr | nodes.Name, bound: Mapping[str, frozenset[str]]) -> None:
        path = _path(node)
        if path is None:
            self.refuse(node, "A dot stands behind something that is no group of variables.", "Write group.variable.")
            return
        root, *rest = path
        name = ".".join(path)
        if root in bound:
            fields = bound[root]
            if (not fields and rest) or (fields and (len(rest) != 1 or rest[0] not in fields)):
                instead = root if not fields else "loop.last" if root == "loop" else f"{root}.{min(fields)}"
                self.refuse(node, f"“{name}” has nothing inside.", f"Write {instead}.", name)
            return
        if name in self.known:
            self.variables.add(name)
            return
        if name in self.groups:
            parts = ", ".join(sorted(n for n in self.known if n.startswith(f"{name}.")))
            self.refuse(node, f"“{name}” is a group of variables.", f"Say which: {parts}.", name)
            return
        near = difflib.get_close_matches(name, self.known, n=1, cutoff=0.5)
        fix = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(self.known))}."
        self.refuse(node, f"There is no variable “{name}” here.", fix, name, "variable")


def _path(node: nodes.Expr) -> tuple[str, ...] | None:
    match node:
        case nodes.Name():
            return (node.name,)
        case nodes.Getattr():
            before = _path(node.node)
            return None if before is None else (*before, node.attr)
        case _:
            return None


def _plain_name(node: nodes.Node) -> str:
    return type(node).__name__.lower()


def urlencoded(piece: Piece) -> bool:
    """True if this expression's value is encoded for a URL last of all."""
    try:
        tree = LetterEnvironment(autoescape=True).parse(piece.source)
    except TemplateSyntaxError:
        return False
    found: Iterator[nodes.Output] = tree.find_all(nodes.Output)
    return all(
        isinstance(part, nodes.Filter) and part.name == "urlencode"
        for output in found
        for part in output.nodes
        if not isinstance(part, nodes.TemplateData)
    )


def single_variable(piece: Piece) -> str | None:
    """The dotted name if this expression is one variable and nothing else."""
    try:
        tree = LetterEnvironment(autoescape=True).parse(piece.source)
    except TemplateSyntaxError:
        return None
    match tree.body:
        case [nodes.Output(nodes=[nodes.Name() | nodes.Getattr() as only])]:
            path = _path(only)
            return ".".join(path) if path else None
        case _:
            return None
