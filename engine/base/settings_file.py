"""Settings file: one TOML file and the environment become settings, and back.

`HEARTHLINE_MAIL__HOST` in the environment overrides `[mail] host` in the file. An unknown key in the file is an error;
an unknown HEARTHLINE_ variable is a warning of `doctor`.
"""

import json
import os
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from engine.base.errors import SettingsError
from engine.base.settings import FILE_NAME, Settings

PREFIX = "HEARTHLINE_"
#: Variables that are read by the start scripts and tests, not settings.
NOT_SETTINGS = {
    "HEARTHLINE_DATA", "HEARTHLINE_CHROMIUM", "HEARTHLINE_CORPORA", "HEARTHLINE_LONG",
    "HEARTHLINE_TEST_BEGAN", "HEARTHLINE_TEST_DATABASE", "HEARTHLINE_TEST_SERVERS",
}  # fmt: skip


def load(data_dir: Path, environ: dict[str, str] | None = None, **overrides: Any) -> Settings:
    """The settings of the installation in `data_dir`. Raises SettingsError with what to write where."""
    file = data_dir / FILE_NAME
    values: dict[str, Any] = {}
    if file.exists():
        try:
            values = tomllib.loads(file.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{file} cannot be read as TOML: {error}.") from error
    for path, value in _from_environment(dict(os.environ) if environ is None else environ):
        _put(values, path, value)
    for name, value in overrides.items():
        _put(values, name.split("__"), value)
    values["data_dir"] = data_dir
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(_sentence(error, file)) from error


def as_toml(settings: Settings) -> str:
    """The settings as a file that `load` reads the same, but for the folder, which is where the file stands."""
    values = settings.model_dump(mode="json", exclude_defaults=True, exclude={"data_dir"})
    return "".join(f"{name} = {_toml(value)}\n" for name, value in values.items())


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {_toml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)  # a string, a number or a truth value is written alike in both


def unknown_variables(environ: dict[str, str]) -> list[str]:
    """The HEARTHLINE_ variables that set nothing."""
    known = {"__".join(path) for path, _ in _known()}
    return sorted(
        name
        for name in environ
        if name.startswith(PREFIX) and name not in NOT_SETTINGS and name.removeprefix(PREFIX).lower() not in known
    )


def _known(model: type[BaseModel] = Settings, before: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    found: list[tuple[tuple[str, ...], Any]] = []
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found += _known(kind, (*before, name))
        else:
            found.append(((*before, name), kind))
    return found


def _from_environment(environ: dict[str, str]) -> list[tuple[list[str], Any]]:
    found: list[tuple[list[str], Any]] = []
    for path, kind in _known():
        value = environ.get(PREFIX + "__".join(path).upper())
        if value is not None:
            found.append((list(path), value.split(",") if kind == list[str] else value))
    return found


def _put(values: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        values = values.setdefault(name, {})
    values[path[-1]] = value


def _sentence(error: ValidationError, file: Path) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        near = get_close_matches(key, [".".join(path) for path, _ in _known()], n=1)
        return f"{file}: there is no setting {key!r}." + (f" Did you mean {near[0]!r}?" if near else "")
    says = first["msg"].removeprefix("Value error, ")
    return f"{file}: {key}: {says}."
