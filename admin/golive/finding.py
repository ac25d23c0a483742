"""Finding: one record that is needed, and what stands there."""

from dataclasses import dataclass
from typing import Any, Literal

from engine.channels.dns_records import DnsRecord

State = Literal["right", "missing", "wrong", "unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`says` is one sentence, `fix` what to do where it is wrong. `unknown`: nobody could be asked."""

    purpose: str
    record: DnsRecord
    state: State
    says: str
    fix: str = ""
    #: Whether mail would not arrive, or not be believed, without it.
    required: bool = True

    @property
    def is_well(self) -> bool:
        """Whether nothing must be done about it."""
        return self.state == "right" or not self.required

    def as_json(self) -> dict[str, Any]:
        """{purpose, name, type, value, why, state, says, fix, required}."""
        record = self.record
        return {
            "purpose": self.purpose, "name": record.name, "type": record.type, "value": record.value,
            "why": record.why, "state": self.state, "says": self.says, "fix": self.fix, "required": self.required,
        }  # fmt: skip
