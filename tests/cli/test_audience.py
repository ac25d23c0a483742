"""Whom a condition is so of, by the command line."""

import json
from pathlib import Path

from tests.cli.shell import hearthline


def add(data: Path, name: str, email: str, *more: str) -> None:
    """Somebody is a member."""
    ran = hearthline("members", "add", name, email, *more, "--data", data)
    assert ran.code == 0, ran.said


def test_an_audience_is_said_in_words_counted_and_sampled_with_names_masked(data: Path) -> None:
    add(data, "Rosa Marin", "rosa@mail.example", "--language", "es")
    add(data, "Dana Lee", "dana@mail.example")
    expression = "{all: [{language: es}, {not: {tag: gardener}}]}"
    plain = hearthline("audience", expression, "--count", "--sample", "10", "--data", data)
    assert plain.code == 0
    assert plain.out.splitlines()[0] == (
        'Members of whom it is so that (their language is es and it is not so that they have the tag "gardener"): 1.'
    )
    assert "Rosa M.  r…@mail.example" in plain.out
    assert "Marin" not in plain.out and "rosa@mail.example" not in plain.out and "Dana" not in plain.out
    machine = hearthline("audience", expression, "--count", "--sample", "10", "--json", "--data", data).json
    assert machine["count"] == 1
    assert [(each["name"], each["reached_at"]) for each in machine["sample"]] == [("Rosa M.", ["r…@mail.example"])]


def test_a_condition_that_cannot_be_read_is_told_with_line_column_and_what_to_write(tmp_path: Path) -> None:
    plain = hearthline("audience", "{all: [{tag: gardener},\n  {joined_after: two days}]}", "--data", tmp_path)
    assert plain.code == 1
    assert plain.err.startswith("audience:2:18:") and "`P2D`" in plain.err
    machine = hearthline("audience", "{tga: gardener}", "--json", "--data", tmp_path)
    assert machine.code == 1
    told = json.loads(machine.out.splitlines()[0])
    assert (told["line"], told["column"], told["fix"]) == (1, 2, "Did you mean `tag`?")
