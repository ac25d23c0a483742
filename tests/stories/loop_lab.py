"""A loop lab: two Hearthlines with doors of their own, a responder and a bouncing host, and the post between them.

Mail leaves each by its own relay; the post hands it on over SMTP to the door of its domain, as the mail server in front
of that door would, with what it says of the sender on top; other domains are people's machines, which answer by rules.
"""

import smtplib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path

from sqlalchemy import func, select

from engine.base.db import Database
from engine.base.ids import new_id
from engine.base.tokens import TokenRing
from engine.chapters.chapter import Chapter
from engine.chapters.membership import give_role, join
from engine.conversations.received import Received
from engine.conversations.thread import Thread
from engine.conversations.topic_post import TopicPost, due_posts
from engine.outbox.courier import send_due
from engine.outbox.delivery import OutboxDue
from engine.outbox.fan_out import due_fan_outs
from engine.outbox.moderating import release
from engine.outbox.post import answer
from engine.outbox.topic_jobs import send_out
from engine.people.address import add_email
from engine.people.consent import EVERYTHING, Said, record_consent
from engine.people.member import add_member
from inbound.mail.server import MailDoor
from inbound.receive import Acceptor
from reply_router.routing import route_one
from tests.channels.relay import Taken
from tests.database import database_in
from tests.outbox.conftest import FURNISHED, START, House, house_on

#: What the mail server in front of both doors calls itself.
MX = "mx.nfp.example"
#: A machine outside: gets a mail, and gives back what it writes on it: (envelope sender, recipient, bytes).
Machine = Callable[[Taken], list[tuple[str, str, bytes]]]


@dataclass
class Hearthline:
    """One installation at a domain of its own."""

    house: House
    domain: str
    door: MailDoor
    chapter_id: int
    seen: int = 0

    def works(self) -> int:
        """What came in has its outcome, and what is due has left; how many rows that were."""
        with self.house.services.db.read() as session:
            rows = list(session.scalars(select(Received.id).where(Received.outcome.is_(None)).order_by(Received.id)))
        for row in rows:
            route_one(self.house.services, row)
        with self.house.services.db.read() as session:
            held = due_posts(session, self.house.now)
            posts = [each for each in due_fan_outs(session, self.house.now) if each is not None]
        for message_id in held:
            with self.house.services.db.write() as session:
                release(session, session.get_one(TopicPost, message_id), None, self.house.now)
        for post in posts:
            send_out(self.house.services, post)
        return len(rows) + len(held) + len(posts) + send_due(self.house.services)

    def leaves(self) -> list[Taken]:
        """What its relay took since it was asked last."""
        new = self.house.relay.taken[self.seen :]
        self.seen += len(new)
        return new

    def waiting(self) -> int:
        """How much stands in its queue, due or not."""
        with self.house.services.db.read() as session:
            return session.scalar(select(func.count()).select_from(OutboxDue)) or 0

    def outcomes(self) -> Counter[str | None]:
        """How many received rows ended in what."""
        with self.house.services.db.read() as session:
            return Counter(session.scalars(select(Received.outcome)))

    def threads(self) -> list[Thread]:
        """All conversations."""
        with self.house.read() as session:
            return list(session.scalars(select(Thread).order_by(Thread.id)))

    def is_a_group(self) -> None:
        """What a member writes to its chapter goes to everybody in it."""
        with self.house.services.db.write() as session:
            session.get_one(Chapter, self.chapter_id).default_to = "group"

    def member(self, name: str, address: str) -> int:
        """A member of its chapter, reached at that address."""
        now = self.house.now
        with self.house.services.db.write() as session:
            member = add_member(session, name, now)
            add_email(session, member.id, address, now)
            record_consent(session, member.id, "email", EVERYTHING, True, Said("sign-up"), now)
            join(session, member.id, self.chapter_id, now)
        self.house.people[name.split()[0]] = member.id
        return member.id

    def answers(self, thread: Thread, text: str) -> None:
        """Maya answers in that conversation, as people do."""
        with self.house.services.db.write() as session:
            fresh = session.get_one(Thread, thread.id)
            answer(session, fresh, self.house.people["Maya"], text, self.house.now, key=str(new_id()))


@dataclass
class Lab:
    """Both, the machines, and everything that went by post."""

    a: Hearthline
    b: Hearthline
    machines: dict[str, Machine]
    post: list[Taken] = field(default_factory=list)

    def settles(self, most: int = 60) -> None:
        """Nothing is on its way; a circle that never ends fails."""
        for _ in range(most):
            moved = self.a.works() + self.b.works()
            moved += sum(self._carry(each) for one in (self.a, self.b) for each in one.leaves())
            if not moved:
                return
        tail = [f"{each.mail_from} -> {each.rcpt_to}: {each.mail['Subject']}" for each in self.post[-12:]]
        raise AssertionError("they go on and on:\n" + "\n".join(tail))

    def hours(self, *each: int) -> None:
        """So many hours go by at both, and after each of these spans everything in it has happened."""
        for hours in each:
            for one in (self.a, self.b):
                one.house.later(hours=hours)
            self.settles()

    def sends(self, mail_from: str, to: str, mail: bytes) -> None:
        """Somebody outside, or a Hearthline, sends this; it is handed over at the door of its domain."""
        for one in (self.a, self.b):
            if to.rpartition("@")[2] == one.domain:
                stamp = f"Authentication-Results: {MX}; dmarc=pass\r\n".encode()
                with smtplib.SMTP("127.0.0.1", one.door.port, timeout=60) as door:
                    door.sendmail(mail_from, [to], stamp + mail)
                return

    def _carry(self, taken: Taken) -> int:
        self.post.append(taken)
        domain = taken.rcpt_to.rpartition("@")[2]
        if domain in (self.a.domain, self.b.domain):
            self.sends(taken.mail_from, taken.rcpt_to, taken.raw)
            return 1
        machine = self.machines.get(domain)
        for mail_from, to, raw in machine(taken) if machine else []:
            self.sends(mail_from, to, raw)
        return 1


