"""The tables of letters beside this file, as cases."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """One letter of a table and what is expected of it."""

    name: str
    letter: str
    expected: str

    @property
    def raw(self) -> bytes:
        """The letter as it comes over the wire."""
        return self.letter.replace("\n", "\r\n").encode()


def cases(table: str) -> list[Case]:
    """Every case of the table `table`.txt."""
    text = (Path(__file__).parent / f"{table}.txt").read_text(encoding="utf-8")
    found = []
    for block in text.split("\n######## ")[1:]:
        name, _, rest = block.partition("\n")
        letter, _, answer = rest.partition("\n---- ")
        found.append(Case(name, letter + "\n", answer.partition("\n")[2].strip("\n")))
    return found
