"""A new installation by the command line: init, people, doctor, and what it refuses."""

import os
import socket
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.shell import COMPLETE, ROOT, command, environment, hearthline, write_settings


def chapter(data: Path, slug: str = "atlanta") -> None:
    """The installation has a chapter."""
    assert hearthline("chapters", "add", slug.title(), "--data", data).code == 0


def rows(data: Path, sql: str) -> list[tuple[object, ...]]:
    """What stands in the database."""
    with closing(sqlite3.connect(data / "hearthline.db")) as connection:
        return connection.execute(sql).fetchall()


def test_init_makes_a_folder_that_only_its_owner_reads_and_says_what_comes_next(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    ran = hearthline("init", "--data", data, "--name", 'The "Porch"', "--domain", "nfp.example", anew=True)
    assert ran.code == 0, ran.said
    for path in (data, *data.iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path
    assert f"hearthline run --data {data}" in ran.out
    assert 'domain = "nfp.example"' in (data / "hearthline.toml").read_text()
    assert rows(data, "select count(*) from alembic_version") == [(1,)]


def test_init_again_changes_nothing(data: Path) -> None:
    before = (data / "hearthline.toml").read_text()
    ran = hearthline("init", "--data", data)
    assert ran.code == 1
    assert "is there already; nothing was changed" in ran.err
    assert (data / "hearthline.toml").read_text() == before


def test_a_member_is_added_once(data: Path) -> None:
    chapter(data)
    words = ("members", "add", "Rosa Marin", "Rosa@Mail.example", "--chapter", "atlanta", "--zip", "30317")
    first, second = hearthline(*words, "--data", data), hearthline(*words, "--data", data)
    assert first.code == 0, first.said
    assert second.code == 0, second.said
    assert "already" in second.said
    assert rows(data, "select name from member") == [("Rosa Marin",)]


def test_a_phone_gets_texts_only_with_the_words_in_which_they_agreed(data: Path) -> None:
    words = ("--phone", "(404) 555-0142", "--data", data)
    assert hearthline("members", "add", "Rosa", "rosa@mail.example", *words).code == 0
    assert rows(data, "select kind, value from address where kind = 'phone'") == [("phone", "+14045550142")]
    assert rows(data, "select count(*) from consent where channel = 'sms'") == [(0,)]
    agreed = ("--texts-ok", "She asked Denise for texts at the market.")
    assert hearthline("members", "add", "Rosa", "rosa@mail.example", *words, *agreed).code == 0
    assert rows(data, "select scope, opted_in, evidence from consent where channel = 'sms'") == [
        ("all", 1, "She asked Denise for texts at the market.")
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("Rosa", "no address"), "mail address"),
        (("Rosa", "rosa@mail.example", "--phone", "555"), "is not a phone number"),
        (("Rosa", "rosa@mail.example", "--chapter", "nowhere"), "There is no chapter 'nowhere'"),
        (("Rosa", "rosa@mail.example", "--zone", "Mars/Base"), "not a time zone name"),
    ],
)
def test_a_member_that_cannot_be_added_is_one_sentence(data: Path, words: tuple[str, ...], says: str) -> None:
    ran = hearthline("members", "add", *words, "--data", data)
    assert ran.code == 1
    assert says in ran.err
    assert "Traceback" not in ran.err
    assert rows(data, "select count(*) from member") == [(0,)]


@pytest.mark.long
def test_an_organizer_is_invited_by_a_link_that_can_be_renewed(data: Path) -> None:
    chapter(data)
    words = ("organizers", "invite", "Denise Okafor", "denise@mail.example", "--chapter", "atlanta", "--data", data)
    first, again = hearthline(*words, "--steward", "--json"), hearthline(*words, "--steward")
    assert first.code == again.code == 0, (first.said, again.said)
    assert "/invitation/" in first.json["link"]
    assert "/invitation/" in again.out
    assert rows(data, "select role from role") == [("steward",)]


def test_an_organizer_of_no_chapter_is_asked_for_one(data: Path) -> None:
    ran = hearthline("organizers", "invite", "Denise", "denise@mail.example", "--data", data)
    assert ran.code == 1
    assert "--chapter" in ran.err


