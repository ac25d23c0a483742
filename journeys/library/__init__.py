"""The journeys that come with the program."""

from pathlib import Path


def files() -> tuple[Path, ...]:
    """The library's files, in the order of their names."""
    return tuple(sorted(Path(__file__).parent.glob("*.yaml")))
