"""Child: the process that reads. It takes one mail after the other from its standard input, and ends with it.

It has no settings, no database, no socket and no file of ours; it writes no file; and it cannot take more memory than a
mail may. Whoever started it ends it when a mail takes too long; if that one is gone, its own alarm does.
"""

import gc
import json
import os
import select
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from reply_router.budget.form import written
from reply_router.budget.frames import HEAD_BYTES, NO_MEMORY, Frame, What, head_of, sizes_in, takes
from reply_router.budget.limits import MB

#: A process that a mail left this much larger is replaced: Python gives little back.
GROWN: Final = 64 * MB
#: What says how large this process is (proc(5)).
_STATM: Final = "/proc/self/statm"
#: Bytes that are taken out of the pipe at once.
_AHEAD: Final = 256 << 10


def main(seconds: float, memory: int, idle_seconds: float) -> None:
    """Every mail that came was answered, and nothing more comes."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Whoever started it may be told to end; it finishes what it began, and this process with it.
        signal.signal(each, signal.SIG_IGN)
    come, go = _pipes()
    answer = _answers()
    grown = _Grown(memory)
    fence(grown.began, memory)
    # What is imported is no garbage, and a mail makes few cycles: it need not be walked through for each.
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    go.send(Frame(What.READY))
    while come.has_more or come.waits(0) or (go.ring() and come.waits(idle_seconds)):
        try:
            asked = come.take()
        except MemoryError:
            raise SystemExit(NO_MEMORY) from None  # who started it may still be writing, and would not see an answer
        if asked is None:
            return
        # Twice the time: who started it counts from before the first byte, and is the judge while it lives.
        signal.setitimer(signal.ITIMER_REAL, 2 * seconds)
        answered = _answered(answer, asked)
        del asked
        signal.setitimer(signal.ITIMER_REAL, 0)
        if answered.what is What.ANSWER and grown.is_too_large():
            answered = replace(answered, what=What.LAST_ANSWER)
        go.send(answered)
        if answered.what is not What.ANSWER:
            go.ring()
            return


def _answered(answer: Callable[[Frame], tuple[bytes, bytes]], asked: Frame) -> Frame:
    try:
        return Frame(What.ANSWER, *answer(asked))
    except MemoryError:
        return Frame(What.NO_MEMORY)
    except Exception as error:
        return Frame(What.BROKE, written(type(error).__name__))


def _answers() -> Callable[[Frame], tuple[bytes, bytes]]:
    """What answers a frame; everything it needs is imported before memory is counted."""
    from reply_router.proof.signatures import good_signatures
    from reply_router.reading import attachment_content, read
    from reply_router.reading.glance import glance

    def answer(asked: Frame) -> tuple[bytes, bytes]:
        match asked.what:
            case What.LETTER:
                sent, mail_from = json.loads(asked.words)
                return written(read(asked.body, sent=sent, mail_from=mail_from)), b""
            case What.HEADER:
                return written(glance(asked.body)), b""
            case What.SIGNATURES:
                return written(good_signatures(asked.body, json.loads(asked.words))), b""
            case What.ATTACHMENT:
                return b"null", attachment_content(asked.body, json.loads(asked.words))
            case _:
                raise ValueError("nothing that can be asked")

    answer(Frame(What.LETTER, b"[null,null]", b"Subject: =?utf-8?q?hello?=\n\nhello\n"))
    return answer


def _pipes() -> tuple["_Come", "_Go"]:
    """Where frames come and go, out of reach of whatever reads standard input or prints."""
    come, go, bell = os.dup(0), os.dup(1), os.dup(2)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for each in (0, 1, 2):
        os.dup2(nowhere, each)
    os.close(nowhere)
    return _Come(come), _Go(go, bell)


class _Grown:
    """Whether this process has become too large to go on; asked after every mail."""

    def __init__(self, memory: int) -> None:
        """It is now as large as it should be."""
        try:
            self._told = os.open(_STATM, os.O_RDONLY)
        except OSError:
            self._told = -1
        self.began = self._address_space()
        self._most = self.began + min(GROWN, memory // 2)

    def is_too_large(self) -> bool:
        """Whether a mail left it larger than any should."""
        return self._address_space() > self._most

    def _address_space(self) -> int:
        return _bytes_in(os.pread(self._told, 100, 0)) if self._told >= 0 else 0


def address_space() -> int:
    """Bytes of address space this process has (proc(5)); 0 where the system does not say."""
    try:
        return _bytes_in(Path(_STATM).read_bytes())
    except OSError:
        return 0


def _bytes_in(statm: bytes) -> int:
    return int(statm.split(maxsplit=1)[0]) * os.sysconf("SC_PAGESIZE")


def fence(began: int, memory: int) -> None:
    """From here on this process has no more than `memory` bytes beyond what it began with, and writes no file."""
    import resource

    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 0}
    if began:
        limits |= {resource.RLIMIT_AS: began + memory, resource.RLIMIT_DATA: began + memory}
    for limit, most in limits.items():
        _, hard = resource.getrlimit(limit)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (most, most))


class _Come:
    """Where frames come from. What is there is taken at once, the next frames too."""

    def __init__(self, pipe: int) -> None:
        """Nothing has come yet."""
        self._pipe = pipe
        self._ahead, self._at = b"", 0
        self._waiting = select.poll()
        self._waiting.register(pipe, select.POLLIN)

    @property
    def has_more(self) -> bool:
        """Whether something of the next frame is here."""
        return self._at < len(self._ahead)

    def waits(self, seconds: float) -> bool:
        """Whether something comes within so many seconds, be it the end."""
        return bool(self._waiting.poll(seconds * 1000))

    def take(self) -> Frame | None:
        """The next frame; None when nothing more comes."""
        head = self._exactly(HEAD_BYTES)
        if head is None:
            return None
        what, words, body = sizes_in(head)
        first, second = self._exactly(words), self._exactly(body)
        return Frame(what, first, second) if first is not None and second is not None else None

    def _exactly(self, size: int) -> bytes | None:
        here = self._ahead[self._at : self._at + size]
        self._at += len(here)
        if len(here) == size:
            return here
        pieces = [here]
        size -= len(here)
        while size:
            piece = os.read(self._pipe, max(min(size, MB), _AHEAD))
            if not piece:
                return None
            self._ahead, self._at = piece, min(size, len(piece))
            pieces.append(piece[:size])
            size -= self._at
        return b"".join(pieces)


class _Go:
    """Where frames go to. Who waits for them sleeps until the bell rings: when they become many, or all there was is
    answered."""

    def __init__(self, pipe: int, bell: int) -> None:
        """Nothing has gone yet."""
        self._pipe, self._bell = pipe, bell
        # A pipe that is full was written to before the bell rang: so nobody sleeps while this process waits for room.
        self._most = takes(pipe) // 4
        self._silent = 0

    def send(self, frame: Frame) -> None:
        """It has gone, or lies in the pipe."""
        head = head_of(frame) + frame.words
        for piece in (head, frame.body) if frame.body else (head,):
            left = memoryview(piece)
            while left:
                gone = os.write(self._pipe, left[: self._most])
                left = left[gone:]
                self._silent += gone
                if self._silent >= self._most:
                    self.ring()

    def ring(self) -> bool:
        """Whoever waits looks."""
        if self._silent:
            self._silent = 0
            os.write(self._bell, b".")
        return True
