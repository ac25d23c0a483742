"""Theirs: the records that the way out itself asks for beside ours, and whether those with a known name are there.

Nobody but the provider knows their values, so none is printed as one to enter; what is said is that they exist, how
they look, where they are found, and what of the provider's list is better left away.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

from admin.golive.ways_out import BY_NAME, TheirRecord, WayOut
from engine.base.settings import Settings
from engine.channels.names import Cache, Names, NamesAway

#: Seconds that all questions may take.
SECONDS: Final = 5.0
#: Why a provider's signature and ours get along (RFC 6376 section 4 and 6.1; RFC 7489 section 3.1.1).
BESIDE_OURS: Final = (
    "Its signature (DKIM) beside ours does no harm: each has a key at a name of its own, receivers check each by "
    "itself, and one good one in your name is enough."
)
State = Literal["seen", "not seen", "not looked for"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One record of theirs at our domain. `not looked for`: only the provider knows its name, or nobody answered."""

    name: str
    record: TheirRecord
    state: State

    def as_json(self) -> dict[str, Any]:
        """{name, type, looks_like, why, required, state}."""
        record = self.record
        return {
            "name": self.name, "type": record.type, "looks_like": record.looks_like, "why": record.why,
            "required": record.required, "state": self.state,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Theirs:
    """All that one provider asks for, where its values are found, and what else its list has."""

    by: str
    found_at: str
    docs: str
    records: tuple[Seen, ...]
    besides: str

    def as_json(self) -> dict[str, Any]:
        """{by, found_at, docs, records, besides, beside_ours}."""
        return {
            "by": self.by, "found_at": self.found_at, "docs": self.docs, "besides": self.besides,
            "beside_ours": BESIDE_OURS, "records": [each.as_json() for each in self.records],
        }  # fmt: skip


def theirs(settings: Settings, seconds: float = SECONDS) -> Theirs | None:
    """What our way out asks for; None where it asks for nothing that we know of. Never raises for the DNS's trouble."""
    way = BY_NAME.get(settings.dns.way_out)
    if way is None or not way.asks:
        return None
    domain = settings.mail.domain
    names = Names(settings.mail.resolver_address, seconds, Cache())
    found = tuple(Seen(_at(each.name, domain), each, _state(names, each, domain)) for each in way.asks)
    return Theirs(way.says, way.found_at.replace("{domain}", domain), way.docs, found, _besides(way, settings))


def _besides(way: WayOut, settings: Settings) -> str:
    mx = "" if settings.dns.receives == "relay" or not way.wants_mx else (
        "Leave the MX records that it shows away: replies would go to it, and not come here."
    )  # fmt: skip
    return f"{way.besides} {mx}".strip()


def _at(label: str, domain: str) -> str:
    return f"{label}.{domain}" if label else domain


def _state(names: Names, record: TheirRecord, domain: str) -> State:
    """Whether one of the names that it may have has what it must have. A CNAME may have been entered as what it leads
    to, so both are looked at."""
    if not record.may_be_at:
        return "not looked for"
    try:
        for label in record.may_be_at:
            name = _at(label, domain)
            texts = [each.decode("utf-8", "replace") for each in names.texts(name)]
            if any(record.holds in each for each in texts):
                return "seen"
            if record.type == "CNAME" and names.ask(name, "CNAME"):
                return "seen"
    except NamesAway:
        return "not looked for"
    return "not seen"
