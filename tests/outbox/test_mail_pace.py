"""Mail hosts that ask for less, and a new domain that warms up: who waits, why, until when, and that the rest goes."""

from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from engine.base.db import Database
from engine.base.setting_groups.warm_up import WarmUp
from engine.conversations.thread import Thread
from engine.outbox import mail_pace, warm_up
from engine.outbox.closed import closed, closings
from engine.outbox.delivery import Delivery
from engine.outbox.mail_hosts import host_of
from engine.outbox.mail_pace import ENOUGH, FIRST, MailHost, Wish
from engine.outbox.mail_tally import Sum, summed
from engine.outbox.post import answer
from engine.outbox.warm_up import WarmUpDay, days_for, next_place
from engine.people.address import Address
from tests.database import on_both_databases
from tests.outbox.conftest import START, House
from tests.outbox.faulty_relay import FaultyRelay, by_way_of

MINUTE = timedelta(minutes=1)


def to(house: House, *addresses: str) -> list[int]:
    """A letter of the journey to each of these addresses."""
    found = []
    for number, address in enumerate(addresses):
        name = f"Nb{len(house.people)}x{number} Lee"
        house.person(name)
        with house.services.db.write() as session:
            member_id = house.people[name.split()[0]]
            session.execute(update(Address).where(Address.member_id == member_id).values(value=address))
        found.append(house.letter(name.split()[0], "a_story"))
    return found


@pytest.mark.parametrize(
    ("code", "asks"),
    [
        ("421 4.7.28", True), ("451 4.7.1", True), ("452", True), ("450 4.7.0", True), ("4.7.0", True), ("421", True),
        ("452 4.2.2", False), ("451 4.3.0", False), ("550 5.7.1", False), ("5.7.1", False), ("", False),
    ],
)  # fmt: skip
def test_a_host_asks_for_less_where_it_speaks_of_us_and_not_of_a_mailbox(code: str, asks: bool) -> None:
    assert mail_pace.asks_for_less(code) is asks


def test_the_domains_of_one_provider_are_one_host() -> None:
    assert host_of("Rosa@GoogleMail.com") == host_of("dana@gmail.com") == "gmail.com"
    assert host_of("walt@porch.example") == "porch.example"


@on_both_databases
def test_a_host_that_asks_for_less_is_left_alone_a_minute_and_nobody_elses_letter_waits(house: House) -> None:
    first, other = to(house, "rosa@gmail.com", "walt@porch.example")
    house.relay.domain_replies["gmail.com"] = "451 4.7.28 too fast"
    house.send()
    assert house.delivery(other).state == "sent"
    assert house.delivery(first).error_code == "451 4.7.28"
    more, same_provider, elsewhere = to(house, "dana@gmail.com", "sam@googlemail.com", "ida@creek.example")
    house.send()
    assert house.delivery(elsewhere).state == "sent"
    for each in (more, same_provider):
        row = house.delivery(each)
        assert row.state == "queued" and row.attempts == 0 and row.send_at >= house.now + MINUTE
        assert "gmail.com asked us to send more slowly" in (row.refusal or "")
    house.relay.domain_replies.clear()
    house.later(minutes=3)
    house.send()
    assert {house.delivery(each).state for each in (first, more, same_provider)} == {"sent"}
    with house.read() as session:
        assert summed(session, None, house.now - timedelta(hours=1), house.now) == Sum(sent=5, put_off=1)


@pytest.mark.parametrize("where", ["greeting", "sender", "closing"])
def test_what_our_own_relay_says_of_itself_slows_nobodys_host(house: House, where: str) -> None:
    letters = to(house, "rosa@gmail.com", "walt@porch.example")
    match where:
        case "greeting":
            with FaultyRelay(seed=1, shares={}, turned_away=100) as relay, by_way_of(house, relay):
                house.send()
        case "sender":
            house.relay.mail_replies.extend(["451 4.7.0 busy"] * 2)
            house.send()
        case "closing":
            house.relay.rcpt_replies.extend(["421 closing"] * 4)
            house.send()
    for each in letters:
        assert (house.delivery(each).state, house.delivery(each).attempts) == (
            "queued",
            0 if where == "greeting" else 1,
        )
        assert mail_pace.asks_for_less(house.delivery(each).error_code or "")
    with house.read() as session:
        assert mail_pace.slow_hosts(session, house.now) == []
        # Nor does a new domain warm up more slowly for it.
        assert summed(session, None, house.now - timedelta(hours=1), house.now) == Sum()
    more = to(house, "dana@gmail.com")
    house.send()
    assert house.delivery(more[0]).state == "sent"


@on_both_databases
def test_what_somebody_waits_for_goes_to_a_slow_host_all_the_same(new_database: object, tmp_path: Path) -> None:
    assert callable(new_database)
    db: Database = new_database(tmp_path)
    with db.write() as session:
        mail_pace.learn(session, {"gmail.com": "421 4.7.28"}, START)
    with db.write() as session:
        waits = mail_pace.turns(session, [Wish(1, "gmail.com"), Wish(2, "gmail.com", prompt=True)], START)
    assert set(waits) == {1}


