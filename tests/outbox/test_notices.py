"""Notices: whoever owes an answer hears of the words, as they chose; and nobody hears of what needs no answer."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.chapters.chapter import Chapter
from engine.chapters.membership import give_role, join
from engine.conversations.assignment import assign
from engine.conversations.closure import close
from engine.conversations.message import Words, file_machine_mail
from engine.conversations.overdue import note_overdue
from engine.conversations.thread import Thread, open_thread
from engine.outbox.alert import Alert
from engine.outbox.notices import Bell, tell_due
from engine.outbox.post import answer
from engine.people.address import add_phone
from engine.people.notice_choice import choose
from tests.outbox.conftest import House, text_of

ROSA = "Rosa Medina"


def told(house: House, *, after: float = 1.5) -> None:
    """A minute and more went by; whoever was to be told was, and the mail left."""
    house.later(minutes=after)
    tells(house)


def tells(house: House) -> None:
    bell = Bell(house.services.settings, house.services.tokens)
    while True:
        with house.services.db.write() as session:
            if not tell_due(session, bell, house.now):
                break
    house.send()


def chooses(house: House, name: str, by_mail: str = "each", *, by_text: bool = False, opens: int = 9) -> None:
    with house.services.db.write() as session:
        choose(session, house.people[name], house.now, by_mail=by_mail, by_text=by_text, opens=opens, closes=20)


def gives(house: House, thread_id: int, name: str | None) -> None:
    with house.services.db.write() as session:
        to = house.people[name] if name else None
        assign(session, session.get_one(Thread, thread_id), to, None, "", house.now)


def alerts(house: House) -> list[Alert]:
    with house.read() as session:
        return list(session.scalars(select(Alert).order_by(Alert.id)))


def test_whoever_answers_gets_the_words_themselves_once_and_can_reply_to_them(house: House) -> None:
    house.person(ROSA)
    thread = house.writes("Rosa", "Can my kids come?\n\nThey are 7 and 9.")
    house.writes("Rosa", "And is there parking?", thread)
    gives(house, thread, "Maya")
    told(house)
    (mail,) = house.mails("Maya")
    words = text_of(mail)
    assert "Can my kids come?" in words
    assert "They are 7 and 9." in words
    assert "And is there parking?" in words, "what comes within a minute stands in the same notice"
    assert str(mail["Subject"]) == "Rosa Medina wrote"
    assert str(mail["Reply-To"]).partition("<")[2].startswith("s-")
    assert "rosa@home.example" not in mail.as_string(), "addresses stay masked"
    told(house)
    assert len(house.mails("Maya")) == 1
    house.writes("Rosa", "Sorry, one more: is it far?", thread)
    told(house)
    last = text_of(house.mails("Maya")[-1])
    assert "is it far" in last
    assert "7 and 9" not in last, "what they were told they are not told again"


def test_nobody_is_told_of_what_was_answered_closed_or_written_by_a_machine(house: House) -> None:
    house.person(ROSA)
    house.person("Walt Brown")
    house.person("Kei Mori")
    answered, closed, machine = (house.writes(name) for name in ("Rosa", "Walt", "Kei"))
    for thread in (answered, closed):
        gives(house, thread, "Maya")
    with house.services.db.write() as session:
        answer(session, session.get_one(Thread, answered), house.people["Maya"], "Yes!", house.now, key="1")
        close(session, session.get_one(Thread, closed), house.people["Maya"], house.now)
        close(session, session.get_one(Thread, machine), house.people["Maya"], house.now)
        file_machine_mail(session, session.get_one(Thread, machine), Words("I am away."), house.now)
    told(house)
    assert house.mails("Maya") == []


def test_where_nobody_answers_yet_everybody_at_the_desk_is_told_and_strangers_stay_masked(house: House) -> None:
    house.person("Denise Okafor")
    with house.services.db.write() as session:
        room = Chapter(id=77, created_at=house.now, slug="duluth", name="Duluth")
        session.add(room)
        session.flush()
        join(session, house.people["Denise"], 77, house.now)
        give_role(session, house.people["Denise"], 77, "steward", house.now)
        thread = open_thread(
            session, house.now, member_id=None, chapter_id=77, subject="the creek", reason="A stranger wrote.",
            correspondent="ana.wells@home.example",
        )  # fmt: skip
        thread_id = thread.id
    house.people["nobody"] = 0
    with house.services.db.write() as session:
        from engine.conversations.message import file_words_in

        words = Words("Is this the creek thing?")
        thread = session.get_one(Thread, thread_id)
        file_words_in(session, thread, words, house.now, waits=True, answer_within=timedelta(hours=24))
    told(house)
    (mail,) = house.mails("Denise")
    assert "Is this the creek thing?" in text_of(mail)
    assert "ana.wells@home.example" not in mail.as_string()
    assert house.mails("Maya") == [], "the chapter's own desk comes before the national one"


@pytest.mark.parametrize(
    ("choice", "at_once", "at_the_hour"), [("each", 1, 1), ("hourly", 0, 1), ("off", 0, 0)], ids=str
)
def test_everybody_hears_as_they_chose(house: House, choice: str, at_once: int, at_the_hour: int) -> None:
    house.person(ROSA)
    chooses(house, "Maya", choice)
    gives(house, house.writes("Rosa"), "Maya")
    told(house)
    assert len(house.mails("Maya")) == at_once
    told(house, after=60)
    assert len(house.mails("Maya")) == at_the_hour


def test_a_conversation_handed_over_by_somebody_and_a_promise_gone_by_are_told_once(house: House) -> None:
    house.person(ROSA)
    house.person("Denise Okafor")
    house.answers("Denise")
    thread = house.writes("Rosa")
    gives(house, thread, "Maya")
    told(house)
    with house.services.db.write() as session:
        assign(session, session.get_one(Thread, thread), house.people["Denise"], house.people["Maya"], "", house.now)
    told(house)
    assert "came to you" in text_of(house.mails("Denise")[0])
    house.later(hours=25)
    for _ in range(2):
        with house.services.db.write() as session:
            note_overdue(session, house.now, None)
        tells(house)
    assert [str(mail["Subject"]) for mail in house.mails("Denise")] == ["Rosa Medina wrote", "Rosa Medina still waits"]


def test_texts_tell_three_a_day_in_their_own_hours_and_once_how_many_more_wait(house: House) -> None:
    chooses(house, "Maya", "off", by_text=True)
    with house.services.db.write() as session:
        add_phone(session, house.people["Maya"], "+14045550190", house.now)
    for number in range(6):
        house.person(f"Nr{number} Neighbor")
        gives(house, house.writes(f"Nr{number}", f"Question {number}: “may I come?” " + "x" * 100), "Maya")
    told(house)
    assert len(alerts(house)) == 3
    told(house, after=61)
    with house.read() as session:
        from engine.outbox.delivery import Delivery

        texts = list(session.scalars(select(Delivery).where(Delivery.channel == "sms").order_by(Delivery.id)))
    told_of = [(each.data or {}).get("thread", {}) for each in texts]
    assert told_of[-1] == {"more": 3}
    assert all(len(each["words"]) <= 80 for each in told_of[:3])
    assert {each.message_class for each in texts} == {"staff"}


def test_an_alert_waits_for_the_organizers_own_hours(house: House) -> None:
    house.person(ROSA)
    chooses(house, "Maya", "off", by_text=True, opens=17)
    with house.services.db.write() as session:
        add_phone(session, house.people["Maya"], "+14045550190", house.now)
    gives(house, house.writes("Rosa"), "Maya")
    told(house)
    assert alerts(house) == []
    told(house, after=9 * 60)
    assert len(alerts(house)) == 1
