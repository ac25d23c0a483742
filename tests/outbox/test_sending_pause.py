"""Everything is paused in the midst of a send: nothing leaves later than five seconds after, and all of it waits."""

import threading
import time
from dataclasses import replace

from sqlalchemy import func, select

from engine.base.settings import Settings
from engine.channels.sms import TwilioTexts
from engine.conversations.thread import Thread
from engine.outbox.courier import send_due
from engine.outbox.delivery import Delivery, OutboxDue
from engine.outbox.fate import fates
from engine.outbox.post import answer
from engine.outbox.sending_pause import open_pause, pause_sending, resume_sending
from engine.outbox.text_courier import send_due_texts
from engine.outbox.waiting import late
from tests.channels.provider import Provider, Says
from tests.database import on_both_databases
from tests.outbox.broadcast import broadcast_to
from tests.outbox.conftest import House
from tests.outbox.phones import OURS

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
        ends = time.monotonic() + 30.0

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
            assert last - since < WITHIN
            assert 60 <= seen[0] < MANY and 20 <= seen[1] < MANY
            with house.read() as session:
                assert len(list(session.scalars(select(Delivery).where(Delivery.state == "calling")))) == 0
                waiting = session.scalar(select(func.count()).where(Delivery.state == "queued"))
                assert waiting == 2 * MANY - sum(seen)
        finally:
            paused.set()
            for one in couriers:
                one.join(10.0)
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
