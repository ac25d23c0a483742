"""Address health: what comes back rests an address or holds letters back for a while, and who sets it right again."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.audit.entry import AuditEntry
from engine.base.errors import Invalid
from engine.conversations.closure import close
from engine.conversations.task import Task
from engine.conversations.thread import Thread
from engine.outbox import jobs
from engine.outbox.post import answer
from engine.outbox.trouble import DOES_NOT_ARRIVE, set_quiet_right, set_right
from engine.people.address import SOMEBODY_ELSES, Address, add_email, add_phone
from engine.people.health import PAUSES, AddressReset, Health, Sign, judge
from tests.database import on_both_databases
from tests.outbox.conftest import START, House
from tests.outbox.test_receipts import bounce, rests, sent_letter


def tasks(house: House) -> list[Task]:
    with house.read() as session:
        return list(session.scalars(select(Task).order_by(Task.id)))


def signs(*told: tuple[float, str]) -> list[Sign]:
    """Each so many days after the start; a status that begins with 4 is of mail that is only late."""
    return [Sign(START + timedelta(days=days), not status.startswith("4"), status) for days, status in told]


def at(days: float) -> datetime:
    return START + timedelta(days=days)


GONE = "mail came back for good ({}): the mailbox is not there."
THREE = "mail came back 3 times within 14 days"


@pytest.mark.parametrize(
    ("told", "health"),
    [
        (signs((0, "5.1.1")), Health(GONE.format("5.1.1"))),
        (signs((0, "550 5.1.10")), Health(GONE.format("5.1.10"))),
        (signs((0, "5.2.1")), Health(GONE.format("5.2.1"))),
        (signs((0, "5.1.8"), (1, "5.1.8"), (2, "5.1.7")), Health()),
        (signs((0, "5.7.1"), (1, "5.7.1")), Health()),
        (signs((0, "5.7.1"), (1, "5.7.1"), (13, "5.2.2")), Health(f"{THREE} (last: 5.2.2).")),
        (signs((0, "5.7.1"), (1, "5.7.1"), (14, "5.2.2")), Health()),
        (signs((0, ""), (1, ""), (2, "")), Health(f"{THREE}.")),
        (signs((0, "5.7.1"), (1, "5.7.1"), (2, "4.2.2")), Health(backs_off_until=at(2) + PAUSES[0])),
        (signs((0, "4.2.2"), (0.1, "4.2.2"), (0.9, "4.4.7")), Health(backs_off_until=at(0) + PAUSES[0])),
        (signs((0, "4.2.2"), (1, "4.2.2")), Health(backs_off_until=at(1) + PAUSES[1])),
        (signs((0, "4.2.2"), (1, "4.2.2"), (3, "4.2.2"), (7, "4.2.2")), Health(backs_off_until=at(7) + PAUSES[2])),
        (signs((0, "4.2.2"), (15, "4.2.2")), Health(backs_off_until=at(15) + PAUSES[0])),
    ],
)  # fmt: skip
def test_what_came_back_says_how_an_address_does(told: list[Sign], health: Health) -> None:
    assert judge(told) == health


def address_of(session: Session, house: House) -> Address:
    return session.scalars(select(Address).where(Address.value == "rosa@home.example")).one()


def backs_off_for(house: House) -> timedelta | None:
    with house.read() as session:
        until = address_of(session, house).backs_off_until_at
    return until - house.now if until is not None else None


def tried_again(house: House) -> int:
    """The sweep finds what is due, and its job sets it right; how many."""
    with house.services.db.write() as session:
        sweep = next(each for each in jobs.SWEEPS if each.name == "outbox.addresses")
        due = sweep.due(session, house.now)
        count = set_quiet_right(session, house.now)
    assert due == ([None] if count else [])
    return count


@on_both_databases
def test_mail_that_is_only_late_rests_nothing_and_letters_wait_longer_each_time(house: House) -> None:
    house.person("Rosa Medina")
    delivery_id = sent_letter(house)
    for number, days in enumerate((1, 2, 4, 4)):
        for repeated in range(2):
            assert bounce(house, delivery_id, "4.2.2", f"key {number} {repeated}", permanent=False)
        assert backs_off_for(house) == timedelta(days=days)
        house.later(days=days)
    assert rests(house) is None and tasks(house) == []
    assert house.delivery(delivery_id).error_code is None


@on_both_databases
def test_a_letter_to_an_address_where_mail_is_late_waits_and_a_persons_answer_does_not(house: House) -> None:
    house.person("Rosa Medina")
    bounce(house, sent_letter(house), "4.2.2", "key 1", permanent=False)
    until = house.now + timedelta(days=1)
    house.later(minutes=5)
    thread_id = house.writes("Rosa")
    with house.services.db.write() as session:
        thread = session.get_one(Thread, thread_id)
        answer(session, thread, house.people["Maya"], "Yes", house.now, key="1")
        close(session, thread, None, house.now, "all is said")
        story = house.letter_in(session, "Rosa", "a_story")
    house.send()
    assert [mail["Subject"] for mail in house.mails("Rosa")][1:] == ["Re: the creek"]
    waits = house.delivery(story)
    assert waits.state == "queued" and waits.send_at == until
    assert "Mail there was late lately" in str(waits.refusal)
    house.later(days=1, minutes=1)
    house.send()
    assert house.delivery(story).state == "sent"


@on_both_databases
def test_an_address_that_rests_is_tried_again_after_thirty_quiet_days(house: House) -> None:
    house.person("Rosa Medina")
    delivery_id = sent_letter(house)
    bounce(house, delivery_id, "5.1.1", "key 1")
    house.later(days=20)
    bounce(house, delivery_id, "5.1.1", "key 2")
    house.later(days=29)
    assert tried_again(house) == 0 and rests(house) is not None, "something came back in between"
    house.later(days=1)
    assert tried_again(house) == 1 and rests(house) is None
    with house.read() as session:
        [reset] = session.scalars(select(AddressReset))
    assert (reset.by_id, reset.why) == (None, "thirty quiet days")
    again = house.letter("Rosa", "a_story")
    house.send()
    assert house.delivery(again).state == "sent"
    bounce(house, again, "5.7.1", "key 3")
    assert rests(house) is None, "what came back before does not count any more"


@on_both_databases
def test_a_person_sets_an_address_right_with_a_reason_and_the_talk_says_nothing_more_of_it(house: House) -> None:
    house.person("Rosa Medina")
    delivery_id = sent_letter(house)
    thread_id = house.writes("Rosa")
    bounce(house, delivery_id, "5.1.1", "key 1")
    with house.services.db.write() as session:
        assert DOES_NOT_ARRIVE in session.get_one(Thread, thread_id).marks
        address = address_of(session, house)
        assert set_right(session, address, house.people["Maya"], "She had mistyped it", house.now)
        assert not set_right(session, address, house.people["Maya"], "Twice", house.now)
    with house.read() as session:
        assert DOES_NOT_ARRIVE not in session.get_one(Thread, thread_id).marks
        [reset] = session.scalars(select(AddressReset))
        assert (reset.by_id, reset.why) == (house.people["Maya"], "She had mistyped it")
        assert session.scalars(select(AuditEntry.verb).where(AuditEntry.verb == "address_reset")).all()
    assert rests(house) is None and tried_again(house) == 0


def test_a_mailbox_that_is_gone_is_gone_for_the_whole_household(house: House) -> None:
    house.person("Rosa Medina")
    luis = house.person("Luis Medina")
    with house.services.db.write() as session:
        add_email(session, luis, "rosa@home.example", house.now)
    bounce(house, sent_letter(house), "5.1.1", "key 1")
    with house.read() as session:
        both = session.scalars(select(Address).where(Address.value == "rosa@home.example")).all()
        assert len(both) == 2 and all(each.resting_since is not None for each in both)
        own = session.scalars(select(Address).where(Address.value == "luis@home.example")).one()
        assert own.resting_since is None
    assert [task.title for task in tasks(house)] == ["Mail to Rosa does not arrive: try another way"]


def test_what_is_said_of_our_own_address_is_nothing_against_theirs(house: House) -> None:
    house.person("Rosa Medina")
    delivery_id = sent_letter(house)
    for number in range(3):
        bounce(house, delivery_id, "5.1.8", f"key {number}")
    assert rests(house) is None


def test_a_wrong_number_is_not_set_right_by_anybodys_word(house: House) -> None:
    house.person("Rosa Medina")
    with house.services.db.write() as session:
        phone = add_phone(session, house.people["Rosa"], "+14045550177", house.now)
        phone.resting_since, phone.resting_reason = house.now, SOMEBODY_ELSES
        with pytest.raises(Invalid):
            set_right(session, phone, house.people["Maya"], "I think so", house.now)
