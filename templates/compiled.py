"""A template made ready: what a stored version holds, so that each recipient costs only a little Jinja."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self

from templates.vocabulary import Frame


@dataclass(frozen=True, slots=True)
class Compiled:
    """One template in one language, checked and compiled.

    `subject`, `html` and `text` are Jinja sources; `text` still carries the marks that `plain.finish` turns into
    wrapped paragraphs. A template for texts has neither subject nor HTML, and its text is what is sent.
    `variables` are the dotted names the whole mail uses, its frame included. `speaks` is `ask`, `give` or `listen`, and
    empty for a mail of the system itself.
    """

    name: str
    language: str
    frame: Frame
    speaks: str
    purpose: str
    expects: tuple[str, ...]
    subject: str
    preview: str
    html: str
    text: str
    variables: tuple[str, ...]
    ends_with_question: bool
    source_sha256: str
    channel: Literal["email", "sms"] = "email"

    @property
    def sha256(self) -> str:
        """The fingerprint of everything a reader gets; an approval is for exactly this."""
        seen = [self.language, self.frame.value, self.subject, self.preview, self.html, self.text]
        return hashlib.sha256(json.dumps(seen, ensure_ascii=False).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """What a template version's row stores."""
        return {
            **asdict(self),
            "frame": self.frame.value,
            "expects": list(self.expects),
            "variables": list(self.variables),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """The same template again. Raises KeyError or ValueError for a row that `to_json` did not write."""
        values = {field.name: stored[field.name] for field in fields(cls)}
        values |= {
            "frame": Frame(values["frame"]),
            "expects": tuple(values["expects"]),
            "variables": tuple(values["variables"]),
        }
        return cls(**values)
