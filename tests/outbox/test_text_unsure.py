"""What may have left: found at the provider, sent again, or a person's to decide; and what is told afterwards."""

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
from engine.base.services import OutgoingText
from engine.base.setting_groups.texting import Texting
from engine.conversations.thread import open_thread
from engine.outbox import breaker, post, queue
from engine.outbox.claim import claim_due
from engine.outbox.classes import rank_of
from engine.outbox.delivery import Delivery, OutboxDue
from engine.outbox.text import WrittenText, is_cheaper_as_mms
from engine.outbox.text_courier import calling, hand_over, record, written_texts
from engine.outbox.text_lines import lines_for
from engine.outbox.text_status import tell_status
from engine.people.text_stop import TextStop
from templates.segments import measure
from tests.outbox.conftest import START, House
from tests.outbox.phones import ALSO_OURS, DANA, OURS, ROSA, Phones, phones_of

# What may have left


@pytest.mark.parametrize("how", ["hang up", "silence"])
def test_a_text_whose_answer_was_lost_is_found_at_the_provider_and_not_sent_again(phones: Phones, how: str) -> None:
    phones.person("Rosa Medina", ROSA)
    phones.wrong(ROSA, Trouble(after_creating=how, times=1, callbacks="never"))  # type: ignore[arg-type]
    sent = phones.journey_text("Rosa")
    phones.send()
    assert phones.delivery(sent).state == "unsure"
    phones.house.later(seconds=21)
    phones.send()
    [text] = phones.taken(ROSA)
    delivery = phones.delivery(sent)
    assert (delivery.state, delivery.provider_id, delivery.attempts) == ("sent", text.sid, 1)
    assert phones.tasks() == []


