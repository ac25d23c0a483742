"""One compiled template and one reader's values become one mail, or a refusal that says why.

Nothing a value contains is ever read as template, markup or header: values are cleaned to one line of plain words
before Jinja sees them, and escaped where HTML begins.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import Any, NamedTuple, NewType

from jinja2 import Template, TemplateError, UndefinedError
from jinja2.runtime import new_context

from templates import plain
from templates.compiled import Compiled
from templates.expressions import LetterEnvironment, Used, check
from templates.segments import plain_signs
from templates.vocabulary import names_for

#: Characters of HTML or text one mail may have. A letter has a few thousand.
MOST_OUTPUT = 200_000
#: Seconds of our own work one mail may take. A letter takes less than a thousandth of it.
MOST_SECONDS = 0.2
#: So many pieces are written between two looks at both.
LOOK_EVERY = 32
#: Values in one list; see `expressions.DEEPEST_LOOP`.
LONGEST_LIST = 400
LONGEST_SUBJECT = 250
#: Signs of one text that the provider takes (https://www.twilio.com/docs/messaging/api/message-resource, Body).
LONGEST_TEXT = 1600
_DEEPEST_VALUE = 4

#: Values that are as plain as they can be.
_PLAIN_KINDS = frozenset({bool, int, float, type(None)})

_LINE_BREAKS = "\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"
_DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_UNSEEN = "\u00ad\u200b\u2060\ufeff"
_CLEANING: dict[int, str | None] = (
    dict.fromkeys((*range(32), *range(127, 160), *range(55296, 57344), *range(57344, 63744)))
    | {ord(sign): None for sign in _DIRECTIONS + _UNSEEN}
    | {ord(sign): " " for sign in _LINE_BREAKS}
)


#: Values that went through `clean`.
Clean = NewType("Clean", dict[str, Any])
_NOTHING = Clean({})


class Rendered(NamedTuple):
    """One mail's words: a subject of one line, an HTML part and a plain part; of a text only the latter."""

    subject: str
    #: The plain part in its paragraphs and what stands between them (`plain.finished`).
    paragraphs: Sequence[str]
    #: The HTML in the pieces that it was put together of: those of the template are the same for every reader.
    pieces: Sequence[str] = ()

    @property
    def text(self) -> str:
        """The plain part, whole."""
        return "".join(self.paragraphs)

    @property
    def html(self) -> str:
        """The HTML part, whole."""
        return "".join(self.pieces)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why no mail was made. `variable` is the dotted name at fault, where there is one."""

    template: str
    reason: str
    variable: str | None
    says: str


class _Unfit(Exception):
    """A value is not plain words."""

    def __init__(self, variable: str, what: str) -> None:
        super().__init__(what)
        self.variable = variable


class _TooMuch(Exception):
    """A template writes too much or takes too long."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    #: Absent where it says the same to everybody; then `alike` is what it says.
    subject: Template | None
    alike: str
    html: Template
    text: Template


