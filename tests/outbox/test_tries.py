"""What comes of a letter that the relay does not take: tries, an address that rests, a person who knows."""

from datetime import timedelta

from sqlalchemy import func, select

from engine.conversations.message import Message
from engine.conversations.question import Question
from engine.conversations.task import Task
from engine.conversations.thread import Thread
from engine.outbox.delivery import OutboxDue
from engine.outbox.post import answer
from engine.outbox.tries import PATIENCE, gives_up_after, pause_after
from engine.people.address import Address
from tests.outbox.conftest import START, House


def test_a_temporary_refusal_is_tried_again_with_the_same_message_id(house: House) -> None:
    house.person("Rosa Medina")
    delivery_id = house.letter("Rosa")
    house.relay.data_replies.append("451 4.3.0 later")
    house.send()
    waiting = house.delivery(delivery_id)
    assert (waiting.state, waiting.attempts, waiting.error_code) == ("queued", 1, "451 4.3.0")
    assert timedelta(seconds=48) <= waiting.send_at - START <= timedelta(seconds=72)
    assert house.send() == 0
    house.later(minutes=2)
    house.send()
    sent = house.delivery(delivery_id)
    assert (sent.state, sent.attempts, sent.error_code) == ("sent", 2, None)
    [mail] = house.mails("Rosa")
    assert mail["Message-ID"] == waiting.internet_message_id
    with house.read() as session:
        [message] = session.scalars(select(Message))
    assert message.at == house.now


def test_pauses_double_to_an_hour_and_end_after_three_days() -> None:
    nominal = [1, 2, 4, 8, 16, 32, 60, 60, 60]
    for attempt, minutes in enumerate(nominal, start=1):
        for delivery_id in range(50):
            assert 0.8 <= pause_after(attempt, delivery_id) / timedelta(minutes=minutes) <= 1.2
    assert len({pause_after(3, delivery_id) for delivery_id in range(50)}) > 40
    last = next(attempt for attempt in range(1, 200) if gives_up_after(attempt))
    waited = sum((pause_after(attempt, 7) for attempt in range(1, last)), timedelta())
    assert PATIENCE * 0.8 < waited < PATIENCE * 1.2


def test_after_three_days_of_trying_a_person_is_asked_to_find_another_way(house: House) -> None:
    house.person("Denise Okafor")
    rosa = house.person("Rosa Medina", organizer="Denise")
    delivery_id = house.letter("Rosa", "choose")
    tries = 0
    while house.delivery(delivery_id).state == "queued":
        house.relay.rcpt_replies.append("450 4.2.1 try later")
        house.send()
        house.later(hours=1.3)
        tries += 1
    failed = house.delivery(delivery_id)
    assert (failed.state, failed.error_code, tries) == ("failed", "450 4.2.1", 78)
    with house.read() as session:
        [task] = session.scalars(select(Task))
        assert session.scalar(select(func.count()).select_from(OutboxDue)) == 0
        assert not session.scalars(select(Message)).all() and not session.scalars(select(Question)).all()
    assert (task.member_id, task.assignee_id) == (rosa, house.people["Denise"])
    assert task.title == "Mail to Rosa does not arrive: try another way"


def test_a_dead_address_rests_at_once_and_was_never_asked_anything(house: House) -> None:
    rosa = house.person("Rosa Medina")
    delivery_id = house.letter("Rosa", "choose")
    house.relay.rcpt_replies.append("550 5.1.1 no such user")
    house.send()
    assert house.delivery(delivery_id).state == "failed"
    with house.read() as session:
        address = session.scalar(select(Address).where(Address.member_id == rosa))
        assert address is not None and address.resting_since == START
        assert address.resting_reason == "mail came back for good (5.1.1): the mailbox is not there."
        assert not session.scalars(select(Message)).all() and not session.scalars(select(Question)).all()
        assert len(session.scalars(select(Task)).all()) == 1
    house.later(minutes=1)
    next_id = house.letter("Rosa")
    house.send()
    refused = house.delivery(next_id)
    assert refused.state == "refused"
    assert refused.refusal is not None and refused.refusal.startswith("Nothing goes to this address for now:")


def test_an_answer_that_does_not_arrive_is_its_authors_to_know(house: House) -> None:
    house.person("Rosa Medina")
    thread_id = house.writes("Rosa")
    with house.services.db.write() as session:
        thread = session.get_one(Thread, thread_id)
        answer(session, thread, house.people["Maya"], "Yes!", house.now, key="form 1")
    house.relay.data_replies.append("554 5.7.1 looks like spam")
    house.send()
    with house.read() as session:
        [task] = session.scalars(select(Task))
        thread = session.get_one(Thread, thread_id)
        address = session.scalar(select(Address).where(Address.member_id == house.people["Rosa"]))
        assert thread is not None and "answer did not arrive" in thread.marks
        assert address is not None and address.resting_since is None
    assert (task.assignee_id, task.title) == (house.people["Maya"], "Your answer to Rosa did not arrive")
    assert "looks like spam" in task.script
