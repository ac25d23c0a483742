"""Texts going out: their words, and which of our numbers they come from."""

from pathlib import Path

import pytest
from sqlalchemy import select

from engine.base.errors import Invalid
from engine.base.setting_groups.texting import Texting
from engine.chapters.chapter import Chapter
from engine.conversations.message import Message
from engine.outbox import post
from engine.outbox.delivery import OutboxDue
from engine.outbox.text import WrittenText, is_cheaper_as_mms
from engine.outbox.text_lines import lines_for
from engine.outbox.view import copy_of
from templates.segments import measure
from tests.outbox.conftest import House
from tests.outbox.phones import ALSO_OURS, ATLANTA, DANA, OURS, ROSA, SERVICE, Phones, phones_of

WALT = "+14045550144"


# Words


def test_an_answer_reaches_the_phone_they_wrote_from_by_the_number_they_wrote_to(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    thread = phones.texted("Rosa", "Is there soup?", to=ALSO_OURS)
    answer = phones.answer(thread, "There is!\nCome at six.")
    phones.send()
    [text] = phones.taken(ROSA)
    assert text.body == "Maya Torres at Neighbors for Progress: There is!\nCome at six.\nReply STOP to stop."
    assert text.sender == ALSO_OURS
    delivery = phones.delivery(answer)
    assert (delivery.state, delivery.segments, delivery.our_number) == ("sent", 1, ALSO_OURS)
    phones.told()
    assert phones.delivery(answer).provider_status == "delivered"


def test_after_the_first_text_an_answer_is_the_words_as_typed_with_plain_signs(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    thread = phones.texted("Rosa", "Is there soup?")
    phones.answer(thread, "There is.", key="1")
    phones.send()
    phones.answer(thread, "“It’s hot” — bring José 🙂", key="2")
    phones.send()
    assert [text.body for text in phones.taken(ROSA)][1:] == ['"It\'s hot" - bring José 🙂']


def test_two_first_texts_in_one_batch_introduce_us_once(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    thread = phones.texted("Rosa", "Is there soup?")
    phones.answer(thread, "There is.", key="1")
    phones.answer(thread, "Really.", key="2")
    phones.send()
    bodies = sorted(text.body for text in phones.taken(ROSA))
    assert sum("Reply STOP" in body for body in bodies) == 1 and len(bodies) == 2


def test_the_same_form_sent_twice_is_one_text(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    thread = phones.texted("Rosa", "Is there soup?")
    assert phones.answer(thread, "There is.") == phones.answer(thread, "There is.")
    phones.send()
    assert len(phones.taken(ROSA)) == 1


def test_words_that_are_too_long_for_a_text_are_refused_when_they_are_written(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    thread = phones.texted("Rosa", "Tell me everything")
    with pytest.raises(Invalid, match="1401"):
        phones.answer(thread, "a" * 1401)


def test_a_journeys_text_stands_in_the_timeline_and_its_copy_is_what_was_sent(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    sent = phones.journey_text("Rosa")
    phones.send()
    [text] = phones.taken(ROSA)
    with phones.house.read() as session:
        message = session.scalars(select(Message).where(Message.delivery_id == sent)).one()
        assert (message.kind, message.channel, message.text) == ("journey", "sms", text.body)
        assert copy_of(session, phones.house.press, sent, phones.house.now).text == text.body
        assert session.scalars(select(OutboxDue)).all() == []


def test_a_long_text_goes_as_one_picture_message_where_that_is_cheaper() -> None:
    def text(to: str, body: str) -> WrittenText:
        return WrittenText(to, body, measure(body), None, "Maya", introduces=False)

    prices = Texting(segment_price=0.01, picture_price=0.025)
    assert not is_cheaper_as_mms(text(ROSA, "a" * 300), prices)
    assert is_cheaper_as_mms(text(ROSA, "a" * 310), prices)
    assert not is_cheaper_as_mms(text("+442079460018", "a" * 310), prices)
    assert not is_cheaper_as_mms(text(ROSA, "a" * 310), prices.model_copy(update={"picture_price": 0.0}))


# Our numbers


def test_a_phone_keeps_the_number_it_knows_and_new_ones_get_the_least_used(phones: Phones) -> None:
    for name, phone in (("Rosa Medina", ROSA), ("Dana Lee", DANA), ("Walt Ames", WALT)):
        phones.person(name, phone)
        phones.journey_text(name.split()[0])
        phones.send()
    first = {phone: phones.taken(phone)[0].sender for phone in (ROSA, DANA, WALT)}
    assert first == {ROSA: OURS, DANA: ALSO_OURS, WALT: OURS}
    thread = phones.texted("Dana", "Hello", to=ALSO_OURS)
    phones.answer(thread, "Hello back")
    phones.send()
    assert phones.taken(DANA)[1].sender == ALSO_OURS


def test_a_chapters_own_number_is_its_members_number(house: House, tmp_path: Path) -> None:
    with phones_of(house, tmp_path, chapter_numbers={"atlanta": ATLANTA}) as phones:
        phones.person("Rosa Medina", ROSA)
        with house.services.db.write() as session:
            session.add(Chapter(id=7, created_at=house.now, slug="atlanta", name="Atlanta"))
            session.flush()
            post.service_text(session, ROSA, house.people["Rosa"], "sms/help", {}, house.now, key="1", chapter_id=7)
        phones.send()
        assert phones.taken(ROSA)[0].sender == ATLANTA


def test_without_numbers_the_messaging_service_chooses(house: House, tmp_path: Path) -> None:
    with phones_of(house, tmp_path, numbers=[], messaging_service=SERVICE) as phones:
        phones.person("Rosa Medina", ROSA)
        sent = phones.journey_text("Rosa")
        phones.send()
        [text] = phones.taken(ROSA)
        assert text.service == SERVICE and phones.delivery(sent).our_number == SERVICE


def test_a_number_that_is_ours_no_more_is_replaced(phones: Phones) -> None:
    house = phones.house
    with house.services.db.write() as session:
        sms = house.services.settings.sms
        lines_for(session, [(ROSA, None, None)], sms, house.now)[ROSA].our_number = "+14045550199"
        session.flush()
        assert lines_for(session, [(ROSA, None, None)], sms, house.now)[ROSA].our_number == OURS
