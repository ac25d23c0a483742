"""A template as its author writes it: a front matter that says what it is for, and the inside of the letter.

    ---
    speaks: listen
    subject: What brought you here, {{ member.first_name }}?
    preview: One question, and a person reads the answer.
    purpose: Say hello and ask what brought them, before anything else.
    expects:
      - A friend or a neighbor brought them.
    ---
    <mj-text>
      <p>Hi {{ member.first_name }},</p>
      …
    </mj-text>

| key | what it says |
|---|---|
| frame | `letter` (the usual), or a mail of the system: `service`, `answer`, `staff`, `topic` |
| speaks | of a letter: whether it asks for something, gives something, or listens |
| subject, preview | one line each; variables may stand in both |
| purpose | why this letter exists, read by the person asked to lend it their name |
| expects | of a letter: answers likely to come, read before approving it |

A text (`templates.text`) is written the same way, without subject and preview; its body is its words.
"""

from dataclasses import dataclass
from typing import Any

import yaml

from templates.finding import Finding
from templates.vocabulary import Frame

SPEAKS = ("listen", "give", "ask")
_KEYS = ("frame", "speaks", "subject", "preview", "purpose", "expects")
#: What only a mail has.
_OF_MAIL = ("subject", "preview")
_FENCE = "---"
_LONGEST = {"subject": 120, "preview": 160}


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence of the front matter and where it stands."""

    words: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A template's parts as written; `body_line` is the line of the file on which the body begins."""

    frame: Frame
    speaks: str
    subject: Line
    preview: Line
    purpose: str
    expects: tuple[str, ...]
    body: str
    body_line: int


def read_letter(source: str, *, file: str, is_text: bool = False) -> Letter | tuple[Finding, ...]:
    """The parts of this source, or everything wrong with its front matter. A text has no subject and no preview."""
    lines = source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not lines or lines[0].rstrip() != _FENCE:
        return (
            Finding(
                file,
                1,
                1,
                "The front matter is missing.",
                f"Begin the file with a line ---, then {'purpose' if is_text else 'subject'}: and the rest.",
            ),
        )
    end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE), None)
    if end is None:
        return (Finding(file, 1, 1, "The front matter never ends.", "Put a line --- between it and the letter."),)
    try:
        # Only the tree of nodes is read: nothing is constructed from it.
        tree = yaml.compose("\n".join(["", *lines[1:end]]), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        fix = 'A value with a colon, or one that begins with {{, stands in "quotation marks".'
        return (Finding(file, *at, f"The front matter cannot be read: {error.problem or 'not YAML'}.", fix),)
    except (yaml.YAMLError, RecursionError):
        return (Finding(file, 1, 1, "The front matter cannot be read.", "Write one key: value on each line."),)
    if not isinstance(tree, yaml.MappingNode):
        return (Finding(file, 1, 1, "The front matter has no keys.", "Write purpose: and the rest, one on each line."),)
    return _Front(file, tree, is_text).letter("\n".join(lines[end + 1 :]), end + 2)


class _Front:
    """The front matter's keys with their places, and what is wrong with them."""

    def __init__(self, file: str, tree: yaml.MappingNode, is_text: bool) -> None:
        self.file = file
        self.is_text = is_text
        self.findings: list[Finding] = []
        self.nodes: dict[str, yaml.Node] = {}
        keys = [key for key in _KEYS if not is_text or key not in _OF_MAIL]
        for key, value in tree.value:
            name = str(key.value)
            if name not in keys:
                kind = "text" if is_text else "letter"
                self.refuse(key, f"There is no key “{name}” in a {kind}.", f"The keys are {', '.join(keys)}.")
            elif name in self.nodes:
                self.refuse(key, f"“{name}” is written twice.", "Keep one of them.")
            else:
                self.nodes[name] = value

    def refuse(self, node: yaml.Node | None, what: str, fix: str) -> None:
        line, column = (node.start_mark.line + 1, node.start_mark.column + 1) if node else (1, 1)
        self.findings.append(Finding(self.file, line, column, what, fix))

    def letter(self, body: str, body_line: int) -> Letter | tuple[Finding, ...]:
        frame_name = self.words("frame").words or Frame.LETTER.value
        frame = next((known for known in Frame if known.value == frame_name), None)
        if frame is None:
            choices = ", ".join(known.value for known in Frame)
            self.refuse(self.nodes["frame"], f"There is no frame “{frame_name}”.", f"Use one of {choices}.")
        subject, preview = (Line("", 1, 1) if self.is_text else self.need(key) for key in _OF_MAIL)
        purpose = self.need("purpose")
        speaks, expects = "", self.sentences("expects")
        if frame is Frame.LETTER:
            speaks = self.need("speaks").words
            if speaks and speaks not in SPEAKS:
                self.refuse(self.nodes["speaks"], f"A letter does not “{speaks}”.", f"Use one of {', '.join(SPEAKS)}.")
            if not expects and "expects" not in self.nodes:
                self.refuse(
                    None, "“expects” is missing.", "List the answers that will come, for whoever lends their name."
                )
        if not body.strip():
            fix = "Write the words below the front matter." if self.is_text else "Write <mj-text><p>…</p></mj-text>."
            what = f"The {'text' if self.is_text else 'letter'} is empty."
            self.findings.append(Finding(self.file, body_line, 1, what, fix))
        if self.findings or frame is None:
            return tuple(sorted(self.findings))
        return Letter(frame, speaks, subject, preview, purpose.words, expects, body, body_line)

    def words(self, key: str) -> Line:
        node = self.nodes.get(key)
        if node is None:
            return Line("", 1, 1)
        if not isinstance(node, yaml.ScalarNode):
            self.refuse(node, f"“{key}” is one line of words.", 'If it begins with {{, put it in "quotation marks".')
            return Line("?", 1, 1)
        words = " ".join(str(node.value).split())
        if len(words) > _LONGEST.get(key, 2000):
            self.refuse(node, f"“{key}” is longer than {_LONGEST.get(key, 2000)} characters.", "Say it shorter.")
        return Line(words, node.start_mark.line + 1, node.start_mark.column + 1)

    def need(self, key: str) -> Line:
        found = self.words(key)
        if not found.words:
            self.refuse(self.nodes.get(key), f"“{key}” is missing.", f"Write {key}: and a few words.")
        return found

    def sentences(self, key: str) -> tuple[str, ...]:
        node: Any = self.nodes.get(key)
        if node is None:
            return ()
        if not isinstance(node, yaml.SequenceNode) or not all(isinstance(n, yaml.ScalarNode) for n in node.value):
            self.refuse(node, f"“{key}” is a list of sentences.", "Write each on its own line behind a dash.")
            return ()
        return tuple(" ".join(str(item.value).split()) for item in node.value if str(item.value).strip())
