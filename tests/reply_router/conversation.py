"""Conversations as they read: somebody gets a letter, answers it with a real mail, and somebody sees it.

    letter = town.letter("Rosa", "hello")
    row = town.answers("Rosa", letter, "I ran the lunch line for 22 years.")
    assert row.outcome == "thread"

Letters leave by the courier and a relay on loopback; answers come in as bytes through the acceptor and are routed from
the row on the disk.
"""

import re
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any

from sqlalchemy import select

from engine.base.ids import new_id
from engine.chapters.chapter import Chapter
from engine.chapters.membership import Membership, give_role, join
from engine.conversations.balance import balance
from engine.conversations.message import Message
from engine.conversations.question import Question
from engine.conversations.received import Received
from engine.conversations.thread import Thread
from engine.enrollments.signal import Signal
from engine.outbox.mailbox import mailboxes_of
from engine.people.address import add_email
from inbound.receive import Accepted, Acceptor, Arrival
from reply_router.routing import route_one
from tests.outbox.conftest import House

DOMAIN = "nfp.example"


@dataclass
class Town:
    """One installation with chapters, people, and mail that goes both ways."""

    house: House = field(repr=False)
    acceptor: Acceptor = field(repr=False)
    chapters: dict[str, int] = field(default_factory=dict)

    # ---- who is there

    def chapter(self, name: str) -> int:
        """A chapter, reached at its slug."""
        with self.house.services.db.write() as session:
            row = Chapter(id=new_id(), created_at=self.house.now, slug=name.lower(), name=name)
            session.add(row)
            session.flush()
            self.chapters[name] = row.id
            return row.id

    def organizer(self, name: str, chapter: str | None, role: str = "organizer") -> int:
        """Somebody who answers people in the chapter, or (None) at the national desk."""
        member_id = self.person_id(name) if name.split()[0] in self.house.people else self.house.person(name)
        with self.house.services.db.write() as session:
            give_role(session, member_id, self.chapters[chapter] if chapter else None, role, self.house.now)
        return member_id

    def member(self, name: str, chapter: str | None = None, *, organizer: str | None = None) -> int:
        """A member at `first-name@home.example`."""
        member_id = self.house.person(name, organizer=organizer)
        if chapter is not None:
            with self.house.services.db.write() as session:
                join(session, member_id, self.chapters[chapter], self.house.now)
        return member_id

    def leaves(self, name: str, chapter: str) -> None:
        """The member is in the chapter no more."""
        with self.house.services.db.write() as session:
            session.get_one(Membership, (self.person_id(name), self.chapters[chapter])).left_at = self.house.now

    def shares(self, name: str, address: str) -> None:
        """The member is reached at this address too."""
        with self.house.services.db.write() as session:
            add_email(session, self.person_id(name), address, self.house.now)

    def mailbox(self, name: str) -> str:
        """The person's own address at our domain."""
        with self.house.services.db.write() as session:
            person = self.person_id(name)
            return f"{mailboxes_of(session, [person], self.house.now, desk='hello')[person]}@{DOMAIN}"

    def person_id(self, name: str) -> int:
        """The id of somebody by their first name."""
        return self.house.people[name.split()[0]]

    # ---- mail

    def letter(self, name: str, step: str = "hello") -> EmailMessage:
        """The journey's letter, as this person got it."""
        first = name.split()[0]
        self.house.letter(first, step)
        self.house.send()
        return self.house.mails(first)[-1]

    def answers(self, name: str, letter: EmailMessage, text: str, **how: Any) -> Received:
        """The person answers a mail of ours as mail programs do; what became of it. `how`: see `mail`."""
        address = how.pop("from_", f"{name.split()[0].lower()}@home.example")
        to = how.pop("to", parseaddr(str(letter["Reply-To"]))[1])
        subject = how.pop("subject", f"Re: {letter['Subject']}")
        how.setdefault("In-Reply-To", str(letter["Message-ID"]))
        how.setdefault("References", str(letter["Message-ID"]))
        quoted, dmarc = how.pop("quoted", True), how.pop("dmarc", "pass")
        body = letter.get_body(("plain",))
        if quoted and body is not None:
            lines = "\n".join(f"> {line}" for line in body.get_content().splitlines())
            text = f"{text}\n\nOn Mon, Mar 2, 2026 at 9:00 AM {letter['From']} wrote:\n\n{lines}\n"
        return self.hears(self.mail(f"{name} <{address}>", to, subject, text, **how), to, dmarc=dmarc)

    def writes(
        self, from_: str, to: str, text: str, subject: str = "Hello", *, dmarc: str = "pass", **headers: str
    ) -> Received:
        """A mail that answers nothing; what became of it. `dmarc`: see `accepts`."""
        return self.hears(self.mail(from_, to, subject, text, **headers), to, dmarc=dmarc)

    def mail(self, from_: str, to: str, subject: str, text: str, **headers: str) -> bytes:
        """A mail's bytes; `headers` are further header fields, with _ for -."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = from_, headers.pop("To", to), subject
        mail["Date"] = format_datetime(self.house.now)
        mail["Message-ID"] = headers.pop("Message_ID", f"<{new_id()}@home.example>")
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        return mail.as_bytes()

    def accepts(
        self, raw: bytes, *to: str, mail_from: str = "somebody@home.example", dmarc: str = "pass"
    ) -> tuple[int, ...]:
        """The bytes are on the disk, one row per recipient, and nobody has looked at them.

        Our mail server handed them over and says on top that they are from whom they name. `dmarc`: what it says of
        them instead ("fail"), or "" for mail that came past it and is not proven.
        """
        if dmarc and re.match(rb"[!-9;-~]+:", raw):
            mark = f"Authentication-Results: mx.nfp.example; dmarc={dmarc}\n".encode()
            arrival = Arrival("lmtp", to, mark + raw, mail_from=mail_from, peer="127.0.0.1")
        else:
            arrival = Arrival("smtp", to, raw, mail_from=mail_from, peer="192.0.2.77")
        answer = self.acceptor.submit(arrival).result(60)
        assert isinstance(answer, Accepted)
        return answer.received_ids

    def hears(self, raw: bytes, *to: str, mail_from: str = "somebody@home.example", dmarc: str = "pass") -> Received:
        """The bytes came in and were routed; the last recipient's row. `dmarc`: see `accepts`."""
        for received_id in self.accepts(raw, *to, mail_from=mail_from, dmarc=dmarc):
            route_one(self.house.services, received_id)
        return self.row(received_id)

    # ---- what is there

    def row(self, received_id: int) -> Received:
        """The received row as it stands."""
        with self.house.read() as session:
            return session.get_one(Received, received_id)

    def thread(self, row: Received) -> Thread:
        """The conversation a received row ended in."""
        assert row.thread_id is not None, row.reason
        with self.house.read() as session:
            return session.get_one(Thread, row.thread_id)

    def message(self, row: Received) -> Message:
        """The words a received row brought."""
        assert row.message_id is not None, row.reason
        with self.house.read() as session:
            return session.get_one(Message, row.message_id)

    def threads(self, name: str | None = None) -> list[Thread]:
        """All conversations, or one person's, oldest first."""
        query = select(Thread).order_by(Thread.id)
        if name is not None:
            query = query.where(Thread.member_id == self.person_id(name))
        with self.house.read() as session:
            return list(session.scalars(query))

    def timeline(self, row: Received) -> list[Message]:
        """Everything in the conversation a row ended in, in order."""
        with self.house.read() as session:
            return list(
                session.scalars(
                    select(Message).where(Message.thread_id == row.thread_id).order_by(Message.at, Message.id)
                )
            )

    def signals(self, name: str) -> list[Signal]:
        """What the runner was told of a person, in order."""
        with self.house.read() as session:
            query = select(Signal).where(Signal.member_id == self.person_id(name)).order_by(Signal.id)
            return list(session.scalars(query))

    def question(self, name: str) -> Question:
        """The latest question the person was asked."""
        with self.house.read() as session:
            query = select(Question).where(Question.member_id == self.person_id(name)).order_by(Question.id.desc())
            found = session.scalar(query.limit(1))
            assert found is not None
            return found

    def is_balanced(self) -> bool:
        """Whether everything received has exactly one outcome."""
        with self.house.read() as session:
            sums = balance(session)
        return sums.unsettled == 0 and sum(sums.outcomes.values()) == sums.received
