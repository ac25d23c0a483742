"""The markup of a letter as a small tree with exact places, and the allow-list of what an author may write.

Jinja pieces are hidden behind single private-use characters while the markup is read and compiled, so that neither the
XML reader nor MJML ever sees a brace or a quote of theirs; `Hidden.show` puts them back.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from templates.expressions import Piece, single_variable, urlencoded
from templates.finding import Finding

_FIRST, _LAST = 0xE000, 0xF8FE
#: Fills up a hidden piece to its own length while places are counted.
_FILL = "\uf8ff"
PRIVATE = re.compile("[\ue000-\uf8ff]")
_ROOT = "hl-root"


@dataclass(frozen=True, slots=True)
class Element:
    """One element with its attributes and what is in it, in order."""

    tag: str
    attributes: dict[str, str]
    children: tuple["Element | str", ...]
    line: int = 0
    column: int = 0

    def words(self) -> str:
        """All text inside, without tags."""
        return "".join(child if isinstance(child, str) else child.words() for child in self.children)

    def walk(self) -> Iterator["Element"]:
        """This element and every element in it, in reading order."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()


@dataclass(slots=True)
class Hidden:
    """The Jinja pieces of one template, each standing behind one private-use character."""

    pieces: list[Piece] = field(default_factory=list)

    def hide(self, piece: Piece) -> str:
        """The character that stands for this piece from now on."""
        self.pieces.append(piece)
        return chr(_FIRST + len(self.pieces) - 1)

    def piece(self, sign: str) -> Piece:
        """The piece that this character stands for."""
        return self.pieces[ord(sign) - _FIRST]

    def show(self, text: str) -> str:
        """The text with every piece back in its place, and comments gone."""
        return PRIVATE.sub(lambda found: "" if self.piece(found[0]).word == "#" else self.piece(found[0]).source, text)

    def full(self) -> bool:
        """Whether no private-use character is left for one more piece."""
        return len(self.pieces) > _LAST - _FIRST


def parse(parts: list[str | Piece], hidden: Hidden, *, file: str, line: int = 1) -> Element | Finding:
    """The tree of these parts under a root of its own; a Finding where the markup cannot be read.

    Entities other than XML's five, document types and processing instructions are refused.
    """
    # Every piece is filled up to its own length and lines, so that the reader's line and column are the author's.
    source = ""
    for part in parts:
        if isinstance(part, str):
            if found := PRIVATE.search(part):
                at = line + source.count("\n") + part.count("\n", 0, found.start())
                return Finding(file, at, 1, "There is a sign here that no font knows.", "Delete it and type it anew.")
            source += part
        else:
            if hidden.full():
                return Finding(
                    file, part.line, part.column, "This template has too many variables.", "Make it shorter."
                )
            source += hidden.hide(part) + re.sub(r"[^\n]", _FILL, part.source[1:])
    reader = _Tree(line, len(_ROOT) + 2)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse_doctype
    parser.ProcessingInstructionHandler = reader.refuse_instruction
    reader.parser = parser
    try:
        parser.Parse(f"<{_ROOT}>{source}</{_ROOT}>".encode(), True)
    except expat.ExpatError as error:
        at_line, at_column = reader.place(error.lineno, error.offset)
        what, fix = reader.explain(error)
        return Finding(file, at_line, at_column, what, fix)
    except _Refused as refused:
        return Finding(file, refused.line, refused.column, str(refused), "Take it away.")
    assert reader.root is not None
    return reader.root


class _Refused(Exception):
    """Something that no letter needs stands in the markup."""

    def __init__(self, what: str, line: int, column: int) -> None:
        super().__init__(what)
        self.line = line
        self.column = column


