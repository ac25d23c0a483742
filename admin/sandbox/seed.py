"""Seed: the community as it stands on its first morning, before anything is lived."""

import secrets
from datetime import datetime
from pathlib import Path

from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.publishing import publish_checked
from admin.sandbox.cast import Cast, Organizer
from admin.sandbox.store import Plan, Store
from engine.base.db import Database
from engine.base.ids import new_id
from engine.chapters.chapter import Chapter
from engine.chapters.membership import give_role, join
from engine.content.approval import approve
from engine.content.template import current_version
from engine.people.address import add_email, members_with
from engine.people.login import Login
from engine.people.member import add_member
from journeys.read import read_file
from templates.catalog import library

JOURNEYS = Path(__file__).parents[2] / "journeys" / "library"


def seed(db: Database, store: Store, cast: Cast, start: datetime) -> str:
    """The community is there, its first week is intended, and its sign-in's password is returned. Done once."""
    known = store.fact("password")
    if known is not None:
        return known
    password = "-".join(secrets.token_hex(2) for _ in range(3))
    with db.write() as session:
        if session.scalar(select(Chapter.id).limit(1)) is None:
            _write_community(session, cast, start, password)
        else:
            _set_password(session, cast, password, start)
    with store.together():
        for person in cast.people:
            if person.joins is not None:
                detail = {"person": person.key, "organizer": _owner(cast, person.chapters)}
                store.intend(Plan(f"{person.key} joins", start + person.joins, "join", detail))
            for number, (at, _, _) in enumerate(person.writes):
                writes = {"person": person.key, "which": ["writes", number]}
                store.intend(Plan(f"{person.key} writes {number}", start + at, "mail", writes))
        store.note("password", password)
    return password


def _owner(cast: Cast, chapters: tuple[str, ...]) -> str:
    """The name of whoever is responsible for a new member: their chapter's steward; without a chapter nobody yet."""
    for slug in chapters[:1]:
        for organizer in cast.organizers:
            if (slug, "steward") in organizer.roles:
                return organizer.name
    return ""


def _write_community(session: Session, cast: Cast, start: datetime, password: str) -> None:
    rooms: dict[str, int] = {}
    for room in cast.rooms:
        chapter = Chapter(id=new_id(), created_at=start, slug=room.slug, name=room.name, kind=room.kind, zone=room.zone)
        chapter.language, chapter.about = room.language, room.about
        session.add(chapter)
        rooms[room.slug] = chapter.id
    session.flush()
    people = {organizer.key: _add_organizer(session, organizer, rooms, start) for organizer in cast.organizers}
    catalog = library()
    for file in sorted(JOURNEYS.glob("*.yaml")):
        draft = read_file(file)
        if draft.journey is None:
            raise ValueError("; ".join(map(str, draft.findings)))
        publish_checked(session, file.read_text("utf-8"), draft.journey, catalog, start)
    for organizer in cast.organizers:
        for name in organizer.approves:
            for language in ("en", "es"):
                version = current_version(session, name, language)
                if version is not None:
                    approve(session, version.id, people[organizer.key], start)
    _set_password(session, cast, password, start)


def _add_organizer(session: Session, organizer: Organizer, rooms: dict[str, int], start: datetime) -> int:
    member = add_member(session, organizer.name, start, language=organizer.language, source="sandbox")
    add_email(session, member.id, organizer.mailbox, start, proven=True)
    for slug, role in organizer.roles:
        room = rooms[slug] if slug is not None else None
        if room is not None:
            join(session, member.id, room, start)
            member.zone = session.get_one(Chapter, room).zone
        give_role(session, member.id, room, role, start)
    return member.id


def _set_password(session: Session, cast: Cast, password: str, start: datetime) -> None:
    """The first organizer of the cast is who you are in the sandbox."""
    you = cast.organizers[0]
    (member_id, *_) = members_with(session, "email", you.mailbox)
    login = session.get(Login, member_id)
    if login is None:
        login = Login(member_id=member_id, created_at=start, email=you.mailbox)
        session.add(login)
    login.password_hash = PasswordHasher().hash(password)
    session.flush()
