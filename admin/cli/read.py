"""`hearthline read`: what is found in mails, texts and calendars, without an installation."""

import io
import json
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import click

from admin.cli.batch import PAYS, Answer, answers
from admin.cli.file_names import FileNames
from admin.cli.options import json_option

if TYPE_CHECKING:
    from admin.cli.drawing import Look
    from admin.cli.found import Found

#: `auto`, and the kinds of reply_router/reading/file_kind.py.
KINDS: Final = ("auto", "mail", "text", "html", "sms", "calendar")
#: What ends a line for some readers of lines, what a terminal obeys, what turns the writing direction, and half
#: surrogates: JSON lets any character be written as an escape (RFC 8259 section 7).
_ESCAPED: Final = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


@click.command(short_help="Say what is found in a mail or a text.")
@click.argument("paths", nargs=-1, required=True)
@click.option("--as", "kind", type=click.Choice(KINDS), default="auto", show_default=True, help="What the files are.")
@click.option("--whole", is_flag=True, help="Draw all that was folded, however long.")
@json_option
def read(paths: tuple[str, ...], kind: str, whole: bool, as_json: bool) -> None:
    """Say what is found in each file: the words a person wrote, what was folded, what it is, and why.

    `-` takes the files' names from standard input, one a line. `auto` tells by each file's beginning what it is; `text`
    and `html` are the bare words of a mail, `sms` is one webhook's fields (a JSON object, or the form as it came).

    With --json, one object a line, in order: file, kind (human, auto_reply, bounce, complaint, calendar_reply, machine,
    unreadable), subject, text, signature, body, recipients (of a bounce: address, class, status), calendar (method,
    uid, attendees: address, partstat), sms (class: stop, stop_lenient, start, start_or_answer, help, wrong_number,
    human_flag, empty, human), attachments (name, type, size), seconds; also read_as, from, folded, command, why,
    trouble, error, which docs/reading.md explains.

    Ends with 0 when all were read, 1 when one could not be, 2 when it was asked wrongly.

    Example: hearthline read reply.eml
    """
    names = FileNames([each for each in paths if each != "-"], sys.stdin.fileno() if "-" in paths else None)
    look = None if as_json else look_at(whole)
    work = partial(_read_one, kind=kind, look=look)
    write_any_character(as_json)
    import reply_router.reading  # noqa: F401 # once, before there are children

    kinds: Counter[str] = Counter()
    try:
        with _bar(names.total) as advance, closing(answers(names, work, partial(_lost, kind=kind, look=look))) as come:
            for answer in come:
                sys.stdout.write(answer.text)
                sys.stdout.flush()
                kinds[answer.kind] += 1
                advance()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    if look is not None and kinds.total() > 1:
        from admin.cli.drawing import summary

        click.echo(summary(kinds, look), nl=False)
    if kinds["unreadable"]:
        sys.exit(1)


def _read_one(path: str, kind: str, look: "Look | None") -> Answer:
    from admin.cli.found import found_in
    from reply_router.reading.file_kind import FileKind

    return _answer(found_in(path, None if kind == "auto" else FileKind(kind)), look)


def _lost(path: str, why: str, kind: str, look: "Look | None") -> Answer:
    from admin.cli.found import unreadable
    from reply_router.reading.file_kind import FileKind

    return _answer(unreadable(path, why, None if kind == "auto" else FileKind(kind)), look)


def _answer(found: "Found", look: "Look | None") -> Answer:
    if look is None:
        return Answer(json_line(found), found["kind"])
    from admin.cli.drawing import drawn

    return Answer(drawn(found, look), found["kind"])


def json_line(found: "Found") -> str:
    """What was found as one line that every reader of lines and every terminal takes as one."""
    line = _ESCAPED.sub(lambda one: f"\\u{ord(one[0]):04x}", json.dumps(found, ensure_ascii=False))
    return f"{line}\n"


def look_at(whole: bool) -> "Look":
    """How to draw where standard output goes: as wide as the terminal, in colour only there (no-color.org)."""
    from shutil import get_terminal_size

    from admin.cli.drawing import WIDEST, Look

    terminal = sys.stdout.isatty()
    colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    width = min(WIDEST, max(40, get_terminal_size((WIDEST, 24)).columns)) if terminal else WIDEST
    return Look(width, colour, whole, bare="utf" not in (sys.stdout.encoding or "").lower())


def write_any_character(as_json: bool) -> None:
    """Standard output takes every character: JSON is UTF-8 (RFC 8259 section 8.1), a drawing is what can be shown."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8" if as_json else None, errors="replace")


@contextmanager
def _bar(total: int | None) -> Iterator[Callable[[], None]]:
    """A progress bar for a large batch on a terminal, unless what is found is drawn there; else nothing.

    It is drawn by this thread alone: children are forked from here.
    """
    if not sys.stderr.isatty() or sys.stdout.isatty() or (total is not None and total < PAYS):
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("Reading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as progress:
        task = progress.add_task("", total=total)
        shown = 0.0

        def advance() -> None:
            nonlocal shown
            progress.advance(task)
            if progress.get_time() - shown > 0.1:
                shown = progress.get_time()
                progress.refresh()

        yield advance
