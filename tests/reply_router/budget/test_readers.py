"""Mail is read in a process of its own: within its time and memory, nothing of ours in reach, and never left over."""

import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from freezegun import freeze_time

from engine.base.errors import Unavailable, Unread
from reply_router.budget import readers as module
from reply_router.budget.child import GROWN
from reply_router.budget.form import read_back, written
from reply_router.budget.frames import MOST_BYTES
from reply_router.budget.limits import LIMITS, MB
from reply_router.budget.process import ROOT, Child
from reply_router.budget.readers import Readers
from reply_router.reading import Kind, Reading, read
from tests.reply_router.budget.hostile import HEAD, SHORT, alive, large, only, readers_with, slow, stopped
from tests.reply_router.reading.test_hostile import HOSTILE
from tests.waiting import PATIENCE, soon

PLAIN = HEAD + b"Date: Mon, 2 Mar 2026 09:00:00 -0500\nIn-Reply-To: <1@us.example>\n\nYes, I will come.\n\n-- \nRosa\n"


def test_what_comes_back_is_what_was_read() -> None:
    with readers_with() as readers:
        for raw in (PLAIN, large(100_000), *HOSTILE.values()):
            here, there = read(raw, sent="Will you come?"), readers.read(raw, sent="Will you come?")
            assert replace(there, seconds=0) == replace(here, seconds=0)
        assert len(readers.pids) == 1


def test_an_attachment_comes_back_as_its_bytes() -> None:
    with readers_with() as readers:
        raw = large(100_000)
        (attached,) = readers.read(raw).attachments
        assert readers.attachment(raw, attached.index).startswith(b"AAAAAA")
        assert readers.attachment(raw, 999) == b""


def test_nothing_but_a_reading_is_believed() -> None:
    reading = read(PLAIN)
    assert read_back(Reading, written(reading)) == reading
    other = written(reading).replace(b'"Photos from Saturday"', b"1")
    for forged in (b"null", b"[]", b'{"kind": 1}', other, written(reading)[:-9], b"[" * 9**5):
        with pytest.raises(ValueError):
            read_back(Reading, forged)


def test_a_mail_that_takes_too_long_ends_its_reader_and_the_next_is_read() -> None:
    with readers_with(seconds=SHORT) as readers:
        first = only(readers)
        with pytest.raises(Unread, match=r"longer than 0\.5 seconds"):
            readers.read(slow())
        assert not alive(first) and readers.read(PLAIN).text == "Yes, I will come."


@pytest.mark.parametrize(("hostile", "memory"), [(large, 4 * MB), (large, 40 * MB), (slow, 4 * MB), (slow, 6 * MB)])
def test_a_mail_that_takes_too_much_memory_is_not_read_and_the_next_is(
    hostile: Callable[[], bytes], memory: int
) -> None:
    with readers_with(seconds=20, memory=memory) as readers:
        first = only(readers)
        try:
            reading = readers.read(hostile())
        except Unread:
            assert not alive(first)
        else:
            assert reading.kind is Kind.UNREADABLE
            assert "MemoryError" in reading.trouble[0]
        assert readers.read(PLAIN).text == "Yes, I will come."


def test_the_largest_mail_that_our_door_takes_is_within_the_budget() -> None:
    with readers_with(seconds=20) as readers:
        reading = readers.read(large(40 * MB))
        assert reading.text == "See the picture." and reading.attachments[0].size > 29 * MB
        assert 40 * MB < MOST_BYTES and LIMITS.memory == 256 * MB and LIMITS.seconds == 2


def test_a_reader_that_a_mail_left_large_is_replaced() -> None:
    with readers_with(seconds=20, memory=64 * MB) as readers:
        first = only(readers)
        many = HEAD + b"\n" + b"word\n" * 200_000
        readers.read(many)
        assert GROWN > 0
        soon(lambda: not alive(first) or readers.pids == [first])
        if alive(first):
            status = Path(f"/proc/{first}/statm").read_text().split()
            assert int(status[0]) * os.sysconf("SC_PAGESIZE") < 400 * MB
        assert readers.read(PLAIN).text == "Yes, I will come."


def test_a_reader_that_stands_still_is_ended_by_real_time_though_ours_stands_still_too() -> None:
    with readers_with(seconds=SHORT) as readers:
        pid = only(readers)
        began = time.clock_gettime(time.CLOCK_MONOTONIC)
        with freeze_time("2026-03-02 14:00"), stopped(pid), pytest.raises(Unread, match="longer"):
            readers.read(PLAIN)
        assert time.clock_gettime(time.CLOCK_MONOTONIC) - began > SHORT * 0.9
        assert not alive(pid)


def test_a_large_mail_to_a_reader_that_stands_still_does_not_hold_us_up() -> None:
    with readers_with(seconds=SHORT) as readers, stopped(only(readers)), pytest.raises(Unread, match="longer"):
        readers.read(large(2 * MB))


