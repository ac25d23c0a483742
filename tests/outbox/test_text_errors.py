"""The provider's errors, and what each does: patience, rest, another way, a person."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from admin.sandbox.carrier.trouble import EVERYBODY, Trouble
from engine.conversations.message import Message
from engine.outbox import breaker, pace
from engine.outbox.fate import fates
from engine.outbox.text_courier import send_due_texts
from engine.outbox.text_status import tell_status
from engine.people.address import Address
from tests.outbox.conftest import START
from tests.outbox.phones import DANA, OURS, ROSA, Phones


def test_a_provider_that_asks_for_patience_gets_it_and_the_text_arrives_once(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    phones.wrong(ROSA, Trouble(code=20429, times=2))
    sent = phones.journey_text("Rosa")
    for _ in range(3):
        phones.send()
        phones.house.later(minutes=3)
    assert phones.delivery(sent).state == "sent" and len(phones.taken(ROSA)) == 1
    assert phones.delivery(sent).attempts == 3


def test_after_four_hours_in_vain_a_person_is_asked_and_no_late_text_goes(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA, organizer="Maya")
    phones.wrong(ROSA, Trouble(code=20500))
    late = phones.journey_text("Rosa")
    for _ in range(30):
        phones.send()
        if phones.delivery(late).state == "refused":
            break
        phones.house.later(minutes=15)
    assert "late text is worse" in (phones.delivery(late).refusal or "")
    assert timedelta(hours=4) < phones.house.now - START < timedelta(hours=6)
    assert [task.title for task in phones.tasks()] == ["Texts to Rosa do not arrive: try another way"]
    with phones.house.read() as session:
        assert session.scalars(select(Message).where(Message.kind == "journey")).all() == []


def test_a_phone_that_was_off_gets_the_same_words_once_it_is_on(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    phones.wrong(ROSA, Trouble(code=30003, times=1))
    sent = phones.journey_text("Rosa")
    phones.send()
    phones.told()
    assert (phones.delivery(sent).state, phones.delivery(sent).provider_status) == ("queued", "undelivered")
    phones.house.later(minutes=2)
    phones.send()
    phones.told()
    first, second = phones.taken(ROSA)
    assert first.body == second.body
    delivery = phones.delivery(sent)
    assert (delivery.state, delivery.provider_status, delivery.provider_id) == ("sent", "delivered", second.sid)
    with phones.house.read() as session:
        assert fates(session, [sent])[sent].word == "sent"
        # What the provider said of the first try is old news, however often it says so.
    with phones.house.services.db.write() as session:
        assert not tell_status(session, sent, first.sid, "undelivered", 30003, phones.house.now)


@pytest.mark.parametrize("code", [30005, 30006])
def test_a_number_that_nobody_has_rests_and_an_answers_author_knows(phones: Phones, code: int) -> None:
    phones.person("Rosa Medina", ROSA)
    thread = phones.texted("Rosa", "Hello")
    phones.wrong(ROSA, Trouble(code=code))
    answer = phones.answer(thread, "Hello back")
    phones.send()
    phones.told()
    assert phones.delivery(answer).state == "failed"
    assert phones.address(ROSA).resting_since is not None
    [task] = phones.tasks()
    assert task.title == "Your answer to Rosa did not arrive" and task.assignee_id == phones.house.people["Maya"]


def test_three_failures_without_a_reason_rest_a_phone(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    phones.wrong(ROSA, Trouble(code=30008))
    for number in range(3):
        assert phones.address(ROSA).resting_since is None, number
        phones.house.later(hours=24)
        phones.journey_text("Rosa")
        phones.send()
        phones.told()
    assert "3 times" in phones.address(ROSA).resting_reason


def test_a_carrier_that_filters_us_slows_the_number_down(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    phones.wrong(ROSA, Trouble(code=30007))
    lost = phones.journey_text("Rosa")
    phones.send()
    phones.told()
    assert phones.delivery(lost).state == "failed"
    with phones.house.read() as session:
        assert pace.slowed_numbers(session, phones.house.now) == [OURS]
        assert pace.slowed_numbers(session, phones.house.now + timedelta(hours=2)) == []


def test_an_unregistered_brand_stops_all_texts_until_a_person_lets_them_go_on(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    phones.person("Dana Lee", DANA)
    phones.wrong(ROSA, Trouble(code=30034, times=1))
    lost = phones.journey_text("Rosa")
    phones.send()
    phones.told()
    waits = phones.journey_text("Dana")
    phones.send()
    assert phones.taken(DANA) == [] and "Health" in (phones.delivery(waits).refusal or "")
    with phones.house.services.db.write() as session:
        [trouble] = breaker.troubles(session)
        assert trouble.ends == "by hand" and "30034" in trouble.reason
        assert breaker.let_go_on(session, phones.house.people["Maya"], phones.house.now)
        assert not breaker.let_go_on(session, phones.house.people["Maya"], phones.house.now)
    phones.house.later(minutes=3)
    phones.send()
    assert len(phones.taken(DANA)) == 1
    # What the carrier threw away goes once more.
    phones.told()
    assert phones.delivery(lost).provider_status == "delivered"


def test_a_provider_that_is_down_is_left_alone_and_tried_once_a_minute(phones: Phones) -> None:
    names = [f"Member{chr(65 + number)} Lee" for number in range(24)]
    for number, name in enumerate(names):
        phones.person(name, f"+1404555{1000 + number}")
    with phones.house.services.db.write() as session:
        for address in session.scalars(select(Address).where(Address.kind == "phone")):
            address.looked_up_at = phones.house.now
    phones.wrong(EVERYBODY, Trouble(code=20503))
    for name in names[:21]:
        phones.journey_text(name.split()[0])
    phones.send()
    with phones.house.read() as session:
        [trouble] = breaker.troubles(session)
    assert (trouble.ends == "by itself" and "out of order" in trouble.reason) or "cannot be used" in trouble.reason
    waits = phones.journey_text(names[22].split()[0])
    phones.send()
    assert phones.delivery(waits).attempts == 0
    phones.wrong(EVERYBODY, None)
    phones.house.later(minutes=2)
    assert send_due_texts(phones.house.services) == 1
    with phones.house.read() as session:
        assert breaker.troubles(session) == []
    phones.house.later(minutes=3)
    phones.send()
    assert phones.carrier.texts.created() == 22


def test_a_text_that_is_lost_again_and_again_is_given_up_after_four_hours_and_a_person_is_asked(
    phones: Phones,
) -> None:
    phones.person("Rosa Medina", ROSA, organizer="Maya")
    phones.wrong(ROSA, Trouble(code=30001))
    lost = phones.journey_text("Rosa")
    for _ in range(36):
        phones.send()
        phones.told()
        if phones.delivery(lost).state != "queued":
            break
        phones.house.later(minutes=15)
    assert phones.delivery(lost).state == "failed" and len(phones.taken(ROSA)) > 4
    assert timedelta(hours=2) < phones.house.now - START <= timedelta(hours=4)
    assert [task.title for task in phones.tasks()] == ["Texts to Rosa do not arrive: try another way"]


def test_one_text_to_a_phone_that_is_off_for_an_hour_counts_once_against_it(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    phones.wrong(ROSA, Trouble(code=30003, times=4))
    sent = phones.journey_text("Rosa")
    for _ in range(5):
        phones.send()
        phones.told()
        assert phones.address(ROSA).resting_since is None
        phones.house.later(minutes=20)
    assert (phones.delivery(sent).state, phones.delivery(sent).provider_status) == ("sent", "delivered")
    assert len(phones.taken(ROSA)) == 5 and phones.tasks() == []