class _Tree:
    """Builds Elements from the XML reader's events."""

    def __init__(self, first_line: int, root_width: int) -> None:
        self.first_line = first_line
        self.root_width = root_width
        self.parser: expat.XMLParserType
        self.open: list[tuple[str, dict[str, str], list[Element | str], int, int]] = []
        self.root: Element | None = None

    def place(self, line: int, offset: int) -> tuple[int, int]:
        column = offset + 1 - (self.root_width if line == 1 else 0)
        return self.first_line + line - 1, max(column, 1)

    def here(self) -> tuple[int, int]:
        return self.place(self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        shown = {name: _unfill(value) for name, value in attributes.items()}
        self.open.append((tag, shown, [], *self.here()))

    def end(self, _tag: str) -> None:
        tag, attributes, children, line, column = self.open.pop()
        element = Element(tag, attributes, tuple(children), line, column)
        if self.open:
            self.open[-1][2].append(element)
        else:
            self.root = element

    def text(self, words: str) -> None:
        if shown := _unfill(words):
            self.open[-1][2].append(shown)

    def refuse_doctype(self, *_args: object) -> None:
        raise _Refused("A letter declares no document type.", *self.here())

    def refuse_instruction(self, *_args: object) -> None:
        raise _Refused("A letter has no processing instructions.", *self.here())

    def explain(self, error: expat.ExpatError) -> tuple[str, str]:
        """What went wrong and how to mend it, in plain words."""
        inside = [tag for tag, *_ in self.open if tag != _ROOT]
        message = expat.ErrorString(error.code)
        if message == "mismatched tag":
            if not inside:
                return "Something is closed here that was never opened.", "Take the closing tag away."
            if inside[-1] == "br":
                return "<br> was not closed.", "Write <br/>."
            return f"<{inside[-1]}> was opened before and is not closed here.", f"Write </{inside[-1]}> first."
        if message == "undefined entity":
            return "This &name; is not known here.", "Type the sign itself, or &amp; for an “and” sign."
        if message == "duplicate attribute":
            return "An attribute is written twice.", "Keep one of them."
        return (
            "The markup cannot be read here.",
            "A lone & is written &amp;, a lone < is written &lt;, and a variable never stands inside a tag's name.",
        )


def _unfill(text: str) -> str:
    # Line breaks inside a hidden piece come through as such, or as spaces in an attribute: they go with the fill.
    return re.sub(f"([\ue000-\uf8fe])(?:[{_FILL}\\n ]*{_FILL})?", r"\1", text)


def serialize(element: Element) -> str:
    """The element as markup. A brace among an author's words becomes an entity: it can never join into Jinja."""
    attributes = "".join(
        f" {name}={quoteattr(value)}" for name, value in element.attributes.items() if not name.startswith("hl-")
    )
    if element.tag in _VOID:
        return f"<{element.tag}{attributes}/>"
    if element.tag == "mj-style":
        inner = element.words()
    else:
        inner = "".join(
            escape(child, {"{": "&#123;"}) if isinstance(child, str) else serialize(child) for child in element.children
        )
    return f"<{element.tag}{attributes}>{inner}</{element.tag}>"


_VOID = frozenset({"br", "meta"})
_INLINE = frozenset({"a", "strong", "em", "br"})
_INSIDE = {
    _ROOT: frozenset({"mj-text"}),
    "mj-text": frozenset({"p", "ul", "blockquote"}),
    "p": _INLINE,
    "li": _INLINE,
    "ul": frozenset({"li"}),
    "blockquote": frozenset({"p"}),
    "a": frozenset({"strong", "em"}),
    "strong": frozenset({"a", "em", "br"}),
    "em": frozenset({"a", "strong", "br"}),
    "br": frozenset[str](),
}
_ATTRIBUTES = {"a": frozenset({"href"})}
_NO_WORDS = frozenset({_ROOT, "mj-text", "ul", "blockquote", "br"})
_INSTEAD = {
    "b": "Write <strong>.",
    "i": "Write <em>.",
    "div": "Write <p> for a paragraph.",
    "span": "Take the tag away and keep the words.",
    "ol": "Write <ul>, or say first, second, third in words.",
    "h1": "A letter has no headings; write a paragraph.",
    "h2": "A letter has no headings; write a paragraph.",
    "mj-button": 'Write a link as a link: <a href="…">words</a> in a paragraph.',
    "mj-raw": "Write <mj-text> with paragraphs.",
    "mj-include": "Write the words here; a letter includes nothing.",
    "mj-section": "Only the inside of the letter is written here: begin with <mj-text>.",
    "mj-column": "Only the inside of the letter is written here: begin with <mj-text>.",
    "mj-body": "Only the inside of the letter is written here: begin with <mj-text>.",
    "mjml": "Only the inside of the letter is written here: begin with <mj-text>.",
    "mj-image": "A letter says it in words; pictures are not sent.",
    "img": "A letter says it in words; pictures are not sent.",
    "script": "Nothing runs in a letter. Take it away.",
    "style": "The letter's look comes from the layout. Take it away.",
    "mj-style": "The letter's look comes from the layout. Take it away.",
}
_OPENING = {"if": "endif", "for": "endfor"}
# MJML writes quotes, backslashes and unusual signs in attributes in a notation of its own: only these are safe.
_SIGN = r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]"
_PLACED = re.compile(rf"https://(?![^/?#]*@)[A-Za-z0-9.:-]+(?:[/?#](?:{_SIGN}|[\ue000-\uf8ff])*)?")
_MAILTO = re.compile(r"mailto:[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+")


