"""Examples: how many random ones a test makes up: a good few at every run, many in the long form."""

import os

#: Whether this run may take hours (`bin/test --long`).
IS_LONG = bool(os.environ.get("HEARTHLINE_LONG"))


def examples(few: int, many: int) -> int:
    """`few` in a run that people wait for, `many` in the long one."""
    return many if IS_LONG else few
