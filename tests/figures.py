"""Figures: what the long forms of tests measured, written to docs/reliability.md by `bin/test --long`.

A test notes what it tried, what came out and what must come out; a figure is noted only where the test went on to pass.
`python -m tests.figures FILE` makes the page of what was noted in FILE.
"""

import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

#: Names the file that figures are noted in; where it is not set, nobody asked for them.
VARIABLE = "HEARTHLINE_FIGURES"
PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
_HEAD = """# What was tried, and what came out

`bin/test --long` wrote this page: each line is a test that passed. Speed stands in [performance.md](performance.md).

On {day}, {cores} cores, Python {python}.

| tried | came out | must be |
|---|---|---|
"""


def note(tried: str, came_out: str, must_be: str) -> None:
    """The figure is among those of this run, if anybody collects them."""
    if file := os.environ.get(VARIABLE):
        line = json.dumps([tried, came_out, must_be], ensure_ascii=False)
        # One write to a file opened for appending: workers note beside one another.
        with Path(file).open("a", encoding="utf-8") as notes:
            notes.write(line + "\n")


def page(notes: str, day: datetime) -> str:
    """The page of these notes, in the order of what was tried."""
    rows = sorted({tuple(json.loads(line)) for line in notes.splitlines()})
    head = _HEAD.format(day=f"{day:%-d %B %Y}", cores=os.cpu_count(), python=platform.python_version())
    return head + "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    PAGE.write_text(page(Path(sys.argv[1]).read_text("utf-8"), datetime.now(UTC)), "utf-8")
