"""HTML has become marked lines of text, and a safe piece of HTML to show; linear, whatever the markup is worth.

lxml (libxml2) tokenizes and repairs; we listen to its events and build no tree. A container in which a mail program
puts what it quotes marks its lines, so that the quote finder need not guess there.
"""

import re
from dataclasses import dataclass, field
from typing import Final

import nh3
from lxml import etree

from reply_router.reading.lines import Line

#: Longer HTML is read by its words only and not offered as HTML.
LONGEST_SHOWN: Final = 300_000
#: The rest of longer HTML is left in the original: what a person wrote stands at its beginning.
LONGEST_READ: Final = 600_000
MOST_LINES: Final = 30_000


def _named(words: str) -> frozenset[str]:
    return frozenset(words.split())


_BLOCKS: Final = _named(
    "address article aside blockquote body center dd details dir div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol p pre section table tbody "
    "tfoot thead tr ul"
)
_SPACED: Final = _named("p h1 h2 h3 h4 h5 h6 ul ol table blockquote pre dl")
_UNREAD: Final = _named(
    "script style head title template object embed applet iframe noframes select option textarea svg "
    "math audio video canvas map xml noscript"
)
#: Elements without an end; libxml2 reports one anyway, older ones do not.
_VOID: Final = _named("br hr img input meta link area base col wbr")

QUOTED: Final = "the letter it answers, as the mail program marked it"

#: Classes and ids that mean: everything inside is quoted.
_QUOTE_CLASSES: Final = _named(
    "gmail_attr gmail_extra_quote yahoo_quoted protonmail_quote tutanota_quote moz-cite-prefix "
    "zmail_extra zmail_extra_hr moz-email-headers-table ms-outlook-mobile-reference-message "
    "outlookmessageheader hey_quote hmmessage_quote quoted-text skiff_quote mailru_quote k9mail-quote "
    "reply_quote replyforwardmessagecontent crm-quote front-blockquote fastmail-quote x_gmail_attr"
)
_QUOTE_IDS: Final = _named(
    "olk_src_body_section mail-editor-reference-message-container divtagdefaultwrapper_quote "
    "isforwardcontent replybody reply-quote forwardbody psignature_quote yahoo_quoted"
)
#: Classes and ids after which everything in the letter is quoted.
_QUOTE_STARTS: Final = _named(
    "divrplyfwdmsg x_divrplyfwdmsg appendonsend stopspelling zwchr linebreakatbeginningofmessage"
)
_OUTLOOK_RULE: Final = re.compile(
    r"border:\s?none;\s?border-top:\s?solid\s#(?:e1e1e1|b5c4df)\s1\.0pt|border-top:\s?1px\ssolid\s(?:#b5c4df|#b5c4df)"
)
_BORDERED: Final = re.compile(r"border(?:-left)?(?:-width)?:[^;]{0,60}[1-9]")
_SPACES: Final = re.compile(r"[ \t\r\n\f]+")
_ANY_TAG: Final = re.compile(r"<[^<>]{0,4000}>")


@dataclass(slots=True)
class _Open:
    tag: str
    unread: bool
    quoted: bool
    pre: bool


@dataclass(slots=True)
class _Listener:
    """lxml's parser target: hears tags and text, writes lines."""

    lines: list[Line] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    unread: int = 0
    quoted: int = 0
    pre: int = 0
    rest: bool = False
    arrows: int = 0
    item: str = ""

    def start(self, tag: str | bytes, attrib: dict[str | bytes, str | bytes]) -> None:
        name = str(tag).rpartition(":")[2].lower()
        attributes = {str(key): str(value) for key, value in attrib.items()}
        if name == "br":
            self.line(always=True)
            return
        if name == "img":
            alt = attributes.get("alt", "")
            if 0 < len(alt) <= 8 and not alt.isascii():  # an emoji drawn as a picture
                self.data(alt)
            return
        if name in _VOID and name != "hr":
            return
        if name in _BLOCKS:
            self.line()
            if name in _SPACED:
                self.gap()
        elif name in ("td", "th") and self.text:
            self.text.append(" ")
        starts, inside = _quotes(name, attributes)
        if starts:
            self.rest = True
        if name == "hr":
            return
        hidden = "display:none" in attributes.get("style", "").replace(" ", "").lower()
        opened = _Open(name, name in _UNREAD or hidden, inside, name == "pre")
        self.unread += opened.unread
        self.quoted += opened.quoted
        self.pre += opened.pre
        if name == "blockquote" and not inside and not _is_indent(attributes):
            self.arrows += 1
            opened.tag = "quoting"
        if name == "li":
            self.item = "- "
        self.stack.append(opened)

    def end(self, tag: str | bytes) -> None:
        name = str(tag).rpartition(":")[2].lower()
        if name in _VOID or not self.stack:
            return
        opened = self.stack.pop()
        if opened.tag in _BLOCKS or opened.tag == "quoting":
            self.line()
            if opened.tag in _SPACED or opened.tag == "quoting":
                self.gap()
        self.unread -= opened.unread
        self.quoted -= opened.quoted
        self.pre -= opened.pre
        self.arrows -= opened.tag == "quoting"

    def comment(self, text: str | bytes) -> None:
        """Comments say nothing to a reader."""

    def data(self, data: str | bytes) -> None:
        if self.unread or len(self.lines) >= MOST_LINES:
            return
        text = str(data)
        if self.pre:
            *whole, last = text.split("\n")
            for one in whole:
                self.text.append(one)
                self.line(always=True)
            self.text.append(last)
        else:
            self.text.append(text)

    def line(self, always: bool = False) -> None:
        """What was heard so far stands on a line of its own."""
        text = "".join(self.text)
        self.text.clear()
        text = text.rstrip() if self.pre else _SPACES.sub(" ", text).strip(" ")
        text = text.replace("\xa0", " ").replace("\u200b", "").rstrip()
        if (not text and not always) or len(self.lines) >= MOST_LINES:
            return
        if text and self.item:
            text, self.item = self.item + text, ""
        if self.arrows:
            text = (">" * min(self.arrows, 9) + " " + text).rstrip()
        self.lines.append(Line(text, QUOTED if self.rest or self.quoted else ""))

    def gap(self) -> None:
        """One empty line stands between paragraphs."""
        if self.lines and self.lines[-1].text.strip("> "):
            self.lines.append(Line(">" * min(self.arrows, 9), QUOTED if self.rest or self.quoted else ""))

    def close(self) -> list[Line]:
        self.line()
        return self.lines


