"""Texts going out: the words, the number, the hours, stops, errors, and what is not known to have left."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.outbox.conftest import House
from tests.outbox.phones import OURS, ROSA, Phones, phones_of


@pytest.fixture
def phones(house: House, tmp_path: Path) -> Iterator[Phones]:
    with phones_of(house, tmp_path) as phones:
        yield phones


def test_an_answer_reaches_the_phone_they_wrote_from_by_the_number_they_wrote_to(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    thread = phones.texted("Rosa", "Is there soup?")
    answer = phones.answer(thread, "There is!\nCome at six.")
    phones.send()
    [text] = phones.on_phone(ROSA)
    assert text.body == ("Maya Torres at Neighbors for Progress: There is!\nCome at six.\nReply STOP to stop.")
    assert text.sender == OURS
    assert phones.delivery(answer).state == "sent"
    phones.told()
    assert phones.delivery(answer).provider_status == "delivered"
