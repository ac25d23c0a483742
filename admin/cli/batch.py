"""A batch: many files read by a child process of this one, by two when there are enough of them to pay for it.

Answers come in the order of the files, each as soon as those before it are there. No more than `AHEAD` files are under
way at once, whatever their number, so memory stays the same. A child has the memory that one mail may take
(reply_router/budget), and one that dies takes one file with it: that file gets an answer saying so, and another child
takes over. What is done with a file is not known here.
"""

import os
import signal
from collections import deque
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Final

from admin.cli.file_names import FileNames
from reply_router.budget.child import address_space, fence
from reply_router.budget.frames import NO_MEMORY
from reply_router.budget.limits import LIMITS, MB

#: Files that are taken before the answer of the first of them has been given.
AHEAD: Final = 32
#: From this many files on a second child is worth what it costs to start.
PAYS: Final = 24
#: Seconds that one file may take. A reader takes two at most; this is for one that does not come back.
PATIENCE: Final = 15
#: A file in work and one that waits for it, so that a child never waits for us.
_IN_HAND: Final = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of one file, as it is to be written, and its kind in one word."""

    text: str
    kind: str


#: Made in a child from a file's name.
Work = Callable[[str], Answer]
#: Made here from the name of a file that took its child with it, and a sentence that says how.
Lost = Callable[[str, str], Answer]


def answers(names: FileNames, work: Work, lost: Lost, patience: int = PATIENCE) -> Generator[Answer, None, None]:
    """An answer for each name, in order. Closing the iterator ends the children."""
    most = 2 if _cores() > 1 else 1
    children: list[_Child] = []
    again: deque[tuple[int, str]] = deque()  # what a dead child had not begun
    ready: dict[int, Answer] = {}
    taken = given = 0
    try:
        while True:
            while (again or taken - given < AHEAD) and (child := _free(children, most, taken, work, patience)):
                if again:
                    child.hand(*again.popleft())
                elif (name := names.take()) is not None:
                    child.hand(taken, name)
                    taken += 1
                else:
                    break
            if given == taken and not names.more:
                return
            hungry = taken - given < AHEAD and names.more and not again and _any_room(children, most)
            waiting: list[Any] = [child.connection for child in children if child.in_hand]
            for come in wait([*waiting, names.source] if hungry and names.source is not None else waiting):
                if come == names.source:
                    names.fill()
                    continue
                child = next(one for one in children if one.connection is come)
                answered = child.answer()
                if answered is None:
                    children.remove(child)
                    (number, name), *rest = child.in_hand
                    again.extend(rest)
                    ready[number] = lost(name, child.end())
                else:
                    ready[answered[0]] = answered[1]
            while given in ready:
                yield ready.pop(given)
                given += 1
    finally:
        for child in children:
            child.end()


def _cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _any_room(children: list["_Child"], most: int) -> bool:
    return len(children) < most or any(len(child.in_hand) < _IN_HAND for child in children)


def _free(children: list["_Child"], most: int, taken: int, work: Work, patience: int) -> "_Child | None":
    """The child with least in hand that can take another file; a new one where that pays; None when all are busy."""
    if not children or (len(children) < most and taken >= PAYS):
        children.append(_Child(work, patience))
    least = min(children, key=lambda child: len(child.in_hand))
    return least if len(least.in_hand) < _IN_HAND else None


class _Child:
    """A child process, with the files it was given and has not answered, oldest first."""

    def __init__(self, work: Work, patience: int) -> None:
        context = get_context("fork" if "fork" in get_all_start_methods() else "spawn")
        self.in_hand: deque[tuple[int, str]] = deque()
        self._patience = patience
        self.connection, theirs = context.Pipe()
        # Ctrl-C means this process, which ends its children; none of them is to say anything of its own.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process: BaseProcess = context.Process(  # type: ignore[attr-defined]
                target=_live, args=(work, patience, theirs, self.connection), daemon=True
            )
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()

    def hand(self, number: int, name: str) -> None:
        """The child has the file; one that is dead already is found out when its answer is taken."""
        self.in_hand.append((number, name))
        with suppress(OSError):
            self.connection.send(name)

    def answer(self) -> tuple[int, Answer] | None:
        """The answer to its oldest file, with that file's number; None when the child is dead."""
        try:
            answered: Answer = self.connection.recv()
        except (EOFError, OSError):
            return None
        return self.in_hand.popleft()[0], answered

    def end(self) -> str:
        """It is gone; a sentence says how it had ended by itself."""
        self.connection.close()
        self._process.join(0.5)
        code = self._process.exitcode
        if code is None:
            self._process.kill()
            self._process.join()
        self._process.close()
        if code == -signal.SIGALRM:
            return f"Reading it took longer than {self._patience} seconds."
        if code == -signal.SIGKILL:
            return "The process that read it was killed; perhaps there was not enough memory."
        if code == NO_MEMORY:
            return f"Reading it took more than {LIMITS.memory // MB} MB of memory."
        return "The process that read it died."


def _live(work: Work, patience: int, connection: Connection, not_mine: Connection) -> None:
    """A child's life: names come in, answers go out, until nobody is there any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    not_mine.close()
    fence(address_space(), LIMITS.memory)
    try:
        while True:
            name = connection.recv()
            signal.alarm(patience)  # also ends a child whose parent is gone
            try:
                answered = work(name)
            except MemoryError:
                os._exit(NO_MEMORY)
            except Exception:  # the answer for this file is that its reader died
                os._exit(1)
            signal.alarm(0)
            connection.send(answered)
    except (EOFError, OSError):
        return
