"""What was found in a file, drawn for people: what was written, what was folded, what it is, and why.

Everything drawn is a stranger's: it goes to the terminal without a character that a terminal would obey. Colour only
repeats what a word says, so nothing is lost without it.
"""

import io
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from admin.cli.found import Found

#: What each kind is called, and its colour.
_KINDS: Final = {
    "human": ("a person's words", "green"),
    "auto_reply": ("an automatic answer", "yellow"),
    "bounce": ("a bounce", "red"),
    "complaint": ("a complaint", "red"),
    "calendar_reply": ("an answer to an invitation", "cyan"),
    "machine": ("from a machine", "yellow"),
    "unreadable": ("unreadable", "red"),
}
#: The same where they are counted: one, and several.
_COUNTED: Final = {
    "human": ("from a person", "from people"),
    "auto_reply": ("automatic answer", "automatic answers"),
    "bounce": ("bounce", "bounces"),
    "complaint": ("complaint", "complaints"),
    "calendar_reply": ("answer to an invitation", "answers to invitations"),
    "machine": ("from a machine", "from machines"),
    "unreadable": ("unreadable", "unreadable"),
}
#: What each outcome is called, and its colour.
_OUTCOMES: Final = {
    "thread": ("to a conversation", "green"),
    "machine": ("folded away: a machine wrote it", "yellow"),
    "bounce": ("a bounce of ours", "red"),
    "complaint": ("a complaint about a letter of ours", "red"),
    "command": ("done at once, as it asks", "cyan"),
    "duplicate": ("nowhere: it is here already", "yellow"),
    "needs_person": ("to whoever looks at what needs a person", "magenta"),
    "junk": ("to junk, kept sixty days", "yellow"),
    "probe": ("our own test of the way in", "cyan"),
}
_FAILURES: Final = {
    "permanent": ("does not arrive, and will not", "red"),
    "temporary": ("does not arrive for now", "yellow"),
    "delivered": ("arrived", "green"),
}
_TEXTS: Final = {
    "stop": "asks to stop",
    "stop_lenient": "asks to stop, in words of its own",
    "start": "asks to begin again",
    "start_or_answer": "a bare yes: begins again, or answers",
    "help": "asks for help",
    "wrong_number": "says the number is wrong",
    "human_flag": "may mean stop: somebody should look",
    "empty": "nothing in it",
    "human": "a person's words",
}
#: So much of what was folded is drawn, unless all of it is asked for.
FOLDED_LINES: Final = 4
#: No terminal is read more easily because it is wider.
WIDEST: Final = 80
_MARGIN: Final = 3
#: Columns of the labels at the left.
_LABELS: Final = 8
#: For a terminal that has no lines to draw with.
_BARE: Final = str.maketrans({"─": "-", "│": "|", "…": "~"})


@dataclass(frozen=True, slots=True)
class Look:
    """How to draw: columns, with colour or not, and whether all that was folded is shown."""

    width: int = WIDEST
    colour: bool = False
    whole: bool = False
    #: Nothing but ASCII of our own can be shown.
    bare: bool = False


def drawn(found: Found, look: Look) -> str:
    """The drawing, with its line end."""
    return _printed(Group(*_parts(found, look)), look)


def drawn_route(found: Found, look: Look) -> str:
    """The drawing of what would become of it, below what was read."""
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True, min_width=_LABELS)
    facts.add_column()
    for label, value in _fate(found):
        facts.add_row(label, value)
    parts = [*_parts({**found, "why": found["read_why"]}, look), Padding(facts, (0, _MARGIN, 1, _MARGIN))]
    return _printed(Group(*parts), look)


