"""Handing on: after a hand-over the member's reply reaches the next person, which is tried beforehand (N21)."""

import pytest

from engine.conversations.handing_over import end_roles, leave
from engine.conversations.message import Message
from engine.conversations.passing import own_notes
from engine.conversations.reply_test import ReplyTest, due_tests, unreached
from engine.outbox.notices import Bell, tell_due
from engine.people.absence import goes_away
from engine.people.address import Address
from engine.people.notice_choice import OFF, choose
from reply_router.jobs import SWEEPS
from reply_router.reply_test import test_replies as try_replies
from tests.outbox.conftest import text_of
from tests.reply_router.conversation import DOMAIN, Town
from tests.reply_router.test_staff_mail import notice, organizers_words, rosa_writes
from tests.reply_router.texting import ROSA, Phones


def away(town: Town, name: str = "Denise") -> None:
    with town.house.services.db.write() as session:
        leave(session, goes_away(session, town.person_id(name), None, None, "web", town.house.now), town.house.now)


def tried(town: Town, thread_id: int | None) -> ReplyTest:
    """What trying the replies that were due came to, for this conversation."""
    sweep = next(each for each in SWEEPS if each.name == "router.test_replies")
    with town.house.read() as session:
        assert sweep.due(session, town.house.now) == [None]
    try_replies(town.house.services)
    with town.house.read() as session:
        assert due_tests(session, 1) == []
        return session.get_one(ReplyTest, thread_id)


def test_a_reply_after_a_hand_over_reaches_the_next_person_and_was_tried_before_it_came(town: Town) -> None:
    town.organizer("Nora Lind", "Atlanta")
    letter = town.letter("Rosa")
    first = town.answers("Rosa", letter, "Who cooks on Saturday?")
    town.answers("Denise", notice(town), "We all do, Rosa.")
    town.house.send()
    town.answers("Rosa", town.house.mails("Rosa")[-1], "And who shops?")
    away(town)
    test = tried(town, first.thread_id)
    assert test.reached and test.to_id == town.person_id("Nora") and test.says == "A reply by mail reaches Nora."
    assert len(town.timeline(first)) == 4, "nothing of it stays"
    told = notice(town, "Nora")
    town.answers("Nora", told, "I do, Rosa.")
    town.house.send()
    mail = town.house.mails("Rosa")[-1]
    assert "Denise is away; I read what you write now." in text_of(mail), "the next person says so"
    again = town.answers("Rosa", mail, "See you then, Nora!")
    assert again.thread_id == first.thread_id and town.thread(again).responsible_id == town.person_id("Nora")
    assert "See you then, Nora!" in text_of(notice(town, "Nora"))


def test_a_reply_by_text_is_tried_by_text(phones: Phones) -> None:
    town = phones.town
    town.organizer("Nora Lind", "Atlanta")
    with town.house.services.db.write() as session:
        session.query(Address).filter_by(member_id=town.person_id("Rosa"), kind="email").delete()
    first = phones.texts(ROSA, "Can my kids come?")
    with town.house.services.db.write() as session:
        end_roles(session, town.person_id("Denise"), None, town.house.now)
    test = tried(town, first.thread_id)
    assert (test.reached, test.says) == (True, "A reply by text reaches Nora.")


@pytest.mark.parametrize("chose", ["each", OFF])
def test_a_next_person_whose_own_mail_does_not_arrive_is_told_of_unless_they_look_themselves(
    town: Town, chose: str
) -> None:
    town.organizer("Nora Lind", "Atlanta")
    first = rosa_writes(town)
    with town.house.services.db.write() as session:
        nora = town.person_id("Nora")
        choose(session, nora, town.house.now, by_mail=chose, by_text=False, opens=9, closes=20)
        for each in session.query(Address).filter_by(member_id=nora):
            each.resting_since = town.house.now
    away(town)
    test = tried(town, first.thread_id)
    assert test.reached is (chose == OFF)
    with town.house.read() as session:
        count, some = unreached(session)
    assert count == (chose != OFF)
    assert not some or some[0] == (
        first.thread_id, "A reply is Nora’s, but Nora would not hear of it: mail to them does not arrive.",
    )  # fmt: skip


def test_a_private_note_by_mail_is_its_authors_alone_and_so_is_its_original(town: Town) -> None:
    first = rosa_writes(town)
    told = notice(town)
    row = town.answers("Denise", told, "#private She is worried about her son.\nAsk again in May.")
    assert (row.outcome, row.effect) == ("command", "noted"), row.reason
    assert ("note", "") in organizers_words(town, first)
    with town.house.read() as session:
        (kept,) = own_notes(session, town.person_id("Denise"))
        assert kept.whole == "She is worried about her son.\nAsk again in May." and kept.choice == "keep"
        assert session.get_one(Message, kept.message_id).text == ""


def test_a_handed_conversation_tells_the_next_person_of_the_words_that_wait(town: Town) -> None:
    town.organizer("Nora Lind", "Atlanta")
    rosa_writes(town, "Who cooks on Saturday?")
    away(town)
    town.house.later(minutes=2)
    with town.house.services.db.write() as session:
        tell_due(session, Bell(town.house.services.settings, town.house.services.tokens), town.house.now)
    town.house.send()
    mail = town.house.mails("Nora")[-1]
    assert "Who cooks on Saturday?" in text_of(mail) and DOMAIN in str(mail["Reply-To"])
