"""A template's source becomes a Compiled, once per version, or a list of findings with places and fixes.

The order: front matter, then Jinja pieces against the vocabulary, then markup against the allow-list, then the frame
around it, MJML to HTML, the plain part, and a trial with sample values. MJML passes unknown tags silently, which is why
everything is judged before it.
"""

import hashlib
import re
from typing import Any

from jinja2 import TemplateError
from mjml import mjml2html

from templates import plain
from templates.compiled import Compiled
from templates.expressions import Used, check, split
from templates.finding import Finding
from templates.frame import Layout, LayoutBroken, compose
from templates.letter import Letter, Line, read_letter
from templates.markup import PRIVATE, Element, Hidden, judge, parse, serialize
from templates.render import Refused, Renderer
from templates.vocabulary import Frame, names_for, sample
from templates.words import Words

#: Characters of one source. The longest letter here has a fiftieth of it.
LONGEST_SOURCE = 200_000
#: Bytes of HTML after which Gmail cuts a letter off and hides its foot, the way out among it: 102 kB as senders have
#: measured it, less what a reader's own values take.
CLIP = 102 * 1024 - 4096
_QUESTION = re.compile(r"\?(?=[\s”\"')]|$)")


def compile_letter(
    source: str, *, name: str, language: str, file: str, layout: Layout, words: Words
) -> Compiled | tuple[Finding, ...]:
    """This source compiled under this name, or everything its author has to mend.

    Raises LayoutBroken if the fault is in our own layout or words, never for what the source holds.
    """
    if len(source) > LONGEST_SOURCE:
        return (Finding(file, 1, 1, "This template is too long to be a letter.", "Make it shorter."),)
    letter = read_letter(source, file=file)
    if not isinstance(letter, Letter):
        return letter
    hidden = Hidden()
    judged = _read_body(letter, hidden, file)
    findings = [] if isinstance(judged, Element) else list(judged)
    findings += [found for line in (letter.subject, letter.preview) for found in _check_line(line, letter.frame, file)]
    if findings or not isinstance(judged, Element):
        return tuple(sorted(set(findings)))
    # The letter alone, for the question at its end, before the frame is put around it.
    alone = plain.write(judged, hidden)
    whole = compose(
        judged,
        frame=letter.frame,
        language=language,
        subject=letter.subject.words,
        preview=letter.preview.words,
        layout=layout,
        words=words,
        hidden=hidden,
    )
    html = _to_html(serialize(whole), hidden)
    text = plain.write(whole, hidden)
    compiled = Compiled(
        name=name,
        language=language,
        frame=letter.frame,
        speaks=letter.speaks,
        purpose=letter.purpose,
        expects=letter.expects,
        subject=letter.subject.words,
        preview=letter.preview.words,
        html=html,
        text=text,
        variables=_variables(letter, html, text),
        ends_with_question=_ends_with_question(alone, letter.frame, language),
        source_sha256=hashlib.sha256(source.encode()).hexdigest(),
    )
    return _tried(compiled, file, letter.body_line)


def _read_body(letter: Letter, hidden: Hidden, file: str) -> Element | tuple[Finding, ...]:
    parts = split(letter.body, file=file, line=letter.body_line)
    if isinstance(parts, Finding):
        return (parts,)
    findings: list[Finding] = []
    used = check(letter.body, file=file, line=letter.body_line, known=names_for(letter.frame))
    if not isinstance(used, Used):
        findings += used
    tree = parse(parts, hidden, file=file, line=letter.body_line)
    if isinstance(tree, Finding):
        return (*findings, tree)
    findings += judge(tree, hidden, file=file)
    if letter.frame is Frame.LETTER:
        links = [element for element in tree.walk() if element.tag == "a"]
        findings += [
            Finding(file, link.line, link.column, "A letter has one link at most.", "Keep the one that matters.")
            for link in links[1:]
        ]
    return tuple(findings) if findings else tree


def _check_line(line: Line, frame: Frame, file: str) -> tuple[Finding, ...]:
    used = check(line.words, file=file, line=line.line, known=names_for(frame))
    if isinstance(used, Used):
        return ()
    return tuple(Finding(f.file, f.line, f.column + line.column - 1, f.what, f.fix) for f in used)


def _to_html(mjml: str, hidden: Hidden) -> str:
    # Private-use signs come out of MJML's attributes in another notation, plain letters and digits do not.
    mark = f"hl{hashlib.sha256(mjml.encode()).hexdigest()[:16]}"
    named = PRIVATE.sub(lambda found: f"{mark}x{ord(found[0]):x}x", mjml)
    try:
        html: str = mjml2html(named, fonts={})
    except ValueError as error:
        raise LayoutBroken(f"MJML could not be made into HTML: {error}") from error
    return hidden.show(re.sub(f"{mark}x([0-9a-f]+)x", lambda found: chr(int(found[1], 16)), html))


def _variables(letter: Letter, html: str, text: str) -> tuple[str, ...]:
    found: set[str] = set()
    for source in (letter.subject.words, html, text):
        used = check(source, file="layout.mjml", line=1, known=names_for(letter.frame))
        if not isinstance(used, Used):
            raise LayoutBroken(str(used[0]))
        found |= used.variables
    return tuple(sorted(found))


def _samples(frame: Frame, language: str) -> list[dict[str, Any]]:
    """Sample values as from a person and as from the desk, because a letter may differ."""
    person, desk = sample(frame, language), sample(frame, language)
    desk["sender"] = {**desk["sender"], "is_person": False}
    return [person, desk]


def _ends_with_question(alone: str, frame: Frame, language: str) -> bool:
    """True if the last paragraph asks something, whoever it is from."""
    renderer = Renderer()
    try:
        texts = [renderer.text(alone, values) for values in _samples(frame, language)]
    except TemplateError:
        return False
    return all(_QUESTION.search(text.strip().rpartition("\n\n")[2]) is not None for text in texts)


def _tried(compiled: Compiled, file: str, line: int) -> Compiled | tuple[Finding, ...]:
    renderer = Renderer()
    for values in _samples(compiled.frame, compiled.language):
        tried = renderer.render(compiled, values)
        if isinstance(tried, Refused):
            return (Finding(file, 1, 1, f"A trial with sample values failed: {tried.says}", "Mend what it names."),)
        size = len(tried.html.encode())
        if size > CLIP:
            return (Finding(file, line, 1, _too_long(size, tried.text), "Make it shorter, or put the rest on a page."),)
    return compiled


def _too_long(size: int, text: str) -> str:
    """Why Gmail would cut it off, and what of it is long."""
    longest = max(text.split("\n\n"), key=len).split()
    begins = " ".join(longest[:6])
    return (
        f"The letter has {size // 1024} kB of HTML, and Gmail cuts a letter off after {CLIP // 1024}. Its words take "
        f"{len(text.encode()) // 1024} kB of them; its longest paragraph begins “{begins}…”."
    )
