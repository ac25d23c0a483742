"""A chapter whose members write to one another: the house, Duluth, and short words for what tests do there."""

from dataclasses import dataclass, field
from email.message import EmailMessage

from sqlalchemy import select

from engine.base.ids import new_id
from engine.chapters.chapter import Chapter
from engine.chapters.membership import Membership, join
from engine.chapters.topic_choice import choose_topics
from engine.conversations.message import Words
from engine.conversations.thread import Thread
from engine.conversations.topic import open_topic
from engine.conversations.topic_post import add_post
from engine.outbox.delivery import Delivery
from engine.outbox.fan_out import FanOut, begin, fan_out
from engine.people.address import add_phone
from engine.people.consent import Said, record_consent
from engine.people.member import Member
from tests.outbox.conftest import House


@dataclass
class Neighborhood:
    """Duluth, and who is in it."""

    house: House
    chapters: dict[str, int] = field(default_factory=dict)

    def chapter(self, name: str, default_to: str = "group") -> int:
        with self.house.services.db.write() as session:
            row = Chapter(
                id=new_id(), created_at=self.house.now, slug=name.lower(), name=name, default_to=default_to,
                zone="America/Chicago",
            )  # fmt: skip
            session.add(row)
            session.flush()
            self.chapters[name] = row.id
        return row.id

    def member(
        self, name: str, *chapters: str, by_mail: str = "each", by_text: str = "none", language: str = "en"
    ) -> int:
        """Somebody in these chapters (Duluth), at `first-name@home.example`, with a choice."""
        first = name.split()[0]
        member_id = self.house.people.get(first) or self.house.person(name, language=language)
        with self.house.services.db.write() as session:
            for chapter in chapters or ("Duluth",):
                join(session, member_id, self.chapters[chapter], self.house.now)
        for chapter in chapters or ("Duluth",):
            self.chooses(first, chapter, by_mail=by_mail, by_text=by_text)
        return member_id

    def chooses(
        self, name: str, chapter: str = "Duluth", *, by_mail: str | None = None, by_text: str | None = None
    ) -> None:
        with self.house.services.db.write() as session:
            choose_topics(
                session, self.house.people[name], self.chapters[chapter], self.house.now,
                by_mail=by_mail, by_text=by_text, how="preferences",
            )  # fmt: skip

    def phone(self, name: str, phone: str, *, yes: bool = True, chapter: str = "Duluth") -> None:
        with self.house.services.db.write() as session:
            add_phone(session, self.house.people[name], phone, self.house.now)
            session.get_one(Member, self.house.people[name]).zone = "America/Chicago"
            if yes:
                scope = f"chapter:{self.chapters[chapter]}"
                record_consent(session, self.house.people[name], "sms", scope, True, Said("text"), self.house.now)

    def leaves(self, name: str, chapter: str = "Duluth") -> None:
        with self.house.services.db.write() as session:
            row = session.get_one(Membership, (self.house.people[name], self.chapters[chapter]))
            row.left_at = self.house.now

    def stops(self, name: str, chapter: str = "Duluth") -> None:
        self.house.stop(name, f"chapter:{self.chapters[chapter]}")

    def says(
        self,
        name: str,
        text: str,
        *,
        subject: str = "Soup on Thursday",
        topic: int | None = None,
        chapter: str = "Duluth",
        attachments: list[dict[str, object]] | None = None,
        message_id: str = "",
        whole: bool = True,
    ) -> tuple[int, int]:
        """The member's words are out; (the topic, the post). `whole`: all their deliveries stand in the outbox."""
        self.house.later(seconds=1)  # nothing is said at the very moment of what came before
        with self.house.services.db.write() as session:
            thread = session.get(Thread, topic) if topic is not None else None
            if thread is None:
                thread = open_topic(session, self.chapters[chapter], subject, self.house.now, reason="A topic.")
            member_id = self.house.people[name]
            words = Words(
                text=text, subject=subject, author_id=member_id, author_name=name, attachments=attachments or [],
                internet_message_id=message_id,
            )  # fmt: skip
            post = add_post(session, thread, member_id, words, self.house.now)
            begin(session, post, self.house.now)
            thread_id, message_id_of_post = thread.id, post.message_id
        if whole:
            self.goes_out(message_id_of_post)
        return thread_id, message_id_of_post

    def goes_out(self, message_id: int, batch: int = 1000) -> None:
        """Everything of the post's way that a worker does, in batches."""
        more = True
        while more:
            with self.house.services.db.write() as session:
                more = fan_out(session, message_id, self.house.now, batch=batch)

    def deliveries(self, message_id: int, channel: str = "email") -> list[Delivery]:
        """All deliveries of a post."""
        with self.house.read() as session:
            rows = session.scalars(
                select(Delivery)
                .where(Delivery.message_class == "chapter", Delivery.channel == channel)
                .order_by(Delivery.id)
            )
            return [row for row in rows if message_id in (row.data or {}).get("posts", ())]

    def readers(self, message_id: int, channel: str = "email") -> list[str]:
        """The first names of those whose delivery of the post stands in the outbox."""
        names = {member_id: name for name, member_id in self.house.people.items()}
        return sorted(names[row.member_id or 0] for row in self.deliveries(message_id, channel))

    def got(self, name: str) -> list[EmailMessage]:
        """What the courier brought this person, now that it has settled everything due."""
        self.house.send()
        return self.house.mails(name)

    def way(self, message_id: int) -> FanOut:
        with self.house.read() as session:
            return session.get_one(FanOut, message_id)
