"""The published schema says the same as the reader."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from journeys import nodes
from journeys.library import files
from journeys.model import JOURNEY, Journey
from journeys.nodes import plain_value
from journeys.read import read
from journeys.schema import schema
from journeys.shapes import Names
from journeys.write import write
from tests.examples import examples
from tests.journeys.random_journeys import journeys

VALIDATOR = jsonschema.Draft202012Validator(schema())
#: What only somebody who sees the whole file can know.
BEYOND_A_SCHEMA = frozenset({"unknown_step", "doubled_id"})


def tree_of(text: str) -> Any:
    node = nodes.parse(text)
    assert not isinstance(node, nodes.Trouble)
    return plain_value(node)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert schema()["$schema"].endswith("2020-12/schema")


def test_every_key_is_described() -> None:
    def undescribed(part: Any, path: str) -> list[str]:
        found: list[str] = []
        if isinstance(part, dict):
            for name, inner in part.get("properties", {}).items():
                if "description" not in inner and "const" not in inner and path.rpartition(".")[2] != "if":
                    found.append(f"{path}.{name}")
            for name, inner in part.items():
                found.extend(undescribed(inner, f"{path}.{name}"))
        if isinstance(part, list):
            for inner in part:
                found.extend(undescribed(inner, path))
        return [name for name in found if not name.endswith((".yes", ".no"))]

    assert undescribed(schema(), "") == []


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_the_library_is_valid(path: Path) -> None:
    VALIDATOR.validate(tree_of(path.read_text(encoding="utf-8")))


@given(journeys())
@settings(max_examples=examples(35, 200), deadline=None)
def test_every_journey_is_valid_as_written(journey: Journey) -> None:
    VALIDATOR.validate(tree_of(write(journey)))


SPOILERS: list[Any] = [
    None, True, False, 3, "", " ", "x", "joined", "organizer", "P2D", "P0D", "10:00", "saturday", "UPPER", "a b", "any",
    "never", "x" * 700, [], ["x"], ["x"] * 60, {}, {"x": "y"}, {"tag": "gardener"}, {"not": {"tag": "a"}}, {"all": []},
    {"en": "words"}, {"for": "P2D"}, {"kind": "open"}, {"answered": {"step": "hello", "answer": "x"}}, [[]],
]  # fmt: skip


@given(journeys(), st.data())
@settings(max_examples=examples(70, 400), deadline=None)
def test_reader_and_schema_agree_about_journeys_spoiled_in_one_place(journey: Journey, data: st.DataObject) -> None:
    tree = copy.deepcopy(JOURNEY.plain(journey, Names(journey.ids)))
    places: list[tuple[Any, Any]] = []

    def collect(part: Any) -> None:
        keys = list(part) if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else []
        for key in keys:
            places.append((part, key))
            collect(part[key])

    collect(tree)
    part, key = data.draw(st.sampled_from(places))
    what = data.draw(st.sampled_from(["replace", "remove", "rename", "add"]))
    if what == "replace":
        part[key] = copy.deepcopy(data.draw(st.sampled_from(SPOILERS)))
    elif what == "remove":
        del part[key]
    elif isinstance(part, dict):
        word = data.draw(
            st.sampled_from(["go", "for", "until", "label", "else", "tag", "unknown", "Not a name", "yes"])
        )
        part[word] = copy.deepcopy(part[key] if what == "add" else part.pop(key))
    text = yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)
    findings = read(text).findings
    invalid = [error.message for error in VALIDATOR.iter_errors(tree_of(text))]
    told = [str(finding) for finding in findings if finding.rule not in BEYOND_A_SCHEMA]
    assert not told or invalid, (told, text)
    assert not invalid or findings, (invalid, text)
