"""Letters wait while people talk, come back when the talk ends, and are not sent stale."""

import pytest

from engine.conversations.closure import close, set_responded
from engine.conversations.thread import Thread
from engine.outbox import jobs
from engine.outbox.held import ended_holds
from engine.outbox.post import answer
from tests.outbox.conftest import House


def answers(house: House, thread_id: int, key: str = "form 1") -> None:
    with house.services.db.write() as session:
        answer(session, session.get_one(Thread, thread_id), house.people["Maya"], "Yes!", house.now, key=key)


def sweep(house: House) -> None:
    """What the sweep would bring back is brought back, and what is due is sent."""
    house.services.broker.start()
    with house.read() as session:
        due = jobs.SWEEPS[1].due(session, house.now)
    for row_id in due:
        house.services.broker.wake("outbox.held", row_id)
    assert house.services.broker.settle()
    house.send()


def test_a_letter_waits_while_the_members_words_wait_however_long(house: House) -> None:
    house.person("Rosa Medina")
    house.writes("Rosa")
    delivery_id = house.letter("Rosa")
    house.send()
    house.later(days=20)
    sweep(house)
    held = house.delivery(delivery_id)
    assert (held.state, held.refusal) == ("queued", "They are talking with somebody of us; this waits until then.")
    assert house.mails("Rosa") == []


@pytest.mark.parametrize("ending", ["close", "responded"])
def test_a_letter_goes_out_as_soon_as_the_talk_is_over(house: House, ending: str) -> None:
    house.services.db.waker = house.services.broker.wake
    house.services.broker.start()
    house.person("Rosa Medina")
    thread_id = house.writes("Rosa")
    delivery_id = house.letter("Rosa")
    assert house.services.broker.settle()
    assert house.delivery(delivery_id).state == "queued"
    house.later(hours=3)
    with house.services.db.write() as session:
        thread = session.get_one(Thread, thread_id)
        if ending == "close":
            close(session, thread, house.people["Maya"], house.now)
        else:
            set_responded(session, thread, house.people["Maya"], house.now)
    assert house.services.broker.settle()
    assert house.delivery(delivery_id).state == "sent"


def test_seventy_two_hours_after_our_last_word_the_letter_is_judged_again(house: House) -> None:
    house.person("Rosa Medina")
    thread_id = house.writes("Rosa")
    answers(house, thread_id)
    house.send()
    house.later(hours=60)
    delivery_id = house.letter("Rosa")
    house.send()
    held = house.delivery(delivery_id)
    assert held.state == "queued" and (held.send_at - house.now).total_seconds() == 12 * 3600
    house.later(hours=12)
    house.send()
    assert house.delivery(delivery_id).state == "sent"


def test_our_answer_gives_a_letter_that_waited_without_end_an_end(house: House) -> None:
    house.person("Rosa Medina")
    thread_id = house.writes("Rosa")
    delivery_id = house.letter("Rosa")
    house.send()
    assert house.delivery(delivery_id).send_at.year == 9999
    answers(house, thread_id)
    assert (house.delivery(delivery_id).send_at - house.now).total_seconds() == 72 * 3600


def test_a_letter_that_grew_stale_in_a_talk_is_skipped_and_says_so(house: House) -> None:
    house.person("Rosa Medina")
    thread_id = house.writes("Rosa")
    delivery_id = house.letter("Rosa")
    house.send()
    house.later(days=3)
    with house.services.db.write() as session:
        close(session, session.get_one(Thread, thread_id), house.people["Maya"], house.now)
    sweep(house)
    skipped = house.delivery(delivery_id)
    assert skipped.state == "refused"
    assert skipped.refusal == (
        "A conversation held it past its time, and it has grown stale. The journey goes on without it."
    )
    with house.read() as session:
        assert ended_holds(session, house.now) == []


def test_answers_and_receipts_are_not_held(house: House) -> None:
    house.person("Rosa Medina")
    thread_id = house.writes("Rosa")
    house.letter("Rosa")
    answers(house, thread_id)
    house.send()
    assert [mail["Subject"] for mail in house.mails("Rosa")] == ["Re: the creek"]


def test_a_letter_put_off_by_the_weekly_cap_after_a_talk_is_not_swept_again_and_again(house: House) -> None:
    house.person("Rosa Medina")
    for step in ("hello", "a_story", "hello"):
        house.letter("Rosa", step)
        house.send()
        house.later(hours=1)
    thread_id = house.writes("Rosa")
    delivery_id = house.letter("Rosa", "a_story")
    house.send()
    with house.services.db.write() as session:
        close(session, session.get_one(Thread, thread_id), house.people["Maya"], house.now)
    sweep(house)
    capped = house.delivery(delivery_id)
    assert capped.refusal is not None and capped.refusal.startswith("They had 3 letters within a week")
    with house.read() as session:
        assert ended_holds(session, house.now) == []


def test_letters_of_one_batch_count_against_each_other(house: House) -> None:
    house.person("Rosa Medina")
    ids = [house.letter("Rosa", "choose")]
    house.later(seconds=1)
    ids.append(house.letter("Rosa", "choose"))
    house.send()
    assert [house.delivery(each).state for each in ids] == ["sent", "refused"]


def test_a_stop_committed_before_the_claim_always_counts(house: House) -> None:
    house.person("Rosa Medina")
    delivery_id = house.letter("Rosa")
    house.relay.rcpt_replies.append("451 4.3.0 later")
    house.send()
    house.stop("Rosa", "journey")
    house.later(minutes=5)
    house.send()
    stopped = house.delivery(delivery_id)
    assert (stopped.state, stopped.refusal) == (
        "refused",
        "They stopped mail of this kind. Only they can undo that.",
    )
    assert house.mails("Rosa") == []
