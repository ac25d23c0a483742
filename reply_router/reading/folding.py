"""A letter's lines are parted into the words a person wrote and what is folded; nothing is lost between the two.

The order of the finders of quotes is the table in `quotes.py`; what stands under a person's words is found by the
table in `signatures.py`.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

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


@dataclass(frozen=True, slots=True)
class Found:
    """A letter's lines with marks from HTML, the same as one text, and its HTML made safe to show.

    `said`: what it quotes is folded in the lines already, and how it was found; None: nobody has looked for it.
    """

    lines: list[Line]
    body: str
    html: str | None = None
    said: list[str] | None = None


def found_in(lines: list[Line]) -> Found:
    """The same of lines in which nobody has looked for a quote."""
    return Found(lines, joined(lines))


def words_of(tree: Tree, shown: list[Words], sent: str | None) -> Found:
    """The letter's words."""
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
        chosen = _choose(plain, rich, sent)
        if len(shown) == 1:
            return replace(chosen, html="".join(safe) or None)
        if lines:
            lines.append(Line(""))
        # In a letter of several texts a quote may reach from one to the next: it is looked for in all of them.
        lines.extend(chosen.lines if chosen.said is None else lines_in(plain))
    return replace(found_in(lines), html="\n<hr>\n".join(safe) or None)


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


def _choose(plain: str, rich: str, sent: str | None) -> Found:
    """The plain lines, unless they say nothing, or only the HTML shows where the quote is."""
    if not rich:
        return found_in(lines_in(plain))
    if not plain.strip():
        return found_in(markup.lines_of(rich))
    plain_lines = lines_in(plain)
    body = joined(plain_lines)
    said = quotes.fold(plain_lines, sent)
    if not said and "<" in rich:
        rich_lines = markup.lines_of(rich)
        if any(not line.own for line in rich_lines):
            return found_in(rich_lines)
    if len(plain_lines) > _MOST_LINES:
        return found_in(lines_in(plain))
    return Found(plain_lines, body, said=said)


def assemble(lines: list[Line], sent: str | None, kind: Kind) -> Reading:
    """The reading of lines that may carry marks already."""
    return Reading(kind, **parted(found_in(lines), sent))


def parted(found: Found, sent: str | None) -> dict[str, Any]:
    """What the person wrote, what was folded and where, by the fields of `Reading`."""
    judged, rest = found.lines[:_MOST_LINES], found.lines[_MOST_LINES:]
    if found.said is None:
        said = ["Its program marked what it quotes."] if any(line.why for line in judged) else []
        said += quotes.fold(judged, sent)
    else:
        said = [*found.said]
    said += signatures.fold(judged)
    text, folded = _unfolded([*judged, *rest])
    signature = "\n".join(one.text for one in folded if one.why in (signatures.SIGNATURE, signatures.APP_LINE))
    return {"text": text, "signature": signature, "folded": tuple(folded), "body": found.body, "why": tuple(said)}


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
        if not line.why or (line.blank and not stretch):
            if stretch:
                release()
                if text and text[-1]:
                    text.append("")
                    length += 1
            is_blank = line.blank
            if is_blank and (not text or not text[-1]):
                continue
            text.append("" if is_blank else line.text)
            length += len(text[-1]) + 1
        else:
            if line.why != why:
                release()
                why = line.why
            stretch.append(line.text)
    release()
    joined = "\n".join(text).strip("\n").rstrip()
    return joined, [one if one.at <= len(joined) else replace(one, at=len(joined)) for one in folded]
