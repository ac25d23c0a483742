"""`--help` lists everything there is, with an example each, and starts at once."""

import subprocess
import sys

import pytest

from admin.cli.__main__ import COMMANDS
from tests.cli.shell import ROOT, environment, hearthline

#: Half a second would be gone with any of these.
SLOW = ("sqlalchemy", "flask", "twilio", "dramatiq", "pydantic", "alembic", "aiosmtpd", "mjml", "lxml", "cryptography")


def test_help_lists_every_command_with_its_line_and_an_example() -> None:
    said = hearthline("--help")
    assert said.code == 0
    for section, rows in COMMANDS.items():
        assert f"{section}:" in said.out
        for name, _, line, example in rows:
            assert f"{name} {line}" in said.said
            assert example in said.out


@pytest.mark.parametrize("name", [name for rows in COMMANDS.values() for name, *_ in rows])
def test_every_command_says_what_it_does_and_shows_an_example(name: str) -> None:
    said = hearthline(name, "--help")
    assert said.code == 0
    assert f"Example: hearthline {name}" in said.said


@pytest.mark.parametrize(
    "words",
    [
        ("journeys", "check"),
        ("journeys", "publish"),
        ("journeys", "export"),
        ("journeys", "schema"),
        ("chapters", "add"),
        ("chapters", "talk"),
        ("members", "add"),
        ("organizers", "invite"),
        ("database", "copy"),
    ],
)
def test_every_verb_shows_an_example(words: tuple[str, str]) -> None:
    said = hearthline(*words, "--help")
    assert said.code == 0
    assert f"Example: hearthline {' '.join(words)}" in said.said


def test_help_imports_nothing_slow() -> None:
    ask = (
        "import sys; from admin.cli.__main__ import hearthline\n"
        "try: hearthline(['--help'], prog_name='hearthline')\n"
        "except SystemExit: pass\n"
        f"print([name for name in {SLOW!r} if name in sys.modules], file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", ask], capture_output=True, text=True, cwd=ROOT, env=environment(), check=True, timeout=60
    )
    assert ran.stderr.strip() == "[]"


def test_a_misspelled_command_is_one_sentence_and_exit_2() -> None:
    said = hearthline("jorneys")
    assert said.code == 2
    assert "No such command 'jorneys'" in said.err
    assert "Traceback" not in said.err
