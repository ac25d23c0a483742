"""The demo as somebody meets it who has never seen Hearthline: one command, a few days, one line of figures."""

import shutil
import signal
import smtplib
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import ROOT, command, environment, hearthline, write_settings
from tests.stories.sandbox import PROMISED, START, Served, ask, history, lived_once, lives, serves, without_time
from tests.stories.visit import Visit


@pytest.fixture(scope="module")
def two_days() -> tuple[Path, dict[str, Any]]:
    """A folder in which two days were lived in one go, and their figures."""
    return lived_once(2)


@pytest.fixture
def lived(two_days: tuple[Path, dict[str, Any]], tmp_path: Path) -> Path:
    """A copy of the two days."""
    shutil.copytree(two_days[0], tmp_path / "lived")
    return tmp_path / "lived"


@pytest.fixture(scope="module")
def spoken_to(two_days: tuple[Path, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A demo that stays up, for whoever speaks to its machine interface."""
    folder = tmp_path_factory.mktemp("spoken_to") / "lived"
    shutil.copytree(two_days[0], folder)
    with serves(folder, 2) as served:
        yield served
        assert served.ends() == 0


def test_the_last_line_has_every_promised_figure_and_they_agree(two_days: tuple[Path, dict[str, Any]]) -> None:
    data, figures = two_days
    assert set(figures) == PROMISED
    assert (figures["days"], figures["lost"], figures["doubled"]) == (2, 0, 0)
    assert min(figures["sms_sent"], figures["sms_received"]) >= 1
    assert (figures["database"], figures["broker"]) == ("sqlite", "in-process")
    assert sum(figures["outcomes"].values()) == figures["received"] > 0
    assert figures["answered"] > 0
    assert figures["median_minutes_to_answer"] > 0
    assert figures["stage_changes"] >= 1
    db = data / "hearthline.db"
    assert ask(db, "select count(*) from member") == [(figures["members"],)]
    assert ask(db, "select count(*) from received") == [(figures["received"],)]
    ((arrived,),) = ask(data / "world.db", "select count(*) from letter where direction = 'in'")
    assert arrived == figures["email_sent"]


@pytest.mark.long
def test_the_same_start_and_seed_repeat_a_run_exactly(two_days: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    again = lives(tmp_path / "again", 2)
    assert without_time(again) == without_time(two_days[1])
    assert history(tmp_path / "again") == history(two_days[0])


def test_a_second_run_lives_only_what_is_missing_and_equals_one_run(
    two_days: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    lives(tmp_path / "first", 1)
    before = history(tmp_path / "first")[0]
    figures = lives(tmp_path / "first", 2)
    assert without_time(figures) == without_time(two_days[1])
    assert history(tmp_path / "first") == history(two_days[0])
    assert all(row in history(two_days[0])[0] for row in before)


def test_a_second_run_of_the_same_days_changes_nothing(two_days: tuple[Path, dict[str, Any]], lived: Path) -> None:
    before = history(lived)
    assert without_time(lives(lived, 2)) == without_time(two_days[1])
    assert history(lived) == before


@pytest.mark.long
def test_reset_starts_over_in_a_sandbox_and_leaves_a_real_installation_alone(lived: Path, tmp_path: Path) -> None:
    figures = lives(lived, 1, "--reset")
    assert figures["days"] == 1
    ((latest, first),) = ask(lived / "world.db", "select max(at), min(at) from letter")
    assert latest - first <= 24 * 3600 * 10**6

    real = write_settings(tmp_path / "real")
    before = (real / "hearthline.toml").read_bytes()
    ran = hearthline("demo", "--data", real, "--days", 1, "--no-serve", "--port", 0, "--reset")
    assert ran.code == 1
    assert "a real installation" in ran.err
    assert (real / "hearthline.toml").read_bytes() == before

    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("years of work")
    ran = hearthline("demo", "--data", other, "--days", 1, "--no-serve", "--port", 0, "--reset")
    assert ran.code == 1
    assert (other / "thesis.txt").read_text() == "years of work"


def test_without_json_the_days_are_told_as_a_short_story(lived: Path) -> None:
    ran = hearthline("demo", "--data", lived, "--days", 2, "--no-serve", "--port", 0)
    assert ran.code == 0, ran.said
    assert "none were lost, and none of ours arrived twice" in ran.said
    assert "bin/hearthline demo" in ran.out


def test_it_stays_up_with_every_door_open_until_it_is_asked_to_end(lived: Path) -> None:
    with serves(lived, 2) as served:
        figures = served.figures
        assert set(figures) == PROMISED | {"admin_url", "sandbox_url", "public_url", "smtp", "texts", "login"}
        assert set(figures["login"]) == {"email", "password"}
        for url in (f"{figures['admin_url']}/session", figures["sandbox_url"], f"{figures['public_url']}/preferences"):
            with urllib.request.urlopen(url, timeout=30) as answer:
                assert answer.status == 200, url
        host, _, port = figures["smtp"].partition(":")
        with smtplib.SMTP(host, int(port), timeout=30) as door:
            assert door.noop()[0] == 250

        admin = Visit(figures["admin_url"])
        inside = admin.submit(admin.get("/session"), "/session", **figures["login"])
        assert inside.status == 200
        assert not inside.url.endswith("/session")

        second = hearthline("demo", "--data", lived, "--days", 2, "--no-serve", "--port", 0)
        assert second.code == 1
        assert "is running on" in second.err
        assert served.ends() == 0
    for url in ("admin_url", "sandbox_url", "public_url"):
        port = int(figures[url].rpartition(":")[2])
        with socket.socket() as door:
            assert door.connect_ex(("127.0.0.1", port)) != 0


def test_the_machine_interface_reads_writes_moves_the_clock_and_balances(spoken_to: Served) -> None:
    signy = "/mailboxes/signy.olafsdottir@mail.example"
    letters = spoken_to.get(signy)["messages"]
    assert letters
    assert set(letters[0]) >= {"id", "at", "from", "to", "subject", "text", "html", "headers"}
    assert [letter["at"] for letter in letters] == sorted(letter["at"] for letter in letters)

    before = spoken_to.get("/balance")
    assert set(before) == {"received", "outcomes", "unsettled"}
    wrote = spoken_to.post(signy, {"text": "One thing more, Denise.", "in_reply_to": letters[-1]["id"]})
    assert wrote["id"]
    stranger = spoken_to.post(
        "/mailboxes/new@mail.example", {"to": "atlanta@nfp.example", "subject": "hi", "text": "Is it open?"}
    )
    assert stranger["id"]
    now = spoken_to.get("/clock")["now"]
    moved = spoken_to.post("/clock", {"advance": "PT1H"})["now"]
    assert moved > now
    after = spoken_to.get("/balance")
    assert after["received"] == before["received"] + 2
    assert after["unsettled"] == 0
    assert sum(after["outcomes"].values()) == after["received"]
    later = spoken_to.post("/clock", {"now": moved[:10] + "T23:59:00Z"})["now"] if moved[11:] < "23:59" else moved
    assert later >= moved

    for path, body in (
        ("/clock", {"now": "2020-01-01T00:00Z"}),
        ("/clock", {"advance": "soon"}),
        ("/clock", {}),
        (signy, {"text": "to nobody"}),
        (signy, {"text": "to a letter that is not there", "in_reply_to": "999999"}),
    ):
        with pytest.raises(urllib.error.HTTPError) as refusal:
            spoken_to.post(path, body)
        assert refusal.value.code == 400
        assert b'"error"' in refusal.value.read()


@pytest.mark.long
def test_an_end_asked_for_while_days_are_lived_is_heard_and_the_next_run_goes_on(tmp_path: Path) -> None:
    words = ("demo", "--data", tmp_path / "d", "--days", 3, "--start", START, "--no-serve", "--port", 0)
    running = subprocess.Popen(
        command(*words), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env=environment(), cwd=ROOT, start_new_session=True,
    )  # fmt: skip
    try:
        assert running.stderr is not None
        first = running.stderr.readline()  # the second day begins
        running.send_signal(signal.SIGINT)
        _, rest = running.communicate(timeout=60)
    finally:
        running.kill()
        running.wait(60)
    said = first + rest
    assert running.returncode == 1
    assert "What was lived is kept" in said
    assert "Traceback" not in said
    assert history(tmp_path / "d") != ([], [])
    assert lives(tmp_path / "d", 3)["lost"] == 0


@pytest.mark.long
def test_another_start_or_seed_on_the_same_folder_is_said_not_to_count(lived: Path) -> None:
    ran = hearthline("demo", "--data", lived, "--days", 2, "--no-serve", "--port", 0, "--seed", 99)
    assert ran.code == 0, ran.said
    assert "To begin with another start or seed use --reset" in ran.err
    assert "To begin with" not in hearthline("demo", "--data", lived, "--days", 2, "--no-serve", "--port", 0).err


def test_a_mail_the_door_never_takes_is_refused_at_once_in_its_own_words(spoken_to: Served) -> None:
    for path, body, code, words in (
        ("/mailboxes/a@mail.example", {"to": "b@elsewhere.example", "subject": "x", "text": "y"}, 400, b"550"),
        ("/nowhere", {}, 404, b'"error"'),
    ):
        with pytest.raises(urllib.error.HTTPError) as refusal:
            spoken_to.post(path, body)
        assert refusal.value.code == code
        assert words in refusal.value.read()


def test_a_taken_port_says_so(lived: Path) -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        taken = door.getsockname()[1]
        ran = hearthline("demo", "--data", lived, "--days", 2, "--no-serve", "--port", taken)
    assert ran.code == 1
    assert f"Port {taken} is taken" in ran.err
    assert "Traceback" not in ran.err
