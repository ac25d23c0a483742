"""Crash: a process dies right after one of its steps has done its work."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import pytest


@contextmanager
def dies_after(step: str, *modules: ModuleType) -> Iterator[None]:
    """Until the block ends, whichever of these modules calls this step hears no more of it than that the power went."""
    callers = [each for each in modules if hasattr(each, step)]
    assert callers, f"none of these modules has a {step}"
    real = getattr(callers[0], step)

    def works_and_dies(*args: object, **named: object) -> object:
        real(*args, **named)
        raise RuntimeError("the power went out")

    with pytest.MonkeyPatch.context() as patched:
        for each in callers:
            patched.setattr(each, step, works_and_dies)
        yield