def test_a_host_is_halved_when_it_asks_again_grows_while_it_is_content_and_is_forgotten_at_last(db: Database) -> None:
    def asks(at: datetime) -> None:
        with db.write() as session:
            mail_pace.learn(session, {"gmail.com": "421 4.7.28"}, at)

    def pace_at(at: datetime) -> float:
        with db.read() as session:
            return next((row.per_minute for row in mail_pace.slow_hosts(session, at)), ENOUGH)

    asks(START)
    asks(START + timedelta(seconds=30))  # what was on its way already
    assert pace_at(START + MINUTE) == FIRST
    asks(START + 2 * MINUTE)
    assert pace_at(START + 2 * MINUTE) == FIRST / 2
    assert pace_at(START + 8 * MINUTE) == FIRST / 2 * 1.5
    assert pace_at(START + timedelta(hours=3)) == ENOUGH
    with db.write() as session:
        assert mail_pace.turns(session, [Wish(1, "gmail.com")], START + timedelta(hours=3)) == {}
    with db.read() as session:
        assert session.scalar(select(MailHost.host)) is None


@on_both_databases
def test_all_couriers_together_keep_to_a_hosts_pace(new_database: object, tmp_path: Path) -> None:
    assert callable(new_database)
    db: Database = new_database(tmp_path)
    with db.write() as session:
        mail_pace.learn(session, {"gmail.com": "451"}, START)
    now, queue, left = START + MINUTE, dict.fromkeys(range(400), START), list[datetime]()
    while now < START + 6 * MINUTE and queue:
        due = sorted(key for key, at in queue.items() if at <= now)
        for _courier in range(2):  # the second one asks at the very same moment
            some = [key for key in due if key in queue][:100]
            with db.write() as session:
                waits = mail_pace.turns(session, [Wish(key, "gmail.com") for key in some], now)
            for key in some:
                if key in waits:
                    queue[key] = waits[key].until
                else:
                    del queue[key]
                    left.append(now)
            due = [key for key in due if key in queue and queue[key] <= now]
        now += timedelta(seconds=5)
    by_minute = Counter((at - START) // MINUTE for at in left)
    assert by_minute[0] == 0 and max(by_minute.values()) <= 1.1 * FIRST and by_minute[2] >= 0.8 * FIRST


# Warm-up


def warm(house: House, *days: int, began: date = date(2026, 3, 2)) -> None:
    settings = house.services.settings
    object.__setattr__(settings, "warm_up", WarmUp(began=began, days=days))


@on_both_databases
def test_a_new_domain_sends_a_little_more_to_many_each_day_and_answers_at_once(house: House) -> None:
    warm(house, 2, 4)
    house.later(hours=1)
    letters = to(house, *(f"nb{number}@porch.example" for number in range(7)))
    house.send()
    states = [house.delivery(each).state for each in letters]
    assert states.count("sent") == 2 and states.count("queued") == 5
    with house.read() as session:
        (shut,) = closed(session, "email", house.now)
        assert "on day 1 of its warm-up 2 letters to many may leave" in shut.reason
        waiting = list(session.scalars(select(Delivery).where(Delivery.state == "queued")))
        assert len(closings(session, waiting, house.now + timedelta(hours=15))) <= 5
    # Nothing is taken, however often a courier looks; an answer is.
    assert house.send() == 0
    thread = house.writes("Maya")
    with house.services.db.write() as session:
        said = answer(session, session.get_one(Thread, thread), house.people["Maya"], "Yes!", house.now, key="a").id
    house.send()
    assert house.delivery(said).state == "sent"
    house.later(days=1)
    house.send()
    assert [house.delivery(each).state for each in letters].count("sent") == 6
    house.later(days=1)
    house.send()
    assert {house.delivery(each).state for each in letters} == {"sent"}
    with house.read() as session:
        assert warm_up.row_of(session, house.now) is None


@pytest.mark.parametrize("after", [1, 40], ids=["in the midst of the table", "long after it"])
@on_both_databases
def test_a_table_that_is_said_to_begin_today_begins_today_whatever_was_before(house: House, after: int) -> None:
    warm(house, 1, 3)
    house.later(hours=1)
    first = to(house, "nb0@porch.example")
    house.send()
    assert house.delivery(first[0]).state == "sent"
    house.later(days=1)
    if after > 1:
        to(house, *(f"nb{number}@porch.example" for number in range(10, 13)))
    house.send()
    house.later(days=after - 1)
    house.send()
    with house.read() as session:
        assert (warm_up.row_of(session, house.now) is None) is (after > 1)
    warm(house, 1, 3, began=house.now.date())
    letters = to(house, *(f"nb{number}@porch.example" for number in range(1, 6)))
    house.send()
    assert [house.delivery(each).state for each in letters].count("sent") == 1
    house.later(days=1)
    house.send()
    assert [house.delivery(each).state for each in letters].count("sent") == 4


@pytest.mark.parametrize(
    ("used", "had", "place", "says"),
    [
        (100, Sum(100), 4, ""),
        (49, Sum(49), 3, ""),
        (100, Sum(100, put_off=6), 4, ""),
        (200, Sum(190, put_off=10), 3, "10 letters were refused for now"),
        (200, Sum(150, put_off=50), 2, "a step back"),
        (100, Sum(100, complained=1), 4, ""),
        (100, Sum(1900, complained=2), 3, "2 readers complained"),
        (100, Sum(100, complained=2), 2, "a step back"),
    ],
)
def test_a_day_of_trouble_is_not_followed_by_more(used: int, had: Sum, place: int, says: str) -> None:
    day = WarmUpDay(day=date(2026, 3, 5), created_at=START, ends_at=START, place=3, allowance=100, used=used, says="")
    found, why = next_place(day, had)
    assert found == place and says in why and bool(says) == bool(why)


def test_the_days_that_a_list_takes_are_known_before() -> None:
    assert days_for(400, (50, 100, 200)) == [50, 100, 200, 50]
    assert days_for(400, (50, 100, 200), place=1, used=80) == [20, 200, 180]
    assert days_for(0, (50,)) == []
