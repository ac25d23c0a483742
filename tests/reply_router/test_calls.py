"""Calls: what callers leave after the tone, told in any order, ends in one place with somebody to call back."""

from itertools import permutations
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from engine.conversations.message import Message
from engine.conversations.received import Received
from engine.conversations.task import Task
from engine.conversations.voicemail import Voicemail
from inbound.receive import Accepted, Arrival
from reply_router.routing import route_one
from tests.reply_router.texting import ATLANTAS, NOBODY, OURS, ROSA, Phones

CALL, RECORDING = "CA" + "1" * 32, "RE" + "2" * 32
URL = f"https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/{RECORDING}"


def hears(phones: Phones, told: str, caller: str = ROSA, *, to: str = OURS, call: str = CALL) -> Received:
    """The provider told this of a call: `recorded`, `recording` or `ended`; what became of it."""
    words = {"RecordingSid": RECORDING, "RecordingUrl": URL, "RecordingDuration": "41"}
    form = {
        "recorded": {"CallSid": call, "From": caller, "To": to, "CallStatus": "completed", **words},
        "recording": {"CallSid": call, "RecordingStatus": "completed", **words},
        "ended": {"CallSid": call, "From": caller, "To": to, "CallStatus": "completed", "CallDuration": "53"},
    }[told]
    sid = call if told == "ended" else RECORDING
    arrival = Arrival("voice", (to,), urlencode(form).encode(), mail_from=caller, provider="twilio", provider_id=sid)
    answer = phones.town.acceptor.submit(arrival).result(60)
    assert isinstance(answer, Accepted)
    route_one(phones.town.house.services, answer.received_ids[0])
    return phones.town.row(answer.received_ids[0])


def said(phones: Phones, row: Received) -> list[str]:
    """What stands in the conversation of a row."""
    return [each.text for each in phones.town.timeline(row)]


def test_a_members_voicemail_waits_in_their_conversation_and_somebody_calls_back(phones: Phones) -> None:
    row = hears(phones, "recorded")
    assert (row.outcome, row.effect) == ("thread", "call"), row.reason
    thread, message = phones.town.thread(row), phones.town.message(row)
    assert (thread.member_id, thread.waits_since is not None) == (phones.town.person_id("Rosa"), True)
    assert (message.channel, message.text) == ("voice", "A voicemail, 0:41")
    (task,) = phones.tasks()
    assert (task.title, task.member_id, task.thread_id) == ("Call Rosa back", thread.member_id, thread.id)
    assert task.assignee_id == phones.town.person_id("Denise") and task.due_at > phones.town.house.now
    with phones.town.house.read() as session:
        (voicemail,) = session.scalars(select(Voicemail))
        assert (voicemail.message_id, voicemail.url, voicemail.seconds) == (message.id, URL, 41)


@pytest.mark.parametrize("order", list(permutations(("recorded", "recording", "ended"))), ids=" ".join)
def test_whatever_is_told_first_the_call_stands_once_with_its_words(phones: Phones, order: tuple[str, ...]) -> None:
    rows = [hears(phones, told) for told in order]
    assert [row.outcome for row in rows].count("duplicate") == (1 if order[0] == "ended" else 2)
    assert said(phones, rows[0]) == ["A voicemail, 0:41"]
    assert [task.title for task in phones.tasks()] == ["Call Rosa back"]
    assert phones.town.thread(phones.town.row(rows[0].id)).waits_since is not None
    with phones.town.house.read() as session:
        there = set(session.scalars(select(Message.id)))
        assert {session.get_one(Received, row.id).message_id for row in rows} <= there
    assert phones.town.is_balanced()


def test_the_same_told_again_is_a_duplicate(phones: Phones) -> None:
    first, again = hears(phones, "recorded"), hears(phones, "recorded")
    assert (again.outcome, again.duplicate_of, again.message_id) == ("duplicate", first.id, first.message_id)


def test_a_strangers_voicemail_needs_a_person_of_the_chapter_that_was_called(phones: Phones) -> None:
    row = hears(phones, "recorded", NOBODY, to=ATLANTAS)
    thread = phones.town.thread(row)
    assert (row.outcome, thread.chapter_id, thread.correspondent) == (
        "needs_person", phones.town.chapters["Atlanta"], NOBODY,
    )  # fmt: skip
    (task,) = phones.tasks()
    assert NOBODY not in task.title and task.chapter_id == thread.chapter_id
    texted = phones.texts(NOBODY, "It was me who called.", to=ATLANTAS)
    assert texted.thread_id == row.thread_id, "one phone is one talk"


def test_a_member_who_says_nothing_is_called_back_and_nothing_waits(phones: Phones) -> None:
    row = hears(phones, "ended")
    assert (row.outcome, row.effect, said(phones, row)) == ("thread", "call", ["A call, and no words"])
    assert phones.town.thread(row).waits_since is None
    assert [task.title for task in phones.tasks()] == ["Call Rosa back"]
    hears(phones, "ended", call="CA" + "9" * 32)
    assert len(phones.tasks()) == 1, "one call back is enough"


def test_a_stranger_who_says_nothing_is_noted_and_bothers_nobody(phones: Phones) -> None:
    row = hears(phones, "ended", NOBODY)
    assert (row.outcome, row.effect, phones.tasks()) == ("thread", "", [])
    assert phones.town.thread(row).closure_id is not None


@pytest.mark.parametrize("caller", ["anonymous", "", "+266696687", "client:somebody"])
def test_words_from_a_hidden_number_reach_a_person_and_nobody_is_asked_to_call_it(phones: Phones, caller: str) -> None:
    row = hears(phones, "recorded", caller)
    assert (row.outcome, phones.town.thread(row).waits_since is not None) == ("needs_person", True)
    with phones.town.house.read() as session:
        assert session.scalars(select(Task)).all() == []


def test_a_phone_of_two_people_is_marked_and_a_stopped_phone_may_call(phones: Phones) -> None:
    phones.has("Walt", ROSA)
    phones.texts(ROSA, "STOP")
    row = hears(phones, "recorded")
    assert row.outcome == "thread" and "shared phone" in phones.town.thread(row).marks
    assert phones.is_stopped(ROSA)
