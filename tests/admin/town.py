"""A small town to test the admin in: three chapters, who answers there, who is talked with."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from admin.web import create_app
from engine.base.broker import Broker
from engine.base.db import Database
from engine.base.ids import new_id
from engine.base.services import Services
from engine.base.setting_groups.mail import Mail
from engine.base.setting_groups.organization import Organization
from engine.base.setting_groups.promises import Sandbox
from engine.base.settings import Settings
from engine.base.tokens import TokenRing
from engine.channels.email import SmtpRelay
from engine.chapters.chapter import Chapter
from engine.chapters.membership import give_role, join
from engine.content.template import publish_library
from engine.conversations.assignment import assign
from engine.conversations.message import Words, file_words_in
from engine.conversations.received import Received, ReceivedBytes
from engine.conversations.thread import Thread, open_thread
from engine.people.address import add_email
from engine.people.login import Login, hash_of
from engine.people.member import Member, add_member
from templates.catalog import our_library
from tests.database import MIGRATED, Shape, database_in

PASSWORD = "a well-kept kitchen table"
#: The hash is slow by design; one serves all tests.
HASHED = hash_of(PASSWORD)
NOON = datetime(2026, 3, 3, 17, 0, tzinfo=UTC)


class HandClock:
    """A clock that moves when it is told to."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


@dataclass
class Town:
    """The services, the app, and ids by name."""

    services: Services
    clock: HandClock
    app: Flask
    chapters: dict[str, int] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def write(self) -> Iterator[Session]:
        with self.services.db.write() as session:
            yield session

    def chapter(self, slug: str) -> int:
        with self.write() as session:
            row = Chapter(id=new_id(), created_at=NOON, slug=slug, name=slug.title(), zone="America/New_York")
            session.add(row)
            self.chapters[slug] = row.id
        return self.chapters[slug]

    def person(self, name: str, chapter: str | None = None, **fields: Any) -> int:
        with self.write() as session:
            member = add_member(session, name, NOON, **fields)
            add_email(session, member.id, f"{name.split()[0].lower()}@mail.example", NOON)
            if chapter:
                join(session, member.id, self.chapters[chapter], NOON)
            self.people[name.split()[0].lower()] = member.id
        return member.id

    def answers(self, who: str, role: str, chapter: str | None = None) -> None:
        """That person has a role and can sign in."""
        with self.write() as session:
            give_role(session, self.people[who], self.chapters[chapter] if chapter else None, role, NOON)
            if session.get(Login, self.people[who]) is None:
                session.add(
                    Login(
                        member_id=self.people[who],
                        created_at=NOON,
                        email=f"{who}@nfp.example",
                        password_hash=HASHED,
                        epoch=1,
                    )
                )

    def hears(
        self,
        who: str | None,
        text: str,
        *,
        chapter: str | None = None,
        to: str | None = None,
        ago: timedelta = timedelta(hours=1),
        raw: bytes | None = None,
        **words: Any,
    ) -> int:
        """Somebody wrote; the id of the thread it opened."""
        at = self.clock.at - ago
        with self.write() as session:
            member = session.get_one(Member, self.people[who]) if who else None
            thread = open_thread(
                session,
                at,
                member_id=member.id if member else None,
                chapter_id=self.chapters[chapter] if chapter else None,
                subject="",
                reason="They answered a letter.",
                correspondent="" if member else "stranger@elsewhere.example",
                correspondent_name="" if member else "Jo Park",
            )
            if raw is not None:
                words["received_id"] = _received(session, raw, at)
            if to:
                assign(session, thread, self.people[to], None, "wrote that letter", at)
            said = Words(text=text, author_id=member.id if member else None, **words)
            file_words_in(session, thread, said, at, waits=True, answer_within=timedelta(hours=24))
            return thread.id

    def thread(self, thread_id: int) -> Thread:
        with self.services.db.read() as session:
            return session.get_one(Thread, thread_id)

    def visitor(self) -> "Visitor":
        return Visitor(self.app.test_client())

    def signed_in(self, who: str) -> "Visitor":
        visitor = self.visitor()
        assert visitor.signs_in(f"{who}@nfp.example").status_code == 302
        return visitor


@dataclass
class Visitor:
    """A browser without JavaScript."""

    client: FlaskClient

    def sees(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, f"{path}: {answer.status_code}"
        return answer.text

    def token(self) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get("/session", follow_redirects=True).text)
        assert found
        return found[1]

    def presses(self, path: str, **form: str) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.token(), **form})

    def signs_in(self, email: str, password: str = PASSWORD) -> TestResponse:
        return self.presses("/session", email=email, password=password)


def _received(session: Session, raw: bytes, at: datetime) -> int:
    kept = ReceivedBytes(id=new_id(), created_at=at, sha256=sha256(raw).digest(), size=len(raw), body=raw)
    row = Received(
        id=new_id(),
        created_at=at,
        door="smtp",
        bytes_id=kept.id,
        size=len(raw),
        sha256=kept.sha256,
        outcome="thread",
        detail={},
    )
    session.add_all([kept, row])
    session.flush()
    return row.id


def _published(db: Database) -> None:
    with db.write() as session:
        publish_library(session, our_library(), NOON)


#: With the library's letters in it.
LIBRARY = Shape("library_at_noon", _published, MIGRATED)


def bare(folder: Path, **changed: object) -> Town:
    """A fresh installation: the library's letters and Maya, who is staff. `changed`: settings of its own, by name."""
    settings = Settings(
        data_dir=folder,
        keys=["1:" + "ab" * 32],
        organization=Organization(name="Neighbors for Progress"),
        mail=Mail(domain="nfp.example"),
        sandbox=Sandbox(enabled=True),
    ).model_copy(update=changed)
    db = database_in(folder, LIBRARY)
    clock = HandClock(NOON)
    services = Services(settings, clock, db, Broker(), TokenRing(settings.key_ring()), SmtpRelay(settings.mail))
    town = Town(services, clock, create_app(services))
    town.person("Maya Torres")
    town.answers("maya", "staff")
    return town


def build(folder: Path, **changed: object) -> Town:
    """The town: Maya is staff; Denise is Atlanta's steward, Erik Duluth's organizer; Rosa and Walt are members.

    `changed`: settings of its own, by their names.
    """
    town = bare(folder, **changed)
    for slug in ("atlanta", "duluth"):
        town.chapter(slug)
    town.person("Denise Okafor", "atlanta")
    town.person("Erik Lund", "duluth")
    town.person("Rosa Marin", "atlanta", zone="America/Chicago", pronouns="she/her", locality="Decatur")
    town.person("Walt Bergman", "duluth")
    town.answers("denise", "steward", "atlanta")
    town.answers("erik", "organizer", "duluth")
    return town