def _fate(found: Found) -> Iterator[tuple[str, RenderableType]]:
    if found["outcome"] is None:
        yield "goes", Text("nowhere yet: it could not be tried", "red")
        return
    says, colour = _OUTCOMES[found["outcome"]]
    effect = f"  ({found['effect'].replace('_', ' ')})" if found["effect"] else ""
    yield "goes", Text.assemble((says, f"bold {colour}"), effect)
    yield "because", Text.assemble(_safe(found["why"], one_line=True), (f"  {found['rule']}", "dim"))
    if found["thread"] or found["opens_thread"]:
        lane = _safe(found["chapter_name"] or "the national desk", one_line=True)
        which = f"a conversation they have, {found['thread']}" if found["thread"] else "a new conversation"
        yield "place", Text.assemble(which, (f"  {lane}", "dim"))
    if found["assignee"]:
        yield "answers", Text(_safe(found["assignee"], one_line=True), "bold")
    if found["proof"]:
        yield "proof", Text(_safe(str(found["proof"].get("says") or ""), one_line=True))


def summary(kinds: Counter[str], look: Look) -> str:
    """How many files of each kind there were, on a line of its own."""
    said = [f"{count:,} {_COUNTED[kind][count > 1]}" for kind, count in kinds.most_common()]
    return _printed(Text(f"{kinds.total():,} files: {', '.join(said)}.", "dim"), look)


def _printed(what: RenderableType, look: Look) -> str:
    out = io.StringIO()
    Console(
        file=out, width=look.width, force_terminal=look.colour, no_color=not look.colour, highlight=False, markup=False,
        color_system="standard" if look.colour else None, emoji=False, legacy_windows=False,
    ).print(what)  # fmt: skip
    text = "\n".join(line.rstrip() for line in out.getvalue().split("\n"))
    return text.translate(_BARE) if look.bare else text


def _parts(found: Found, look: Look) -> Iterator[RenderableType]:
    yield _title(found, look)
    if head := _head(found):
        yield Padding(head, (0, _MARGIN))
        yield ""
    yield from (Padding(part, (0, _MARGIN, 1, _MARGIN)) for part in _words(found, look))
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True, min_width=_LABELS)
    facts.add_column()
    for label, value in _facts(found):
        facts.add_row(label, value)
    if facts.row_count:
        yield Padding(facts, (0, _MARGIN, 1, _MARGIN))


def _title(found: Found, look: Look) -> RenderableType:
    what, colour = _KINDS[found["kind"]]
    if found["sms"] and found["kind"] == "human":
        what = f"a text: {_TEXTS[found['sms']['class']]}"
    elif found["read_as"] == "calendar" and found["kind"] == "machine":
        what = "a calendar file"
    name = _safe(found["file"], one_line=True)
    room = max(10, look.width - len(what) - 9)
    shown = Text(f"… {name[-room + 2 :]}" if len(name) > room else name, "bold")
    rule = Table.grid(expand=True)
    rule.add_column(width=2)
    rule.add_column(no_wrap=True, overflow="ellipsis")
    rule.add_column(ratio=1)
    rule.add_column(no_wrap=True)
    rule.add_row(
        Rule(style="dim"),
        Text.assemble(" ", shown, " "),
        Rule(style="dim"),
        Text.assemble(" ", (what, f"bold {colour}")),
    )
    return rule


def _head(found: Found) -> RenderableType | None:
    rows: list[tuple[str, Text]] = []
    for each in found["from"][:3]:
        name, address = _safe(each["name"], one_line=True), _safe(each["address"], one_line=True)
        rows.append(("from", Text.assemble(name, " " if name else "", (f"<{address}>" if name else address, "dim"))))
    if found["subject"]:
        rows.append(("subject", Text(_safe(found["subject"], one_line=True))))
    if not rows:
        return None
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True, min_width=_LABELS)
    grid.add_column()
    for label, value in rows:
        grid.add_row(label, value)
    return grid


