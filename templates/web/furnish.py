"""A Jinja environment that has our parts in it."""

from collections.abc import Callable
from pathlib import Path

from jinja2 import BaseLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined

from templates.web.flow import paragraphs
from templates.web.marks import initials, tint


def loader() -> BaseLoader:
    """Finds our shared layouts and parts under `web/`: `{% extends "web/admin.html" %}`."""
    return PrefixLoader({"web": FileSystemLoader(Path(__file__).parent)})


def furnish(environment: Environment, asset_url: Callable[[str], str]) -> None:
    """The environment escapes everything, misses nothing silently, and knows our filters.

    A page is rendered with `reader` (templates.web.reader.Reader) in its context.
    """
    environment.autoescape = True
    environment.undefined = StrictUndefined
    environment.trim_blocks = True
    environment.lstrip_blocks = True
    environment.filters["initials"] = initials
    environment.filters["tint"] = tint
    environment.filters["paragraphs"] = paragraphs
    environment.globals["asset"] = asset_url
