"""Everything is paused in the midst of a send: nothing leaves later than five seconds after, and all of it waits."""

import threading
import time
from dataclasses import replace
from pathlib import Path

from sqlalchemy import func, select

from engine.base.settings import Settings
from engine.channels.sms import TwilioTexts
from engine.conversations.thread import Thread
from engine.outbox.courier import send_due
from engine.outbox.delivery import Delivery, OutboxDue
from engine.outbox.desk_receipt import text_receipt
from engine.outbox.fate import fates
from engine.outbox.order import Done
from engine.outbox.post import answer
from engine.outbox.sending_pause import open_pause, pause_sending, resume_sending
from engine.outbox.text_courier import send_due_texts
from engine.outbox.waiting import late
from engine.people.member import Member
from tests.channels.provider import Provider, Says
from tests.database import on_both_databases
from tests.outbox.broadcast import broadcast_to
from tests.outbox.conftest import House
from tests.outbox.phones import DANA, OURS, ROSA, phones_of

WITHIN, MANY = 5.0, 600


@on_both_databases
def test_nothing_leaves_later_than_five_seconds_after_everything_is_paused(house: House) -> None:
    broadcast_to(house, MANY, "email")
    broadcast_to(house, MANY, "sms")
    house.relay.slow_seconds = 0.02
    arrived: list[float] = []
    with Provider() as provider:

        def takes(call: object) -> Says:
            arrived.append(time.monotonic())
            return Says(body={"sid": f"SM{len(arrived):032d}", "status": "queued"}, seconds=0.1)

        provider.answer = takes
        sms = {
            "account_sid": "AC" + "0" * 32, "auth_token": "secret", "api_url": provider.url, "numbers": [OURS],
            "per_second": 40.0, "look_ups": False,
        }  # fmt: skip
        settings = Settings.model_validate({**house.services.settings.model_dump(), "sms": sms})
        texts = TwilioTexts(settings.sms)
        before, house.services = house.services, replace(house.services, settings=settings, texts=texts)
        ends = time.monotonic() + 120.0

        def courier(send: object) -> None:
            assert callable(send)
            while time.monotonic() < ends:
                was_paused = paused.is_set()
                if not send(house.services):
                    if was_paused:
                        return  # nothing is taken any more
                    house.later(seconds=1)

        paused = threading.Event()
        couriers = [threading.Thread(target=courier, args=(each,)) for each in (send_due, send_due, send_due_texts)]
        try:
            for one in couriers:
                one.start()
            while (len(house.relay.taken) < 60 or len(arrived) < 20) and time.monotonic() < ends:
                time.sleep(0.01)
            with house.services.db.write() as session:
                assert pause_sending(session, house.people["Maya"], "The link is wrong", "page", house.now)
            since = last = time.monotonic()
            paused.set()
            seen = len(house.relay.taken), len(arrived)
            # Until every courier has come to its end: what was on its way leaves, and nothing more.
            while any(one.is_alive() for one in couriers):
                if (now := (len(house.relay.taken), len(arrived))) != seen:
                    last, seen = time.monotonic(), now
                time.sleep(0.005)
            # What came between the last look and a courier's end counts as come now, which is later than it was.
            if (now := (len(house.relay.taken), len(arrived))) != seen:
                last, seen = time.monotonic(), now
            assert last - since < WITHIN
            assert 60 <= seen[0] < MANY and 20 <= seen[1] < MANY
            with house.read() as session:
                assert len(list(session.scalars(select(Delivery).where(Delivery.state == "calling")))) == 0
                waiting = session.scalar(select(func.count()).where(Delivery.state == "queued"))
                assert waiting == 2 * MANY - sum(seen)
        finally:
            paused.set()
            for one in couriers:
                one.join(60.0)
            house.services = before
            texts.close()


def test_while_everything_is_paused_answers_wait_too_and_say_why_and_nothing_is_late(house: House) -> None:
    house.person("Rosa Medina")
    thread = house.writes("Rosa")
    with house.services.db.write() as session:
        assert pause_sending(session, None, "The link is wrong.", "command", house.now)
        assert not pause_sending(session, None, "Again", "command", house.now)
        row = session.get_one(Thread, thread)
        said = answer(session, row, house.people["Maya"], "Yes!", house.now, key="a").id
    house.later(hours=1)
    assert house.send() == 0
    with house.read() as session:
        fate = fates(session, [said])[said]
        assert fate.word == "waits" and fate.says.startswith("Everything is paused since")
        assert "The link is wrong" in fate.says
        assert session.scalar(select(func.count()).select_from(OutboxDue).where(*late(session, house.now))) == 0
    with house.services.db.write() as session:
        assert resume_sending(session, house.people["Maya"], house.now)
        assert not resume_sending(session, house.people["Maya"], house.now)
        assert open_pause(session) is None
    house.send()
    assert house.delivery(said).state == "sent"


@on_both_databases
def test_who_paused_everything_by_text_hears_so_at_once_even_at_night_and_no_other_text_leaves(
    house: House, tmp_path: Path
) -> None:
    with phones_of(house, tmp_path) as phones:
        denise = phones.person("Denise Okafor", DANA)
        phones.person("Rosa Medina", ROSA)
        thread = phones.texted("Rosa", "The link goes to a shop!")
        house.later(hours=14)
        with house.services.db.write() as session:
            assert pause_sending(session, denise, "The link is wrong.", "text", house.now)
            reader, talk = session.get_one(Member, denise), session.get_one(Thread, thread)
            waits, told = (
                text_receipt(
                    session, reader, talk, Done(says), house.now, key=says, phone=DANA, our_number=OURS,
                    tells_of_pause=tells,
                )
                for says, tells in (("Closed.", False), ("Paused.", True))
            )  # fmt: skip
            assert waits is not None and told is not None
        asked = phones.answer(thread, "Thank you!", any_hour=True)
        phones.send()
        assert [each.body.rpartition(" ")[2] for each in phones.taken(DANA)] == ["Paused."]
        assert phones.delivery(told.id).state == "sent"
        assert {phones.delivery(each).state for each in (waits.id, asked)} == {"queued"}
