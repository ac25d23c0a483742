"""Process: one that reads mail for this one, and what is asked of it.

It has its own two pipes and nothing else of ours: no settings in its environment, no socket, no file. It ends when this
process ends, however that ends: its standard input then does."""

import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from engine.base.errors import Unavailable, Unread
from engine.base.log import logger
from engine.base.metrics import READER_CRASHES, READER_STARTS
from reply_router.budget.frames import HEAD_BYTES, NO_MEMORY, Frame, What, head_of, size_of, sizes_in
from reply_router.budget.limits import MB, Limits

ROOT: Final = Path(__file__).parents[2]
#: Bytes of two frames that a pipe takes while nobody reads from it (pipe(7): 65,536 in all).
_PIPE: Final = 60_000
_BEGIN: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); from reply_router.budget.child import main; "
    "main(float(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))"
)
#: What a Python may need of its environment to start at all; everything else, secrets too, is not a reader's.
_KEPT: Final = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR", "LANG", "SYSTEMROOT")
log = logger(__name__)


class _Over(Exception):
    """The time is over."""


class Gone(Exception):
    """The process had ended before it began with this mail."""


class Child:
    """One process that reads. Used by one thread at a time."""

    def __init__(self, limits: Limits, age: int = 0) -> None:
        """It is there and waits for a mail. Raises Unavailable when it cannot be started, which is our own trouble."""
        self.limits, self.age = limits, age
        words = [str(limits.seconds), str(limits.memory), str(limits.idle_seconds)]
        try:
            self._process = subprocess.Popen(  # noqa: S603 (our own words)
                [sys.executable, "-I", "-X", "utf8", "-c", _BEGIN, str(ROOT), *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                close_fds=True,
                cwd=ROOT,
                env={name: os.environ[name] for name in _KEPT if name in os.environ},
            )
        except OSError as error:
            raise Unavailable(f"No process to read mail could be started ({error.strerror or error}).") from error
        assert self._process.stdin is not None and self._process.stdout is not None
        self._go, self._come = self._process.stdin.fileno(), self._process.stdout.fileno()
        for pipe in (self._go, self._come):
            os.set_blocking(pipe, False)
        self.is_last = False
        #: What came and was not looked at yet.
        self._came = bytearray()
        READER_STARTS.inc()
        try:
            self._receive(seconds_now() + limits.start_seconds)
        except (_Over, EOFError, OSError, ValueError) as error:
            self.end()
            raise Unavailable("The process that reads mail did not start.") from error

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_there(self) -> bool:
        """Whether it can be asked once more."""
        return not self.is_last and self._process.poll() is None

    def ask(self, frame: Frame) -> Frame:
        """The answer. Raises Unread when it ran out of its budget or ended over it, and is then gone itself."""
        deadline = seconds_now() + self.limits.seconds
        try:
            self._send(frame, deadline)
            return self._answer(deadline)
        except _Over:
            raise self._too_long() from None
        except (OSError, ValueError, EOFError) as error:
            raise self._death() from error

    def ask_in_turn(self, frames: Sequence[Frame], until: float) -> list[Frame | Unread]:
        """The answers in their order: of all, or of as many as it lived for and were begun by `until`.

        Each has its whole budget, from when the one before it was answered. A small one waits in the pipe meanwhile, so
        that neither side waits for the other to wake.
        """
        answers: list[Frame | Unread] = []
        sent = 0
        while (
            len(answers) < len(frames)
            and (sent > len(answers) or not sent or seconds_now() < until)
            and not self.is_last
        ):
            at = len(answers)
            deadline = seconds_now() + self.limits.seconds
            try:
                if sent == at:
                    self._send(frames[at], deadline)
                    sent += 1
                ahead = frames[at : at + 2]
                if sent == at + 1 and len(ahead) == 2 and sum(map(size_of, ahead)) <= _PIPE and seconds_now() < until:
                    with suppress(OSError):  # it has ended: its last answer, or why there is none, is to be read first
                        self._send(ahead[1], deadline)
                    sent += 1
                answers.append(self._answer(deadline))
            except _Over:
                answers.append(self._too_long())
                break
            except Unread as trouble:
                answers.append(trouble)
                break
            except (OSError, ValueError, EOFError):
                death = self._death()
                if isinstance(death, Unread):
                    answers.append(death)
                break
        return answers

    def _answer(self, deadline: float) -> Frame:
        answer = self._receive(deadline)
        match answer.what:
            case What.ANSWER:
                return answer
            case What.LAST_ANSWER:
                self.is_last = True
                return answer
            case What.NO_MEMORY:
                self.end()
                raise self._no_memory()
            case _:
                self.end()
                raise crashed("broke", "Our reader broke at it.")

    def end(self) -> None:
        """It is not there any more, and neither are its pipes."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _too_long(self) -> Unread:
        self.end()
        return crashed("time", f"Reading it took longer than {self.limits.seconds:g} seconds.")

    def _death(self) -> Exception:
        """Why it answers no more; it is gone."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        code = self._process.returncode
        self.end()
        if code == 0:
            return Gone()
        if code == NO_MEMORY:
            return self._no_memory()
        how = f"signal {-code}" if code is not None and code < 0 else f"code {code}"
        return crashed("died", f"It ended the process that read it ({how}).")

    def _no_memory(self) -> Unread:
        return crashed("memory", f"Reading it took more than {self.limits.memory // MB} MB of memory.")

    def _send(self, frame: Frame, deadline: float) -> None:
        waits = select.poll()
        waits.register(self._go, select.POLLOUT)
        # A small frame goes in one piece: the other side would wake at its head, to wait for the rest.
        head, small = head_of(frame) + frame.words, size_of(frame) <= _PIPE
        for piece in (head + frame.body,) if small else (head, frame.body):
            left = memoryview(piece)
            while left:
                try:
                    left = left[os.write(self._go, left) :]
                except BlockingIOError:
                    _wait(waits, deadline)

    def _receive(self, deadline: float) -> Frame:
        waits = select.poll()
        waits.register(self._come, select.POLLIN)
        what, words, body = sizes_in(self._exactly(HEAD_BYTES, waits, deadline))
        return Frame(what, self._exactly(words, waits, deadline), self._exactly(body, waits, deadline))

    def _exactly(self, size: int, waits: "select.poll", deadline: float) -> bytes:
        while len(self._came) < size:
            try:
                piece = os.read(self._come, min(max(size - len(self._came), _PIPE), MB))
            except BlockingIOError:
                _wait(waits, deadline)
                continue
            if not piece:
                raise EOFError
            self._came += piece
        taken = bytes(self._came[:size])
        del self._came[:size]
        return taken


def crashed(cause: str, says: str) -> Unread:
    READER_CRASHES.labels(cause).inc()
    log.warning("a mail was not read", cause=cause, says=says)
    return Unread(says)


def seconds_now() -> float:
    """Real seconds, which no test and no sandbox holds still."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def _wait(waits: "select.poll", deadline: float) -> None:
    left = deadline - seconds_now()
    if left <= 0 or not waits.poll(left * 1000 + 1):
        raise _Over
