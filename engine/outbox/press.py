"""Press: what every letter and text of one installation is made with."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from engine.base.settings import Settings
from engine.base.tokens import Purpose, TokenRing
from templates.render import Renderer
from templates.words import Words, read_words


@dataclass(frozen=True, slots=True)
class Press:
    """What every letter is made with."""

    settings: Settings
    tokens: TokenRing
    renderer: Renderer
    words: Words


class Hidden(TokenRing):
    """Signs nothing: for a copy that others look at."""

    def __init__(self, real: TokenRing) -> None:
        self._real = real

    def sign(self, purpose: Purpose, subject_id: int, member_id: int = 0) -> str:
        """A word in the place of a token."""
        return "hidden"

    def sign_link(self, purpose: Purpose, subject_id: int, member_id: int, expires_at: datetime) -> str:
        """A word in the place of a token."""
        return "hidden"

    def mark(self, text: str) -> str:
        """The real mark: it opens nothing."""
        return self._real.mark(text)


def press(settings: Settings, tokens: TokenRing) -> Press:
    """The press of one installation; templates and words are read once in a process."""
    return Press(settings, tokens, _renderer(), _words())


@cache
def _renderer() -> Renderer:
    return Renderer()


@cache
def _words() -> Words:
    return read_words()
