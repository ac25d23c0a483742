"""What stands around a letter: one layout for every mail, and one frame for each kind of mail."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from templates.expressions import Piece, split
from templates.finding import Finding
from templates.markup import PRIVATE, Element, Hidden, parse
from templates.vocabulary import Frame
from templates.words import LIBRARY, Words, as_template


@dataclass(frozen=True, slots=True)
class Layout:
    """The sources of the layout and of each frame."""

    layout: str
    frames: Mapping[Frame, str]


class LayoutBroken(Exception):
    """Our own layout, frame or catalogue of words cannot be used; the sentence says where."""


def read_layout(folder: Path = LIBRARY / "email") -> Layout:
    """The layout and frames of this library folder. Raises OSError if one is missing."""
    return Layout(
        layout=(folder / "layout.mjml").read_text("utf-8"),
        frames={frame: (folder / "frames" / f"{frame.value}.mjml").read_text("utf-8") for frame in Frame},
    )


def compose(
    letter: Element,
    *,
    frame: Frame,
    language: str,
    subject: str,
    preview: str,
    layout: Layout,
    words: Words,
    hidden: Hidden,
) -> Element:
    """The whole mail as one MJML tree: layout, frame, the fixed words of its language, and the letter within.

    Raises LayoutBroken if our own parts do not fit together.
    """
    slots: dict[str, tuple[Element | str, ...]] = {
        "hl-letter": letter.children,
        "hl-subject": (_hide_whole(subject, hidden),),
        "hl-preview": tuple(_hide(preview, hidden)),
    }

    def fill(element: Element) -> tuple[Element | str, ...]:
        if element.tag == "hl-word":
            return tuple(_hide(as_template(words.source(language, element.attributes["key"])), hidden))
        if element.tag in slots:
            return slots[element.tag]
        if element.tag == "hl-frame":
            inside = _own(layout.frames[frame], f"frames/{frame.value}.mjml", hidden)
            return tuple(part for child in inside.children for part in fill_child(child))
        children = tuple(part for child in element.children for part in fill_child(child))
        attributes = element.attributes | ({"lang": language} if element.tag == "mjml" else {})
        return (Element(element.tag, attributes, _raw_blocks(element.tag, children)),)

    def fill_child(child: Element | str) -> tuple[Element | str, ...]:
        return (child,) if isinstance(child, str) else fill(child)

    root = _own(layout.layout, "layout.mjml", hidden)
    whole = [part for child in root.children for part in fill_child(child) if isinstance(part, Element)]
    if len(whole) != 1 or whole[0].tag != "mjml":
        raise LayoutBroken("layout.mjml holds one <mjml> and nothing else.")
    return whole[0]


def _own(source: str, file: str, hidden: Hidden) -> Element:
    parts = split(source, file=file)
    found = parts if isinstance(parts, Finding) else parse(parts, hidden, file=file)
    if isinstance(found, Finding):
        raise LayoutBroken(str(found))
    return found


def _hide(source: str, hidden: Hidden) -> list[str]:
    parts = split(source, file="words")
    if isinstance(parts, Finding):
        raise LayoutBroken(str(parts))
    return [part if isinstance(part, str) else hidden.hide(part) for part in parts]


def _hide_whole(source: str, hidden: Hidden) -> str:
    """The whole source behind one sign, because MJML also puts the title in an attribute, where it mangles quotes."""
    parts = split(source, file="subject")
    if isinstance(parts, Finding):
        raise LayoutBroken(str(parts))
    kept = [escape(p) if isinstance(p, str) else p.source for p in parts if isinstance(p, str) or p.word != "#"]
    return hidden.hide(Piece("".join(kept), 1, 1))


def _raw_blocks(tag: str, children: tuple[Element | str, ...]) -> tuple[Element | str, ...]:
    """Between the blocks of a column MJML keeps text only inside <mj-raw>: Jinja blocks there are put in it."""
    if tag != "mj-column":
        return children
    kept: list[Element | str] = []
    for child in children:
        if isinstance(child, str):
            kept += [Element("mj-raw", {}, (sign,)) for sign in PRIVATE.findall(child)]
        else:
            kept.append(child)
    return tuple(kept)
