"""The page about journeys says every key that the reader reads, and names the files and commands that there are."""

import re
from pathlib import Path

import click

from admin.cli.__main__ import hearthline
from journeys.reference import reference
from journeys.steps import STEP_KINDS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "journeys.md").read_text("utf-8")


def test_the_page_ends_with_the_reference_as_it_is_now() -> None:
    assert PAGE.endswith(reference()), "write it anew: hearthline journeys reference"


def test_every_kind_of_step_has_its_keys_there() -> None:
    for kind in STEP_KINDS.values():
        assert f"#### `do: {kind.name}`" in reference()


def test_every_file_of_the_library_is_named_and_no_other() -> None:
    named = set(re.findall(r"\| `([a-z-]+\.yaml)` \|", PAGE))
    assert named == {file.name for file in (ROOT / "journeys" / "library").glob("*.yaml")}


def test_the_commands_it_names_exist() -> None:
    journeys = hearthline.get_command(click.Context(hearthline), "journeys")
    assert isinstance(journeys, click.Group)
    named = set(re.findall(r"hearthline journeys ([a-z-]+)", PAGE))
    assert named
    assert named <= set(journeys.list_commands(click.Context(journeys)))
