"""Process: one that reads mail for this one, and what is asked of it.

It has its own three pipes and nothing else of ours: no settings in its environment, no socket, no file. One takes what
is asked, one brings the answers, and one is the bell: who asked sleeps until it rings. It ends when this process ends,
however that ends: its standard input then does."""

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
from reply_router.budget.frames import HEAD_BYTES, MOST_BYTES, NO_MEMORY, Frame, What, head_of, size_of, sizes_in, widen
from reply_router.budget.limits import MB, Limits

ROOT: Final = Path(__file__).parents[2]
#: Bytes of several frames that are written at once, and of what is taken out of a pipe at once.
_WRITTEN: Final = MB // 2
_AT_ONCE: Final = 65_536
#: Seconds after which one looks how far it has come, where nothing says so: it rings when its answers become many, or
#: when it has nothing to do.
_GLANCE: Final = 0.05
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
                stderr=subprocess.PIPE,
                bufsize=0,
                close_fds=True,
                cwd=ROOT,
                env={name: os.environ[name] for name in _KEPT if name in os.environ},
            )
        except OSError as error:
            raise Unavailable(f"No process to read mail could be started ({error.strerror or error}).") from error
        self._pipes = [each for each in (self._process.stdin, self._process.stdout, self._process.stderr) if each]
        self._go, self._come, self._bell = (each.fileno() for each in self._pipes)
        for pipe in (self._go, self._come, self._bell):
            os.set_blocking(pipe, False)
        for pipe in (self._go, self._come):
            widen(pipe)
        self._waits = select.poll()
        self._waits.register(self._bell, select.POLLIN)
        self._waits.register(self._come, 0)
        self._waits.register(self._go, 0)
        self.is_last = False
        #: What came and was not looked at yet, and whether nothing more comes.
        self._came = bytearray()
        self._is_over = False
        READER_STARTS.inc()
        try:
            self._begin(seconds_now() + limits.start_seconds)
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
        answer = next(iter(self.ask_in_turn([frame], 0)), None)
        if answer is None:
            raise Gone
        if isinstance(answer, Unread):
            raise answer
        return answer

    def ask_in_turn(self, frames: Sequence[Frame], until: float) -> list[Frame | Unread]:
        """The answers in their order: of all, or of as many as it lived for and were begun by `until`, but of one.

        Each has its whole budget, from when the one before it was answered. They lie in the pipe as far as it takes
        them, and so do the answers, whatever happens to who wrote them: neither side waits for the other at each. That
        one was answered is seen when the bell rings, and at least every `_GLANCE` seconds.
        """
        answers: list[Frame | Unread] = []
        most, queued, left = len(frames), 0, list[memoryview]()
        deadline = seconds_now() + self.limits.seconds
        try:
            while len(answers) < most and not self.is_last:
                if seconds_now() >= until:  # what it is at is waited for, and no other
                    most = min(most, max(len(answers) + (queued > len(answers)), 1))
                while not left and queued < most:
                    left, queued = _next(frames, queued, most)
                    self._write(left)
                self._wait(deadline, glances=len(answers) + 1 < most, writes=bool(left))
                self._write(left)
                before = len(answers)
                while len(answers) < most and (answer := self._came_whole()) is not None:
                    answers.append(self._judged(answer))
                now = seconds_now()
                if len(answers) > before:
                    deadline = now + self.limits.seconds
                elif now > deadline:
                    raise _Over
        except _Over:
            answers.append(self._too_long())
        except Unread as trouble:
            answers.append(trouble)
        except (OSError, ValueError, EOFError):
            death = self._death()
            if isinstance(death, Unread):
                answers.append(death)
        # It has more to read that nobody waits for now.
        self.is_last = self.is_last or queued > len(answers)
        return answers

    def _judged(self, answer: Frame) -> Frame:
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
        for pipe in self._pipes:
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

    def _begin(self, deadline: float) -> None:
        while self._came_whole() is None:
            if seconds_now() > deadline:
                raise _Over
            self._wait(deadline, glances=False, writes=False)

    def _write(self, left: list[memoryview]) -> None:
        """What the pipe does not take stays."""
        try:
            while left:
                left[0] = left[0][os.write(self._go, left[0]) :]
                if not left[0]:
                    del left[0]
        except BlockingIOError:
            return
        except OSError:  # it has ended: its last answer, or why there is none, is to be read first
            left.clear()

    def _wait(self, deadline: float, *, glances: bool, writes: bool) -> None:
        """It rang, takes more, goes on with a large answer, or the time is over; and what it wrote is here."""
        if self._is_over:
            raise EOFError
        self._waits.modify(self._go, select.POLLOUT if writes else 0)
        self._waits.modify(self._come, select.POLLIN if self._came else 0)
        seconds = deadline - seconds_now()
        rang = self._waits.poll(max(min(seconds, _GLANCE) if glances else seconds, 0) * 1000 + 1)
        with suppress(BlockingIOError):
            if any(pipe == self._bell for pipe, _ in rang):
                os.read(self._bell, _AT_ONCE)
        with suppress(BlockingIOError):
            while len(self._came) <= MOST_BYTES:
                piece = os.read(self._come, _AT_ONCE)
                if not piece:
                    self._is_over = True
                    break
                self._came += piece

    def _came_whole(self) -> Frame | None:
        """The next frame that came whole."""
        if len(self._came) < HEAD_BYTES:
            return None
        what, words, body = sizes_in(bytes(self._came[:HEAD_BYTES]))
        end = HEAD_BYTES + words + body
        if len(self._came) < end:
            return None
        with memoryview(self._came) as came:
            frame = Frame(what, bytes(came[HEAD_BYTES : end - body]), bytes(came[end - body : end]))
        del self._came[:end]
        return frame


def _next(frames: Sequence[Frame], first: int, most: int) -> tuple[list[memoryview], int]:
    """What is written next, a large frame or many small ones, and which frame is behind it."""
    if size_of(frames[first]) > _WRITTEN:
        head = head_of(frames[first]) + frames[first].words
        return [memoryview(head), memoryview(frames[first].body)], first + 1
    pieces, size = list[bytes](), 0
    while first < most and (size := size + size_of(frames[first])) <= _WRITTEN:
        pieces += (head_of(frames[first]), frames[first].words, frames[first].body)
        first += 1
    return [memoryview(b"".join(pieces))], first


def crashed(cause: str, says: str) -> Unread:
    READER_CRASHES.labels(cause).inc()
    log.warning("a mail was not read", cause=cause, says=says)
    return Unread(says)


def seconds_now() -> float:
    """Real seconds, which no test and no sandbox holds still."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)
