"""One thing wrong with a template, said so that its author can mend it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A place in a file, what is wrong there, and what to write instead.

    `line` and `column` count from 1, as editors do.
    """

    file: str
    line: int
    column: int
    what: str
    fix: str
    #: `variable` where one is named that does not exist, `length` where it came out too long; else empty.
    about: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.what} {self.fix}"
