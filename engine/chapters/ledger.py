"""Ledger: every word of consent of one member, with who said it, when, how and by what; to be read and handed out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.chapters.chapter import Chapter
from engine.people.address import Address
from engine.people.consent import Consent
from engine.people.member import names_of

#: What a spreadsheet would take for a formula (OWASP, CSV Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Line:
    """One opt-in or opt-out. `scope`: what it is about; `chapter`: that chapter's name; `evidence`: the words shown or
    said; `address`: the one it was said from or about; `received_id`: the message it was said in."""

    at: datetime
    channel: str
    scope: str
    chapter: str
    opted_in: bool
    how: str
    evidence: str
    by: str
    address: str
    received_id: int | None
    network_address: str


def ledger_of(session: Session, member_id: int, *, latest: int | None = None) -> list[Line]:
    """The member's words of consent, the latest first; all, or so many."""
    rows: Sequence[Consent] = session.scalars(
        select(Consent)
        .where(Consent.member_id == member_id)
        .order_by(Consent.created_at.desc(), Consent.id.desc())
        .limit(latest)
    ).all()
    names = names_of(session, {row.by_id for row in rows})
    addresses = dict(
        session.execute(
            select(Address.id, Address.value).where(Address.id.in_({row.address_id for row in rows if row.address_id}))
        )
        .tuples()
        .all()
    )
    chapters = _chapters(session, {row.scope for row in rows})
    return [
        Line(
            row.created_at, row.channel, row.scope, chapters.get(row.scope, ""), row.opted_in, row.how, row.evidence,
            names.get(row.by_id, ""), addresses.get(row.address_id or 0, ""), row.received_id, row.network_address,
        )
        for row in rows
    ]  # fmt: skip


def harmless(cell: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = cell.isoformat() if isinstance(cell, datetime) else "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text


def sheet(lines: Iterable[Line]) -> list[list[str]]:
    """The lines as rows of a sheet, its header first."""
    names = [each.name for each in fields(Line)]
    return [names, *([harmless(getattr(line, name)) for name in names] for line in lines)]


def _chapters(session: Session, scopes: Iterable[str]) -> dict[str, str]:
    ids = {each: int(each.partition(":")[2]) for each in scopes if each.startswith("chapter:")}
    if not ids:
        return {}
    known = session.execute(select(Chapter.id, Chapter.name).where(Chapter.id.in_(ids.values()))).tuples().all()
    names = dict(known)
    return {scope: names[id_] for scope, id_ in ids.items() if id_ in names}
