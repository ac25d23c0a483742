"""One word changes how often we write, by mail and by text; it is confirmed, and taken back by another."""

from engine.outbox.held import ended_holds, release_held
from engine.people.member_pace import Pace, paces
from tests.reply_router.conversation import Town
from tests.reply_router.texting import ROSA, Phones


def pace(town: Town, name: str = "Rosa") -> Pace | None:
    with town.house.read() as session:
        member_id = town.person_id(name)
        return paces(session, [member_id]).get(member_id)


def test_less_pause_and_more_by_mail_are_confirmed_and_reversible(town: Town) -> None:
    letter = town.letter("Rosa")
    assert town.answers("Rosa", letter, "PAUSE").effect == "pace"
    paused = pace(town)
    assert paused is not None and paused.paused_until is not None
    town.house.send()
    receipt = town.house.mails("Rosa")[-1]
    assert receipt["Subject"] == "How often we write to you"
    assert "For thirty days we write nothing of our own" in receipt.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    # What the journey says next waits, and a person's answer would not.
    town.house.later(minutes=10)
    waits = town.house.letter("Rosa", "a_story")
    town.house.send()
    assert town.house.delivery(waits).state == "queued"
    town.house.later(hours=1)
    town.answers("Rosa", letter, "More")
    assert pace(town) == Pace()
    town.house.send()
    assert town.house.delivery(waits).state == "queued"  # until the sweep or the wake brings it back
    with town.house.services.db.write() as session:
        assert ended_holds(session, town.house.now) == [town.person_id("Rosa")]
        release_held(session, town.person_id("Rosa"), town.house.now)
    town.house.send()
    assert town.house.delivery(waits).state == "sent"


def test_less_by_text_halves_the_cap_each_time_and_more_restores_it(phones: Phones) -> None:
    town = phones.town
    phones.texts(ROSA, "LESS")
    town.house.later(minutes=10)
    phones.texts(ROSA, "menos")
    assert pace(town) == Pace(halvings=2)
    town.house.later(minutes=10)
    phones.texts(ROSA, "MORE")
    assert pace(town) == Pace()
    assert phones.ours() == [("sms/pace", ROSA)] * 3


def test_a_word_that_our_open_question_accepts_is_its_answer(phones: Phones) -> None:
    phones.asks("Rosa", "More events like this, or fewer?", "choice", "more", "fewer")
    row = phones.texts(ROSA, "more")
    assert (row.outcome, row.reason.partition(":")[0]) == ("thread", "answer")
    assert pace(phones.town) is None
