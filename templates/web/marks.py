"""A person's initials and their quiet colour: no pictures from outside are ever fetched."""

from zlib import crc32

#: How many `--tint-N` colours tokens.css has.
TINTS = 6


def initials(name: str) -> str:
    """One or two letters for a name ("Maya Torres at Neighbors" is MT); a mark of its own for one without letters."""
    letters = [word[0] for word in name.partition(" at ")[0].split() if word[0].isalpha()]
    if not letters:
        return "·"
    return (letters[0] if len(letters) == 1 else letters[0] + letters[-1]).upper()


def tint(name: str) -> int:
    """The same name always has the same colour, on every machine."""
    return crc32(name.casefold().encode()) % TINTS
