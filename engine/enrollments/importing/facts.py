"""Facts: what is known of the members whom a batch of rows is about, in a few queries for all of them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.asking import among, plain_rows
from engine.chapters.chapter import Chapter
from engine.chapters.membership import Membership
from engine.people.address import Address
from engine.people.consent import EVERYTHING, Consent, ConsentStanding
from engine.people.importing.entry import chapter_key
from engine.people.importing.file_import import Origin
from engine.people.importing.judge import FIELDS, Known
from engine.people.member import Member, MemberTag

#: How a consent that a file gave or withdrew stands in the ledger.
IMPORTED = "import"


def known_members(session: Session, member_ids: Iterable[int]) -> tuple[dict[int, Known], set[int]]:
    """What is known of each, by id; and those who asked to be erased, of whom no file may tell again."""
    ids = sorted(member_ids)
    known: dict[int, Known] = {}
    erased: set[int] = set()
    if not ids:
        return known, erased
    columns = [getattr(Member, name) for name in FIELDS]
    query = select(Member.id, Member.erased_at, Member.custom, Member.languages_spoken, *columns)
    for id_, erased_at, custom, spoken, *values in plain_rows(session, query.where(among(session, Member.id, ids))):
        if erased_at is not None:
            erased.add(id_)
        fields = {name: value or "" for name, value in zip(FIELDS, values, strict=True)}
        known[id_] = Known(id_, fields, dict(_json(custom)), list(_json(spoken)))
    _addresses(session, ids, known)
    _words(session, ids, known)
    tags = select(MemberTag.member_id, MemberTag.tag).where(among(session, MemberTag.member_id, ids))
    for member_id, tag in plain_rows(session, tags):
        known[member_id].tags.append(tag)
    rooms = select(Membership.member_id, Membership.chapter_id).where(among(session, Membership.member_id, ids))
    for member_id, chapter_id in plain_rows(session, rooms):
        known[member_id].chapters.append(chapter_id)
    origins = select(Origin.member_id, Origin.said).where(among(session, Origin.member_id, ids))
    for member_id, said in plain_rows(session, origins):
        known[member_id].said = dict(_json(said))
    return known, erased


def chapters_by_key(session: Session) -> Mapping[str, int]:
    """Every chapter by its name, and by its short name, which counts where both name something."""
    found: dict[str, int] = {}
    for id_, slug, name in session.execute(select(Chapter.id, Chapter.slug, Chapter.name).order_by(Chapter.id)):
        found.setdefault(chapter_key(name), id_)
        found[chapter_key(slug)] = id_
    return found


def _addresses(session: Session, ids: Sequence[int], known: Mapping[int, Known]) -> None:
    query = (
        select(Address.member_id, Address.kind, Address.value)
        .where(among(session, Address.member_id, ids))
        .order_by(Address.rank, Address.id)
    )
    for member_id, kind, value in plain_rows(session, query):
        (known[member_id].emails if kind == "email" else known[member_id].phones).append(value)


def _words(session: Session, ids: Sequence[int], known: Mapping[int, Known]) -> None:
    standings = select(
        ConsentStanding.member_id, ConsentStanding.channel, ConsentStanding.scope, ConsentStanding.opted_in
    ).where(among(session, ConsentStanding.member_id, ids))
    for member_id, channel, scope, opted_in in plain_rows(session, standings):
        if scope == EVERYTHING:
            known[member_id].words[channel] = bool(opted_in)
        else:
            known[member_id].words.setdefault(channel, True)
    stops = (
        select(Consent.member_id, Consent.channel)
        .where(among(session, Consent.member_id, ids), Consent.how == IMPORTED, Consent.opted_in.is_(False))
        .distinct()
    )
    for member_id, channel in plain_rows(session, stops):
        known[member_id].stopped_by_file.append(channel)


def _json(value: Any) -> Any:
    """JSON as the driver gives it: text on SQLite, read already on PostgreSQL."""
    return json.loads(value) if isinstance(value, str) else value
