"""Nothing that a coverage-guided fuzzer makes up breaks a reader, in the time that it is given.

HEARTHLINE_FUZZ_SECONDS is how long each harness runs: a minute in the short form, ten in the long, unless it is set.
"""

import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fuzz.__main__ import HERE, NAMES, harness, mutated, replay, seeds

SECONDS = int(os.environ.get("HEARTHLINE_FUZZ_SECONDS") or (600 if os.environ.get("HEARTHLINE_LONG") else 60))
#: To import everything with instruments, and to write a finding down.
MORE = 120
ROOT = HERE.parents[1]

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Runs `python -m tests.fuzz` with these arguments; gives its exit code and what it said. It ends with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def run(*arguments: str) -> tuple[int, str]:
        with Path(tmp_path, "said").open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.fuzz", *arguments],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
            )  # fmt: skip
            started.append(process)
            code = process.wait(SECONDS + MORE)
        return code, Path(tmp_path, "said").read_text(errors="replace")

    yield run
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


@pytest.mark.timeout(SECONDS + MORE + 30)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_the_fuzzer_makes_up_breaks_a_reader(name: str, run: Run) -> None:
    code, said = run(name, "--seconds", str(SECONDS))
    found = re.findall(r"Test unit written to (\S+)", said)
    again = "".join(f"\nTo run it again: python -m tests.fuzz {name} {each}" for each in found)
    assert code == 0 and not found, f"{told(said)}{again}"
    runs = re.search(r"Done (\d+) ", said)
    assert runs and int(runs[1]) > 10, told(said)
    if "blindly" not in said:
        seen = "engine.base.tokens" if name == "token" else "reply_router.reading"
        assert f"Instrumenting {seen}" in said and "cov:" in said, told(said)


def told(said: str) -> str:
    """The end of what was said, without the list of what was instrumented."""
    return "\n".join(line for line in said.splitlines() if not line.startswith("INFO: Instr"))[-6_000:]


@pytest.mark.parametrize("name", NAMES)
def test_every_seed_and_simple_changes_of_it_are_read(name: str) -> None:
    check, words = harness(name)
    known = [seed.read_bytes() for seed in seeds(name)]
    assert known
    chance = random.Random(5)
    for data in known + [mutated(known, [word.encode() for word in words], chance) for _ in range(40)]:
        check(data)


def test_an_input_that_breaks_a_promise_is_shown_with_what_it_breaks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept"
    kept.write_bytes(b"yes")
    assert replay("mail", [kept]) == 0
    assert replay("mail", [tmp_path / "not there"]) == 1
    assert "nothing broken" in capsys.readouterr().out
