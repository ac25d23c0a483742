"""Mails that take more than a lowered budget allows, and readers with such a budget."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from reply_router.budget.limits import LIMITS, MB
from reply_router.budget.readers import Readers

HEAD = b"From: Rosa Marin <rosa@home.example>\nSubject: Photos from Saturday\nMIME-Version: 1.0\n"


#: Seconds that are plenty for an honest mail on a slow and busy machine, and too few for `slow` on a fast one.
SHORT = 0.5


def slow() -> bytes:
    """A mail of 29 MB whose reading takes more than a second."""
    fields = b"X-Path: =?utf-8?b?QUFB?=\n" * 700_000
    part = b"--b\nContent-Type: text/html\n\n" + b"<blockquote><b>a</b> &lt;</blockquote>" * 30_000 + b"\n"
    return HEAD + fields + b"Content-Type: multipart/mixed; boundary=b\n\n" + part * 12 + b"--b--\n"


def large(size: int = 24 * MB) -> bytes:
    """A mail with one attachment of that many bytes."""
    content = b"QUFB" * 19 + b"\n"
    return (
        HEAD
        + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nSee the picture.\n"
        + b"--b\nContent-Type: image/jpeg; name=a.jpg\nContent-Transfer-Encoding: base64\n\n"
        + content * (size // len(content))
        + b"--b--\n"
    )


@contextmanager
def readers_with(seconds: float = LIMITS.seconds, memory: int = LIMITS.memory, idle: float = 300) -> Iterator[Readers]:
    """Readers of this budget; none is left afterwards."""
    readers = Readers(replace(LIMITS, seconds=seconds, memory=memory, idle_seconds=idle))
    try:
        yield readers
    finally:
        readers.close()


def only(readers: Readers) -> int:
    """The process id of the one reader that waits for a mail, begun if need be."""
    readers.read(b"Subject: hello\n\nhello\n")
    (pid,) = readers.pids
    return pid


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Meanwhile the process does nothing, as one does on a machine that has no time for it."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        if alive(pid):
            os.kill(pid, signal.SIGCONT)


def alive(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def readers_of(pid: int) -> list[int]:
    """The processes that read mail for this one, or for one that it started."""
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,command="], capture_output=True, text=True, check=True, timeout=30
    )
    found = [line.split(None, 3) for line in listed.stdout.splitlines()]
    parents = {int(each): int(parent) for each, parent, *_ in found}
    return [
        int(each)
        for each, parent, state, *words in found
        if "reply_router.budget.child" in "".join(words)
        and not state.startswith("Z")
        and pid in (int(parent), parents.get(int(parent)))
    ]
