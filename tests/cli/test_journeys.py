"""Journeys by the command line: what is wrong has a place and a fix, and what was published stays."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.cli.shell import ROOT, hearthline

WELCOME = ROOT / "journeys" / "library" / "welcome.yaml"


def broken(folder: Path, before: str, after: str) -> Path:
    """The welcome journey with one mistake in it."""
    text = WELCOME.read_text("utf-8")
    assert before in text
    file = folder / "broken.yaml"
    file.write_text(text.replace(before, after, 1), "utf-8")
    return file


@pytest.mark.parametrize(
    ("before", "after", "line_of", "key"),
    [
        ("    for: P2D", "    for: two days", "for: two days", "for"),
        ("template: porch/hello", "template: porch/helo", "porch/helo", "template"),
        ("go: nearby", "go: nearbye", "nearbye", "go"),
        ("title: Welcome to the porch", "tittle: Welcome to the porch", "tittle", "tittle"),
    ],
)
def test_a_mistake_is_named_with_its_file_line_column_and_fix(
    tmp_path: Path, before: str, after: str, line_of: str, key: str
) -> None:
    file = broken(tmp_path, before, after)
    line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if line_of in text)
    plain, machine = hearthline("journeys", "check", file), hearthline("journeys", "check", file, "--json")
    assert plain.code == machine.code == 1
    assert f"{file}:{line}:" in plain.out
    findings = machine.json["findings"]
    places = [(finding["line"], finding["key"].rpartition(".")[2]) for finding in findings]
    assert any(at == line and key in at_key for at, at_key in places), findings
    assert all(finding["says"] and finding["fix"] and finding["column"] >= 1 for finding in findings)


def test_the_library_has_nothing_to_mend() -> None:
    ran = hearthline("journeys", "check", *sorted(WELCOME.parent.glob("*.yaml")))
    assert ran.code == 0, ran.said


def test_every_file_has_its_line_and_one_error_makes_the_exit_code() -> None:
    folder = ROOT / "tests" / "journeys" / "rules"
    bad, mild, good = (folder / name for name in ("two_asks.bad.yaml", "no_person.bad.yaml", "two_asks.good.yaml"))
    ran = hearthline("journeys", "check", bad, mild, good, "--json", "--letters", folder / "letters")
    said = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.code == 1
    assert [each["file"] for each in said] == [str(bad), str(mild), str(good)]
    assert [[found["level"] for found in each["findings"]] for each in said] == [["error"], ["warning"], []]
    assert set(said[0]["findings"][0]) == {"line", "column", "key", "rule", "level", "says", "fix"}
    # Only warnings are a second look, and no error.
    assert hearthline("journeys", "check", mild, good, "--json").code == 0


def test_the_rules_can_be_read_as_one_table() -> None:
    ran = hearthline("journeys", "rules")
    assert ran.code == 0
    assert "two_asks (error): On no way two asks come in a row. Give or listen between the two." in ran.out


@pytest.mark.long
def test_a_broken_file_is_not_published_and_the_published_version_stays(data: Path, tmp_path: Path) -> None:
    assert hearthline("journeys", "publish", WELCOME, "--data", data).code == 0
    before = hearthline("journeys", "export", "welcome", "--data", data)
    assert before.out == WELCOME.read_text("utf-8")

    file = broken(tmp_path, "template: porch/hello", "template: porch/helo")
    ran = hearthline("journeys", "publish", WELCOME, file, "--data", data)
    assert ran.code == 1
    assert "nor was anything else" in ran.err
    assert "what was published before stays" in ran.err
    assert hearthline("journeys", "export", "welcome", "--data", data).out == before.out

    again = hearthline("journeys", "publish", WELCOME, "--data", data, "--json")
    assert again.json["version"] == 1
    assert again.json["new"] is False


@pytest.mark.long
def test_a_changed_journey_becomes_the_next_version(data: Path, tmp_path: Path) -> None:
    assert hearthline("journeys", "publish", WELCOME, "--data", data).code == 0
    file = broken(tmp_path, "    for: P2D", "    for: P3D")
    ran = hearthline("journeys", "publish", file, "--data", data, "--json")
    assert ran.code == 0, ran.said
    assert ran.json["version"] == 2
    assert "for: P3D" in hearthline("journeys", "export", "welcome", "--data", data).out


@pytest.mark.long
def test_publishing_says_which_letters_nobody_lends_a_name_yet(data: Path, tmp_path: Path) -> None:
    strange = hearthline("journeys", "publish", WELCOME, "--data", data)
    assert "porch/hello goes out from the desk: nobody here has the address maya@nfp.example." in strange.err
    assert "porch/glad goes out from the desk until somebody's organizer lends it their name, at http" in strange.err

    invited = hearthline("organizers", "invite", "Maya", "maya@nfp.example", "--staff", "--data", data)
    assert invited.code == 0, invited.said
    # One text in each language waits for its name, one after the other.
    for number in (1, 2):
        known = hearthline("journeys", "publish", WELCOME, "--data", data)
        (line,) = [line for line in known.err.splitlines() if "porch/hello" in line]
        assert "until maya@nfp.example lends it their name" in line
        version = int(line.rstrip(".").rpartition("/")[2])
        with closing(sqlite3.connect(data / "hearthline.db")) as db, db:
            ((maya,),) = db.execute("select id from member").fetchall()
            approved = "insert into approval (id, created_at, template_version_id, member_id) values (?, 0, ?, ?)"
            db.execute(approved, (number, version, maya))
    assert "porch/hello" not in hearthline("journeys", "publish", WELCOME, "--data", data).err


def test_exporting_what_was_never_published_is_one_sentence(data: Path) -> None:
    ran = hearthline("journeys", "export", "nowhere", "--data", data)
    assert ran.code == 1
    assert "nowhere" in ran.err
    assert "Traceback" not in ran.err


def test_a_missing_file_is_one_sentence() -> None:
    ran = hearthline("journeys", "check", "nowhere.yaml")
    assert ran.code == 1
    assert "nowhere.yaml" in ran.said
    assert "Traceback" not in ran.err


def test_the_schema_accepts_the_library_and_refuses_a_misspelled_step() -> None:
    schema = json.loads(hearthline("journeys", "schema").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    journey = yaml.safe_load(WELCOME.read_text("utf-8"))
    jsonschema.validate(journey, schema)
    journey["steps"][0]["do"] = "aks"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(journey, schema)