class Renderer:
    """Renders compiled templates, keeping each one ready after its first use. One serves all threads."""

    def __init__(self, *, most_output: int = MOST_OUTPUT, most_seconds: float = MOST_SECONDS, room: int = 500) -> None:
        self._html = LetterEnvironment(autoescape=True)
        self._words = LetterEnvironment(autoescape=False)
        self._known_to_all = dict(self._words.globals)
        self._most_output = most_output
        self._most_seconds = most_seconds
        self._room = room
        self._ready: dict[tuple[str, str, str, str], _Prepared] = {}
        self._lock = Lock()

    def render(self, compiled: Compiled, values: Mapping[str, Any], alike: Clean = _NOTHING) -> Rendered | Refused:
        """This mail for this reader, or why not; never raises for what a template or a value contains.

        `alike`: values that many readers share, cleaned once for all of them; a reader's own lie over them.
        """
        try:
            ready = self._prepare(compiled)
            if isinstance(ready, Refused):
                return ready
            plain_values = {**self._known_to_all, **alike, **clean(values)}
            if compiled.channel == "sms":
                return self._text_message(compiled, ready, plain_values)
            began = time.thread_time()
            subject = ready.alike
            if ready.subject is not None:
                subject = " ".join("".join(self._pieces(ready.subject, plain_values, began)).split())
            if not subject or len(subject) > LONGEST_SUBJECT:
                says = (
                    f"The subject of “{compiled.name}” came out {'too long' if subject else 'empty'}. Nothing was sent."
                )
                return Refused(_title(compiled), "subject", None, says)
            pieces = self._pieces(ready.html, plain_values, began)
            paragraphs = plain.finished("".join(self._pieces(ready.text, plain_values, began)))
        except UndefinedError as error:
            missing = _missing(compiled, {**alike, **values}, str(error))
            says = f"“{_title(compiled)}” needs {missing}, and it is not known here. Nothing was sent; give it a value."
            return Refused(_title(compiled), "missing variable", missing, says)
        except _Unfit as unfit:
            says = f"“{_title(compiled)}” was handed something in {unfit.variable} that {unfit}. Nothing was sent."
            return Refused(_title(compiled), "unfit value", unfit.variable, says)
        except _TooMuch as much:
            return Refused(_title(compiled), "too much", None, f"“{_title(compiled)}” {much}. Nothing was sent.")
        except (TemplateError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
            says = f"“{_title(compiled)}” could not be put together: {error}. Nothing was sent."
            return Refused(_title(compiled), "template", None, says)
        return Rendered(subject, paragraphs, pieces)

    def _text_message(self, compiled: Compiled, ready: _Prepared, values: dict[str, Any]) -> Rendered | Refused:
        words = plain_signs(plain.tidy(self._run(ready.text, values)))
        if words and len(words) <= LONGEST_TEXT:
            return Rendered("", [words])
        came_out = f"longer than {LONGEST_TEXT} signs" if words else "empty"
        says = f"The text “{_title(compiled)}” came out {came_out}. Nothing was sent."
        return Refused(_title(compiled), "length", None, says)

    def text(self, source: str, values: Mapping[str, Any]) -> str:
        """The finished plain text of a source that `expressions.check` has passed. Raises what Jinja raises."""
        return plain.finish(self._run(self._words.from_string(source), self._known_to_all | clean(values)))

    def _prepare(self, compiled: Compiled) -> _Prepared | Refused:
        key = (f"{compiled.channel} {compiled.frame}", compiled.subject, compiled.html, compiled.text)
        ready = self._ready.get(key)
        if ready is not None:
            return ready
        # A stored version is checked again: rows can be older than our rules.
        known = names_for(compiled.frame, compiled.channel)
        for source in (compiled.subject, compiled.html, compiled.text):
            used = check(source, file=_title(compiled), line=1, known=known)
            if not isinstance(used, Used):
                return Refused(_title(compiled), "template", None, f"{used[0]} Nothing was sent; publish it anew.")
        says_the_same = "{" not in compiled.subject
        ready = _Prepared(
            None if says_the_same else self._words.from_string(compiled.subject),
            " ".join(compiled.subject.split()) if says_the_same else "",
            self._html.from_string(compiled.html),
            self._words.from_string(compiled.text),
        )
        with self._lock:
            while len(self._ready) >= self._room:
                del self._ready[next(iter(self._ready))]
            self._ready[key] = ready
        return ready

    def _run(self, template: Template, values: dict[str, Any]) -> str:
        return "".join(self._pieces(template, values, time.thread_time()))

    def _pieces(self, template: Template, values: dict[str, Any], began: float) -> list[str]:
        """What the template says to these values; our own work on the mail began at that time of this thread's."""
        pieces: list[str] = []
        size = 0
        until = time.monotonic() + self._most_seconds
        # The values hold what every template knows already (`_known_to_all`): nothing is copied for each of its parts.
        context = new_context(template.environment, template.name, template.blocks, values, shared=True)
        written = template.root_render_func(context)
        while True:
            some = list(islice(written, LOOK_EVERY))
            pieces += some
            size += sum(map(len, some))
            until = self._within_bounds(size, began, until)
            if len(some) < LOOK_EVERY:
                return pieces

    def _within_bounds(self, size: int, began: float, until: float) -> float:
        """By when on the clock a mail must be done, of which a part has grown to this size. Raises _TooMuch."""
        if size > self._most_output:
            raise _TooMuch("grew past the length a mail may have")
        if time.monotonic() <= until:
            return until
        # A machine that was busy with something else is no fault of the letter's, and loses nobody theirs.
        left = self._most_seconds - (time.thread_time() - began)
        if left <= 0:
            raise _TooMuch("took too long to put together")
        return time.monotonic() + left


def clean(values: Mapping[str, Any]) -> Clean:
    """The values as plain dicts, lists and single lines of words. Raises _Unfit for anything that is neither."""
    return Clean({name: _plain(value, name, 1) for name, value in values.items()})


def _plain(value: Any, path: str, depth: int) -> Any:
    kind = type(value)
    if kind is str:
        return value if value.isprintable() else value.translate(_CLEANING)
    if kind in _PLAIN_KINDS:
        return value
    if depth > _DEEPEST_VALUE:
        raise _Unfit(path, "is nested too deeply")
    if kind is dict:
        # Nearly every value needs no cleaning: what is printable has no breaks, control nor direction characters.
        return {
            str(name): inner
            if (inner.isprintable() if type(inner) is str else type(inner) in _PLAIN_KINDS)
            else _plain(inner, f"{path}.{name}", depth + 1)
            for name, inner in value.items()
        }
    if kind is list or kind is tuple:
        if len(value) > LONGEST_LIST:
            raise _Unfit(path, f"has more than {LONGEST_LIST} lines")
        return [_plain(inner, path, depth + 1) for inner in value]
    raise _Unfit(path, f"is not plain words but a {kind.__name__}")


def _missing(compiled: Compiled, values: Mapping[str, Any], said: str) -> str:
    """The first variable of the template that has no value, the one Jinja spoke of before others."""
    absent = [name for name in compiled.variables if not _known(values, name)]
    spoken = (name for name in absent if any(f"'{part}'" in said for part in name.split(".")))
    return next(spoken, absent[0] if absent else said)


def _known(values: Mapping[str, Any], name: str) -> bool:
    here: Any = values
    for part in name.split("."):
        if not isinstance(here, Mapping) or part not in here:
            return False
        here = here[part]
    return True


def _title(compiled: Compiled) -> str:
    return f"{compiled.name}.{compiled.language}"
