"""Flow: words that a mail program broke into short lines become paragraphs again, for showing alone."""

import re
from itertools import pairwise

#: Mail programs break lines between here and 80 letters (RFC 5322 2.1.1 asks for at most 78).
NARROWEST = 65
WIDEST = 80
_BEGINS_ITS_OWN = re.compile(r"[>\s*•–-]|\d+[.)] |[A-Z][\w-]*: ")


def paragraphs(text: str) -> list[str]:
    """The text's paragraphs. A line is joined to the next where that one's first word would not have fitted on it."""
    blocks = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").strip("\n"))
    return [_joined(block.strip("\n").split("\n")) for block in blocks if block.strip()]


def _joined(lines: list[str]) -> str:
    if max(map(len, lines)) > WIDEST:
        return "\n".join(lines)
    said = lines[0]
    for before, line in pairwise(lines):
        first = line.split(maxsplit=1)[0] if line.strip() else ""
        broken = len(before) + 1 + len(first) > NARROWEST and first and not _BEGINS_ITS_OWN.match(line)
        said = f"{said.rstrip()} {line}" if broken else f"{said}\n{line}"
    return said
