"""A house with phones: the provider of texts on loopback, which carries what we send and tells us how it went."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.sandbox.carrier.api import CarrierServer
from admin.sandbox.carrier.carrier import Account, Carrier
from admin.sandbox.carrier.our_door import OurDoor
from admin.sandbox.carrier.text import Text
from admin.sandbox.carrier.trouble import Trouble
from admin.sandbox.store import Store
from engine.base.ids import new_id
from engine.base.settings import Settings
from engine.base.tokens import Purpose
from engine.channels.sms import TwilioTexts
from engine.conversations.message import Words, file_words_in
from engine.conversations.received import Received
from engine.conversations.task import Task
from engine.conversations.thread import Thread, open_thread
from engine.enrollments.enrollment import Enrollment
from engine.outbox import post
from engine.outbox.delivery import Delivery
from engine.outbox.journey_letters import JourneyLetter, journey_letters
from engine.outbox.text_courier import send_due_texts
from engine.outbox.text_status import tell_status
from engine.people.address import Address
from engine.people.consent import EVERYTHING, Said, record_consent
from engine.people.member import Member
from tests.outbox.conftest import House
from tests.sandbox.listener import Listener

SID, TOKEN, SERVICE = "AC" + "5a" * 16, "b7" * 16, "MG" + "c3" * 16
OURS, ALSO_OURS, ATLANTA = "+14045550100", "+14045550101", "+14045550102"
ROSA, DANA, LANDLINE = "+14045550142", "+14045550143", "+14045550177"


@dataclass
class Phones:
    """The house, the provider, and short words for what tests do with both."""

    house: House
    carrier: Carrier
    server: CarrierServer
    door: Listener
    heard: int = 0
    numbers: dict[str, str] = field(default_factory=dict)

    def person(
        self,
        name: str,
        phone: str,
        *,
        consents: bool = True,
        zone: str | None = "America/New_York",
        organizer: str | None = None,
    ) -> int:
        """A member with a phone who said yes to texts."""
        house = self.house
        member_id = house.person(name, organizer=organizer)
        with house.services.db.write() as session:
            session.get_one(Member, member_id).zone = zone
            self.add_phone(session, member_id, phone)
            if consents:
                record_consent(session, member_id, "sms", EVERYTHING, True, Said("text"), house.now)
        self.numbers[name.split()[0]] = phone
        return member_id

    def add_phone(self, session: Session, member_id: int, phone: str, rank: int = 0) -> None:
        """The member has one more phone."""
        session.add(
            Address(
                id=new_id(), created_at=self.house.now, member_id=member_id, kind="phone", value=phone, rank=rank,
                resting_reason="", line_type="", carrier="",
            )
        )  # fmt: skip

    def texted(self, name: str, words: str, to: str = OURS) -> int:
        """They texted us, and it stands in a thread; returns the thread."""
        house = self.house
        with house.services.db.write() as session:
            received = Received(
                id=new_id(), created_at=house.now, door="sms", bytes_id=1, size=1, sha256=b"x" * 32,
                mail_from=self.numbers[name], rcpt_to=to, detail={},
            )  # fmt: skip
            session.add(received)
            thread = session.scalar(select(Thread).where(Thread.member_id == house.people[name]))
            thread = thread or open_thread(
                session, house.now, member_id=house.people[name], chapter_id=None, subject="", reason="Texted us."
            )
            said = Words(text=words, channel="sms", author_id=house.people[name], received_id=received.id)
            file_words_in(session, thread, said, house.now, waits=True, answer_within=timedelta(hours=24))
            return thread.id

    def answer(self, thread_id: int, words: str, *, key: str = "1", any_hour: bool = False) -> int:
        """Maya answers by text; returns the delivery."""
        house = self.house
        with house.services.db.write() as session:
            thread = session.get_one(Thread, thread_id)
            return post.answer(
                session, thread, house.people["Maya"], words, house.now, key=key, channel="sms", at_any_hour=any_hour
            ).id

    def journey_text(self, name: str, template: str = "sms/porch/when_to_call") -> int:
        """One text of the journey to this person is in the outbox; returns the delivery."""
        house = self.house
        member_id = house.people[name]
        with house.services.db.write() as session:
            enrollment = session.scalar(select(Enrollment).where(Enrollment.member_id == member_id))
            if enrollment is None:
                enrollment = Enrollment(
                    id=new_id(), created_at=house.now, member_id=member_id, journey_id=house.journey_id,
                    version_id=house.version_id, trigger="joined", first_at=house.now, end_reason="",
                )  # fmt: skip
                session.add(enrollment)
                session.flush()
            letter = JourneyLetter(
                new_id(), house.now, enrollment.id, member_id, None, house.templates[template]["en"],
                house.version_id, 1, house.now, "sms",
            )  # fmt: skip
            journey_letters(session, [letter], house.now)
            return letter.delivery_id

    def send(self) -> int:
        """The courier has settled everything due now."""
        count = 0
        while settled := send_due_texts(self.house.services):
            count += settled
        return count

    def told(self) -> None:
        """What the provider told our door so far has been told to the outbox."""
        assert self.carrier.settle(5.0)
        calls, self.heard = self.door.heard[self.heard :], len(self.door.heard)
        for call in calls:
            token = call.path.rpartition("/")[2]
            if not call.path.startswith("/texts/status/"):
                continue
            delivery_id = self.house.services.tokens.verify(token, Purpose.TEXT_STATUS).subject_id
            code = call.form.get("ErrorCode")
            with self.house.services.db.write() as session:
                tell_status(
                    session, delivery_id, call.form["MessageSid"], call.form["MessageStatus"],
                    int(code) if code else None, self.house.now,
                )  # fmt: skip

    def taken(self, phone: str) -> list[Text]:
        """What the provider took for this phone, oldest first, whether it arrived or not."""
        return self.carrier.texts.texts("phone = ? AND direction = 'outbound-api' ORDER BY id", phone)

    def wrong(self, phone: str, trouble: Trouble | None) -> None:
        """So it goes with our texts to this phone."""
        self.carrier.script(phone, trouble)

    def delivery(self, delivery_id: int) -> Delivery:
        return self.house.delivery(delivery_id)

    def tasks(self) -> list[Task]:
        with self.house.read() as session:
            return list(session.scalars(select(Task).order_by(Task.id)))

    def address(self, phone: str) -> Address:
        with self.house.read() as session:
            return session.scalars(select(Address).where(Address.value == phone)).one()


@contextmanager
def phones_of(house: House, folder: Path, **sms: object) -> Iterator[Phones]:
    """The house can text."""
    listener = Listener(house.services.settings.doors.public_url)
    store = Store(folder / "world.db")
    carrier = Carrier(
        store,
        house.services.clock,
        Account(SID, TOKEN, (OURS, ALSO_OURS, ATLANTA), SERVICE, keeps_stops=False),
        OurDoor(house.services.settings.doors.public_url, TOKEN, listens_at=listener.url),
        landlines=frozenset({LANDLINE}),
        pauses=(0.0, 0.0, 0.0, 0.0, 0.0),
    )
    server = CarrierServer(carrier, house.services.clock, threads=8)
    server.start()
    before = house.services
    texting = {
        "account_sid": SID, "auth_token": TOKEN, "api_url": server.url, "numbers": [OURS, ALSO_OURS],
        "per_second": 1000.0, "timeout_seconds": 1.0, **sms,
    }  # fmt: skip
    settings = Settings.model_validate({**before.settings.model_dump(), "sms": texting})
    texts = TwilioTexts(settings.sms)
    house.services = replace(before, settings=settings, texts=texts)
    try:
        yield Phones(house, carrier, server, listener)
    finally:
        house.services = before
        texts.close()
        server.stop()
        listener.server.stop()
        store.close()