def _quotes(name: str, attributes: dict[str, str]) -> tuple[bool, bool]:
    """Whether everything after this tag is quoted, and whether everything inside it is."""
    marks = {one.lower() for one in f"{attributes.get('class', '')} {attributes.get('id', '')}".split()[:20]}
    style = attributes.get("style", "").lower()[:500]
    if marks & _QUOTE_STARTS or (name == "div" and _OUTLOOK_RULE.search(style)):
        return True, False
    if marks & _QUOTE_CLASSES or attributes.get("id", "").lower() in _QUOTE_IDS:
        return False, True
    if name == "div" and attributes.get("name", "").lower() == "quote":  # GMX, web.de
        return False, True
    if name == "blockquote":
        # Gmail calls an indented paragraph a gmail_quote as well: only a line at its side makes it a quote.
        cite = attributes.get("type", "").lower() == "cite" or "cite" in attributes
        return False, cite or bool(_BORDERED.search(style))
    return False, False


def _is_indent(attributes: dict[str, str]) -> bool:
    """Gmail and Outlook write a paragraph that somebody indented as a blockquote without a border."""
    style = attributes.get("style", "").lower().replace(" ", "")
    if "gmail_quote" in attributes.get("class", "").lower().split():
        return True
    return "border:none" in style or "border:0" in style or "border-width:0" in style


def lines_of(html: str) -> list[Line]:
    """The readable lines of an HTML text, those in a quoting container marked."""
    html = html[:LONGEST_READ]
    if not html.strip():
        return []
    listener = _Listener()
    try:
        parser = etree.HTMLParser(target=listener, huge_tree=True, no_network=True, remove_comments=True)
        parser.feed(html)
        parser.close()
    except (etree.LxmlError, ValueError, AssertionError):
        return _crude(html)
    if len(listener.stack) > 0 or not listener.lines:
        heard = sum(len(line.text) for line in listener.lines)
        crude = _crude(html)
        if sum(len(line.text) for line in crude) > 2 * heard + 40:
            return crude
    return _lowered(listener.lines)


def _lowered(lines: list[Line]) -> list[Line]:
    """Where every word stands in a plain blockquote, that blockquote is layout and quotes nobody."""
    if all(line.blank or line.arrow for line in lines):
        return [Line(line.text.removeprefix(">").removeprefix(" "), line.why) for line in lines]
    return lines


def _crude(html: str) -> list[Line]:
    """The words of markup that no parser takes: tags dropped, nothing else understood."""
    import html as entities

    words = entities.unescape(_ANY_TAG.sub("\n", html))
    lines = [_SPACES.sub(" ", one).strip() for one in words.split("\n")]
    return [Line(one) for one in lines if one]


_TAGS: Final = _named(
    "a abbr b bdi bdo big blockquote br caption center cite code col colgroup dd del div dl dt em h1 "
    "h2 h3 h4 h5 h6 hr i ins kbd li mark ol p pre q s samp small span strike strong sub sup table "
    "tbody td tfoot th thead tr tt u ul"
)
_ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "ol": {"start"},
    "*": {"dir", "lang"},
}
_DROPPED: Final = {"script", "style", "title", "template", "svg", "math", "iframe", "object", "noscript"}


#: Made once: its tables take longer than a short letter.
_CLEANER: Final = nh3.Cleaner(
    tags=set(_TAGS),
    attributes=_ATTRIBUTES,
    clean_content_tags=_DROPPED,
    url_schemes={"http", "https", "mailto", "tel"},
    link_rel="noopener noreferrer nofollow",
    strip_comments=True,
)


def sanitize(html: str) -> str | None:
    """HTML that is safe and quiet to show: no pictures, styles, forms or scripts; links open without telling whence."""
    if not html.strip() or len(html) > LONGEST_SHOWN or deepest(html) > 400:
        return None
    try:
        return _CLEANER.clean(html)
    except Exception:  # a Rust panic arrives as an exception; the words are shown as text then
        return None


_OPENING: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")


def deepest(html: str) -> int:
    """A rough upper bound of how deep elements are nested: tree builders take quadratic time on very deep ones."""
    depth = most = 0
    for match in _OPENING.finditer(html):
        if match[2].lower() in _VOID:
            continue
        depth = max(0, depth - 1) if match[1] else depth + 1
        most = max(most, depth)
    return most
