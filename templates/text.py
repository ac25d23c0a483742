"""A text's source becomes a Compiled for the channel `sms`, or a list of findings with places and fixes.

    ---
    speaks: ask
    purpose: Ask whether they come on Thursday.
    expects:
      - 1 or yes.
    ---
    Hi {{ member.first_name }}, there is soup on Thursday at six. Do you come?
    1 yes
    2 not this time

What is written is what is sent: lines end where the author ended them. Around the words stands a frame, as around a
mail: what goes to many says who wrote it and to whom, and the first text that a phone ever has from us says so with the
whole name, and how to stop.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from templates.compiled import Compiled
from templates.expressions import Used, check
from templates.finding import Finding
from templates.letter import Letter, read_letter
from templates.plain import tidy
from templates.render import Refused, Renderer
from templates.segments import Length, measure
from templates.vocabulary import Frame, names_for, sample
from templates.words import Words, as_template

#: Characters of one source; the longest text has 1,600.
LONGEST_SOURCE = 6_000
#: What every text's name begins with, so that a letter and a text may say the same thing under one name.
PREFIX = "sms/"
#: Frames whose texts a person stands behind: these introduce themselves. The system's own name the organization anyway.
_INTRODUCED = frozenset({Frame.LETTER, Frame.ANSWER})
_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9-]*(\s[^<>]*)?/?>")


def compile_text(source: str, *, name: str, language: str, file: str, words: Words) -> Compiled | tuple[Finding, ...]:
    """This source compiled under this name (`sms/...`), or everything its author has to mend."""
    if len(source) > LONGEST_SOURCE:
        return (Finding(file, 1, 1, "This template is too long to be a text.", "Make it shorter."),)
    letter = read_letter(source, file=file, is_text=True)
    if not isinstance(letter, Letter):
        return letter
    used = check(letter.body, file=file, line=letter.body_line, known=names_for(letter.frame, "sms"))
    findings = [] if isinstance(used, Used) else list(used)
    findings += _tags(letter, file)
    if findings:
        return tuple(sorted(set(findings)))
    framed = _framed(tidy(letter.body), letter.frame, language, words)
    whole = check(framed, file=file, line=1, known=names_for(letter.frame, "sms"))
    compiled = Compiled(
        name=name,
        language=language,
        frame=letter.frame,
        speaks=letter.speaks,
        purpose=letter.purpose,
        expects=letter.expects,
        subject="",
        preview="",
        html="",
        text=framed,
        variables=tuple(sorted(whole.variables)) if isinstance(whole, Used) else (),
        ends_with_question=False,
        source_sha256=hashlib.sha256(source.encode()).hexdigest(),
        channel="sms",
    )
    return _tried(compiled, file)


def sample_text(compiled: Compiled, answers: str = "", lines: Sequence[str] = ()) -> str:
    """What this text says to a reader of the samples who has heard from us before, with these answers offered: in a
    sentence, or in lines.

    Raises ValueError for what is no whole text.
    """
    known = _samples(compiled)[0]
    known["text"] = {**known["text"], "answers": answers, "lines": list(lines)}
    rendered = Renderer().render(compiled, known)
    if isinstance(rendered, Refused):
        raise ValueError(rendered.says)
    return rendered.text


def sample_length(compiled: Compiled, answers: str = "", lines: Sequence[str] = ()) -> Length:
    """How long `sample_text` is."""
    return measure(sample_text(compiled, answers, lines))


def _framed(body: str, frame: Frame, language: str, words: Words) -> str:
    if frame not in _INTRODUCED:
        return body
    person = as_template(words.source(language, "text.by_a_person"))
    stop = as_template(words.source(language, "text.stop"))
    whole = "{% if sender.is_person %}" + person + "{% else %}{{ sender.name }}{% endif %}"
    ending = "{% if text.is_first %}\n" + stop + "{% endif %}"
    if frame is not Frame.LETTER:
        return "{% if text.is_first %}" + whole + ": {% endif %}" + body + ending
    # What goes to many says so each time, and who stands behind it.
    desk = as_template(words.source(language, "text.desk"))
    short = "{% if sender.is_person %}{{ sender.first_name }}{% else %}" + desk + "{% endif %}"
    begin = "{% if text.is_first %}" + whole + "{% else %}" + short + "{% endif %}, {{ text.to_whom }}: "
    body += "{% if text.answers is defined and text.answers %}\n{{ text.answers }}{% endif %}"
    body += "{% if text.lines is defined %}{% for line in text.lines %}\n{{ line }}{% endfor %}{% endif %}"
    return begin + body + ending


def _tags(letter: Letter, file: str) -> list[Finding]:
    found = []
    for at, line in enumerate(letter.body.split("\n")):
        tag = _TAG.search(line)
        if tag is not None:
            what = f"“{tag[0]}” would be sent as it stands: a text has no markup."
            found.append(Finding(file, letter.body_line + at, tag.start() + 1, what, "Write plain words."))
    return found


def _samples(compiled: Compiled) -> list[dict[str, Any]]:
    """Sample values as somebody gets who knows us, as a first text, and as from the desk."""
    known, first, desk = (sample(compiled.frame, compiled.language, "sms") for _ in range(3))
    known["text"] = {**known["text"], "is_first": False}
    desk["sender"] = {**desk["sender"], "is_person": False}
    return [known, first, desk]


def _tried(compiled: Compiled, file: str) -> Compiled | tuple[Finding, ...]:
    renderer = Renderer()
    texts = []
    for values in _samples(compiled):
        tried = renderer.render(compiled, values)
        if isinstance(tried, Refused):
            about = "length" if tried.reason == "length" else ""
            what = f"A trial with sample values failed: {tried.says}"
            return (Finding(file, 1, 1, what, "Mend what it names.", about),)
        texts.append(tried.text)
    # The numbered answers may stand behind the question.
    return replace(compiled, ends_with_question="?" in texts[0])
