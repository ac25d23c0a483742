"""Written: settings changed in their file, where they stand and with the comments around them left as they are."""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from engine.base.errors import SettingsError

_HEADING: Final = re.compile(r"\s*\[([A-Za-z0-9_.-]+)\]\s*(?:#.*)?")
#: A value in one line, and the comment behind it.
_LINE: Final = re.compile(
    r"""(\s*[A-Za-z0-9_-]+\s*=\s*)("(?:[^"\\]|\\.)*"|'[^']*'|\[[^\[\]#]*\]|[^\s#"'\[\]]+)(\s*(?:#.*)?)"""
)

Value = str | int | list[str]


def changed(text: str, values: Mapping[tuple[str, str], Value]) -> str:
    """The file's text with these values, by (heading, key). Raises SettingsError where it is written in a way that
    cannot be changed line by line, so that nothing is ever lost."""
    wanted = tomllib.loads(text)
    for (group, key), value in values.items():
        wanted.setdefault(group, {})[key] = value
    lines = text.splitlines()
    for (group, key), value in values.items():
        _put(lines, group, key, value)
    new = "\n".join(lines) + "\n"
    try:
        same = tomllib.loads(new) == wanted
    except tomllib.TOMLDecodeError:
        same = False
    if not same:
        said = ", ".join(
            f"[{group}] {key} = {_toml(value)}" for (group, key), value in values.items() if key != "password"
        )
        raise SettingsError(
            f"The settings are written in a way that is not changed by a program. Write yourself: {said}."
        )
    return new


def write(file: Path, values: Mapping[tuple[str, str], Value]) -> bool:
    """The file has these values; whether anything changed. It is replaced whole, and only its owner reads it."""
    text = file.read_text("utf-8")
    now: dict[str, Any] = tomllib.loads(text)
    new = {place: value for place, value in values.items() if now.get(place[0], {}).get(place[1]) != value}
    if not new:
        return False
    fresh = file.with_name(file.name + ".new")
    fresh.touch(mode=0o600)
    fresh.write_text(changed(text, new), "utf-8")
    before = file.stat()
    fresh.chmod(before.st_mode & 0o777)
    fresh.replace(file)
    return True


def _put(lines: list[str], group: str, key: str, value: Value) -> None:
    """One value stands under its heading: where it stood, else below the heading's last line, else at the end."""
    at: str | None = None
    last: int | None = None
    for number, line in enumerate(lines):
        heading = _HEADING.fullmatch(line)
        if heading:
            at = heading[1]
            last = number if at == group else last
        elif at == group and line.strip() and not line.lstrip().startswith("#"):
            last = number
            match = _LINE.fullmatch(line)
            if match and match[1].split("=")[0].strip() == key:
                lines[number] = f"{match[1]}{_toml(value)}{match[3]}"
                return
    if last is None:
        lines += ["", f"[{group}]"]
        last = len(lines) - 1
    lines.insert(last + 1, f"{key} = {_toml(value)}")


def _toml(value: Value) -> str:
    # A string, a number and a list of strings are written alike in both.
    return json.dumps(value, ensure_ascii=False)
