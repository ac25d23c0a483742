"""docs/reading.md says what is so: every field, every kind, and the judges in their order."""

import re
from pathlib import Path

from admin.cli.found import unreadable
from reply_router.reading import JUDGES, Kind, Verb
from reply_router.reading.file_kind import FileKind
from reply_router.reading.quotes import FINDERS
from reply_router.reading.texts import TextKind

PAGE = (Path(__file__).parents[3] / "docs" / "reading.md").read_text("utf-8")


def test_the_page_tells_every_field_in_order() -> None:
    told = re.findall(
        r"^\| `(\w+)` \|", PAGE.partition("## What it says")[2].partition("## The order")[0], re.MULTILINE
    )
    promised = list(unreadable("a", "b", None))
    assert set(told) == set(promised)
    assert told.index("seconds") == 10


def test_the_page_tells_every_kind_class_and_verb() -> None:
    quoted = set(re.findall(r"`(\w+)`", PAGE))
    told_apart = {TextKind.JOIN, TextKind.LEAVE, TextKind.TAPBACK}  # these need to know our chapters and our words
    assert {str(kind) for kind in Kind} <= quoted
    assert {str(kind) for kind in FileKind} <= quoted
    assert {str(verb) for verb in Verb} <= quoted
    assert {str(kind) for kind in TextKind if kind not in told_apart} <= quoted


def listed(name: str) -> list[str]:
    """What stands in a numbered list of the page."""
    between = PAGE.partition(f"<!-- {name} -->")[2].partition(f"<!-- end of {name} -->")[0]
    return re.findall(r"^\d+\. `([\w ]+)`", between, re.MULTILINE)


def test_the_page_tells_the_judges_and_the_finders_of_quotes_in_their_order() -> None:
    assert listed("judges") == [judge.__name__ for judge in JUDGES]
    assert listed("finders") == [finder.name for finder in FINDERS]
