"""Seed: the community as it stands on its first lived morning."""

import secrets
from datetime import datetime, timedelta
from fnmatch import filter as matching
from pathlib import Path

from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.publishing import publish_checked
from admin.sandbox.cast import Cast, Organizer
from admin.sandbox.crowd import HISTORY
from admin.sandbox.history import History, Owner, joined_before, letters_had
from admin.sandbox.store import Plan, Store
from engine.base.db import Database
from engine.base.ids import new_id
from engine.chapters.chapter import Chapter
from engine.chapters.membership import give_role, join
from engine.content.approval import approve
from engine.content.expected import marks_of
from engine.content.template import current_version
from engine.enrollments.journey import load_version
from engine.people.address import Address, add_email, members_with
from engine.people.login import Login
from engine.people.member import add_member
from engine.people.notice_choice import OFF, choose
from engine.people.place import place_of
from journeys.read import read_file
from templates.catalog import our_library

JOURNEYS = Path(__file__).parents[2] / "journeys" / "library"


def seed(db: Database, store: Store, cast: Cast, start: datetime, number: int = 1) -> str:
    """The community is there with its history, its days are intended, and its sign-in's password is returned.

    Done once. `number` is the seed of every choice.
    """
    known = store.fact("password")
    if known is not None:
        return known
    password = "-".join(secrets.token_hex(2) for _ in range(3))
    with db.write() as session:
        if session.scalar(select(Chapter.id).limit(1)) is None:
            _write_community(session, cast, start, number, password)
        else:
            _set_password(session, cast, password, start)
    with store.together():
        for person in cast.people:
            if person.joins is not None and person.joins >= timedelta():
                store.intend(Plan(f"{person.key} joins", start + person.joins, "join", {"person": person.key}))
            for which, (at, _, _) in enumerate(person.writes):
                writes = {"person": person.key, "which": ["writes", which]}
                store.intend(Plan(f"{person.key} writes {which}", start + at, "mail", writes))
        for person in joined_before(cast):
            # They had these before anything was lived, and react to the next.
            store.note(f"{person.key} letters", str(letters_had(person, start)))
            store.note(f"{person.key} answers", str(len(person.answered)))
        store.note("password", password)
    return password


def _write_community(session: Session, cast: Cast, start: datetime, number: int, password: str) -> None:
    first_day = start - HISTORY
    rooms: dict[str, int] = {}
    for room in cast.rooms:
        chapter = Chapter(id=new_id(), created_at=first_day, slug=room.slug, name=room.name, kind=room.kind)
        chapter.zone, chapter.language, chapter.about, chapter.gathering = (
            room.zone, room.language, room.about, room.gathering,
        )  # fmt: skip
        chapter.default_to = room.default_to
        session.add(chapter)
        rooms[room.slug] = chapter.id
    session.flush()
    people = {}
    for organizer in cast.organizers:
        since = start + organizer.joins if organizer.joins is not None else first_day
        people[organizer.key] = Owner(_add_organizer(session, organizer, rooms, since), organizer.name)
    catalog = our_library()
    versions = {}
    for file in sorted(JOURNEYS.glob("*.yaml")):
        draft = read_file(file)
        if draft.journey is None:
            raise ValueError("; ".join(map(str, draft.findings)))
        versions[draft.journey.slug] = publish_checked(
            session, file.read_text("utf-8"), draft.journey, catalog, start
        ).version_id
    for organizer in cast.organizers:
        lent = sorted({name for wanted in organizer.approves for name in matching(catalog.names(), wanted)})
        for name in lent:
            for language in ("en", "es"):
                version = current_version(session, name, language)
                if version is not None:
                    approve(session, version.id, people[organizer.key].id, start, seen=marks_of(session, version.id))
    _set_password(session, cast, password, start)
    welcome = load_version(session, versions["welcome"])
    History(cast, start, number, rooms, people, welcome).write(session)


def _add_organizer(session: Session, organizer: Organizer, rooms: dict[str, int], since: datetime) -> int:
    place = place_of(organizer.postal_code)
    member = add_member(
        session,
        organizer.name,
        since,
        language=organizer.language,
        source="sandbox",
        postal_code=organizer.postal_code,
        locality=place.locality if place else "",
        region=place.region if place else "",
    )
    add_email(session, member.id, organizer.mailbox, since, proven=True)
    if organizer.phone:
        phone = Address(id=new_id(), created_at=since, member_id=member.id, kind="phone", value=organizer.phone)
        session.add(phone)
    for slug, role in organizer.roles:
        room = rooms[slug] if slug is not None else None
        if room is not None:
            join(session, member.id, room, since)
            member.zone = session.get_one(Chapter, room).zone
        give_role(session, member.id, room, role, since)
    # Their answers are scripted: mail to them would only stand in the way of what members get.
    choose(session, member.id, since, by_mail=OFF, by_text=False, opens=9, closes=20)
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
