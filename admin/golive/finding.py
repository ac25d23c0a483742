"""Finding: one record, needed or only wished for, and what stands there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from engine.channels.dns_records import DnsRecord
from engine.channels.names import NamesAway

#: Where another name server is written.
ANOTHER_RESOLVER: Final = (
    'write `resolver = "9.9.9.9"` (or an honest one that you know) under [mail] in hearthline.toml'
)

State = Literal["right", "missing", "wrong", "waiting", "unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is found of one record; one without a value is nothing to enter, and only to be known.

    `says` is a sentence or two, `fix` what to do where it is wrong. `waiting`: it is right at the domain's own name
    servers, and not yet everywhere. `unknown`: nobody could be asked.
    """

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


def judged(
    purpose: str, record: DnsRecord, judge: Callable[[], tuple[State, str, str]], *, required: bool = True
) -> Finding:
    """What `judge` says of the record as (state, says, fix); unknown where nobody answered it."""
    try:
        state, says, fix = judge()
    except NamesAway as away:
        return not_looked_up(purpose, record, away, required=required)
    return Finding(purpose, record, state, says, fix, required=required)


def not_looked_up(purpose: str, record: DnsRecord, away: NamesAway | str, *, required: bool = True) -> Finding:
    """Nobody answered for this record."""
    says = f"{record.name} could not be looked up ({away}), which says nothing against it."
    fix = f"Run this again in some minutes. If it stays so, {ANOTHER_RESOLVER}."
    return Finding(purpose, record, "unknown", says, fix, required=required)
