"""Waiting: a record that stands at the domain's own name servers, and is not known everywhere yet."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from admin.golive.authority import Authority
from admin.golive.finding import Finding
from admin.golive.side_by_side import side_by_side
from engine.channels.names import Names

#: An hour and a day, in minutes.
_HOUR, _DAY = 60, 1_440
#: What is said where nobody tells how long a name server keeps what it knows.
_SOME_TIME: Final = "an hour, or as long as the old record was good for (its TTL)"


def settled(
    found: Sequence[Finding],
    servers: Sequence[Authority],
    names: Callable[[], Names],
    again: Callable[[Authority], list[Finding]],
) -> list[Finding]:
    """The findings as the domain's own name servers know them, where the one that was asked may know less.

    `names`: the usual name server, asked anew; `again`: all findings in the same order, as that server knows them.
    """
    if not any(_open(each) for each in found):
        return list(found)
    at_home = side_by_side([partial(again, each) for each in servers])

    def now(place: int) -> Finding:
        each = found[place]
        known = [(server.host, told[place]) for server, told in zip(servers, at_home, strict=True)]
        return _settled(each, known, names) if _open(each) else each

    return side_by_side([partial(now, place) for place in range(len(found))])


def _open(finding: Finding) -> bool:
    return finding.state in ("missing", "wrong") and bool(finding.record.value)


def _settled(finding: Finding, at_home: Sequence[tuple[str, Finding]], names: Callable[[], Names]) -> Finding:
    known = [(host, each) for host, each in at_home if each.state != "unknown"]
    if not known:
        return finding
    have = [(host, each) for host, each in known if each.state == "right"]
    if not have:
        return known[0][1]  # it was changed a moment ago, and this is how it stands now
    record = have[0][1].record
    if len(have) < len(known):
        lacks = next(host for host, each in known if each.state != "right")
        return replace(
            finding, record=record, state="waiting",
            says=f"{record.name} is right at {have[0][0]}, and {lacks} does not have it yet; both are your DNS.",
            fix="Wait some minutes until they agree. If they do not within an hour, ask whoever runs them.",
        )  # fmt: skip
    knows = "still has what stood there before" if finding.state == "wrong" else "does not know of it yet"
    return replace(
        finding, record=record, state="waiting",
        says=f"{record.name} is right at your DNS ({have[0][0]}), but not yet everywhere: the name server asked from "
        f"here {knows}.",
        fix=f"Nothing to do but wait, for {_span(names().kept(record.name, record.type))} at most.",
    )  # fmt: skip


def _span(seconds: float | None) -> str:
    """So many seconds as people say it, rounded up."""
    if seconds is None:
        return _SOME_TIME
    minutes = max(1, -int(-seconds // 60))
    if minutes == 1:
        return "a minute"
    if minutes < 2 * _HOUR:
        return f"{minutes} minutes"
    return f"{-(-minutes // _HOUR)} hours" if minutes < 2 * _DAY else f"{-(-minutes // _DAY)} days"
