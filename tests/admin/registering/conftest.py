"""An installation as the commands' tests have it."""

from tests.cli.conftest import data, made

__all__ = ["data", "made"]
