"""A batch goes on whatever one of its files does to the child that reads it."""

import os
import signal
import time

import pytest

from admin.cli.batch import AHEAD, PAYS, Answer, answers
from admin.cli.file_names import LONGEST, FileNames


def work(name: str) -> Answer:
    """What a child does in these tests: some names are bad for it."""
    match name.partition(" ")[0]:
        case "dies":
            os._exit(7)
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "swells":
            return Answer(f"{name} by {len(bytes(1_000_000_000))}", "read")
        case "raises":
            raise ValueError(name)
        case "stalls":
            time.sleep(60)
    return Answer(f"{name} by {os.getpid()}", "read")


def lost(name: str, why: str) -> Answer:
    return Answer(f"{name}: {why}", "unreadable")


def run(names: list[str]) -> list[Answer]:
    return list(answers(FileNames(names), work, lost, patience=1))


def test_answers_come_in_order_from_two_children() -> None:
    names = [f"file {number}" for number in range(PAYS + 3 * AHEAD)]
    said = [answer.text.partition(" by ") for answer in run(names)]
    assert [name for name, _, _ in said] == names
    assert len({child for _, _, child in said}) == min(2, len(os.sched_getaffinity(0)))


def test_a_small_batch_has_one_child() -> None:
    assert len({answer.text.partition(" by ")[2] for answer in run(["a", "b", "c"])}) == 1


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("dies", "The process that read it died."),
        ("killed", "not enough memory"),
        ("swells", "more than 256 MB"),
        ("raises", "died"),
        ("stalls", "longer than 1 seconds"),
    ],
)
def test_a_file_that_takes_its_child_with_it_is_the_only_one_lost(bad: str, says: str) -> None:
    names = ["before", bad, *(f"after {number}" for number in range(5))]
    said = run(names)
    assert [answer.kind == "unreadable" for answer in said] == [name == bad for name in names]
    assert says in said[1].text
    assert [answer.text.partition(" by ")[0] for answer in said[2:]] == names[2:]


def test_many_bad_files_in_a_row_are_each_lost_by_themselves() -> None:
    said = run([f"dies {number}" for number in range(8)])
    assert [answer.text.partition(":")[0] for answer in said] == [f"dies {number}" for number in range(8)]


def test_nothing_is_read_when_there_are_no_names() -> None:
    assert run([]) == []


def test_names_from_a_descriptor_end_with_or_without_a_line_end_and_a_line_without_end_is_cut() -> None:
    ours, theirs = os.pipe()
    os.write(theirs, b"a\r\n\nb b\n\xff\n")
    names = FileNames(source=ours)
    names.fill()
    assert [names.take(), names.take(), os.fsencode(names.take() or ""), names.take()] == ["a", "b b", b"\xff", None]
    os.write(theirs, b"x" * (LONGEST // 2))
    names.fill()
    os.write(theirs, b"x" * (LONGEST // 2) + b"xxx")
    names.fill()
    os.write(theirs, b"yyy\nlast")
    os.close(theirs)
    names.fill()
    assert len(names.take() or "") == LONGEST
    assert names.take() is None
    assert names.more
    names.fill()
    assert (names.take(), names.more) == ("last", False)
    os.close(ours)