def away(*, honest: bool, garbles: bool = False) -> Machine:
    """Somebody who is away: each mail is answered. `honest`: as RFC 3834 has it; `garbles`: to a reply address that
    lost a letter on its way, which no mail of ours can be told by."""

    def answers(taken: Taken) -> list[tuple[str, str, bytes]]:
        mail = taken.mail
        to = taken.mail_from if honest else parseaddr(str(mail["Reply-To"] or mail["From"]))[1]
        if garbles and to.startswith("r-"):
            local, _, domain = to.partition("@")
            to = f"{local[:-1]}{'a' if local[-1] != 'a' else 'b'}@{domain}"
        reply = _mail(taken.rcpt_to, to, f"Re: {mail['Subject']}", f"I am by the sea until the {new_id()}th.")
        if honest:
            reply["Auto-Submitted"] = "auto-replied"
        return [("" if honest else taken.rcpt_to, to, reply.as_bytes())]

    return answers


def bounces(*, honest: bool) -> Machine:
    """A host where nobody lives any more: what it took it gives back, as a report or as words to the From line."""

    def gives_back(taken: Taken) -> list[tuple[str, str, bytes]]:
        if not honest:
            to = parseaddr(str(taken.mail["From"]))[1]
            words = f"Your message {new_id()} to {taken.rcpt_to} could not be delivered."
            mail = _mail(f"postmaster@{taken.rcpt_to.rpartition('@')[2]}", to, "Undeliverable", words)
            return [(f"postmaster@{taken.rcpt_to.rpartition('@')[2]}", to, mail.as_bytes())]
        head = f"From: MAILER-DAEMON@gone.example\r\nTo: {taken.mail_from}\r\nSubject: Undelivered\r\n"
        report = (
            f"{head}Message-ID: <{new_id()}@gone.example>\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n'
            "--x\r\nContent-Type: text/plain\r\n\r\nNobody lives here.\r\n"
            "--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; gone.example\r\n\r\n"
            f"Final-Recipient: rfc822; {taken.rcpt_to}\r\nAction: failed\r\nStatus: 4.2.2\r\n\r\n--x--\r\n"
        )
        return [("", taken.mail_from, report.encode())]

    return gives_back


def _mail(from_: str, to: str, subject: str, text: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = from_, to, subject
    mail["Message-ID"] = f"<{new_id()}@{from_.rpartition('@')[2]}>"
    mail.set_content(text)
    return mail


def letter(from_: str, to: str, text: str) -> bytes:
    """A mail that a person writes."""
    return _mail(from_, to, "Hello over there", text).as_bytes()


@contextmanager
def two_hearthlines(
    databases: tuple[Database | None, Database | None], folder: Path, machines: dict[str, Machine]
) -> Iterator[Lab]:
    """Both stand at noon of the same day, each with a desk, a chapter and an organizer. None: a SQLite file."""
    with ExitStack() as stack:
        made = [
            stack.enter_context(_hearthline(db, folder / name, f"{name}.example", key))
            for db, name, key in zip(databases, ("a", "b"), ("1a", "2b"), strict=True)
        ]
        yield Lab(made[0], made[1], machines)


@contextmanager
def _hearthline(db: Database | None, folder: Path, domain: str, key: str) -> Iterator[Hearthline]:
    folder.mkdir()
    db = db or database_in(folder, FURNISHED)
    with house_on(db, folder, FURNISHED.known(db.name)) as house:
        services = house.services
        mail = services.settings.mail.model_copy(
            update={"domain": domain, "trusted_mta": [MX], "trusted_peers": ["127.0.0.1"]}
        )
        settings = services.settings.model_copy(update={"mail": mail, "keys": [f"1:{key * 32}"]})
        house.services = replace(services, settings=settings, tokens=TokenRing(settings.key_ring()))
        with db.write() as session:
            chapter = Chapter(id=new_id(), created_at=START, slug="porch", name="Porch", moderates="none")
            session.add(chapter)
            session.flush()
            give_role(session, house.people["Maya"], chapter.id, "organizer", START)
        acceptor = Acceptor(db, services.clock, services.broker)
        acceptor.start()
        door = MailDoor(house.services, acceptor, port=0)
        door.start()
        try:
            yield Hearthline(house, domain, door, chapter.id)
        finally:
            door.stop()
            acceptor.stop()
