"""A square: the town's Duluth, whose address is its group, with people who read and write in its topics.

row = square.writes("Rosa", "Shall we have soup on Thursday?")
square.goes_out()
square.answers("Walt", "I can bring two pots.")
"""

from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

from sqlalchemy import select

from engine.chapters.chapter import Chapter
from engine.chapters.membership import Membership, join
from engine.conversations.message import Message, Words
from engine.conversations.received import Received
from engine.conversations.thread import Thread
from engine.conversations.topic import open_topic
from engine.conversations.topic_post import TopicPost, add_post, due_posts
from engine.outbox.fan_out import due_fan_outs, fan_out
from engine.outbox.moderating import release
from tests.reply_router.conversation import DOMAIN, Town
from tests.reply_router.texting import Phones

ADDRESS = f"duluth@{DOMAIN}"
#: Ingrid is the steward; these have written to the chapter before, unless a test says otherwise.
PEOPLE = ("Kei Sato", "Jo Lind", "Sam Roy", "Ana Ruiz")


@dataclass
class Square:
    """Duluth and its topics."""

    town: Town
    phones: Phones | None = field(default=None)

    # ---- what it is like

    def is_like(self, **settings: object) -> None:
        """The chapter chose so."""
        with self.town.house.services.db.write() as session:
            chapter = session.get_one(Chapter, self.town.chapters["Duluth"])
            for name, value in settings.items():
                setattr(chapter, name, value)

    def joins(self, name: str) -> None:
        """Somebody known is in the chapter too."""
        with self.town.house.services.db.write() as session:
            join(session, self.town.person_id(name), self.town.chapters["Duluth"], self.town.house.now)

    def has_written(self, name: str) -> None:
        """Words of theirs went out to the chapter, long ago."""
        at = self.town.house.now - timedelta(days=40)
        member_id, chapter_id = self.town.person_id(name), self.town.chapters["Duluth"]
        with self.town.house.services.db.write() as session:
            thread = open_topic(session, chapter_id, f"Hello from {name}", at, reason="")
            post = add_post(session, thread, member_id, Words(f"I am {name}.", author_id=member_id), at)
            post.fanned_out_at = at

    def reads_nothing(self, name: str) -> None:
        """Topics do not come to this person."""
        with self.town.house.services.db.write() as session:
            row = session.get_one(Membership, (self.town.person_id(name), self.town.chapters["Duluth"]))
            row.topics_by_mail = "none"

    def passes(self, minutes: int) -> None:
        """So much time, and what is due by then."""
        clock = self.town.house.services.clock
        clock.hold(self.town.house.now + timedelta(minutes=minutes))  # type: ignore[attr-defined]
        with self.town.house.services.db.write() as session:
            for message_id in due_posts(session, self.town.house.now):
                release(session, session.get_one(TopicPost, message_id), None, self.town.house.now)
        self.goes_out()

    def goes_out(self) -> None:
        """What may go out has been fanned out and sent."""
        services = self.town.house.services
        with services.db.read() as session:
            due = due_fan_outs(session, self.town.house.now)
        for message_id in due:
            more = message_id is not None
            while more:
                with services.db.write() as session:
                    more = fan_out(session, message_id or 0, self.town.house.now)
        self.town.house.send()

    # ---- what people do

    def writes(self, name: str, text: str, subject: str = "Soup on Thursday", **headers: str) -> Received:
        """A member's mail to the chapter's address; what became of it, with everything sent that follows."""
        who = f"{name} <{name.split()[0].lower()}@home.example>"
        row = self.town.writes(who, ADDRESS, text, subject, **headers)
        self.goes_out()
        return row

    def mails(self, name: str) -> list[EmailMessage]:
        """What this person got."""
        return self.town.house.mails(name.split()[0])

    def had(self, name: str, words: str) -> bool:
        """Whether a letter with these words came to them."""
        return any(words in _plain(mail) for mail in self.mails(name))

    def answers(self, name: str, text: str, *, to: str = "", **how: Any) -> Received:
        """The person answers the latest mail they have with the words `to`; what became of it, sent on."""
        mail = next(each for each in reversed(self.mails(name)) if to in _plain(each))
        row = self.town.answers(name, mail, text, **how)
        self.goes_out()
        return row

    # ---- what is there

    def topics(self) -> list[Thread]:
        """Every topic, oldest first."""
        with self.town.house.read() as session:
            return list(session.scalars(select(Thread).where(Thread.kind == "topic").order_by(Thread.id)))

    def post(self, row: Received) -> TopicPost:
        """The post a received row brought."""
        assert row.message_id is not None, row.reason
        with self.town.house.read() as session:
            return session.get_one(TopicPost, row.message_id)

    def last_post(self) -> TopicPost:
        """The latest post."""
        with self.town.house.read() as session:
            return session.scalars(select(TopicPost).order_by(TopicPost.message_id.desc()).limit(1)).one()

    def words(self, thread: Thread) -> list[str]:
        """What stands in a topic for members to read, in order."""
        with self.town.house.read() as session:
            query = select(Message.text).where(Message.thread_id == thread.id, Message.kind == "in")
            return [text.strip() for text in session.scalars(query.order_by(Message.id))]


def _plain(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return " ".join((body.get_content() if body is not None else "").split())
