"""Texts both ways, through the real provider's protocol: a phone writes, a person answers, and the phone hears it."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from admin.sandbox.carrier.carrier import STOPPED
from admin.sandbox.carrier.form import received_form
from admin.sandbox.carrier.our_door import OurDoor
from admin.sandbox.carrier.tally import Tally, tally
from admin.sandbox.carrier.trouble import FAILURES, Manner, Trouble
from engine.conversations.thread import Thread
from engine.outbox.post import answer
from inbound.sms.look import look
from tests.stories.neighbor import Neighbor
from tests.stories.town import ACCOUNT, TOKEN, Town

SCALED: tuple[str, ...] = ()

#: The smallest picture there is.
GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
_next_phone = iter(range(10, 99))


@pytest.fixture
def pam(town: Town) -> Neighbor:
    """Somebody nobody here knows."""
    return town.phone("Pam Whitcomb", f"+177055501{next(_next_phone)}")


def maya_answers(town: Town, neighbor: Neighbor, words: str) -> None:
    """Maya's words have left by text: at the latest in a minute, for a number sends one segment a second."""
    with town.writing() as session:
        thread = session.scalars(select(Thread).where(Thread.correspondent == neighbor.phone)).one()
        answer(session, thread, town.maya.member_id, words, town.now, key=words, channel="sms", at_any_hour=True)
    town.passes("1m")


def state_of(town: Town, words: str) -> list[tuple[str, str, str | None]]:
    return town.ask("select state, provider_status, error_code from delivery where text = ?", words)


def told(town: Town) -> Tally:
    with town.services.db.read() as session:
        return tally(session, town.carrier.texts)


def test_a_stranger_texts_and_hears_a_person(town: Town, pam: Neighbor) -> None:
    pam.texts("is this the creek thing? can my kids come")
    maya_answers(town, pam, "It is, and they can. Bring boots.")
    pam.hears("Bring boots.")
    assert [row[:2] for row in state_of(town, "It is, and they can. Bring boots.")] == [("sent", "delivered")]
    pam.texts("They have boots.")
    books = told(town)
    assert (books.lost, books.doubled) == (0, 0)


def test_a_text_taken_without_our_hearing_it_is_not_sent_twice(town: Town, pam: Neighbor) -> None:
    pam.texts("hello?")
    town.carrier.script(pam.phone, Trouble(after_creating="hang up", times=1))
    maya_answers(town, pam, "Hello, Pam.")
    assert sum("Hello, Pam." in text for text in pam.texts_had) == 1
    assert told(town).doubled == 0
    assert state_of(town, "Hello, Pam.")[0][0] == "sent"


@pytest.mark.parametrize("manner", ["backwards", "twice"])
def test_callbacks_in_no_good_order_leave_a_text_delivered(town: Town, pam: Neighbor, manner: Manner) -> None:
    pam.texts("hello?")
    town.carrier.script(pam.phone, Trouble(callbacks=manner))
    maya_answers(town, pam, f"Hello, Pam. ({manner})")
    assert [row[:2] for row in state_of(town, f"Hello, Pam. ({manner})")] == [("sent", "delivered")]


@pytest.mark.parametrize("code", [30003, 30006])
def test_a_text_that_did_not_arrive_is_known_not_to_have(town: Town, pam: Neighbor, code: int) -> None:
    pam.texts("hello?")
    town.carrier.script(pam.phone, Trouble(code))
    maya_answers(town, pam, f"Hello, Pam. ({code})")
    assert pam.texts_had == []
    assert town.ask("select provider_status from delivery where text = ?", f"Hello, Pam. ({code})") == [
        (FAILURES[code][0],)
    ]


def test_a_provider_with_too_much_to_do_is_asked_again(town: Town, pam: Neighbor) -> None:
    pam.texts("hello?")
    town.carrier.script(pam.phone, Trouble(20429, times=2))
    maya_answers(town, pam, "Hello, Pam. (429)")
    town.passes("2h")
    pam.hears("(429)")
    assert told(town).doubled == 0


def test_after_a_stop_nothing_arrives_until_a_start(town: Town, pam: Neighbor) -> None:
    pam.texts("hello?")
    pam.texts("STOP")
    pam.hears(STOPPED)
    before = len(pam.texts_had)
    maya_answers(town, pam, "Are you sure?")
    assert len(pam.texts_had) == before
    pam.texts("START")
    maya_answers(town, pam, "Welcome back.")
    pam.hears("Welcome back.")
    assert told(town).lost == 0


def test_after_six_hours_without_our_web_door_all_two_hundred_texts_are_in_their_conversations(
    new_town_either_way: Callable[..., Town],
) -> None:
    """The provider gave up on each after its tries; most are found in its list, some of its calls come late as well."""
    town = new_town_either_way(pauses=(0.01,) * 3)
    look(town.services)  # from here on, nothing that came may be missed
    people = [town.phone(f"Neighbor {number}", f"+1678555{number:04}") for number in range(100, 140)]
    began = town.now
    town.process_ends()
    sids = []
    for number in range(200):
        if number % 10 == 0:
            town.clock.hold(began + timedelta(hours=6) * number / 200)
        neighbor, words = people[number % len(people)], f"Word {number}: are you there?"
        pictures = [("image/gif", GIF)] if number % 40 == 7 else ()
        sids.append(town.carrier.write(neighbor.phone, town.settings.sms.numbers[0], words, pictures))
    town.clock.hold(began + timedelta(hours=6))
    assert town.carrier.settle(60), "the provider still tries"
    town.process_starts()
    assert told(town).lost == 200
    returned = town.now
    for sid in sids[3:8]:
        calls_again(town, sid)
    look_until_all_are_here(town)
    for sid in sids[190:195]:
        calls_again(town, sid)
    town.settles()
    assert town.now - returned <= timedelta(minutes=10)
    assert (told(town).lost, told(town).doubled) == (0, 0)
    rows = town.ask("select provider_id, outcome from received where door = 'sms'")
    again = Counter(sid for sid, outcome in rows if outcome == "duplicate")
    # A worker may have looked before the provider called with the first five: then these came by both ways too.
    assert again == Counter(sids[190:195]) + Counter(each for each in sids[3:8] if again[each])
    assert Counter(sid for sid, outcome in rows if outcome != "duplicate") == Counter(sids)
    ((threads, words),) = town.ask(
        "select count(distinct thread_id), count(distinct id) from message where kind = 'in' and channel = 'sms'"
    )
    assert (threads, words) == (40, 200)
    assert look(town.services) == 0


def look_until_all_are_here(town: Town) -> None:
    """The looks of the next minutes, each two minutes after the one before."""
    for _ in range(3):
        town.passes("2m")
        look(town.services)  # if the scheduler has not looked yet
    town.settles()


def calls_again(town: Town, sid: str) -> None:
    """The provider calls our door with that text after all."""
    text = town.carrier.texts.text(sid)
    assert text is not None
    door = OurDoor(town.settings.doors.public_url, TOKEN)
    assert door.call(door.received_url, received_form(text, ACCOUNT, town.settings.sms.api_url), f"{sid} late").taken
