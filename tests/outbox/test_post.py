"""Everything that is said is posted by one of these verbs, each once per key."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from engine.base.ids import new_id
from engine.base.tokens import Purpose
from engine.chapters.chapter import Chapter
from engine.conversations.thread import Thread, open_thread
from engine.outbox.delivery import Delivery, DeliveryKey, OutboxDue
from engine.outbox.journey_letters import JourneyLetter, journey_letters
from engine.outbox.mailbox import RESERVED, local_parts, mailboxes_of, person_at
from engine.outbox.post import answer, consent_mail, courtesy, staff_notice
from engine.outbox.view import copy_of
from engine.people.member import add_member
from tests.outbox.conftest import House, text_of


def letters(house: House, count: int) -> list[JourneyLetter]:
    return [
        JourneyLetter(new_id(), house.now, number, house.people["Rosa"], None, 1, 1, 0, house.now)
        for number in range(count)
    ]


def test_a_visit_gets_one_letter_however_often_its_batch_is_posted(house: House) -> None:
    house.person("Rosa Medina")
    batch = letters(house, 20)
    with house.services.db.write() as session:
        journey_letters(session, batch[:12], house.now)
    with house.services.db.write() as session:
        journey_letters(session, [each._replace(delivery_id=new_id()) for each in batch], house.now)
    with house.read() as session:
        for table in (Delivery, DeliveryKey, OutboxDue):
            assert session.scalar(select(func.count()).select_from(table)) == 20


def test_a_batch_that_is_undone_leaves_nothing(house: House) -> None:
    house.person("Rosa Medina")
    with pytest.raises(KeyError), house.services.db.write() as session:
        journey_letters(session, letters(house, 3), house.now)
        raise KeyError
    with house.read() as session:
        assert session.scalar(select(func.count()).select_from(OutboxDue)) == 0


def test_a_magic_link_goes_to_the_address_that_asked_even_after_a_stop(house: House) -> None:
    rosa = house.person("Rosa Medina")
    house.stop("Rosa")
    data = {"links": {"preferences": "https://nfp.example/p/secret", "good_for": "two hours"}}
    with house.services.db.write() as session:
        first = consent_mail(session, "rosa@home.example", rosa, "magic_link", data, house.now, key="ask 1")
        assert consent_mail(session, "rosa@home.example", rosa, "magic_link", data, house.now, key="ask 1") is first
    house.send()
    [mail] = house.mails("Rosa")
    assert "https://nfp.example/p/secret" in text_of(mail) and "two hours" in text_of(mail)
    assert mail["Auto-Submitted"] == "auto-generated" and mail["List-Unsubscribe"] is None


def test_the_machines_courtesy_comes_once_a_day_for_an_address(house: House) -> None:
    with house.services.db.write() as session:
        thread = open_thread(
            session,
            house.now,
            member_id=None,
            chapter_id=None,
            subject="hello",
            reason="Unknown.",
            correspondent="sam@far.example",
            correspondent_name="Sam",
        )
        first = courtesy(session, "sam@far.example", None, thread, house.now, key="received 1")
        second = courtesy(session, "Sam@far.example", None, thread, house.now, key="received 2")
        assert first is not None and second is not None and first.id == second.id
        tomorrow = courtesy(session, "sam@far.example", None, thread, house.now + timedelta(days=1), key="received 3")
        assert tomorrow is not None and tomorrow.id != first.id
    house.send()
    [mail] = [each.mail for each in house.relay.taken if each.rcpt_to == "sam@far.example"]
    assert text_of(mail).startswith("Hi Sam,")
    assert mail["Reply-To"].addresses[0].username.startswith("r-")


def test_somebody_who_is_no_member_is_answered_where_they_wrote_from(house: House) -> None:
    with house.services.db.write() as session:
        thread = open_thread(
            session,
            house.now,
            member_id=None,
            chapter_id=None,
            subject="",
            reason="Unknown.",
            correspondent="sam@far.example",
        )
        answer(session, thread, house.people["Maya"], "Hello Sam", house.now, key="1")
    house.send()
    [taken] = house.relay.taken
    assert taken.rcpt_to == "sam@far.example"
    assert taken.mail["Subject"] == "Re: your mail"


def test_a_notice_to_an_organizer_says_who_wrote_and_is_answerable_by_mail(house: House) -> None:
    house.person("Rosa Medina")
    denise = house.person("Denise Okafor", consents=False)
    thread_id = house.writes("Rosa")
    data = {
        "thread": {"lines": ["Can my kids come?"], "because": "You are Rosa's organizer.", "answer_by": "noon"},
    }
    with house.services.db.write() as session:
        staff_notice(session, denise, "notice", data, house.now, key="received 1", thread_id=thread_id)
    house.send()
    [mail] = house.mails("Denise")
    assert mail["Subject"] == "Rosa Medina wrote"
    assert "Hi Denise," in text_of(mail) and "Can my kids come?" in text_of(mail)
    found = re.fullmatch(r"s-(\w+)", mail["Reply-To"].addresses[0].username)
    assert found is not None
    token = house.services.tokens.verify(found[1], Purpose.STAFF_REPLY)
    assert (token.subject_id, token.member_id) == (thread_id, denise)


def test_a_copy_shows_what_was_sent_and_hides_the_readers_own_links(house: House) -> None:
    house.person("Rosa Medina")
    delivery_id = house.letter("Rosa")
    house.send()
    house.later(days=2)
    [mail] = house.mails("Rosa")
    with house.read() as session:
        copy = copy_of(session, house.press, delivery_id, house.now)
    shown = dict(copy.headers)
    assert (copy.subject, shown["From"], shown["Date"]) == (mail["Subject"], mail["From"], mail["Date"])
    assert shown["Message-ID"] == mail["Message-ID"]
    assert shown["List-Unsubscribe"] == "<https://nfp.example/u/hidden>"
    assert mail["List-Unsubscribe"][1:-1] not in copy.html + copy.text
    assert copy.text.split(",")[0] == "Hi Rosa" and "<html" in copy.html


def test_a_persons_mailbox_is_their_first_name_or_more_of_it_and_never_anybody_elses(house: House) -> None:
    with house.services.db.write() as session:
        session.add(Chapter(id=new_id(), created_at=house.now, slug="atlanta", name="Atlanta", about="", gathering=""))
        names = ["Maya Torres", "Maya Torres", "Maya Lee", "José Ñandú", "Atlanta Smith", "Help Me", "李", "R", ""]
        ids = [add_member(session, name, house.now).id for name in names]
        given = mailboxes_of(session, ids, house.now, desk="jose@nfp.example")
        assert [given[each] for each in ids] == [
            "maya", "maya.torres", "maya.lee", "jose.nandu", "atlanta.smith", "help.me", "person", "r2", "person2",
        ]  # fmt: skip
        again = mailboxes_of(session, list(reversed(ids)), house.now, desk="jose@nfp.example")
        assert again == given
        assert person_at(session, " MAYA.Lee ") == ids[2]
        assert person_at(session, "nobody") is None


def test_no_mailbox_looks_like_one_of_our_own_addresses() -> None:
    for name in ("R-abc", "b", "S- Lee"):
        parts = local_parts(name)
        assert next(parts)
    assert {"postmaster", "abuse", "noreply"} <= RESERVED


def test_an_answer_to_a_closed_talk_is_filed_and_sent(house: House) -> None:
    house.person("Rosa Medina")
    thread_id = house.writes("Rosa")
    with house.services.db.write() as session:
        thread = session.get_one(Thread, thread_id)
        long_key = "form " + "x" * 500
        first = answer(session, thread, house.people["Maya"], "One", house.now, key=long_key)
        assert answer(session, thread, house.people["Maya"], "Two", house.now, key=long_key).id == first.id
    house.send()
    assert len(house.mails("Rosa")) == 1