@pytest.mark.long
def test_a_chapter_is_added_once_under_a_short_name_that_is_nobodys(data: Path) -> None:
    words = ("chapters", "add", "Lehigh Valley", "--zone", "America/New_York", "--data", data)
    first, second = hearthline(*words), hearthline(*words)
    assert first.code == second.code == 0, (first.said, second.said)
    assert "lehigh-valley@nfp.example" in first.out
    assert "already" in second.out
    assert rows(data, "select slug, name, zone from chapter") == [
        ("lehigh-valley", "Lehigh Valley", "America/New_York")
    ]
    for name, more in (
        ("Hello", ()),
        ("a b", ("--short", "r-x")),
        ("東京", ()),
        ("A", ("--short", "ab", "--zone", "America")),
    ):
        refused = hearthline("chapters", "add", name, *more, "--data", data)
        assert refused.code == 1, name
        assert refused.err.startswith("hearthline: "), refused.err
    assert rows(data, "select count(*) from chapter") == [(1,)]


@pytest.mark.parametrize(
    "words", [("run",), ("members", "add", "A", "a@mail.example"), ("organizers", "invite", "A", "a@mail.example")]
)
def test_a_folder_without_an_installation_says_how_to_make_one(tmp_path: Path, words: tuple[str, ...]) -> None:
    ran = hearthline(*words, "--data", tmp_path / "empty")
    assert ran.code == 1
    assert "hearthline init --data" in ran.err
    assert "Traceback" not in ran.err


# What it refuses to start with.


def test_run_without_a_relay_says_what_to_write_where(tmp_path: Path) -> None:
    data = write_settings(tmp_path / "data", COMPLETE.replace('host = "127.0.0.1"', 'host = ""'))
    ran = hearthline("run", "--data", data)
    assert ran.code == 1
    assert "No mail relay is set" in ran.err
    assert f"[mail] in {data / 'hearthline.toml'}" in ran.err


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ('[mail]\ndomian = "x"', "there is no setting 'mail.domian'. Did you mean 'mail.domain'?"),
        ('[mail]\ndesk = "no-reply"', "says that nobody reads it; every message must be answerable"),
        ('[mail]\ndesk = "donotreply"', "says that nobody reads it"),
        ('[organization]\nzone = "Mars/Base"', "is not a time zone name"),
        ("[mail\n", "cannot be read as TOML"),
    ],
)
@pytest.mark.parametrize("words", [("run",), ("members", "add", "A", "a@mail.example")])
def test_settings_that_cannot_be_meant_are_refused_with_their_place(
    tmp_path: Path, words: tuple[str, ...], wrong: str, says: str
) -> None:
    data = write_settings(tmp_path / "data", f'keys = ["1:{"5e" * 32}"]\n{wrong}\n')
    ran = hearthline(*words, "--data", data)
    assert ran.code == 1
    assert says in " ".join(ran.err.split())
    assert str(data / "hearthline.toml") in ran.err
    assert "Traceback" not in ran.err


def test_a_sandbox_with_a_relay_elsewhere_does_not_start(tmp_path: Path) -> None:
    text = COMPLETE.replace('host = "127.0.0.1"', 'host = "mail.example"') + "\n[sandbox]\nenabled = true\n"
    ran = hearthline("run", "--data", write_settings(tmp_path / "data", text))
    assert ran.code == 1
    assert "nothing may leave it" in ran.err


@pytest.mark.long
def test_a_taken_port_is_one_sentence(data: Path) -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        taken = door.getsockname()[1]
        write_settings(data, COMPLETE.replace("admin_port = 0", f"admin_port = {taken}"))
        ran = hearthline("run", "--data", data)
    assert ran.code == 1
    assert str(taken) in ran.err
    assert "Traceback" not in ran.err


def test_run_does_not_begin_anew_where_the_database_is_gone(data: Path) -> None:
    (data / "hearthline.db").unlink()
    ran = hearthline("run", "--data", data)
    assert ran.code == 1
    assert "The database is gone" in ran.err
    assert not (data / "hearthline.db").exists()


@pytest.mark.parametrize("words", [("init",), ("demo", "--no-serve", "--port", "0")])
def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "file").write_text("in the way")
    ran = hearthline(*words, "--data", tmp_path / "file" / "data")
    assert ran.code == 1
    assert "cannot be used" in ran.err
    assert "Traceback" not in ran.err