def _words(found: Found, look: Look) -> Iterator[RenderableType]:
    """The person's words, with what was folded in the places where it stood."""
    text, at = found["text"], 0
    if not text.strip() and not found["error"] and not found["calendar"]:
        yield Text("It holds no words.", "italic dim")
    for each in found["folded"]:
        if before := text[at : each["at"]].strip("\n"):
            yield Text(_safe(before))
        at = each["at"]
        yield _folded(each["text"], each["why"], look)
    if rest := text[at:].strip("\n"):
        yield Text(_safe(rest))


def _folded(text: str, why: str, look: Look) -> RenderableType:
    """At most `FOLDED_LINES` of it, each cut at the edge, unless the whole is asked for; a bar beside it."""
    lines = _safe(text).strip("\n").split("\n")
    most = len(lines) if look.whole or len(lines) <= FOLDED_LINES + 1 else FOLDED_LINES
    rows = _wrapped(f"folded: {_safe(why, one_line=True)}", "dim italic", look)
    for line in lines[:most]:
        rows += _wrapped(line, "dim", look) if look.whole else [Text(line, "dim", no_wrap=True, overflow="ellipsis")]
    if most < len(lines):
        rows.append(Text(f"and {len(lines) - most:,} more lines; --whole shows them", "dim italic"))
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    for row in rows:
        grid.add_row("│", row)
    return grid


def _wrapped(line: str, style: str, look: Look) -> list[Text]:
    width = max(10, look.width - 2 * _MARGIN - 2)
    return list(Text(line, style).wrap(Console(width=width, file=io.StringIO()), width)) or [Text("")]


def _facts(found: Found) -> Iterator[tuple[str, RenderableType]]:
    if found["error"]:
        yield "error", Text(_safe(found["error"]), "red")
    if found["command"]:
        yield (
            "command",
            Text(_safe(f"{found['command']['verb']} {found['command']['argument']}", one_line=True).strip()),
        )
    for number, each in enumerate(found["recipients"]):
        says, colour = _FAILURES[each["class"]]
        address = _safe(each["address"], one_line=True) or "(no address)"
        status = f" ({_safe(each['status'], one_line=True)})" if each["status"] else ""
        yield "" if number else "address", Text.assemble(address, "  ", (says, colour), (status, "dim"))
    if found["calendar"]:
        yield "calendar", _calendar(found["calendar"])
    for number, each in enumerate(found["attachments"]):
        name = _safe(each["name"], one_line=True) or "(no name)"
        size = f", {_size(each['size'])}" if each["size"] else ""
        yield (
            "" if number else "attached",
            Text.assemble(name, (f"  {_safe(each['type'], one_line=True)}{size}", "dim")),
        )
    for number, sentence in enumerate([*found["why"], *found["trouble"]]):
        yield "" if number else "why", Text(_safe(sentence, one_line=True))


def _calendar(calendar: Found) -> RenderableType:
    uid = _safe(calendar.get("uid") or "", one_line=True)
    said = Text.assemble(_safe(calendar.get("method") or "no method", one_line=True), (f"  {uid}", "dim"))
    for each in calendar.get("attendees", ()):
        said.append(f"\n{_safe(each.get('address') or '(no address)', one_line=True)}")
        if each.get("partstat"):
            said.append(f"  {_safe(each['partstat'], one_line=True).lower().replace('-', ' ')}", "bold")
    return said


def _size(size: int) -> str:
    for unit, one in (("MB", 1_000_000), ("kB", 1_000)):
        if size >= one:
            return f"{size / one:.{0 if size >= 10 * one else 1}f} {unit}"
    return f"{size} B"


def _safe(text: str, *, one_line: bool = False) -> str:
    """The text without a character that a terminal obeys or that turns the direction of what stands beside it."""
    if one_line:
        text = " ".join(text.split())
    return "".join(one if one in "\n\t" or not _obeyed(one) else "\N{REPLACEMENT CHARACTER}" for one in text)


def _obeyed(one: str) -> bool:
    return unicodedata.category(one) in ("Cc", "Cs") or one in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
