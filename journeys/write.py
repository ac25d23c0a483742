"""A journey written as YAML, which reads back as the same journey."""

from __future__ import annotations

import yaml

from journeys.model import JOURNEY, Journey
from journeys.nodes import Mark, Scalar
from journeys.shapes import Names


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    # A word that would read back as a number or a truth stands in quotes; several lines stand as they are.
    quotes = '"' if Scalar(value, True, Mark(1, 1)).kind != "text" else None
    style = "|" if "\n" in value else quotes
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def write(journey: Journey) -> str:
    """The journey as YAML. Comments of a file it was read from are not part of a journey and are not here."""
    plain = JOURNEY.plain(journey, Names(journey.ids))
    return yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
