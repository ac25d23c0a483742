"""Places: where a press of a button leads back to."""

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import request

#: What of the list's state a conversation's address carries.
KEPT = ("view", "show", "order", "after")


def back_to(thread_id: int) -> str:
    """The conversation, with the list beside it as it was."""
    return addressed(f"/conversations/{thread_id}", {name: request.args[name] for name in KEPT if name in request.args})


def addressed(path: str, values: Mapping[str, str]) -> str:
    """A path with these values."""
    return f"{path}?{urlencode(values)}" if values else path
