"""A letter on a desk: the smallest front matter around whatever a test wants to say."""

from typing import Any

from lxml import html

from templates.compile import compile_letter
from templates.compiled import Compiled
from templates.finding import Finding
from templates.frame import read_layout
from templates.render import Rendered, Renderer
from templates.vocabulary import Frame, sample
from templates.words import read_words

LAYOUT = read_layout()
WORDS = read_words()
HEAD = """---
speaks: give
subject: A word, {{ member.first_name }}
preview: A short one.
purpose: To say it.
expects:
  - Anything.
---
"""
#: The line of the file on which a body begins behind HEAD.
BODY_LINE = HEAD.count("\n") + 1


def compiled(body: str, *, head: str = HEAD, language: str = "en") -> Compiled | tuple[Finding, ...]:
    return compile_letter(
        head + body, name="desk/draft", language=language, file="draft.mjml", layout=LAYOUT, words=WORDS
    )


def letter(body: str, *, head: str = HEAD, language: str = "en") -> Compiled:
    made = compiled(body, head=head, language=language)
    assert isinstance(made, Compiled), "\n".join(map(str, made))
    return made


def findings(body: str, *, head: str = HEAD) -> tuple[Finding, ...]:
    made = compiled(body, head=head)
    assert not isinstance(made, Compiled), "This should not have compiled."
    return made


def page(rendered: Rendered) -> Any:
    """The HTML part as a browser would understand it."""
    return html.document_fromstring(rendered.html)


def values(frame: Frame = Frame.LETTER, **member: Any) -> dict[str, Any]:
    """Sample values, with these of the member's own."""
    found = sample(frame, "en")
    found["member"] = {**found["member"], **member}
    return found


def read(made: Compiled, handed: dict[str, Any] | None = None) -> Rendered:
    rendered = Renderer().render(made, handed if handed is not None else sample(made.frame, made.language))
    assert isinstance(rendered, Rendered), rendered
    return rendered