def test_a_database_that_cannot_be_opened_is_one_sentence(data: Path) -> None:
    (data / "hearthline.db").unlink()
    (data / "hearthline.db").mkdir()
    ran = hearthline("members", "add", "A", "a@mail.example", "--data", data)
    assert ran.code == 1
    assert "The database cannot be used just now" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.long
def test_a_second_run_on_one_folder_says_so_and_stops(data: Path) -> None:
    first = subprocess.Popen(
        command("run", "--data", data), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env=environment(), cwd=ROOT,
    )  # fmt: skip
    try:
        assert first.stdout is not None
        assert "The inbox is at" in first.stdout.readline()
        second = hearthline("run", "--data", data)
        assert second.code == 1
        assert "is running" in second.err
        assert str(first.pid) in second.err
        assert "nothing was changed" in second.err
        assert first.poll() is None
        first.terminate()
        _, err = first.communicate(timeout=60)
        assert first.returncode == 0, err
    finally:
        first.kill()
        first.wait()


# Doctor.


def test_doctor_has_a_sentence_for_everything_and_a_balance(data: Path) -> None:
    ran = hearthline("doctor", "--data", data, "--json")
    assert ran.code == 1, "nothing is running on this folder"
    report = ran.json
    assert set(report) == {"checks", "balance"}
    assert report["balance"] == {"received": 0, "outcomes": {}, "unsettled": 0}
    for check in report["checks"]:
        assert set(check) == {"name", "ok", "says", "fix"}
        assert isinstance(check["ok"], bool)
        assert check["says"]
        assert check["ok"] or check["fix"]
    noes = {check["name"] for check in report["checks"] if not check["ok"]}
    assert {"running", "somebody answers", "relay", "links in letters"} <= noes
    assert "room on the disk" in {check["name"] for check in report["checks"]}


def test_doctor_of_a_misspelled_setting_says_which_file_to_mend(data: Path) -> None:
    file = data / "hearthline.toml"
    file.write_text(file.read_text() + "smpt_port = 1\n")
    ran = hearthline("doctor", "--data", data)
    assert f"Mend {file}." in ran.out
    assert "init" not in ran.out


def test_doctor_warns_of_a_variable_that_sets_nothing(data: Path) -> None:
    ran = hearthline("doctor", "--data", data, env={"HEARTHLINE_MAIL__HOTS": "x"})
    assert "HEARTHLINE_MAIL__HOTS" in ran.out


def test_doctor_of_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    ran = hearthline("doctor", "--data", tmp_path, "--json")
    assert ran.code == 1
    assert any("hearthline init" in check["fix"] for check in ran.json["checks"])
    assert not os.listdir(tmp_path)


def test_doctor_of_a_broken_database_is_a_no_and_no_traceback(data: Path) -> None:
    for file in data.glob("hearthline.db*"):
        file.unlink()
    (data / "hearthline.db").write_bytes(b"rubbish " * 4000)
    ran = hearthline("doctor", "--data", data, "--json")
    assert ran.code == 1
    assert "Traceback" not in ran.err
    assert any(check["name"] == "database" and not check["ok"] for check in ran.json["checks"])


@pytest.mark.long
def test_migrate_brings_an_empty_database_to_shape_and_twice_is_once(tmp_path: Path) -> None:
    data = write_settings(tmp_path / "data")
    assert hearthline("members", "add", "A", "a@mail.example", "--data", data).code == 1
    first, second = hearthline("migrate", "--data", data, anew=True), hearthline("migrate", "--data", data)
    assert first.code == second.code == 0, (first.said, second.said)
    assert hearthline("members", "add", "A", "a@mail.example", "--data", data).code == 0


@pytest.mark.long
def test_a_chapter_says_how_it_talks(data: Path) -> None:
    chapter(data, "duluth")
    ran = hearthline("chapters", "talk", "duluth", "--data", data)
    assert ran.code == 0 and "is for its organizers" in ran.out, ran.said
    words = ("--default-to", "sender", "--moderates", "all", "--old-after", "60", "--old-topics", "moderate")
    ran = hearthline("chapters", "talk", "duluth", *words, "--data", data)
    assert "only to whoever wrote what it answers" in ran.out and "After 60 days of silence" in ran.out, ran.said
    columns = "default_to, moderates, topics_old_after_days, old_topics"
    assert rows(data, f"select {columns} from chapter where slug = 'duluth'") == [("sender", "all", 60, "moderate")]
    assert hearthline("chapters", "talk", "nowhere", "--data", data).code == 1
