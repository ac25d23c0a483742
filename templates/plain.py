"""The plain-text part of a letter, written from the letter itself so that it reads as if typed by hand.

`write` makes a Jinja source once per template version. Each paragraph in it stands between marks that no value can
contain; `finish` wraps the paragraphs after Jinja has put a reader's values in, and drops the ones that came out empty.
"""

from functools import lru_cache

from templates.markup import PRIVATE, Element, Hidden

#: Columns of a wrapped line, so that a quoted answer still fits in eighty.
WIDTH = 72

_OPEN, _PART, _CLOSE = "\x02", "\x1f", "\x03"
_WRAPPED, _UNWRAPPED = "=", "~"
_NEXT_LINE, _NEW_PARAGRAPH = "1", "2"
_BETWEEN_LINKS = " ·|\n\t"
#: RFC 3676 section 4.3: what follows is the foot, which mail programs leave out of quotations.
_FOOT = "-- "
_PAUSE = "\x1d"


def write(letter: Element, hidden: Hidden) -> str:
    """The Jinja source of the plain text of this tree."""
    writer = _Writer(hidden)
    writer.blocks(letter, "")
    return "".join(writer.out)


def finish(rendered: str) -> str:
    """The readable text of a rendered source: paragraphs wrapped, empty ones gone, one line break at the end."""
    return "".join(finished(rendered))


def finished(rendered: str) -> list[str]:
    """The same in its paragraphs and what stands between them: each begins a line or ends one."""
    text: list[str] = []
    foot = ""
    pause = False
    for chunk in rendered.split(_CLOSE):
        found = _paragraph(chunk)
        if found is None:
            continue
        gap, words = found
        if words == _FOOT:
            foot = _FOOT
            continue
        if words == _PAUSE:
            pause = True
            continue
        if text:
            text.append("\n" if gap == _NEXT_LINE and not foot and not pause else "\n\n")
        pause = False
        if foot:
            text.append(f"{foot}\n")
            foot = ""
        text.append(words)
    text.append("\n")
    return text


# Most paragraphs say the same to every reader.
@lru_cache(maxsize=1024)
def _paragraph(chunk: str) -> tuple[str, str] | None:
    """What stands between this paragraph and the one before it, and its words, wrapped; None for one without words."""
    _outside, mark, inside = chunk.partition(_OPEN)
    if not mark:
        return None
    kind, gap = inside[0], inside[1]
    first, rest, words = inside[2:].split(_PART, 2)
    if words in (_FOOT, _PAUSE):
        return gap, words
    if not words or words.isspace():
        return None
    return gap, words if kind == _WRAPPED else wrap(words, first, rest)


def tidy(words: str) -> str:
    """The words of a text as they were written: no spaces at the ends of lines, never two empty lines together."""
    lines = [line.rstrip() for line in words.strip().split("\n")]
    kept = [line for at, line in enumerate(lines) if line or lines[at - 1]]
    return "\n".join(kept)


def wrap(words: str, first: str = "", rest: str = "", width: int = WIDTH) -> str:
    """The words in lines of at most `width` columns; a longer word, such as an address, keeps its own line whole."""
    lines: list[str] = []
    start = first
    for line in words.split("\n"):
        row: list[str] = []
        used = len(start)
        for word in line.split():
            if row and used + 1 + len(word) > width:
                lines.append(start + " ".join(row))
                start, row = rest, []
                used = len(start)
            used += len(word) + (1 if row else 0)
            row.append(word)
        if row:
            lines.append(start + " ".join(row))
            start = rest
    return "\n".join(lines)


class _Writer:
    """Turns a tree into marked paragraphs, with the Jinja blocks around them left where they were."""

    def __init__(self, hidden: Hidden) -> None:
        self.hidden = hidden
        self.out: list[str] = []

    def blocks(self, parent: Element, indent: str) -> None:
        for child in parent.children:
            if isinstance(child, str):
                self.out += [self.hidden.show(sign) for sign in PRIVATE.findall(child)]
                continue
            match child.tag:
                case "mj-head":
                    pass
                case "mj-text" if child.attributes.get("hl-plain") == "no":
                    pass
                case "mj-text" if child.attributes.get("hl-plain") == "foot":
                    self.put(_FOOT, "", "", _NEW_PARAGRAPH)
                    self.blocks(child, indent)
                case "p":
                    tight = parent.attributes.get("hl-plain") == "close"
                    self.paragraph(child, indent, indent, _NEXT_LINE if tight else _NEW_PARAGRAPH)
                case "ul":
                    self.items(child, indent)
                case "blockquote":
                    self.blocks(child, f"{indent}    ")
                case _:
                    self.blocks(child, indent)

    def items(self, parent: Element, indent: str) -> None:
        # Any item may be the first that a reader gets, so the space above the list is a mark of its own.
        self.put(_PAUSE, "", "", _NEW_PARAGRAPH)
        for child in parent.children:
            if isinstance(child, str):
                self.out += [self.hidden.show(sign) for sign in PRIVATE.findall(child)]
            else:
                self.paragraph(child, f"{indent}- ", f"{indent}  ", _NEXT_LINE)

    def paragraph(self, element: Element, first: str, rest: str, gap: str) -> None:
        links = [child for child in element.children if isinstance(child, Element) and child.tag == "a"]
        others = "".join(c if isinstance(c, str) else c.words() for c in element.children if c not in links)
        if links and not others.strip(_BETWEEN_LINKS):
            for link in links:
                self.put(self.link(link), first, rest, gap)
                gap = _NEXT_LINE
            return
        after: list[Element] = []
        words = self.inline(element, after, ends=True)
        self.put(words, first, rest, gap)
        for link in after:
            self.put(self.link(link), rest, rest, _NEXT_LINE)

    def inline(self, element: Element, after: list[Element], *, ends: bool) -> str:
        """The words of a paragraph; links that do not end it are added to `after`, to be written out below it."""
        words: list[str] = []
        for at, child in enumerate(element.children):
            if isinstance(child, str):
                words.append(self.data(child))
                continue
            behind = element.children[at + 1 :]
            match child.tag:
                case "br":
                    words.append("\n")
                case "strong":
                    words.append(f"*{self.inline(child, after, ends=False)}*")
                case "a" if ends and not any(not isinstance(c, str) or c.strip(" .\n") for c in behind):
                    return "".join(words) + self.link(child)
                case "a":
                    words.append(self.inline(child, after, ends=False))
                    after.append(child)
                case _:
                    words.append(self.inline(child, after, ends=False))
        return "".join(words)

    def link(self, link: Element) -> str:
        words = " ".join(self.inline(link, [], ends=False).split(" "))
        address = self.data(link.attributes["href"].removeprefix("mailto:"))
        return address if words == address else f"{words}: {address}"

    def data(self, text: str) -> str:
        """Text with its line breaks made spaces, its braces kept as braces, and its Jinja pieces shown."""
        spaced = " ".join(text.replace("\n", " ").replace("\t", " ").split(" "))
        return self.hidden.show(_guard(spaced))

    def put(self, words: str, first: str, rest: str, gap: str) -> None:
        static = "{" not in words and words not in (_FOOT, _PAUSE)
        kind = _WRAPPED if static else _UNWRAPPED
        shown = wrap(words, first, rest) if static else words
        self.out.append(f"{_OPEN}{kind}{gap}{first}{_PART}{rest}{_PART}{shown}{_CLOSE}")


def _guard(text: str) -> str:
    """A brace that an author wrote as a sign, in a form that cannot join with its neighbors into Jinja."""
    return text.replace("{", "{{ '{' }}")
