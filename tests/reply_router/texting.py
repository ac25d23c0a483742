"""Texts as they read: somebody texts, and somebody sees it; bytes come in through the acceptor and are routed.

row = phones.texts(ROSA, "Can my kids come?")
assert row.outcome == "thread"
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from sqlalchemy import select

from engine.base.ids import new_id
from engine.chapters.chapter import Chapter
from engine.content.template import Template, TemplateVersion
from engine.conversations.message import Message
from engine.conversations.question import Question
from engine.conversations.received import Received
from engine.conversations.task import Task
from engine.outbox.delivery import Delivery
from engine.people.address import add_phone
from engine.people.consent import EVERYTHING, Consent, Said, record_consent
from engine.people.text_stop import stopped_phones
from inbound.receive import Accepted, Arrival
from reply_router.routing import route_one
from tests.reply_router.conversation import Town

OURS, ATLANTAS = "+14045550100", "+14045550101"
ROSA, WALT, KEI, NOBODY = "+14045550142", "+14045550143", "+12185550144", "+14045550199"


@dataclass
class Phones:
    """A town whose people have phones."""

    town: Town

    def has(self, name: str, phone: str, *, consents: bool = True) -> None:
        """The member is reached at this phone too."""
        with self.town.house.services.db.write() as session:
            member_id = self.town.person_id(name)
            add_phone(session, member_id, phone, self.town.house.now)
            if consents:
                record_consent(session, member_id, "sms", EVERYTHING, True, Said("sign-up"), self.town.house.now)

    def accepts(self, from_: str, body: str, *, to: str = OURS, sid: str = "", **more: str) -> int:
        """The webhook is on the disk, and nobody has looked at it."""
        sid = sid or f"SM{secrets.token_hex(16)}"
        form = {"MessageSid": sid, "From": from_, "To": to, "Body": body, "NumMedia": "0", **more}
        arrival = Arrival("sms", (to,), urlencode(form).encode(), mail_from=from_, provider="twilio", provider_id=sid)
        answer = self.town.acceptor.submit(arrival).result(60)
        assert isinstance(answer, Accepted)
        return answer.received_ids[0]

    def texts(self, from_: str, body: str, **how: str) -> Received:
        """The text came in and was routed; what became of it."""
        received_id = self.accepts(from_, body, **how)
        route_one(self.town.house.services, received_id)
        return self.town.row(received_id)

    def says(self, name: str, text: str, *, chapter: str = "") -> Message:
        """A journey's text of ours to this person, as the courier leaves it in their timeline."""
        return self._say(name, text, self.town.chapters.get(chapter))[0]

    def asks(
        self, name: str, text: str, kind: str = "yes_no", *answers: str, numbered: bool = False, our: str = OURS
    ) -> Question:
        """A journey's question by text."""
        _, delivery_id = self._say(name, text)
        offered = [{"name": each, "label": each.replace("_", " "), "words": []} for each in answers]
        if kind == "yes_no" and not answers:
            offered = [{"name": "yes", "label": "yes", "words": []}, {"name": "no", "label": "no", "words": []}]
        now = self.town.house.now
        question = Question(
            id=new_id(), created_at=now, member_id=self.town.person_id(name), kind=kind, subject_kind="enrollment",
            subject_id=7, step="asked", answers=offered, delivery_id=delivery_id, until_at=now + timedelta(days=3),
            channel="sms", our_number=our, numbered=numbered,
        )  # fmt: skip
        with self.town.house.services.db.write() as session:
            session.add(question)
        return question

    def _say(self, name: str, text: str, chapter_id: int | None = None) -> tuple[Message, int]:
        now, member_id, delivery_id = self.town.house.now, self.town.person_id(name), new_id()
        delivery = Delivery(
            id=delivery_id, created_at=now, message_class="journey", channel="sms", member_id=member_id, send_at=now,
            state="sent", state_at=now, enrollment_id=7, chapter_id=chapter_id,
        )  # fmt: skip
        message = Message(
            id=new_id(), created_at=now, at=now, member_id=member_id, kind="journey", channel="sms", text=text,
            author_name="Maya", folded=[], attachments=[], detail={}, delivery_id=delivery_id,
        )  # fmt: skip
        with self.town.house.services.db.write() as session:
            session.add_all([delivery, message])
        return message, delivery_id

    # ---- what is there

    def ours(self) -> list[tuple[str, str]]:
        """(template, phone) of every text of ours in the outbox that is not a journey's, in order."""
        with self.town.house.read() as session:
            rows = session.execute(
                select(Template.name, Delivery.to_address)
                .join(TemplateVersion, TemplateVersion.id == Delivery.template_version_id)
                .join(Template, Template.id == TemplateVersion.template_id)
                .where(Delivery.channel == "sms")
                .order_by(Delivery.id)
            )
            return [(name, phone or "") for name, phone in rows]

    def deliveries(self) -> list[Delivery]:
        """Every text of ours, in order."""
        with self.town.house.read() as session:
            return list(session.scalars(select(Delivery).where(Delivery.channel == "sms").order_by(Delivery.id)))

    def is_stopped(self, phone: str) -> bool:
        """Whether texts to the phone are stopped."""
        with self.town.house.read() as session:
            return phone in stopped_phones(session, [phone])

    def ledger(self, name: str, channel: str = "sms") -> list[tuple[str, bool, str]]:
        """(scope, yes or no, how) of the member's ledger, in order."""
        with self.town.house.read() as session:
            rows = session.scalars(
                select(Consent)
                .where(Consent.member_id == self.town.person_id(name), Consent.channel == channel)
                .order_by(Consent.id)
            )
            return [(row.scope, row.opted_in, row.how) for row in rows]

    def asked(self, question: Question) -> Question:
        """The question as it stands."""
        with self.town.house.read() as session:
            return session.get_one(Question, question.id)

    def tasks(self) -> list[Task]:
        """Everything that a person has to do."""
        with self.town.house.read() as session:
            return list(session.scalars(select(Task).order_by(Task.id)))

    def chapter(self, name: str) -> Chapter:
        """A chapter of the town."""
        with self.town.house.read() as session:
            return session.get_one(Chapter, self.town.chapters[name])