def test_a_status_callback_settles_it_before_anybody_asks(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    phones.wrong(ROSA, Trouble(after_creating="hang up", times=1))
    sent = phones.journey_text("Rosa")
    phones.send()
    assert phones.delivery(sent).state == "unsure"
    phones.told()
    delivery = phones.delivery(sent)
    assert (delivery.state, delivery.provider_status) == ("sent", "delivered")
    phones.house.later(minutes=30)
    assert phones.send() == 0 and len(phones.taken(ROSA)) == 1


def crash_in_calling(phones: Phones) -> None:
    """The courier dies between noting that it calls and noting what came of it; the provider heard nothing."""
    house = phones.house
    services, press = house.services, house.press
    with services.db.write() as session:
        claimed = claim_due(session, services.settings, house.now, 10, "sms")
        lines = lines_for(session, [(ROSA, None, None)], services.settings.sms, house.now)
    with services.db.write() as session:
        calling(session, written_texts(claimed, lines, press, house.now), {}, lines, claimed, press, house.now)
        queue.free(session)


def test_a_text_that_the_provider_never_got_is_sent_again_after_ten_minutes_and_not_before(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    sent = phones.journey_text("Rosa")
    crash_in_calling(phones)
    assert phones.delivery(sent).state == "calling"
    phones.send()
    assert phones.delivery(sent).state == "unsure"
    phones.house.later(minutes=9)
    phones.send()
    assert phones.taken(ROSA) == [] and phones.delivery(sent).state == "unsure"
    phones.house.later(minutes=2)
    phones.send()
    [text] = phones.taken(ROSA)
    assert text.body == phones.delivery(sent).body and phones.delivery(sent).state == "sent"


def test_a_task_about_a_stranger_shows_no_phone(phones: Phones) -> None:
    house = phones.house
    with house.services.db.write() as session:
        thread = open_thread(
            session, house.now, member_id=None, chapter_id=None, subject="", reason="Texted us.", correspondent=DANA
        )
        thread.last_in_at = house.now
        session.flush()
        answer = post.answer(session, thread, house.people["Maya"], "Hello", house.now, key="1", channel="sms")
        session.add(TextStop(id=1, created_at=house.now, phone=DANA, how="text", evidence="STOP"))
    phones.send()
    assert phones.delivery(answer.id).state == "refused"
    assert [task.title for task in phones.tasks()] == ["Your answer to …43 did not arrive"]


def test_two_texts_with_the_same_words_at_the_provider_are_a_persons_to_decide(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA, organizer="Maya")
    sent = phones.journey_text("Rosa")
    crash_in_calling(phones)
    body = phones.delivery(sent).body or ""
    texts = phones.house.services.texts
    assert texts is not None
    for _ in range(2):
        texts.send(OutgoingText(ROSA, OURS, body))
    phones.send()
    assert phones.delivery(sent).state == "unsure" and len(phones.taken(ROSA)) == 2
    [task] = phones.tasks()
    assert task.title == "Did our text to Rosa arrive?" and "2 texts" in task.script
    with phones.house.read() as session:
        assert session.scalars(select(OutboxDue)).all() == []


def test_the_same_words_said_on_purpose_before_are_not_taken_for_it(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    thread = phones.texted("Rosa", "Hello")
    phones.answer(thread, "Hello", key="0")
    phones.send()
    phones.answer(thread, "Yes", key="1")
    phones.send()
    again = phones.answer(thread, "Yes", key="2")
    phones.wrong(ROSA, Trouble(after_creating="hang up", times=1, callbacks="never"))
    phones.send()
    phones.house.later(seconds=30)
    phones.send()
    texts = phones.taken(ROSA)
    assert phones.delivery(again).provider_id == texts[-1].sid and len(texts) == 3


def test_when_nobody_can_be_asked_for_four_hours_a_person_decides(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    sent = phones.journey_text("Rosa")
    crash_in_calling(phones)
    phones.server.stop()
    for _ in range(6):
        phones.send()
        phones.house.later(hours=1)
    assert phones.delivery(sent).state == "unsure"
    [task] = phones.tasks()
    assert "could not be asked" in task.script


def test_a_courier_that_comes_late_to_record_changes_nothing(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    sent = phones.journey_text("Rosa")
    house, services = phones.house, phones.house.services
    with services.db.write() as session:
        claimed = claim_due(session, services.settings, house.now, 10, "sms")
        lines = lines_for(session, [(ROSA, None, None)], services.settings.sms, house.now)
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


# What the provider tells afterwards


def test_a_status_never_moves_back_and_counts_once(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    phones.wrong(ROSA, Trouble(callbacks="backwards"))
    sent = phones.journey_text("Rosa")
    phones.send()
    phones.told()
    assert phones.delivery(sent).provider_status == "delivered"
    sid = phones.taken(ROSA)[0].sid
    with phones.house.services.db.write() as session:
        now = phones.house.now
        for status in ("sent", "queued", "delivered", "undelivered", "gibberish", ""):
            assert not tell_status(session, sent, sid, status, None, now), status
        assert not tell_status(session, sent, "SM" + "0" * 32, "failed", 30005, now)
        assert not tell_status(session, 12345, sid, "delivered", None, now)
    assert phones.delivery(sent).state == "sent"


def test_a_person_who_talks_with_us_is_texted_by_people_only(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    thread = phones.texted("Rosa", "I have a question")
    held = phones.journey_text("Rosa")
    answer = phones.answer(thread, "Ask!")
    phones.send()
    assert phones.delivery(held).state == "queued" and "talking" in (phones.delivery(held).refusal or "")
    assert phones.delivery(answer).state == "sent"


def test_where_texts_are_not_set_up_they_wait_and_say_so(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    waits = phones.journey_text("Rosa")
    texting = phones.house.services
    phones.house.services = replace(texting, texts=None)
    phones.send()
    phones.house.services = texting
    assert "not set up" in (phones.delivery(waits).refusal or "") and phones.delivery(waits).state == "queued"


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


def test_a_long_text_goes_as_one_picture_message_where_that_is_cheaper() -> None:
    def text(to: str, body: str) -> WrittenText:
        return WrittenText(to, body, measure(body), None, "Maya", introduces=False)

    prices = Texting(segment_price=0.01, picture_price=0.025)
    assert not is_cheaper_as_mms(text(ROSA, "a" * 300), prices)
    assert is_cheaper_as_mms(text(ROSA, "a" * 310), prices)
    assert not is_cheaper_as_mms(text("+442079460018", "a" * 310), prices)
    assert not is_cheaper_as_mms(text(ROSA, "a" * 310), prices.model_copy(update={"picture_price": 0.0}))


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


def test_a_courier_that_slept_before_it_called_sends_no_second_text(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    sent = phones.journey_text("Rosa")
    house, services = phones.house, phones.house.services
    with services.db.write() as session:
        claimed = claim_due(session, services.settings, house.now, 10, "sms")
        lines = lines_for(session, [(ROSA, None, None)], services.settings.sms, house.now)
    written = written_texts(claimed, lines, house.press, house.now)
    house.leases_end()
    phones.send()
    with services.db.write() as session:
        assert calling(session, written, {}, lines, claimed, house.press, house.now) == []
    assert phones.delivery(sent).state == "sent" and len(phones.taken(ROSA)) == 1


def test_a_try_that_is_known_to_be_lost_is_not_taken_for_the_one_in_doubt(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    phones.wrong(ROSA, Trouble(code=30003, times=1))
    sent = phones.journey_text("Rosa")
    phones.send()
    phones.told()
    assert (phones.delivery(sent).state, phones.delivery(sent).provider_status) == ("queued", "undelivered")
    phones.house.later(seconds=75)
    crash_in_calling(phones)
    assert phones.delivery(sent).state == "calling"
    phones.send()
    assert phones.delivery(sent).state == "unsure" and len(phones.taken(ROSA)) == 1
    phones.house.later(minutes=11)
    phones.send()
    _, second = phones.taken(ROSA)
    assert (phones.delivery(sent).state, phones.delivery(sent).provider_id) == ("sent", second.sid)
