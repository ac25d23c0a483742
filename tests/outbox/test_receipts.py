"""What comes back for a mail that had left: strikes, rest, and no more mail for those who complain."""

import pytest
from sqlalchemy import func, select

from engine.conversations.task import Task
from engine.conversations.thread import Thread
from engine.enrollments.signal import Signal
from engine.outbox.delivery import Receipt
from engine.outbox.fate import fates
from engine.outbox.post import answer
from engine.outbox.receipts import bounced, complained
from engine.people.address import Address, AddressStrike
from engine.people.consent import standings
from tests.outbox.conftest import House


def sent_letter(house: House) -> int:
    delivery_id = house.letter("Rosa")
    house.send()
    return delivery_id


def bounce(
    house: House, delivery_id: int, status: str, key: str, *, permanent: bool = True, lost: bool = False
) -> bool:
    with house.services.db.write() as session:
        return bounced(session, delivery_id, permanent, status, f"{status} no", key, 77, house.now, lost=lost)


def rests(house: House) -> str | None:
    with house.read() as session:
        address = session.scalar(select(Address).where(Address.member_id == house.people["Rosa"]))
        assert address is not None
        return address.resting_reason if address.resting_since else None


@pytest.mark.parametrize("status", ["5.1.1", "5.1.10", "5.2.1"])
def test_a_mailbox_that_is_not_there_rests_at_once(house: House, status: str) -> None:
    house.person("Rosa Medina")
    bounce(house, sent_letter(house), status, "key 1")
    assert rests(house) == f"mail came back for good ({status}): the mailbox is not there."
    with house.read() as session:
        [task] = session.scalars(select(Task))
        [strike] = session.scalars(select(AddressStrike))
    assert task.title == "Mail to Rosa does not arrive: try another way"
    assert strike.received_id == 77


def test_other_bounces_rest_an_address_at_the_third_within_two_weeks(house: House) -> None:
    house.person("Rosa Medina")
    delivery_id = sent_letter(house)
    for number in range(2):
        bounce(house, delivery_id, "5.7.1", f"key {number}")
        house.later(days=6)
    assert rests(house) is None
    house.later(days=3)
    bounce(house, delivery_id, "5.7.1", "key 3")
    assert rests(house) is None
    house.later(days=1)
    bounce(house, delivery_id, "5.7.1", "key 4")
    assert rests(house) == "mail came back 3 times within 14 days (last: 5.7.1)."


def test_a_bounce_counts_once_however_often_it_comes(house: House) -> None:
    house.person("Rosa Medina")
    delivery_id = sent_letter(house)
    assert bounce(house, delivery_id, "5.7.1", "key 1") is True
    assert bounce(house, delivery_id, "5.7.1", "key 1") is False
    assert bounce(house, 12345, "5.7.1", "key 2") is False
    with house.read() as session:
        assert session.scalar(select(func.count()).select_from(AddressStrike)) == 1
        assert session.scalar(select(func.count()).select_from(Receipt)) == 1


def test_a_persons_answer_that_comes_back_is_known_to_them_at_once(house: House) -> None:
    house.person("Rosa Medina")
    thread_id = house.writes("Rosa")
    with house.services.db.write() as session:
        delivery_id = answer(
            session, session.get_one(Thread, thread_id), house.people["Maya"], "Yes", house.now, key="1"
        ).id
    house.send()
    bounce(house, delivery_id, "5.2.2", "key 1")
    with house.read() as session:
        [task] = session.scalars(select(Task))
        assert "answer did not arrive" in session.get_one(Thread, thread_id).marks
    assert task.assignee_id == house.people["Maya"]


def test_an_answer_lost_to_trouble_that_passes_is_known_to_its_author_and_no_strike(house: House) -> None:
    house.person("Rosa Medina")
    thread_id = house.writes("Rosa")
    with house.services.db.write() as session:
        delivery_id = answer(
            session, session.get_one(Thread, thread_id), house.people["Maya"], "Yes", house.now, key="1"
        ).id
    house.send()
    bounce(house, delivery_id, "4.4.1", "key 1", permanent=False)
    with house.read() as session:
        assert session.scalars(select(Task)).all() == []
    bounce(house, delivery_id, "4.4.7", "key 2", permanent=False, lost=True)
    with house.read() as session:
        [task] = session.scalars(select(Task))
        assert not any(each.permanent for each in session.scalars(select(AddressStrike)))
    assert task.assignee_id == house.people["Maya"] and rests(house) is None
    with house.read() as session:
        assert fates(session, [delivery_id])[delivery_id].word == "failed", "the author sees that it did not arrive"


def test_a_complaint_ends_that_kind_of_mail_at_once(house: House) -> None:
    rosa = house.person("Rosa Medina")
    delivery_id = sent_letter(house)
    with house.services.db.write() as session:
        assert complained(session, delivery_id, "abuse report", "key 1", 78, house.now)
        assert not complained(session, delivery_id, "abuse report", "key 1", 78, house.now)
    house.later(days=1)
    following = house.letter("Rosa")
    house.send()
    assert house.delivery(following).state == "refused"
    with house.read() as session:
        assert standings(session, rosa) == {("email", "all"): True, ("email", "journey"): False}
        [fact] = session.scalars(select(Signal))
    assert (fact.kind, fact.detail) == ("opted_out", {"channel": "email", "scope": "journey"})


def test_a_complaint_about_a_persons_words_ends_all_our_mail(house: House) -> None:
    rosa = house.person("Rosa Medina")
    thread_id = house.writes("Rosa")
    with house.services.db.write() as session:
        thread = session.get_one(Thread, thread_id)
        delivery_id = answer(session, thread, house.people["Maya"], "Yes", house.now, key="1").id
    house.send()
    house.later(hours=1)
    with house.services.db.write() as session:
        complained(session, delivery_id, "abuse report", "key 1", None, house.now)
        assert standings(session, rosa)[("email", "all")] is False
        assert "called our mail unwanted" in session.get_one(Thread, thread_id).marks
        answer(session, session.get_one(Thread, thread_id), house.people["Maya"], "Sorry", house.now, key="2")
    house.send()
    assert len(house.mails("Rosa")) == 1
