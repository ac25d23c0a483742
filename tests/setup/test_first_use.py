"""First use of a checkout: it sets itself up, whatever the machine lacks, and is never left half done."""

import json
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tests.setup.checkout import Checkout, python_as_debian_ships_it, wheel
from tests.waiting import soon


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.made_in(tmp_path)


def test_first_use_sets_up_then_runs_the_program_where_the_caller_stands(checkout: Checkout, tmp_path: Path) -> None:
    # Given a caller in a folder with packages of the same names, as another project may have
    elsewhere = tmp_path / "another project"
    (elsewhere / "admin").mkdir(parents=True)
    (elsewhere / "admin" / "__init__.py").write_text("raise SystemExit('the wrong admin')")
    (elsewhere / "greeting.py").write_text("VERSION = 'the wrong greeting'")
    (elsewhere / "hearthline").symlink_to(checkout.root / "bin" / "hearthline")

    first = checkout.run("hearthline", "demo", "--name", "two words", folder=elsewhere)

    assert first.returncode == 0, first.stderr
    said = json.loads(first.stdout)  # nothing but the program's own words
    assert said["words"] == ["demo", "--name", "two words"]
    assert said["folder"] == str(elsewhere)
    assert said["greeting"] == "1.0"
    assert said["prefix"] == str(checkout.venv)
    assert "sets itself up, once: 1 packages" in first.stderr
    assert "Set up in" in first.stderr

    # A second use, here by a link to the command, says nothing of its own and touches nothing
    made = (checkout.venv / "pyvenv.cfg").stat().st_mtime_ns
    second = checkout.run(str(elsewhere / "hearthline"), folder=elsewhere)
    assert (second.returncode, second.stderr) == (0, "")
    assert (checkout.venv / "pyvenv.cfg").stat().st_mtime_ns == made

    # A changed lock brings the environment up to date, and the tests' lock adds to it
    checkout.lock("greeting", "2.0")
    third = checkout.run("hearthline")
    assert json.loads(third.stdout)["greeting"] == "2.0"
    assert "up to date" in third.stderr
    assert checkout.run("setup", "--tests").returncode == 0
    fourth = checkout.run("hearthline")
    assert (fourth.stderr, json.loads(fourth.stdout)["greeting"]) == ("", "2.0")

    # An environment whose Python has gone from the machine is made again
    (checkout.venv / "bin" / "python").unlink()
    (checkout.venv / "bin" / "python").symlink_to(tmp_path / "gone")
    assert json.loads(checkout.run("hearthline").stdout)["greeting"] == "2.0"


def test_a_package_that_is_not_the_locked_one_is_refused_and_nothing_half_made_stays(checkout: Checkout) -> None:
    honest = (checkout.root / "requirements.lock").read_text()
    (checkout.root / "requirements.lock").write_text(honest[:-9] + "00000000\n")

    refused = checkout.run("hearthline")

    assert refused.returncode == 1
    assert refused.stdout == ""
    assert "Set-up did not finish" in refused.stderr
    assert not checkout.venv.exists()

    (checkout.root / "requirements.lock").write_text(honest)
    assert checkout.run("hearthline").returncode == 0


@pytest.mark.parametrize(
    "bare", [pytest.param(False, id="with ensurepip", marks=pytest.mark.long), pytest.param(True, id="without")]
)
def test_an_update_that_cannot_be_fetched_leaves_the_environment_of_before(
    checkout: Checkout, tmp_path: Path, bare: bool
) -> None:
    if bare:
        checkout = replace(checkout, python=python_as_debian_ships_it(tmp_path / "usr"))
    before = (checkout.root / "requirements.lock").read_text()
    assert checkout.run("setup").returncode == 0
    checkout.lock("greeting", "2.0")
    shutil.rmtree(checkout.shelf)
    checkout.shelf.mkdir()

    assert checkout.run("hearthline").returncode == 1

    (checkout.root / "requirements.lock").write_text(before)
    back = checkout.run("hearthline")
    assert (back.stderr, json.loads(back.stdout)["greeting"]) == ("", "1.0")


def test_a_set_up_that_was_killed_half_way_is_begun_again(checkout: Checkout) -> None:
    # What is to be installed is long in coming, so that half way is no matter of luck.
    (package,) = checkout.shelf.glob("greeting-*")
    package.rename(checkout.home.parent / "aside")
    os.mkfifo(package)
    killed = checkout.start("hearthline")
    soon(lambda: (checkout.venv / "bin" / "python").exists() or killed.poll() is not None)
    assert killed.poll() is None
    os.killpg(killed.pid, signal.SIGKILL)
    (checkout.home.parent / "aside").rename(package)
    killed.communicate()
    assert not (checkout.venv / "requirements.lock").exists()

    again = checkout.run("hearthline")

    assert json.loads(again.stdout)["greeting"] == "1.0"
    assert "sets itself up, once" in again.stderr


def test_of_two_first_uses_at_once_one_sets_up_and_both_run(checkout: Checkout) -> None:
    both = [checkout.start("hearthline", "run") for _ in range(2)]
    ended = [process.communicate(timeout=120) for process in both]

    assert [json.loads(out)["greeting"] for out, _ in ended] == ["1.0", "1.0"]
    assert sum("Set up in" in err for _, err in ended) == 1


@pytest.mark.long
def test_a_python_without_ensurepip_and_with_a_locked_pip_is_enough(checkout: Checkout, tmp_path: Path) -> None:
    checkout = replace(checkout, python=python_as_debian_ships_it(tmp_path / "usr"))

    first = checkout.run("hearthline")

    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["greeting"] == "1.0"
    checkout.lock("greeting", "2.0")
    assert json.loads(checkout.run("hearthline").stdout)["greeting"] == "2.0"


def test_without_a_python_it_says_what_to_install(checkout: Checkout, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("cat", "readlink"):
        found = shutil.which(tool)
        assert found is not None
        (tools / tool).symlink_to(found)

    refused = checkout.run("hearthline", path=str(tools))

    assert refused.returncode == 1
    assert "Hearthline needs Python 3.11 or newer" in refused.stderr
    assert "apt-get install python3" in refused.stderr


def test_a_named_python_that_is_none_is_not_quietly_replaced(checkout: Checkout) -> None:
    refused = replace(checkout, python=Path("/bin/true")).run("hearthline")
    assert refused.returncode == 1
    assert "PYTHON is set to /bin/true" in refused.stderr


@pytest.mark.long
def test_a_package_of_the_tests_does_not_count_as_set_up_for_them(checkout: Checkout) -> None:
    assert checkout.run("setup", "--tests").returncode == 0
    lock = checkout.root / "tests" / "requirements.lock"
    lock.write_text(lock.read_text() + wheel(checkout.shelf, "judging", "1.0"))

    assert checkout.run("hearthline").stderr == ""
    assert "up to date: 3 packages" in checkout.run("setup", "--tests").stderr
