"""The courier of texts: what waits for its turn, two of them at once, and one that comes late."""

import random
import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select, text

from admin.sandbox.carrier.trouble import Trouble
from engine.base.db import Database
from engine.outbox import breaker, queue
from engine.outbox.claim import Claim, claim_due
from engine.outbox.classes import rank_of
from engine.outbox.delivery import Delivery, OutboxDue
from engine.outbox.line import TextLine
from engine.outbox.text_courier import calling, hand_over, record, written_texts
from engine.outbox.text_lines import lines_for
from tests.outbox.conftest import START, House
from tests.outbox.phones import ALSO_OURS, OURS, ROSA, Phones, phones_of


def claims(phones: Phones) -> tuple[Claim, dict[str, TextLine]]:
    """What a courier has claimed of Rosa's texts, and her phone's line."""
    services, now = phones.house.services, phones.house.now
    with services.db.write() as session:
        claimed = claim_due(session, services.settings, now, 10, "sms")
        return claimed, lines_for(session, [(ROSA, None, None)], services.settings.sms, now)


def test_where_texts_are_not_set_up_they_wait_and_say_so(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    waits = phones.journey_text("Rosa")
    texting = phones.house.services
    phones.house.services = replace(texting, texts=None)
    phones.send()
    phones.house.services = texting
    assert "not set up" in (phones.delivery(waits).refusal or "") and phones.delivery(waits).state == "queued"


def test_a_text_that_waited_hours_for_a_shut_way_is_not_sent_late_and_nobody_is_asked(
    phones: Phones,
) -> None:
    phones.person("Rosa Medina", ROSA, organizer="Maya")
    news = phones.journey_text("Rosa")
    with phones.house.services.db.write() as session:
        breaker.stop(session, "Our number is not registered.", phones.house.now)
    for _ in range(10):
        phones.send()
        phones.house.later(minutes=30)
    assert phones.delivery(news).state == "refused"
    assert "late text is worse" in (phones.delivery(news).refusal or "")
    assert phones.tasks() == []


def test_texts_that_wait_for_their_number_let_an_answer_pass(house: House, tmp_path: Path) -> None:
    with phones_of(house, tmp_path, numbers=[OURS], per_second=1.0) as phones:
        phones.person("Rosa Medina", ROSA)
        others = []
        for number in range(8):
            phones.person(f"Member{chr(65 + number)} Lee", f"+1404555{2000 + number}")
            others.append(phones.journey_text(f"Member{chr(65 + number)}"))
        phones.send()
        sent = [each for each in others if phones.delivery(each).state == "sent"]
        assert len(sent) == 1
        waiting = sorted(phones.delivery(each).send_at for each in others if each not in sent)
        # Each of these texts is two segments long.
        assert all(later - sooner >= timedelta(seconds=2) for sooner, later in pairwise(waiting))
        thread = phones.texted("Rosa", "Hello")
        house.later(seconds=3)
        answer = phones.answer(thread, "Hello back")
        phones.send()
        assert phones.delivery(answer).state == "sent"
        for _ in range(30):
            house.later(seconds=1)
            phones.send()
        assert {phones.delivery(each).state for each in others} == {"sent"}


@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
def test_two_couriers_on_postgresql_send_every_text_once(house: House, tmp_path: Path) -> None:
    with phones_of(house, tmp_path) as phones:
        sent: dict[str, int] = {}
        for number in range(16):
            phone = f"+1404555{4000 + number}"
            phones.person(f"Member{number} Lee", phone)
            sent[phone] = phones.journey_text(f"Member{number}")
        phones.wrong("+14045554007", Trouble(after_creating="hang up", times=1, callbacks="never"))
        for _ in range(2):
            couriers = [threading.Thread(target=phones.send) for _ in range(3)]
            for one in couriers:
                one.start()
            for one in couriers:
                one.join(60.0)
            house.later(seconds=30)
        phones.told()
        for phone, delivery_id in sent.items():
            assert len(phones.taken(phone)) == 1 and phones.delivery(delivery_id).state == "sent", phone
        # Whom nobody knew a number for got one each, and both of ours are used alike.
        senders = Counter(phones.taken(phone)[0].sender for phone in sent)
        assert sum(senders.values()) == 16 and set(senders) == {OURS, ALSO_OURS}


def test_a_courier_asks_for_more_time_without_waiting_for_what_is_being_settled(postgres_db: Database) -> None:
    rows = [
        Delivery(id=number, created_at=START, message_class="journey", channel="sms", send_at=START, state_at=START)
        for number in (1, 2)
    ]
    with postgres_db.write() as session:
        for row in rows:
            session.add(OutboxDue(rank=rank_of("journey", "sms"), send_at=START, delivery_id=row.id))
    with postgres_db.write() as settling, postgres_db.write() as asking:
        queue.remove(settling, rows[:1])
        asking.execute(text("SET LOCAL lock_timeout = '1s'"))
        queue.lease_on(asking, rows)
    with postgres_db.read() as session:
        left = {row.delivery_id: row.leased_until_at for row in session.scalars(select(OutboxDue))}
    assert list(left) == [2] and left[2] is not None


def test_a_courier_that_comes_late_to_record_changes_nothing(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    sent = phones.journey_text("Rosa")
    house, services = phones.house, phones.house.services
    claimed, lines = claims(phones)
    with services.db.write() as session:
        calls = calling(
            session, written_texts(claimed, lines, house.press, house.now), {}, lines, claimed, house.press, house.now
        )
    assert services.texts is not None
    outcomes = hand_over(services.texts, calls, 4, services.clock)
    phones.told()
    assert phones.delivery(sent).provider_status == "delivered"
    with services.db.write() as session:
        record(session, list(zip(calls, outcomes, strict=True)), house.now)
    assert (phones.delivery(sent).state, phones.delivery(sent).provider_status) == ("sent", "delivered")


def test_a_courier_that_slept_before_it_called_sends_no_second_text(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    sent = phones.journey_text("Rosa")
    house, services = phones.house, phones.house.services
    claimed, lines = claims(phones)
    written = written_texts(claimed, lines, house.press, house.now)
    house.leases_end()
    phones.send()
    with services.db.write() as session:
        assert calling(session, written, {}, lines, claimed, house.press, house.now) == []
    assert phones.delivery(sent).state == "sent" and len(phones.taken(ROSA)) == 1


def test_through_a_storm_of_faults_every_text_arrives_once_or_a_person_knows(phones: Phones) -> None:
    dice = random.Random(7)
    faults = [
        Trouble(), Trouble(code=20500, times=2), Trouble(code=20429, times=1), Trouble(code=20503, times=1),
        Trouble(after_creating="hang up", times=1), Trouble(after_creating="hang up", times=1, callbacks="never"),
        Trouble(callbacks="backwards"), Trouble(callbacks="twice"), Trouble(code=30003, times=1),
        Trouble(latency_seconds=0.05),
    ]  # fmt: skip
    sent: dict[str, int] = {}
    for number in range(24):
        name, phone = f"Member{number} Lee", f"+1404555{3000 + number}"
        phones.person(name, phone)
        phones.wrong(phone, dice.choice(faults))
        sent[phone] = phones.journey_text(name.split()[0])
    for _ in range(24):
        phones.send()
        if dice.random() < 0.7:
            phones.told()
        if {phones.delivery(each).state for each in sent.values()} == {"sent"}:
            break
        phones.house.later(minutes=2)
    phones.told()
    for phone, delivery_id in sent.items():
        texts = phones.taken(phone)
        assert phones.delivery(delivery_id).state == "sent", phone
        # What came back undelivered may go once more; what arrived, or may have, never does.
        assert sum(text.status == "delivered" for text in texts) == 1, phone
        assert len(texts) == 1 or texts[0].status == "undelivered"
    assert phones.tasks() == []
