"""Neighbors' words by text: short, with whom an answer goes to, in texting hours, and never without a yes."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from engine.base.ids import new_id
from engine.chapters.membership import give_role
from engine.chapters.topic_choice import TopicDigest
from engine.conversations.message import Words
from engine.conversations.topic import open_topic
from engine.conversations.topic_post import add_post
from engine.outbox.delivery import Delivery
from engine.outbox.moderating import ask_steward
from engine.outbox.post import relay
from engine.outbox.post_notice import tell_of_posts
from engine.outbox.relayed_words import text_parts
from engine.outbox.topic_digest import send_digests
from engine.people.address import Address
from engine.people.member import Member
from engine.people.text_stop import TextStop
from tests.outbox.conftest import House, catalog, house
from tests.outbox.neighborhood import Neighborhood
from tests.outbox.phones import DANA, ROSA, Phones

__all__ = ["catalog", "house"]


@pytest.fixture
def duluth(house: House) -> Neighborhood:
    place = Neighborhood(house)
    place.chapter("Duluth")
    place.member("Jo Nolan")
    return place


def test_whoever_is_named_has_a_short_text_that_says_whom_an_answer_goes_to(
    duluth: Neighborhood, phones: Phones
) -> None:
    duluth.member("Rosa Marin", by_mail="none", by_text="mentions")
    duluth.phone("Rosa", ROSA)
    topic, _ = duluth.says("Rosa", "I can bring bread.")
    duluth.house.later(hours=2)  # ten in the morning in Duluth
    duluth.says(
        "Jo",
        "@Rosa, could you bring two? " + "It will be a long evening. " * 30 + "\n\nJo Nolan\n218-555-0142",
        topic=topic,
    )
    phones.send()
    duluth.says("Jo", "Thank you, @Rosa!", topic=topic)
    phones.send()

    first, second = phones.taken(ROSA)
    assert first.body.startswith("Jo in Duluth: @Rosa, could you bring two? It will be a long evening.")
    assert "Reply here, it goes to the 2 in Duluth." in first.body
    assert "Neighbors for Progress" in first.body and "Reply STOP to stop." in first.body
    assert len(first.body) < 420 and "Nolan" not in first.body and "0142" not in first.body
    assert second.body == "Jo in Duluth: Thank you, @Rosa!\nReply here, it goes to the 2 in Duluth."
    with duluth.house.read() as session:
        assert {row.thread_id for row in session.scalars(select(Delivery).where(Delivery.channel == "sms"))} == {topic}


def test_posts_that_wait_reach_a_stewards_phone_each_with_its_number(duluth: Neighborhood, phones: Phones) -> None:
    maya = phones.house.people["Maya"]
    with phones.house.services.db.write() as session:
        give_role(session, maya, duluth.chapters["Duluth"], "steward", phones.house.now)
    duluth.phone("Maya", ROSA)
    duluth.house.later(hours=2)
    with phones.house.services.db.write() as session:
        for name, words in (("Jo", "I have a van."), ("Jo", "And “ramps”…")):
            thread = open_topic(session, duluth.chapters["Duluth"], "A van", phones.house.now, reason="")
            said = Words(words, author_id=phones.house.people[name])
            why = "It waits."
            post = add_post(session, thread, said.author_id or 0, said, phones.house.now, why_held="moderated", why=why)
            ask_steward(session, post, phones.house.now)
        assert tell_of_posts(session, session.get_one(Member, maya), ROSA, phones.house.now, phones.house.now)
    phones.send()
    (told,) = phones.taken(ROSA)
    assert told.body.splitlines()[:3] == [
        '1 Jo Nolan, Duluth: "I have a van."',
        "2 Jo Nolan, Duluth: \"And 'ramps'...\"",
        "Each is decided by its number: APPROVE 1, or REJECT 1 and why.",
    ]


def test_a_daily_text_comes_once_in_texting_hours_and_not_after_a_stop(duluth: Neighborhood, phones: Phones) -> None:
    for name, phone in (("Rosa Marin", ROSA), ("Dana Hoff", DANA)):
        duluth.member(name, by_mail="none", by_text="daily")
        duluth.phone(name.split()[0], phone)
    duluth.says("Jo", "I have a ladder to lend.", subject="A ladder")
    duluth.says("Jo", "Shall we have soup?")
    with duluth.house.services.db.write() as session:
        session.add(TextStop(id=new_id(), created_at=duluth.house.now, phone=DANA, how="text", evidence="STOP"))
        due = {row.due_at for row in session.scalars(select(TopicDigest))}
    assert due == {datetime(2026, 3, 2, 23, 30, tzinfo=UTC)}
    duluth.house.later(seconds=(due.pop() - duluth.house.now).total_seconds())
    with duluth.house.services.db.write() as session:
        assert send_digests(session, duluth.house.now) == 2
    phones.send()

    [text] = phones.taken(ROSA)
    assert text.body.startswith('Duluth today: 2 new messages, 2 topics.\n"Soup on Thursday", Jo: Shall we have soup?')
    assert "Reply here, it goes to the 3 in Duluth." in text.body
    assert phones.taken(DANA) == []


def test_words_for_one_person_go_to_them_alone_and_say_so(duluth: Neighborhood, phones: Phones) -> None:
    rosa = duluth.member("Rosa Marin")
    duluth.member("Walt Brandt")
    topic, post = duluth.says("Jo", "Could you ring me, Rosa?\n\nJo Nolan\nAcme Corp.", whole=False)
    with duluth.house.services.db.write() as session:
        relay(session, post, topic, duluth.chapters["Duluth"], duluth.house.people["Jo"], rosa, duluth.house.now)
    duluth.house.send()
    [taken] = duluth.house.relay.taken
    words = taken.raw.decode()
    assert taken.rcpt_to == "rosa@home.example" and "jo@home" not in words and "Acme" not in words
    assert "Your answer goes only to Jo, through us" in " ".join(words.replace("=\r\n", "").split())
    assert taken.mail["List-Id"] is None and taken.mail["Precedence"] is None


@pytest.mark.parametrize("count", [6, 40, 400])
def test_private_words_reach_a_phone_whole_in_as_many_texts_as_they_need(
    duluth: Neighborhood, phones: Phones, count: int
) -> None:
    rosa = duluth.member("Rosa Marin")
    duluth.phone("Rosa", ROSA)
    said = " ".join(f"word{number}" for number in range(count))
    topic, post = duluth.says("Jo", said, whole=False)
    duluth.house.later(hours=2)
    with duluth.house.services.db.write() as session:
        session.query(Address).filter_by(member_id=rosa, kind="email").delete()
        for _ in range(2):
            relay(session, post, topic, duluth.chapters["Duluth"], duluth.house.people["Jo"], rosa, duluth.house.now)
    for _ in range(3):
        phones.send()
        duluth.house.later(seconds=5)
    bodies = [each.body for each in phones.taken(ROSA)]
    heard = [word for body in bodies for word in re.findall(r"word\d+", body)]
    assert heard == said.split(), "nothing is lost, doubled or out of order"
    assert all(len(body) < 1600 for body in bodies) and len(bodies) == (3 if count == 400 else 1)
    assert all("Jo in Duluth" in body for body in bodies)
    assert [re.findall(r"\((\d)/3\)", body) for body in bodies] == ([["1"], ["2"], ["3"]] if count == 400 else [[]])


@given(words=st.text(st.sampled_from("ab \n"), max_size=200), most=st.integers(5, 40))
def test_pieces_of_words_are_all_of_them(words: str, most: int) -> None:
    parts = text_parts(words, most)
    assert "".join("".join(parts).split()) == "".join(words.split())
    assert all(0 < len(part) <= most for part in parts)
