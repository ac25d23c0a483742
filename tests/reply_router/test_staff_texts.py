"""An organizer's phone: while an alert is open, a text back is the answer; else it is a member's text as any other."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.conversations.draft import Draft
from engine.conversations.handing_over import end_roles
from engine.conversations.received import Received
from engine.outbox.alert import Alert
from engine.outbox.delivery import Delivery
from engine.outbox.notices import Bell, tell_due
from engine.outbox.sending_pause import open_pause
from engine.people.notice_choice import choose
from tests.database import on_both_databases
from tests.reply_router.conversation import Town
from tests.reply_router.texting import ATLANTAS, OURS, ROSA, WALT, Phones

DENISE = "+14045550190"


@pytest.fixture
def evening(phones: Phones) -> Phones:
    """Denise wants alerts, and has a phone; so have Rosa and Walt."""
    town = phones.town
    phones.has("Denise", DENISE)
    with town.house.services.db.write() as session:
        choose(session, town.person_id("Denise"), town.house.now, by_mail="off", by_text=True, opens=8, closes=21)
    return phones


def alerted(town: Town, our_number: str = OURS) -> list[Alert]:
    """A minute later the alerts are out, by that number of ours."""
    house = town.house
    house.later(minutes=2)
    with house.services.db.write() as session:
        tell_due(session, Bell(house.services.settings, house.services.tokens), house.now)
        found = list(session.scalars(select(Alert).order_by(Alert.id)))
        for each in found:
            session.get_one(Delivery, each.delivery_id).our_number = our_number
    return found


def answers_to(town: Town, name: str) -> list[tuple[str, str | None]]:
    with town.house.read() as session:
        rows = session.scalars(
            select(Delivery).where(Delivery.message_class == "answer", Delivery.member_id == town.person_id(name))
        )
        return [(each.channel, each.text) for each in rows]


def told(town: Town) -> list[str]:
    """What our texts to Denise said, alerts apart."""
    with town.house.read() as session:
        rows = session.scalars(
            select(Delivery).where(Delivery.message_class == "staff", Delivery.channel == "sms").order_by(Delivery.id)
        )
        return [str(each.data["receipt"]) for each in rows if each.data and "receipt" in each.data]


def test_a_text_back_to_the_one_open_alert_is_the_answer_by_the_way_the_member_wrote(evening: Phones) -> None:
    town = evening.town
    first = evening.texts(ROSA, "Can my kids come?")
    assert len(alerted(town)) == 1
    row = evening.texts(DENISE, "Yes, bring them!")
    assert (row.outcome, row.effect, row.thread_id) == ("thread", "answered", first.thread_id), row.reason
    assert answers_to(town, "Rosa") == [("sms", "Yes, bring them!")]
    again = evening.texts(DENISE, "And a chair each.")
    assert again.thread_id == first.thread_id, "a second text goes where the first went"
    assert told(town) == [], "an answer that went out needs no receipt"


def test_a_member_who_wrote_by_mail_is_answered_by_mail(evening: Phones) -> None:
    town = evening.town
    town.answers("Walt", town.letter("Walt"), "Who cooks?")
    alerted(town)
    assert evening.texts(DENISE, "I do.").effect == "answered"
    assert answers_to(town, "Walt") == [("email", "I do.")]


@pytest.mark.parametrize(
    "why", ["no alert", "it is over", "another number of ours", "a stop", "a question to them", "their role ended"]
)
def test_without_an_open_alert_it_is_a_members_text_as_before(evening: Phones, why: str) -> None:
    town = evening.town
    words = "Count me in for Saturday!"
    if why != "no alert":
        evening.texts(ROSA, "Can my kids come?")
        alerted(town)
    match why:
        case "it is over":
            town.house.later(hours=13)
        case "their role ended":
            with town.house.services.db.write() as session:
                end_roles(session, town.person_id("Denise"), None, town.house.now)
        case "a stop":
            words = "STOP"
        case "a question to them":
            town.house.later(minutes=1)
            evening.asks("Denise", "Will you be at the soup on Saturday?")
            words = "yes"
    row = evening.texts(DENISE, words, to=ATLANTAS if why == "another number of ours" else OURS)
    assert not row.reason.startswith("desk"), row.reason
    assert row.member_id == town.person_id("Denise")
    assert answers_to(town, "Rosa") == []


def test_with_several_open_we_ask_which_by_number_and_keep_the_words(evening: Phones) -> None:
    town = evening.town
    evening.texts(ROSA, "Can my kids come?")
    walt = evening.texts(WALT, "Where do I park?")
    assert len(alerted(town)) == 2
    asked = evening.texts(DENISE, "Yes, of course.")
    assert (asked.outcome, asked.effect) == ("command", "drafted")
    assert "1 Rosa" in told(town)[0] and "2 Walt" in told(town)[0]
    row = evening.texts(DENISE, "2")
    assert (row.effect, row.thread_id) == ("answered", walt.thread_id)
    assert answers_to(town, "Walt") == [("sms", "Yes, of course.")] and answers_to(town, "Rosa") == []
    with town.house.read() as session:
        assert session.scalars(select(Draft).where(Draft.settled_at.is_(None))).all() == []


@pytest.mark.parametrize(
    ("text", "effect", "says"),
    [
        ("#close", "closed", "is closed"), ("#note she drives a van", "noted", "Nothing was sent"),
        ("#assign maya", "assigned", "Maya Torres answers Rosa now"), ("#snooze 2d", "snoozed", "comes back to you"),
        ("#help", "", "#close"), ("#colse", "drafted", "There is no command"),
    ],
)  # fmt: skip
def test_commands_work_by_text(evening: Phones, text: str, effect: str, says: str) -> None:
    evening.texts(ROSA, "Can my kids come?")
    alerted(evening.town)
    row: Received = evening.texts(DENISE, text)
    assert row.effect == effect, row.reason
    assert says in told(evening.town)[-1]
    assert answers_to(evening.town, "Rosa") == []


def test_what_somebody_else_answered_meanwhile_waits_as_a_draft(evening: Phones) -> None:
    from engine.conversations.thread import Thread
    from engine.outbox.post import answer

    town = evening.town
    first = evening.texts(ROSA, "Can my kids come?")
    alerted(town)
    town.house.later(minutes=1)
    with town.house.services.db.write() as session:
        thread = session.get_one(Thread, first.thread_id)
        answer(session, thread, town.person_id("Maya"), "Yes.", town.house.now, key="maya")
    town.house.later(seconds=timedelta(minutes=1).seconds)
    assert evening.texts(DENISE, "No idea.").effect == "drafted"
    assert [text for _, text in answers_to(town, "Rosa")] == ["Yes."]


@on_both_databases
def test_staff_pause_everything_by_a_text_and_no_steward_does(evening: Phones) -> None:
    town = evening.town
    evening.texts(ROSA, "The link goes to a shop!")
    evening.texts(WALT, "Is the link right?")
    assert len(alerted(town)) == 2
    row = evening.texts(DENISE, "#pause everything")
    assert (row.outcome, row.effect) == ("command", ""), "a steward is told whose it is to say"
    town.organizer("Denise Okafor", None, "staff")
    for words, effect, paused in (
        ("#pause everything the link is wrong", "sending_paused", True),
        ("#resume everything", "sending_resumed", False),
    ):
        row = evening.texts(DENISE, words)
        assert (row.outcome, row.effect) == ("command", effect), "it is of no one conversation, and nobody asks which"
        with town.house.read() as session:
            pause = open_pause(session)
            assert (pause is not None) == paused and (pause is None or pause.how == "text")
