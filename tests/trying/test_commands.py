"""Trying journeys by the command line."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from admin.cli.journeys import journeys
from admin.process import build
from engine.base.settings_file import load
from engine.migrations import migrate
from engine.outbox import gate
from tests.cli.shell import ROOT, write_settings
from tests.trying.test_walk import SHORT

#: A letter a day for five days: more than we send in a week, were it not for the cap.
EAGER = """
slug: eager
title: Too many letters
purpose: To try the cap.
triggers: joined
re_entry: never
steps:
  - {id: call, do: hand_off, to: organizer, title: Call them, script: Say hello., due: P2D}
""" + "".join(
    f"  - {{id: day_{day}, do: wait, for: P1D}}\n"
    f"  - {{id: letter_{day}, do: email, template: porch/{name}, speaks: give, signed_by: desk}}\n"
    for day, name in enumerate(("a_story", "glad", "come_by", "a_story", "glad"))
)
WELCOME = ROOT / "journeys" / "library" / "welcome.yaml"


def test_simulate_prints_one_object_and_ends_with_nothing_broken() -> None:
    ran = CliRunner().invoke(journeys, ["simulate", str(WELCOME), "--members", "8", "--days", "5", "--json"])
    assert ran.exit_code == 0, ran.output
    (line,) = ran.stdout.strip().splitlines()
    found = json.loads(line)
    assert list(found) == [
        "members", "days", "seed", "steps", "stages", "per_day", "hand_offs", "broken", "seconds",
    ]  # fmt: skip
    assert (found["members"], found["days"], found["seed"]) == (8, 5, 1)
    assert not any(found["broken"].values())
    assert [day["day"] for day in found["per_day"]] == [1, 2, 3, 4, 5]


def test_simulate_ends_with_one_and_says_what_was_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "busy.yaml").write_text(EAGER, "utf-8")
    monkeypatch.setattr(gate, "RULES", tuple(rule for rule in gate.RULES if rule.name != "cap"))
    ran = CliRunner().invoke(journeys, ["simulate", str(tmp_path / "busy.yaml"), "--members", "20", "--days", "8"])
    assert ran.exit_code == 1
    assert "BROKEN over_cap" in ran.stdout and "letters beyond the weekly cap" in ran.stdout


def test_a_file_that_cannot_be_read_is_not_tried(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text(WELCOME.read_text("utf-8").replace("for: P2D", "for: two days"), "utf-8")
    for command in ("simulate", "walk"):
        ran = CliRunner().invoke(journeys, [command, str(tmp_path / "broken.yaml")])
        assert ran.exit_code == 1
        assert "cannot be tried before that is mended" in ran.stderr


def test_walk_takes_its_choices_from_standard_input(tmp_path: Path) -> None:
    (tmp_path / "short.yaml").write_text(SHORT, "utf-8")
    ran = CliRunner().invoke(
        journeys,
        ["walk", str(tmp_path / "short.yaml"), "--language", "es", "--zone", "America/Chicago"],
        input="1\n1\n",
    )
    assert ran.exit_code == 0, ran.output
    assert "Responde 1 para la mañana" in ran.stdout
    assert ran.stdout.strip().endswith("The journey is over after 0 days: finished.")


def test_walk_refuses_a_zone_that_is_none() -> None:
    ran = CliRunner().invoke(journeys, ["walk", str(WELCOME), "--zone", "Mars/Olympus"])
    assert "not a time zone name" in str(ran.exception)


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Path]:
    """An installation with the welcome journey, and one member who joined after it was published."""
    from engine.enrollments.joining import welcome
    from engine.runner.signals import handle_signals
    from engine.runner.tick import tick

    folder = write_settings(tmp_path / "data")
    services = build(load(folder))
    with closing(services.db):
        migrate.upgrade(services.db)
        ran = CliRunner().invoke(journeys, ["publish", str(WELCOME), "--data", str(folder)])
        assert ran.exit_code == 0, ran.output
        with services.db.write() as session:
            welcome(session, "Rosa Marsh", "rosa@home.example", services.clock.now())
        handle_signals(services)
        tick(services)
    yield folder


def test_why_tells_by_address_what_happened_at_each_step_and_what_is_awaited(installed: Path) -> None:
    ran = CliRunner().invoke(journeys, ["why", "rosa@home.example", "welcome", "--data", str(installed), "--json"])
    assert ran.exit_code == 0, ran.output
    found = json.loads(ran.stdout)
    (time,) = found["enrollments"]
    hello = time["steps"][0]
    assert (hello["step"], hello["status"], hello["visits"][0]["outcome"]) == ("hello", "here", "asked")
    assert time["awaits"].startswith("hello asks with the letter porch/hello")
    assert {rule["rule"] for rule in time["steps"][2]["rules"]} == {rule.name for rule in gate.RULES}
    plain = CliRunner().invoke(journeys, ["why", "rosa@home.example", "--data", str(installed)])
    assert "Welcome to the porch (welcome): They are on it." in plain.stdout


def test_why_says_who_is_not_known_and_what_to_do(installed: Path) -> None:
    ran = CliRunner().invoke(journeys, ["why", "nobody@home.example", "--data", str(installed)])
    assert "Nobody here has the address" in str(ran.exception)


def test_forecast_tells_hours_and_chapters_and_what_it_takes_for_granted(installed: Path) -> None:
    ran = CliRunner().invoke(journeys, ["forecast", "--data", str(installed), "--json"])
    assert ran.exit_code == 0, ran.output
    found = json.loads(ran.stdout)
    assert found["letters"] == sum(hour["letters"] for hour in found["hours"]) == 2
    assert found["chapters"] == [{"chapter": None, "letters": 2, "texts": 0, "segments": 0}]
    assert [(day["chapter"], day["letters"]) for day in found["days"]] == [(None, 1)] * 2
    assert found["steps"] == {"welcome": {"a_story": 1, "hello": 1}}
    assert any("Nobody writes" in each for each in found["assumes"])
    plain = CliRunner().invoke(journeys, ["forecast", "--data", str(installed)])
    assert "2 letters and 0 texts (0 segments) would leave" in plain.stdout
    first = datetime.fromisoformat(found["days"][0]["day"])
    assert f"{first:%a %d %b}  no chapter" in plain.stdout
