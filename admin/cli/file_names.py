"""The names of the files of a batch, from the command line or one a line from standard input, as they come."""

import os
from collections import deque
from collections.abc import Sequence
from typing import Final

#: A longer line is no file's name (PATH_MAX is 4,096 bytes); it is cut, so that memory stays the same.
LONGEST: Final = 65_536
_AT_ONCE: Final = 65_536


class FileNames:
    """Names that are known already, then those a file descriptor brings.

    `take` never waits: when it has nothing and `more` is still true, wait until `source` can be read and `fill`.
    """

    def __init__(self, known: Sequence[str] = (), source: int | None = None) -> None:
        self.source = source
        #: How many there are; None while nobody can know.
        self.total = len(known) if source is None else None
        self._known = deque(known)
        self._begun = b""
        self._cut = False

    @property
    def more(self) -> bool:
        """Whether there is or may be another one."""
        return bool(self._known) or self.source is not None

    def take(self) -> str | None:
        """The next name, or None when none is there now."""
        return self._known.popleft() if self._known else None

    def fill(self) -> None:
        """What `source` has now is read; at its end the last line counts without a line end."""
        if self.source is None:
            return
        read = os.read(self.source, _AT_ONCE)
        if not read:
            self.source = None
            self._add(self._begun)
            return
        *whole, self._begun = (self._begun + read).split(b"\n")
        for line in whole:
            self._add(line)
        if len(self._begun) > LONGEST:
            self._add(self._begun[:LONGEST])
            self._begun, self._cut = b"", True

    def _add(self, line: bytes) -> None:
        if self._cut:  # the rest of a line that was too long
            self._cut = False
            return
        line = line.removesuffix(b"\r")
        if line:
            self._known.append(os.fsdecode(line))
