"""Typed: the command lines that our pages print, and what the real command line says to them, with none of them run."""

import copy
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import click

from admin.cli.__main__ import COMMANDS, hearthline

#: A word that stands for the reader's own: SELECTOR, ID, EMAIL, N.
_READERS_OWN = re.compile(r"[A-Z][A-Z_]*|\.\.\.")
_BETWEEN = {"|", "||", "&&", ";", "&"}
_TO_A_FILE = {">", ">>", "<", "2>&1"}
_OURS = {name for rows in COMMANDS.values() for name, *_ in rows}


@dataclass(frozen=True, slots=True)
class Code:
    """What a page shows as code: a block to copy, which is whole, or words within a sentence, which may be the
    beginning of a command."""

    page: str
    text: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Typed:
    """One command of ours, without the name of the program."""

    page: str
    words: tuple[str, ...]
    whole: bool

    def __str__(self) -> str:
        return f"{self.page}: hearthline {shlex.join(self.words)}"


def code_of(page: Path) -> Iterator[Code]:
    """Every piece of code of a Markdown page: fenced, indented and inline, in this order."""
    text = page.read_text("utf-8")
    for block in re.findall(r"^```[^\n]*\n(.*?)^```", text, flags=re.S | re.M):
        yield Code(page.name, block, whole=True)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    for block in re.findall(r"(?:^ {4,}\S.*\n(?:\s*\n(?= {4}))?)+", prose, flags=re.M):
        yield Code(page.name, re.sub(r"^ +", "", block, flags=re.M), whole=True)
    prose = re.sub(r"^ {4,}\S.*\n", "", prose, flags=re.M)
    for words in re.findall(r"`([^`]+)`", prose):
        yield Code(page.name, " ".join(words.split()), whole=False)


def commands_below(page: Path, title: str) -> str:
    """The block of commands that follows a paragraph which begins with that title in bold."""
    found = re.search(
        rf"^\*\*{re.escape(title)}\*\*.*?^```sh[^\n]*\n(.*?)^```", page.read_text("utf-8"), flags=re.S | re.M
    )
    assert found is not None, f"{page.name} has no commands below {title}"
    return found[1]


def typed_in(code: Code) -> Iterator[Typed]:
    """The commands of ours in it, alternatives (`add|list`) each on its own."""
    for line in _lines(code):
        if not re.search(r"\bhearthline\b", line) and (code.whole or line.split(" ")[0] not in _OURS):
            continue
        try:
            tokens = shlex.split(line, comments=True)
        except ValueError:
            assert "hearthline " not in line, f"{code.page}: nobody could type this: {line}"
            continue
        for words in _commands(tokens, bare=not code.whole):
            for each in _alternatives(words):
                yield Typed(code.page, each, code.whole)


def _lines(code: Code) -> Iterator[str]:
    """Each line as the shell takes it: a quote or a backslash may go on in the next one."""
    whole = ""
    for line in code.text.replace("\\\n", " ").splitlines():
        whole = f"{whole} {line}" if whole else line
        if whole.count("'") % 2 == 0 or not re.search(r"\bhearthline\b", whole):
            yield whole
            whole = ""
    if whole:
        yield whole


def _commands(tokens: list[str], *, bare: bool) -> Iterator[tuple[str, ...]]:
    """Each command of a line of the shell that is ours; `bare`: also one without the program's name, if it goes on."""
    command: list[str] = []
    before = ""
    for token in [*tokens, ";"]:
        before, after = token, before
        if token in _TO_A_FILE or after in (">", ">>", "<") or token.startswith("<<"):
            continue
        if token not in _BETWEEN:
            command.append(token)
            continue
        while command and re.match(r"[A-Z_]+=", command[0]):
            command = command[1:]
        if command and "=" in command[0]:
            command = [command[0].partition("=")[2], *command[1:]]  # ExecStart= of a unit
        if command[:1] == ["su"] and "-c" in command:
            yield from _commands(shlex.split(command[command.index("-c") + 1]), bare=bare)
        elif command[:2] == ["sudo", "-u"]:
            yield from _commands(command[3:], bare=bare)
        elif command and command[0].rpartition("/")[2] == "hearthline" and len(command) > 1:
            yield tuple(command[1:])
        elif bare and len(command) > 1 and command[0] in _OURS and _goes_on(command):
            yield tuple(command)
        command = []


def _goes_on(command: list[str]) -> bool:
    """Whether words that begin like a command are one: `run --data`, `members add`, but not "mail from outside"."""
    return command[1].startswith("--") or isinstance(_command(command[0]), click.Group)


def _alternatives(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return product(*([word] if word == "..." else word.strip("[]").removesuffix("...").split("|") for word in words))


def _command(name: str) -> click.Command:
    found = hearthline.get_command(click.Context(hearthline), name)
    assert found is not None
    return found


def refusal(typed: Typed) -> str | None:
    """What the command line says to it, where it would not take it."""
    command: click.Command = hearthline
    context = click.Context(hearthline, info_name="hearthline")
    left = list(typed.words)
    try:
        while isinstance(command, click.Group) and left and left[0] not in ("--help", "-h"):
            name, command_found, left = command.resolve_command(context, left)
            assert command_found is not None
            command, context = command_found, click.Context(command_found, parent=context, info_name=name)
        if isinstance(command, click.Group):
            return "It goes on." if typed.whole and not left else None
        if "--help" in left:
            return None
        _apart_from_the_world(command, whole=typed.whole).make_context(command.name, left)
    except click.ClickException as refused:
        return refused.format_message()
    return None


def _apart_from_the_world(command: click.Command, *, whole: bool) -> click.Command:
    """The command with its own options and values, but it asks no disk for a file; and no word that the reader fills
    in is refused. What is not `whole` may lack words."""
    apart = copy.copy(command)
    apart.params = [copy.copy(each) for each in command.params]
    for each in apart.params:
        each.type = click.STRING if isinstance(each.type, click.Path | click.File) else _OrReadersOwn(each.type)
        each.required = each.required and whole
    return apart


class _OrReadersOwn(click.ParamType[Any]):
    """What the option takes, or a word that stands for it."""

    name = "value"

    def __init__(self, taken: click.ParamType[Any]) -> None:
        self._taken = taken

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value as the option takes it."""
        if isinstance(value, str) and _READERS_OWN.fullmatch(value):
            return value
        return self._taken.convert(value, param, ctx)