def test_a_reader_killed_over_a_mail_says_so_and_one_killed_before_costs_nothing() -> None:
    with readers_with(seconds=20) as readers:
        first = only(readers)
        os.kill(first, signal.SIGKILL)
        soon(lambda: not alive(first))
        assert readers.read(PLAIN).text == "Yes, I will come."
        pid = only(readers)
        with stopped(pid):
            threading.Timer(0.2, os.kill, (pid, signal.SIGKILL)).start()
            with pytest.raises(Unread, match="signal 9"):
                readers.read(PLAIN)


def test_a_reader_with_nothing_to_read_ends_by_itself_and_is_begun_again() -> None:
    with readers_with(idle=0.05) as readers:
        first = only(readers)
        soon(lambda: not alive(first))
        assert readers.read(PLAIN).text == "Yes, I will come." and readers.pids != [first]


def test_signals_meant_for_the_router_leave_its_reader_at_work() -> None:
    with readers_with() as readers:
        pid = only(readers)
        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(pid, each)
        assert readers.read(PLAIN).text == "Yes, I will come." and readers.pids == [pid]


def _is_held_up(readers: Readers) -> None:
    with pytest.raises(Unread):
        readers.read(PLAIN)


def test_who_comes_while_a_reader_is_held_up_gets_another_and_one_stays() -> None:
    with readers_with(seconds=60) as readers:
        pid = only(readers)
        with stopped(pid):
            held = threading.Thread(target=_is_held_up, args=(readers,))
            held.start()
            soon(lambda: not readers.pids)
            assert readers.read(PLAIN).text == "Yes, I will come."
            assert held.is_alive()
            os.kill(pid, signal.SIGKILL)
            held.join(PATIENCE)
        assert not held.is_alive() and len(readers.pids) == 1 and readers.pids != [pid]


def test_eight_threads_at_once_each_get_their_own_letter_back() -> None:
    with readers_with() as readers:
        wrong: list[str] = []

        def many(name: str) -> None:
            for number in range(20):
                said = f"{name} says {number}."
                if readers.read(HEAD + b"\n" + said.encode()).text != said:
                    wrong.append(said)

        threads = [threading.Thread(target=many, args=(name,)) for name in "ABCDEFGH"]
        for each in threads:
            each.start()
        for each in threads:
            each.join(60)
        assert not wrong and 1 <= len(readers.pids) <= module.MOST


def test_closed_readers_are_gone_and_the_next_mail_begins_one_anew() -> None:
    readers = Readers()
    pid = only(readers)
    readers.close()
    assert not alive(pid) and readers.pids == []
    assert readers.read(PLAIN).text == "Yes, I will come."
    readers.close()


def test_a_reader_has_three_pipes_of_its_own_no_secret_and_no_file_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTHLINE_MAIL__PASSWORD", "canary")
    ours, theirs = socket.socketpair()
    ours.set_inheritable(True)
    read_end, write_end = os.pipe()
    os.set_inheritable(write_end, True)
    try:
        with readers_with() as readers:
            process = Path(f"/proc/{only(readers)}")
            open_ = sorted(str(each.readlink()).partition(":")[0] for each in (process / "fd").iterdir())
            assert open_ == ["/dev/null"] * 3 + [f"/proc/{process.name}/statm"] + ["pipe"] * 3
            assert b"canary" not in (process / "environ").read_bytes()
            for limit in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
                assert resource.prlimit(int(process.name), limit) == (0, 0)
    finally:
        ours.close()
        theirs.close()
        os.close(read_end)
        os.close(write_end)


PARENT = """
import sys, time
from reply_router.budget.readers import readers
readers.read(b"Subject: x\\n\\nhello\\n")
print(readers.pids[0], flush=True)
time.sleep(60)
"""


def test_a_reader_ends_with_whoever_began_it_even_when_that_one_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True,
    ) as parent:  # fmt: skip
        try:
            assert parent.stdout is not None
            pid = int(parent.stdout.readline())
            assert alive(pid)
        finally:
            parent.kill()
        parent.wait(PATIENCE)
    soon(lambda: not alive(pid))


def test_a_reader_that_cannot_be_begun_is_our_own_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sys, "executable", "/nowhere/python")
        with pytest.raises(Unavailable, match="could be started"):
            Child(LIMITS)
        patched.setattr(sys, "executable", "/bin/false")
        with pytest.raises(Unavailable, match="did not start"):
            Child(LIMITS)


def test_a_letter_nobody_could_read_is_glanced_at() -> None:
    with readers_with() as readers:
        glance = readers.glance(slow())
    assert glance.kind is Kind.UNREADABLE and glance.subject == "Photos from Saturday"
    assert [each.address for each in glance.from_] == ["rosa@home.example"] and asdict(glance)["text"] == ""
