"""A letter's lines are parted into the words a person wrote and what is folded; nothing is lost between the two.

The order of the finders of quotes is the table in `quotes.py`; what stands under a person's words is found by the
table in `signatures.py`.
"""

from dataclasses import replace
from typing import Final

from reply_router.reading import html as markup
from reply_router.reading import quotes, signatures
from reply_router.reading.bodies import Words
from reply_router.reading.lines import Line
from reply_router.reading.mime import LONGEST_TEXT, Part, Tree
from reply_router.reading.values import Folded, Kind, Reading

#: So much text of all parts together is read; what comes after stays in the original.
LONGEST_LETTER: Final = 2 * LONGEST_TEXT
#: More lines than this are shown, but not judged one by one.
_MOST_LINES: Final = 20_000


def lines_in(text: str) -> list[Line]:
    """The lines of a plain text, none folded yet."""
    return [Line(one.rstrip()) if one != "-- " else Line("-- ") for one in text.split("\n")]


def words_of(tree: Tree, shown: list[Words], sent: str | None) -> tuple[list[Line], str | None]:
    """The letter's lines, marks from HTML included, and its HTML made safe to show."""
    lines: list[Line] = []
    safe: list[str] = []
    room = LONGEST_LETTER
    for words in shown:
        if room <= 0:
            break
        plain = "\n".join(_plain(tree, part) for part in words.plain)
        rich = "\n".join(tree.text(part) for part in words.html)
        room -= len(plain) + len(rich)
        if rich and (clean_html := markup.sanitize(rich)):
            safe.append(clean_html)
        if lines:
            lines.append(Line(""))
        lines.extend(_choose(plain, rich, sent))
    return lines, "\n<hr>\n".join(safe) or None


def _plain(tree: Tree, part: Part) -> str:
    text = tree.text(part)
    if part.options.get("format", "").lower() == "flowed":
        return _unflowed(text, delete=part.options.get("delsp", "").lower() == "yes")
    return text


def _unflowed(text: str, delete: bool) -> str:
    """Paragraphs that a program broke softly are whole lines again (RFC 3676 section 4)."""
    out: list[str] = []
    open_depth: int | None = None
    for line in text.split("\n"):
        stripped = line.lstrip(">")
        depth = len(line) - len(stripped)
        stripped = stripped.removeprefix(" ") if depth or stripped.startswith(" ") else stripped
        if open_depth == depth and line.strip("> ") and not stripped.startswith("-- "):
            out[-1] += stripped
        else:
            out.append((">" * depth + " " if depth else "") + stripped)
        soft = stripped.endswith(" ") and stripped != "-- "
        if soft and delete:
            out[-1] = out[-1][:-1]
        open_depth = depth if soft and len(out[-1]) < 20_000 else None
    return "\n".join(out)


def _choose(plain: str, rich: str, sent: str | None) -> list[Line]:
    """The plain lines, unless they say nothing, or only the HTML shows where the quote is."""
    if not rich:
        return lines_in(plain)
    if not plain.strip():
        return markup.lines_of(rich)
    plain_lines = lines_in(plain)
    trial = [Line(line.text) for line in plain_lines]
    if quotes.fold(trial, sent) or "<" not in rich:
        return plain_lines
    rich_lines = markup.lines_of(rich)
    return rich_lines if any(not line.own for line in rich_lines) else plain_lines


def assemble(lines: list[Line], sent: str | None, kind: Kind) -> Reading:
    """What the person wrote, what was folded and where, from lines that may carry marks already."""
    judged, rest = lines[:_MOST_LINES], lines[_MOST_LINES:]
    body = joined(lines)
    said = ["Its program marked what it quotes."] if any(not line.own for line in judged) else []
    said += quotes.fold(judged, sent)
    said += signatures.fold(judged)
    text, folded = _unfolded([*judged, *rest])
    signature = "\n".join(one.text for one in folded if one.why in (signatures.SIGNATURE, signatures.APP_LINE))
    return Reading(kind, text=text, signature=signature, folded=tuple(folded), body=body, why=tuple(said))


def joined(lines: list[Line]) -> str:
    """All lines as one text, folded ones included."""
    return "\n".join(line.text for line in lines).strip("\n").rstrip()


def _unfolded(lines: list[Line]) -> tuple[str, list[Folded]]:
    """The person's own lines as one text, and the folded stretches with the places where they stood."""
    text: list[str] = []
    length = 0
    folded: list[Folded] = []
    stretch: list[str] = []
    why = ""

    def release() -> None:
        if any(one.strip() for one in stretch):
            folded.append(Folded("\n".join(stretch).strip("\n"), why, length))
        stretch.clear()

    for line in lines:
        if line.own or (line.blank and not stretch):
            if stretch:
                release()
                if text and text[-1]:
                    text.append("")
                    length += 1
            if line.blank and (not text or not text[-1]):
                continue
            text.append("" if line.blank else line.text)
            length += len(text[-1]) + 1
        else:
            if line.why != why:
                release()
                why = line.why
            stretch.append(line.text)
    release()
    joined = "\n".join(text).strip("\n").rstrip()
    return joined, [one if one.at <= len(joined) else replace(one, at=len(joined)) for one in folded]
