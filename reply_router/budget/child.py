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
from typing import Final

from reply_router.budget.form import written
from reply_router.budget.frames import HEAD_BYTES, NO_MEMORY, Frame, What, head_of, sizes_in
from reply_router.budget.limits import MB

#: A process that a mail left this much larger is replaced: Python gives little back.
GROWN: Final = 64 * MB


def main(seconds: float, memory: int, idle_seconds: float) -> None:
    """Every mail that came was answered, and nothing more comes."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Whoever started it may be told to end; it finishes what it began, and this process with it.
        signal.signal(each, signal.SIG_IGN)
    come, go = _pipes()
    answer = _answers()
    began = address_space()
    fence(began, memory)
    # What is imported is no garbage, and a mail makes few cycles: it need not be walked through for each.
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    _send(go, Frame(What.READY))
    waiting = select.poll()
    waiting.register(come, select.POLLIN)
    while waiting.poll(idle_seconds * 1000):
        try:
            asked = _receive(come)
        except MemoryError:
            raise SystemExit(NO_MEMORY) from None  # who started it may still be writing, and would not see an answer
        if asked is None:
            return
        # Twice the time: who started it counts from before the first byte, and is the judge while it lives.
        signal.setitimer(signal.ITIMER_REAL, 2 * seconds)
        answered = _answered(answer, asked)
        del asked
        signal.setitimer(signal.ITIMER_REAL, 0)
        has_grown = address_space() > began + min(GROWN, memory // 2)
        if answered.what is What.ANSWER and has_grown:
            answered = replace(answered, what=What.LAST_ANSWER)
        _send(go, answered)
        if answered.what is not What.ANSWER:
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


def _pipes() -> tuple[int, int]:
    """Where frames come and go, out of reach of whatever reads standard input or prints."""
    come, go = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for each in (0, 1, 2):
        os.dup2(nowhere, each)
    os.close(nowhere)
    return come, go


def address_space() -> int:
    """Bytes of address space this process has (proc(5)); 0 where the system does not say."""
    try:
        with open("/proc/self/statm", "rb") as told:  # noqa: PTH123 (asked after every mail)
            return int(told.read().split()[0]) * os.sysconf("SC_PAGESIZE")
    except (OSError, ValueError, IndexError):
        return 0


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


def _receive(come: int) -> Frame | None:
    """The next frame; None when nothing more comes."""
    head = _exactly(come, HEAD_BYTES)
    if head is None:
        return None
    what, words, body = sizes_in(head)
    first, second = _exactly(come, words), _exactly(come, body)
    return Frame(what, first, second) if first is not None and second is not None else None


def _exactly(come: int, size: int) -> bytes | None:
    pieces = []
    while size:
        piece = os.read(come, min(size, MB))
        if not piece:
            return None
        pieces.append(piece)
        size -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _send(go: int, frame: Frame) -> None:
    head = head_of(frame) + frame.words
    for piece in (head, frame.body) if frame.body else (head,):
        left = memoryview(piece)
        while left:
            left = left[os.write(go, left) :]