def judge(root: Element, hidden: Hidden, *, file: str) -> tuple[Finding, ...]:
    """Everything in this tree that a letter may not hold; empty if it is one."""
    findings: list[Finding] = []
    for element in root.walk():
        findings += _judge_inside(element, hidden, file)
        findings += _judge_attributes(element, hidden, file)
    return tuple(sorted(set(findings)))


def _judge_inside(element: Element, hidden: Hidden, file: str) -> Iterator[Finding]:
    allowed = _INSIDE.get(element.tag)
    if allowed is None:
        return  # the element itself was refused where it stands
    for child in element.children:
        if isinstance(child, Element):
            if child.tag not in allowed:
                where = "at the top of a letter" if element.tag == _ROOT else f"in <{element.tag}>"
                may = ", ".join(f"<{tag}>" for tag in sorted(allowed)) or "nothing"
                fix = (
                    _INSTEAD.get(child.tag, f"What may stand there: {may}.")
                    if child.tag not in _INSIDE
                    else (f"What may stand there: {may}.")
                )
                yield Finding(file, child.line, child.column, f"<{child.tag}> does not stand {where}.", fix)
        elif element.tag in _NO_WORDS and (words := _loose_words(child, hidden)):
            fix = "Put them in <mj-text><p>…</p></mj-text>." if element.tag == _ROOT else "Put them in <p>…</p>."
            if element.tag == "ul":
                fix = "Put them in <li>…</li>."
            yield Finding(
                file, element.line, element.column, f"The words “{words}” stand outside of any paragraph.", fix
            )
    yield from _judge_blocks(element, hidden, file)


def _loose_words(text: str, hidden: Hidden) -> str:
    kept = PRIVATE.sub(lambda found: found[0] if hidden.piece(found[0]).word == "=" else "", text)
    return hidden.show(" ".join(kept.split()))[:60]


def _judge_blocks(element: Element, hidden: Hidden, file: str) -> Iterator[Finding]:
    """Every {% if %} and {% for %} ends in the element in which it began, so that tags always stay paired."""
    waiting: list[Piece] = []
    for child in element.children:
        if not isinstance(child, str):
            continue
        for sign in PRIVATE.findall(child):
            piece = hidden.piece(sign)
            if piece.word in _OPENING:
                waiting.append(piece)
            elif piece.word not in ("=", "#"):
                if not waiting:
                    yield _unpaired(piece, file)
                elif piece.word == _OPENING[waiting[-1].word]:
                    waiting.pop()
    for piece in waiting:
        yield _unpaired(piece, file)


def _unpaired(piece: Piece, file: str) -> Finding:
    return Finding(
        file,
        piece.line,
        piece.column,
        f"This {{% {piece.word} %}} has its other half in another paragraph.",
        "Put both around whole paragraphs, or both inside one.",
    )


def _judge_attributes(element: Element, hidden: Hidden, file: str) -> Iterator[Finding]:
    if element.tag not in _INSIDE:
        return
    for name, value in element.attributes.items():
        if name not in _ATTRIBUTES.get(element.tag, frozenset()):
            fix = "The letter's look comes from the layout. Take it away."
            yield Finding(file, element.line, element.column, f"<{element.tag}> has no attribute “{name}” here.", fix)
        elif name == "href" and not _good_link(value, hidden):
            what = f"The link “{hidden.show(value)[:60]}” cannot be used."
            fix = (
                "Write a whole https:// address, mailto:, or one {{ links.… }} variable; "
                "any other variable in an address ends in |urlencode."
            )
            yield Finding(file, element.line, element.column, what, fix)
    if element.tag == "a" and "href" not in element.attributes:
        yield Finding(file, element.line, element.column, "This link leads nowhere.", 'Write <a href="https://…">.')


def _good_link(value: str, hidden: Hidden) -> bool:
    pieces = [hidden.piece(sign) for sign in PRIVATE.findall(value)]
    if any(piece.word != "=" for piece in pieces):
        return False
    if len(value) == 1 and pieces:
        # An entry of a list may bring its own link, which the engine made too.
        name = single_variable(pieces[0]) or ""
        return name.startswith("links.") or name.endswith(".link")
    return bool(_MAILTO.fullmatch(value)) or (
        bool(_PLACED.fullmatch(value)) and all(urlencoded(piece) for piece in pieces)
    )
