"""Deeds: what people of the sandbox do, each as it is done out there: by mail, by text, by a button, as an organizer.

Done again after a crash, a deed is the same one: what is written has a fixed Message-ID or sid, and an answer its key.
"""

import smtplib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.sandbox.carrier.carrier import Carrier
from admin.sandbox.cast import Cast, Person, Reaction, read
from admin.sandbox.crowd import dealt
from admin.sandbox.history import agreed_by
from admin.sandbox.pen import (
    Writer,
    bare_address,
    bounce,
    hand_over,
    open_letter,
    post,
    refused_for_good,
    reply_subject,
    write,
)
from admin.sandbox.post_office import stamp
from admin.sandbox.store import Plan, Store
from engine.base.clock import SandboxClock
from engine.base.errors import Invalid
from engine.base.ids import new_id
from engine.base.services import Services
from engine.conversations.assignment import assign
from engine.conversations.closure import close
from engine.conversations.message import Message
from engine.conversations.task import Task, finish_task
from engine.conversations.thread import Thread
from engine.conversations.topic_post import TopicPost
from engine.enrollments.joining import welcome
from engine.outbox.moderating import release
from engine.outbox.post import answer
from engine.people.address import Address, members_with
from engine.people.consent import EVERYTHING, Said, record_consent
from engine.people.member import Member

#: Wall seconds for which a mail is tried that our door puts off, and between two tries.
PATIENCE_SECONDS = 60.0
TRY_AGAIN_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Door:
    """Where our mail doors listen."""

    host: str
    port: int
    #: The door for mail servers; 0: there is none, and theirs comes in like everybody's.
    lmtp: int = 0


def script_of(person: Person, kind: str) -> Mapping[int, Reaction]:
    """What somebody does after the n-th of that kind: `letters`, `answers`, `topics` or `texts`."""
    return {"letters": person.letters, "answers": person.answers, "topics": person.topics, "texts": person.texts}[kind]


