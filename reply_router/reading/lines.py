"""A line of a letter, and why it was folded, if it was."""

from dataclasses import dataclass
from typing import Final

#: What stands around the words of a line without meaning anything.
EDGES: Final = " \t\xa0*_-–—‐‑>|‪‬‎‏⁦⁩\u200b"


@dataclass(slots=True)
class Line:
    """One line as it stands in the letter; an empty `why` means that the person wrote it."""

    text: str
    why: str = ""

    @property
    def own(self) -> bool:
        """Whether nobody has folded it yet."""
        return not self.why

    @property
    def blank(self) -> bool:
        """Whether nothing is written on it."""
        return not self.text.strip(" \t\u200b\ufeff\xa0")

    @property
    def arrow(self) -> bool:
        """Whether it carries the mark with which mail programs quote."""
        return self.text.lstrip(" \t\xa0").startswith((">", "＞"))


def next_written(lines: list[Line], at: int) -> int:
    """The place of the first line from `at` on that is not blank; the number of lines when there is none."""
    while at < len(lines) and lines[at].blank:
        at += 1
    return at
