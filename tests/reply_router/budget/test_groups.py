"""Many letters asked for at once: whichever harms its reader costs only itself, and every other is read once."""

import os
import signal
import threading
from dataclasses import replace

import pytest

from engine.base.errors import Unread
from reply_router.budget import process
from reply_router.budget.frames import Frame, What
from reply_router.budget.limits import LIMITS, MB
from reply_router.budget.process import Child
from reply_router.budget.readers import Letter
from reply_router.reading import Reading
from tests.reply_router.budget.hostile import HEAD, SHORT, alive, large, only, readers_with, slow

#: Seconds that no test waits for.
LONG = 1e9


def _letters(*, hostile: dict[int, bytes], count: int = 60) -> list[Letter]:
    """Letters that say their number, with hostile ones between."""
    return [Letter(hostile.get(number, HEAD + b"\nThis is %d.\n" % number)) for number in range(count)]


def _said(found: list[Reading | Unread]) -> list[str]:
    return [str(each) if isinstance(each, Unread) else each.text for each in found]


def _numbers(count: int) -> list[str]:
    return [f"This is {number}." for number in range(count)]


def test_two_that_take_too_long_cost_only_themselves() -> None:
    with readers_with(seconds=SHORT) as readers:
        only(readers)
        said = _said(readers.read_in_turn(_letters(hostile={7: slow(), 30: slow()}), LONG))
    assert [number for number, each in enumerate(said) if "longer than" in each] == [7, 30]
    assert [each for each in said if "longer" not in each] == [
        each for number, each in enumerate(_numbers(60)) if number not in (7, 30)
    ]


def test_one_that_bursts_the_memory_costs_only_itself() -> None:
    with readers_with(seconds=20, memory=8 * MB) as readers:
        said = _said(readers.read_in_turn(_letters(hostile={20: large()}), LONG))
    assert said[20].endswith("more than 8 MB of memory.") and len(said) == 60
    assert said[:20] + said[21:] == [each for number, each in enumerate(_numbers(60)) if number != 20]


def test_what_was_answered_before_a_reader_was_killed_is_there_and_what_lay_in_its_pipe_is_read_by_another() -> None:
    with readers_with(seconds=20) as readers:
        pid = only(readers)
        letters = _letters(hostile={5: slow()})
        threading.Timer(0.3, os.kill, (pid, signal.SIGKILL)).start()
        said = _said(readers.read_in_turn(letters, LONG))
        assert not alive(pid)
    lost = [number for number, each in enumerate(said) if "signal 9" in each]
    assert len(lost) == 1 and len(said) == 60
    assert all(each == f"This is {number}." for number, each in enumerate(said) if number not in (5, *lost))


def test_answers_and_letters_larger_than_any_pipe_pass_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "widen", lambda _pipe: None)
    words = b"Saturday works for me.\n" * 5_000
    letters = [Letter(HEAD + b"\n" + words), Letter(large(MB)), Letter(HEAD + b"\nShort.\n")] * 3
    with readers_with(seconds=20) as readers:
        found = readers.read_in_turn(letters, LONG)
        (attached,) = readers.read(large(MB)).attachments
        assert len(readers.attachment(large(MB), attached.index)) == attached.size > MB // 2
        assert len(readers.pids) == 1
    assert [len(each) for each in _said(found)] == [len(words) - 1, len("See the picture."), len("Short.")] * 3


def test_what_time_is_over_for_is_left_and_the_first_is_read_all_the_same() -> None:
    with readers_with(seconds=20) as readers:
        only(readers)
        assert _said(readers.read_in_turn(_letters(hostile={}), 0)) == ["This is 0."]
        said = _said(readers.read_in_turn(_letters(hostile={1: slow()}), 0.2))
        assert said[0] == "This is 0." and len(said) <= 2
        # What lay in the pipe still is not answered to whoever asks next.
        assert _said(readers.read_in_turn(_letters(hostile={}), LONG)) == _numbers(60)


@pytest.mark.parametrize(
    "does",
    [
        "os.close(0); time.sleep(60)",
        "os.close(2); time.sleep(60)",
        "os.write(1, bytes([11, 0, 9, 0, 0, 0, 0, 0, 0]))\nwhile True: os.write(1, b'.'); time.sleep(0.02)",
        "\nwhile True: os.write(2, b'.' * 60)",
        "\nwhile True: os.write(1, bytes([11, 9, 0, 0, 0, 0, 0, 0, 0]))",
    ],
    ids=["takes nothing more", "has no bell", "answers drop by drop", "rings on and on", "floods"],
)
def test_a_reader_that_a_mail_took_over_is_ended_whatever_it_does_with_its_pipes(
    does: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = f"os.write(1, bytes([{int(What.READY)}]) + bytes(8)); os.write(2, b'.')"
    monkeypatch.setattr(process, "_BEGIN", f"import os, time\n{ready}\nos.read(0, 9)\n{does}")
    child = Child(replace(LIMITS, seconds=SHORT))
    try:
        (answer,) = child.ask_in_turn([Frame(What.HEADER, b"", b"x" * 2 * MB)] * 3, LONG)
        assert isinstance(answer, Unread) and not alive(child.pid)
    finally:
        child.end()
