"""What may have left: found at the provider, sent again, or a person's to decide; and what is told afterwards."""

import pytest
from sqlalchemy import select

from admin.sandbox.carrier.trouble import Trouble
from engine.base.services import OutgoingText
from engine.conversations.thread import open_thread
from engine.outbox import post, queue
from engine.outbox.claim import claim_due
from engine.outbox.delivery import OutboxDue
from engine.outbox.text_courier import calling, written_texts
from engine.outbox.text_lines import lines_for
from engine.outbox.text_status import tell_status
from engine.people.text_stop import TextStop
from tests.outbox.phones import DANA, OURS, ROSA, Phones


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
