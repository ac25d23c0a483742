"""Every file of the shared set is read without a crash and in time, and stays what it was."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from admin.cli.found import found_in
from reply_router.reading import Kind
from reply_router.reading.file_kind import FileKind
from tests.corpora import READ_AS, rows, said_absent

#: Seconds that a letter may take (RELIABILITY.md 1.3).
LONGEST = 2.0


@pytest.fixture(scope="module")
def answers() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each row of the set with what was found in its file."""
    listed = rows()
    if not listed:
        pytest.skip(said_absent())
    return [(row, found_in(str(row["path"]), FileKind(READ_AS.get(row["kind"], "mail")))) for row in listed]


Answers = list[tuple[dict[str, Any], dict[str, Any]]]


def where(answers: Answers, wrong: Callable[[dict[str, Any]], bool]) -> list[str]:
    """The files of which this is so."""
    return [row["file"] for row, found in answers if wrong(found)]


def test_every_file_is_read_without_a_crash(answers: Answers) -> None:
    assert where(answers, lambda found: found["kind"] not in set(Kind) or not isinstance(found["text"], str)) == []
    assert where(answers, lambda found: "stopped" in str([found["error"], *found["trouble"]])) == []


def test_every_file_is_read_in_time(answers: Answers) -> None:
    assert where(answers, lambda found: found["seconds"] > LONGEST) == []


def test_no_file_is_changed_by_reading_it(answers: Answers) -> None:
    changed = [
        row["file"] for row, _ in answers if hashlib.sha256(row["path"].read_bytes()).hexdigest() != row["sha256"]
    ]
    assert changed == []


def test_what_a_mail_is_need_not_be_said(answers: Answers) -> None:
    differ = []
    for row, found in answers:
        if found["read_as"] == "mail":
            alone = found_in(str(row["path"]), None)
            if any(alone[name] != found[name] for name in found if name not in ("seconds", "read_as", "why")):
                differ.append(row["file"])
    assert differ == []


def test_where_the_set_is_told_by_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEARTHLINE_CORPORA", str(tmp_path))
    assert rows() == []
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "manifest.jsonl").write_text(
        '{"file": "a.eml", "kind": "ham"}\n{"file": "b", "kind": "sms_status"}\n'
    )
    assert [row["path"] for row in rows()] == [tmp_path / "dev" / "a.eml"]
