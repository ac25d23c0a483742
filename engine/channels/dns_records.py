"""DNS records: what the operator enters where the domain's names are kept, and what each is for."""

from dataclasses import dataclass
from typing import Literal

#: The kinds we ever ask for.
RecordType = Literal["MX", "TXT", "CNAME", "A", "AAAA", "PTR"]


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """One record. `value` is as it stands in a zone: an MX with its preference, a TXT without quotes and in one piece.

    `name` is the whole name, without a dot at its end; `why` one sentence for whoever enters it.
    """

    name: str
    type: RecordType
    value: str
    why: str = ""

    @property
    def strings(self) -> tuple[str, ...]:
        """The value in pieces of at most 255 signs, as a TXT record holds them (RFC 1035 3.3.14)."""
        return tuple(self.value[at : at + 255] for at in range(0, len(self.value), 255)) or ("",)