class Deeds:
    """Everything that somebody in the world outside can do."""

    def __init__(
        self, services: Services, clock: SandboxClock, store: Store, cast: Cast, door: Door, seed: int, carrier: Carrier
    ) -> None:
        self._services = services
        self._clock = clock
        self._store = store
        self._cast = cast
        self._door = door
        self._carrier = carrier
        self._seed = seed
        self._kinds: dict[str, Callable[[Plan], None]] = {
            "join": self._join,
            "mail": self._mail,
            "answer": self._answer,
            "bounce": self._bounce,
            "unsubscribe": self._unsubscribe,
            "handle": self._handle,
            "call": self._call,
            "let_out": self._let_out,
        }

    def serve(self, services: Services) -> None:
        """Hearthline has been started anew, and is this one now."""
        self._services = services

    def do(self, plan: Plan) -> None:
        """It has been done."""
        self._kinds[plan.kind](plan)

    def joins(self, person: Person) -> None:
        """The person is a member from now on, with what they said when they signed up; one already, nothing changes."""
        now = self._clock.now()
        steward = self._cast.steward_of(person.chapters[0]) if person.chapters else None
        with self._services.db.write() as session:
            owner = members_with(session, "email", steward.mailbox) if steward is not None else []
            joined = welcome(
                session,
                person.name,
                person.mailbox,
                now,
                chapters=person.chapters,
                language=person.language,
                postal_code=person.postal_code,
                source=person.source or "signed up on the website",
                organizer_id=owner[0] if owner else None,
            )
            if person.phone and joined.new:
                member_id, said = (
                    joined.member_id,
                    Said("sign-up", evidence=agreed_by("phone", person.source or "signed up on the website")),
                )
                session.add(Address(id=new_id(), created_at=now, member_id=member_id, kind="phone", value=person.phone))
                record_consent(session, member_id, "sms", EVERYTHING, True, said, now)
            if person.about:
                session.get_one(Member, joined.member_id).custom = {"about": person.about}

    def _join(self, plan: Plan) -> None:
        self.joins(self._one(plan))

    def _mail(self, plan: Plan) -> None:
        person = self._one(plan)
        now = self._clock.now()
        which, number = plan.detail["which"]
        letter = self._store.letter(plan.detail["letter"]) if "letter" in plan.detail else None
        seen = open_letter(letter) if letter is not None else None
        if which == "writes":
            _, to, reaction = person.writes[number]
            subject = reaction.subject
        else:
            reaction = script_of(person, which)[number]
            to = bare_address(seen.reply_to) if seen is not None else ""
            subject = reaction.subject or reply_subject(seen.subject if seen is not None else "")
        if person.phone and (reaction.texts or reaction.voicemail or not to):
            # From then on they hear from the number they wrote to; at first it is their chapter's.
            home = to if which == "writes" else "".join(person.chapters[:1])
            line = self._carrier.texts.last_number(person.phone) or self._cast.number_at(home)
            if reaction.voicemail:
                self._carrier.call(person.phone, line, reaction.voicemail, key=plan.key)
                return
            self._carrier.write(person.phone, line, reaction.says, key=plan.key)
            return
        message = write(
            self._writer(person, reaction),
            to,
            subject,
            reaction.says,
            now,
            plan.key,
            answering=seen,
            answered_at=letter.at if letter is not None else None,
            headers=reaction.headers,
            calendar=reaction.calendar,
            picture=reaction.picture,
        )
        writer = self._writer(person, reaction)
        self.send(message.as_bytes(), writer.mailbox, to, message["Message-ID"])

    def _bounce(self, plan: Plan) -> None:
        letter = self._store.letter(plan.detail["letter"])
        if letter is not None and letter.mail_from:
            notice = bounce(letter.mailbox, letter, self._clock.now(), plan.key)
            self.send(notice, "", letter.mail_from, plan.key)

    def _unsubscribe(self, plan: Plan) -> None:
        """The button of a mail program: one POST to the letter's own link (RFC 8058), nothing else."""
        letter = self._store.letter(plan.detail["letter"])
        if letter is None:
            return
        link = open_letter(letter).headers.get("List-Unsubscribe", "").partition("<")[2].partition(">")[0]
        url = urlsplit(link)
        # Our pages are where they are now: when the letter was sent, a run before may have had other ports.
        here = urlsplit(self._services.settings.doors.public_url)
        connection = HTTPConnection(here.hostname or "", here.port or 80, timeout=30)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", url.path, body=b"List-Unsubscribe=One-Click", headers=form)
        connection.getresponse().read()
        connection.close()

    def _answer(self, plan: Plan) -> None:
        person = self._one(plan)
        reaction = person.answered[plan.detail["number"]]
        with self._services.db.write() as session:
            for member_id in members_with(session, "email", person.mailbox):
                thread = session.scalar(
                    select(Thread)
                    .where(
                        Thread.member_id == member_id,
                        Thread.waits_since.is_not(None),
                        Thread.responsible_id.is_not(None),
                    )
                    .order_by(Thread.waits_since)
                    .limit(1)
                )
                if thread is None or thread.responsible_id is None:
                    continue
                if reaction.does == "close":
                    close(session, thread, thread.responsible_id, self._clock.now())
                else:
                    now, by_text = self._clock.now(), self._last_by_text(session, thread)
                    answer(
                        session,
                        thread,
                        thread.responsible_id,
                        reaction.says,
                        now,
                        key=plan.key,
                        channel="sms" if by_text else "email",
                    )

    @staticmethod
    def _last_by_text(session: Session, thread: Thread) -> bool:
        """Whether their last words came by text: then so does the answer."""
        last = select(Message.channel).where(Message.thread_id == thread.id, Message.kind == "in")
        return session.scalar(last.order_by(Message.at.desc(), Message.id.desc()).limit(1)) == "sms"

    def _handle(self, plan: Plan) -> None:
        """Somebody who is no member wrote, and whoever the script names does what it says."""
        person = self._one(plan)
        if person.handled is None:
            return
        key, reaction = person.handled
        mailbox = next(organizer.mailbox for organizer in self._cast.organizers if organizer.key == key)
        with self._services.db.write() as session:
            (by_id, *_) = members_with(session, "email", mailbox)
            thread = session.scalar(
                select(Thread).where(Thread.correspondent == person.mailbox, Thread.waits_since.is_not(None)).limit(1)
            )
            if thread is None:
                return
            assign(session, thread, by_id, by_id, "took it", self._clock.now())
            if reaction.does == "close":
                close(session, thread, by_id, self._clock.now(), reaction.says)
            else:
                answer(session, thread, by_id, reaction.says, self._clock.now(), key=plan.key)

    def _let_out(self, plan: Plan) -> None:
        """A steward lets a neighbor's words go to the chapter."""
        person = self._one(plan)
        steward = self._cast.steward_of(person.chapters[0])
        with self._services.db.write() as session:
            post = session.get(TopicPost, plan.detail["post"])
            if post is not None and steward is not None:
                (by_id, *_) = members_with(session, "email", steward.mailbox)
                release(session, post, by_id, self._clock.now())

    def _call(self, plan: Plan) -> None:
        """The call was made; its organizer wrote down what came of it."""
        person = self._one(plan)
        with self._services.db.write() as session:
            for member_id in members_with(session, "email", person.mailbox):
                task = session.scalar(
                    select(Task).where(
                        Task.member_id == member_id,
                        Task.created_at == datetime.fromisoformat(plan.detail["since"]),
                        Task.done_at.is_(None),
                    )
                )
                if task is not None and task.assignee_id is not None:
                    came_of_it = read("crowd")["calls_es" if person.language == "es" else "calls"]
                    words = dealt(self._seed, plan.key).choice(came_of_it)
                    # Whoever is told of here was reached: that is what a journey names first.
                    choice = task.outcomes[0]["name"] if task.outcomes else None
                    finish_task(session, task, task.assignee_id, words, self._clock.now(), choice=choice)

    def send(self, raw: bytes, mail_from: str, to: str, message_id: str, *, straight: bool = False) -> int:
        """The mail is at our door and a copy, whose id is returned, in the writer's mailbox.

        Their mail server hands it over and stamps whose it is; `straight`: it comes from nowhere, and nobody stamps it.

        While the door puts it off it is tried again, as every mail server does. Raises Invalid, with the door's own
        words, when it never will be taken.
        """
        patience = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                if self._door.lmtp and not straight:
                    hand_over(stamp(raw, mail_from), mail_from, to, self._door.host, self._door.lmtp)
                else:
                    post(raw, mail_from, to, self._door.host, self._door.port)
                break
            except (OSError, smtplib.SMTPException) as trouble:
                if (words := refused_for_good(trouble)) is not None:
                    raise Invalid(f"Our mail door did not take it for {to}: {words}.") from trouble
                if time.monotonic() > patience:
                    raise
                time.sleep(TRY_AGAIN_SECONDS)
        return self._store.keep(mail_from, "out", mail_from, message_id, raw, self._clock.now())

    def _one(self, plan: Plan) -> Person:
        return self._cast.by_key(plan.detail["person"])

    @staticmethod
    def _writer(person: Person, reaction: Reaction) -> Writer:
        return Writer(person.name, reaction.mailbox or person.mailbox)
