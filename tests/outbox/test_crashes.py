"""A courier that dies at any point, and couriers that work at once: nothing is lost, nothing is sent twice."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from engine.conversations.message import Message
from engine.conversations.question import Question
from engine.conversations.thread import Thread
from engine.outbox import jobs, queue
from engine.outbox.claim import claim_due
from engine.outbox.courier import calling, hand_over, record, send_due
from engine.outbox.delivery import Delivery, OutboxDue
from engine.outbox.letter import write
from engine.outbox.post import answer
from engine.outbox.receipts import answered
from engine.people.consent import EVERYTHING, Said, record_consent
from tests.database import on_both_databases
from tests.outbox.conftest import House


class Killed(BaseException):
    """The process ended here."""


def die(house: House, after: str) -> None:
    """A courier works as far as that, and is gone."""
    db, now = house.services.db, house.now
    if after == "within claim":
        with pytest.raises(Killed), db.write() as session:
            claim_due(session, house.services.settings, now, 100, "email")
            raise Killed
        return
    with db.write() as session:
        claimed = claim_due(session, house.services.settings, now, 100, "email")
    if after == "claim":
        return
    written = [(each, write(each, claimed.material, house.press, now)) for each in claimed.deliveries]
    if after == "within calling":
        with pytest.raises(Killed), db.write() as session:
            calling(session, written, claimed.material, now)
            raise Killed
        return
    with db.write() as session:
        calls = calling(session, written, claimed.material, now)
    if after == "calling":
        return
    outcomes = hand_over(house.services.mail, calls)
    if after == "sending":
        return
    with pytest.raises(Killed), db.write() as session:
        record(session, list(zip(calls, outcomes, strict=True)), now)
        raise Killed


@on_both_databases
@pytest.mark.parametrize(("after", "stays"), [("claim", False), ("sending", True)])
@pytest.mark.parametrize("reply", ["450 4.2.1 later", "550 5.1.1 nobody"])
def test_a_question_that_may_have_come_before_its_courier_died_stays_asked_whatever_its_next_try_meets(
    house: House, after: str, stays: bool, reply: str
) -> None:
    rosa = house.person("Rosa Medina")
    asked = house.letter("Rosa", "choose")
    die(house, after)
    house.leases_end()
    house.relay.rcpt_replies.append(reply)
    house.send()
    with house.services.db.write() as session:
        # They stop before a third try.
        record_consent(session, rosa, "email", EVERYTHING, False, Said("page"), house.now)
    house.later(hours=2)
    house.send()
    delivery = house.delivery(asked)
    assert delivery.state == ("failed" if reply.startswith("5") else "refused")
    assert (delivery.error_code or "").startswith("unsure: ") is stays
    with house.read() as session:
        said = session.scalars(select(Message.delivery_id).where(Message.kind == "journey")).all()
        questions = session.scalars(select(Question.delivery_id)).all()
    assert list(said) == list(questions) == [asked] * stays


@pytest.mark.parametrize(
    ("after", "arrivals"),
    [
        ("within claim", 1),
        ("claim", 1),
        ("within calling", 1),
        ("calling", 1),
        # The relay had it, and we do not know: mail goes again with the same Message-ID (law 5).
        ("sending", 2),
        ("within record", 2),
    ],
)
@on_both_databases
def test_a_courier_that_dies_leaves_its_letters_to_the_next(house: House, after: str, arrivals: int) -> None:
    names = ("Rosa", "Walt")
    ids = []
    for name in names:
        house.person(f"{name} Medina")
        ids.append(house.letter(name, "choose"))
    die(house, after)
    if after != "within claim":
        # Nobody else takes them while the lease runs.
        assert house.send() == 0
    house.leases_end()
    house.send()
    for name, delivery_id in zip(names, ids, strict=True):
        assert house.delivery(delivery_id).state == "sent"
        mails = house.mails(name)
        assert len(mails) == arrivals
        assert len({mail["Message-ID"] for mail in mails}) == 1
    with house.read() as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 2
        assert session.scalar(select(func.count()).select_from(Question)) == 2
        assert session.scalar(select(func.count()).select_from(OutboxDue)) == 0


def test_a_process_that_starts_alone_takes_up_at_once_what_another_left(house: House) -> None:
    house.person("Rosa Medina")
    delivery_id = house.letter("Rosa")
    die(house, "calling")
    assert house.send() == 0
    with house.services.db.write() as session:
        assert queue.free(session) == 1
    house.send()
    assert house.delivery(delivery_id).state == "sent"
    assert len(house.mails("Rosa")) == 1


def test_a_courier_that_slept_past_its_lease_notes_nothing_over_the_next_ones_work(house: House) -> None:
    house.person("Rosa Medina")
    delivery_id = house.letter("Rosa")
    now = house.now
    with house.services.db.write() as session:
        claimed = claim_due(session, house.services.settings, now, 100, "email")
    written = [(each, write(each, claimed.material, house.press, now)) for each in claimed.deliveries]
    with house.services.db.write() as session:
        calls = calling(session, written, claimed.material, now)
    house.relay.rcpt_replies.append("451 4.3.0 later")
    outcomes = hand_over(house.services.mail, calls)
    house.leases_end()
    house.send()
    with house.services.db.write() as session:
        record(session, list(zip(calls, outcomes, strict=True)), house.now)
    assert house.delivery(delivery_id).state == "sent"
    assert house.send() == 0


@on_both_databases
@pytest.mark.parametrize("meanwhile", ["another courier sent it", "they left", "it had arrived"])
def test_a_courier_that_slept_before_it_called_hands_over_nothing_that_is_claimed_no_more(
    house: House, meanwhile: str
) -> None:
    house.person("Rosa Medina")
    delivery_id = house.letter("Rosa")
    if meanwhile == "it had arrived":
        die(house, "sending")
        house.leases_end()
    with house.services.db.write() as session:
        claimed = claim_due(session, house.services.settings, house.now, 100, "email")
    written = [(each, write(each, claimed.material, house.press, house.now)) for each in claimed.deliveries]
    assert [each.id for each in claimed.deliveries] == [delivery_id]
    if meanwhile == "another courier sent it":
        house.leases_end()
        house.send()
    else:
        with house.services.db.write() as session:
            if meanwhile == "it had arrived":
                answered(session, delivery_id, house.now)
            else:
                row = session.get_one(Delivery, delivery_id)
                row.state, row.refusal = "refused", "They left this chapter."
                queue.remove(session, [row])
    with house.services.db.write() as session:
        assert calling(session, written, claimed.material, house.now) == []
    assert house.delivery(delivery_id).state == ("refused" if meanwhile == "they left" else "sent")
    assert len(house.mails("Rosa")) == (0 if meanwhile == "they left" else 1)


@on_both_databases
def test_two_couriers_at_once_send_everything_once(house: House) -> None:
    for number in range(60):
        house.person(f"Neighbor{number} Medina")
        house.letter(f"Neighbor{number}")
    begin = threading.Barrier(3)

    def work() -> None:
        begin.wait()
        while send_due(house.services, limit=7):
            pass

    couriers = [threading.Thread(target=work) for _ in range(3)]
    for courier in couriers:
        courier.start()
    for courier in couriers:
        courier.join()
    assert len(house.mails()) == 60
    assert len({mail["Message-ID"] for mail in house.mails()}) == 60
    with house.read() as session:
        assert set(session.scalars(select(Delivery.state))) == {"sent"}


def test_the_jobs_send_what_is_due_when_woken_and_the_sweep_finds_what_nobody_woke_for(house: House) -> None:
    house.person("Rosa Medina")
    house.letter("Rosa")
    send, held, *_ = jobs.SWEEPS
    with house.read() as session:
        assert send.due(session, house.now) == [None]
        assert send.due(session, house.now - timedelta(seconds=1)) == []
        assert held.due(session, house.now) == []
    house.services.broker.start()
    house.services.broker.wake("outbox.send")
    assert house.services.broker.settle()
    assert len(house.mails("Rosa")) == 1
    with house.read() as session:
        assert send.due(session, house.now) == []


def test_one_form_sent_twice_at_the_same_moment_is_one_answer(house: House) -> None:
    house.person("Rosa Medina")
    thread_id = house.writes("Rosa")
    together = threading.Barrier(2)

    def press() -> None:
        together.wait()
        with house.services.db.write() as session:
            thread = session.get_one(Thread, thread_id)
            answer(session, thread, house.people["Maya"], "Yes, bring them.", house.now, key="one form")

    presses = [threading.Thread(target=press) for _ in range(2)]
    for each in presses:
        each.start()
    for each in presses:
        each.join()
    house.send()
    assert len(house.mails("Rosa")) == 1
    with house.read() as session:
        said = select(func.count()).where(Message.thread_id == thread_id, Message.kind == "out")
        assert session.scalar(said) == 1


def test_a_letter_that_was_answered_before_we_could_note_it_has_arrived_and_never_goes_again(house: House) -> None:
    house.person("Rosa Medina")
    delivery_id = house.letter("Rosa")
    die(house, "sending")
    with house.services.db.write() as session:
        answered(session, delivery_id, house.now)
    house.leases_end()
    house.send()
    assert house.delivery(delivery_id).state == "sent"
    assert len(house.mails("Rosa")) == 1
    with house.read() as session:
        assert session.scalar(select(func.count()).select_from(OutboxDue)) == 0


@on_both_databases
def test_a_second_place_in_the_queue_sends_no_second_letter(house: House) -> None:
    house.person("Rosa Medina")
    delivery_id = house.letter("Rosa")
    house.send()
    house.later(minutes=1)
    with house.services.db.write() as session:
        row = session.get_one(Delivery, delivery_id)
        queue.move(session, row, house.now)
    house.send()
    assert house.delivery(delivery_id).state == "sent" and len(house.mails("Rosa")) == 1
    with house.read() as session:
        assert session.scalar(select(func.count()).select_from(OutboxDue)) == 0


def test_an_answer_to_a_letter_that_never_left_settles_nothing(house: House) -> None:
    house.person("Rosa Medina")
    delivery_id = house.letter("Rosa")
    with house.services.db.write() as session:
        answered(session, delivery_id, house.now)
    assert house.delivery(delivery_id).state == "queued"
    house.send()
    assert len(house.mails("Rosa")) == 1
