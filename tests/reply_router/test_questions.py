"""Questions: one digit answers one of them, a bare yes the only open one, and of several we ask which, either way."""

import threading
from datetime import timedelta

from sqlalchemy import select

from engine.base.ids import new_id
from engine.conversations.question import Question, ask
from engine.people.address import members_with
from tests.database import on_both_databases
from tests.outbox.conftest import House
from tests.reply_router.conversation import DOMAIN, Town
from tests.reply_router.texting import OURS, ROSA, Phones

ROSAS = "Rosa Marin <rosa@home.example>"


def by_mail(town: Town, text: str, step: str = "asked") -> Question:
    """A question by a letter that Rosa cannot find any more."""
    phones = Phones(town)
    question = phones.asks("Rosa", text)
    with town.house.services.db.write() as session:
        row = session.get_one(Question, question.id)
        row.channel, row.our_number, row.step = "email", None, step
    return question


def is_answered(town: Town, question: Question) -> str | None:
    with town.house.read() as session:
        return session.get_one(Question, question.id).answer


@on_both_databases
def test_two_that_ask_one_member_at_once_leave_one_that_a_digit_answers(house: House) -> None:
    member_id = house.person("Rosa Marin")
    begins = threading.Barrier(8, timeout=60)

    def one() -> None:
        question = Question(
            id=new_id(), created_at=house.now, member_id=member_id, kind="yes_no", subject_kind="enrollment",
            subject_id=7, step="asked", answers=[], delivery_id=new_id(), until_at=house.now + timedelta(days=3),
            channel="sms", our_number=OURS, numbered=True,
        )  # fmt: skip
        begins.wait()
        with house.services.db.write() as session:
            ask(session, [question])

    threads = [threading.Thread(target=one) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    with house.read() as session:
        numbered = session.scalars(select(Question.numbered).where(Question.member_id == member_id)).all()
    assert sorted(numbered) == [False] * 7 + [True]


def test_a_bare_yes_by_a_mail_of_its_own_answers_the_only_open_question(town: Town) -> None:
    question = by_mail(town, "Will you come on Saturday?")
    row = town.writes(ROSAS, f"hello@{DOMAIN}", "Yes please!\n\nRosa")
    assert (row.outcome, row.effect) == ("thread", "answer")
    assert is_answered(town, question) == "yes"
    assert town.thread(row).waits_since is None


def test_of_two_open_questions_a_bare_yes_by_mail_asks_which_and_the_answer_takes_that_one(town: Town) -> None:
    first = by_mail(town, "Will you come on Saturday?", "saturday")
    second = by_mail(town, "May Denise call you?", "call")
    row = town.writes(ROSAS, f"hello@{DOMAIN}", "Yes")
    assert (is_answered(town, first), is_answered(town, second)) == (None, None)
    assert town.thread(row).waits_since is None
    town.house.send()
    letter = town.house.mails("Rosa")[-1]
    body = letter.get_body(("plain",))
    assert body is not None
    assert "Will you come on Saturday?" in body.get_content()
    lines = body.get_content().splitlines()
    (number,) = [line.split(".")[0] for line in lines if "May Denise call you?" in line]
    row = town.answers("Rosa", letter, number)
    assert row.effect == "answer"
    assert (is_answered(town, first), is_answered(town, second)) == (None, "yes")


def test_more_than_the_answer_in_a_mail_of_its_own_is_for_a_person(town: Town) -> None:
    question = by_mail(town, "Will you come on Saturday?")
    row = town.writes(ROSAS, f"hello@{DOMAIN}", "Yes, but my sister died and I do not know how.")
    assert is_answered(town, question) is None
    assert town.thread(row).waits_since is not None


def test_an_answer_after_its_time_or_another_than_before_reaches_a_person_and_changes_nothing(
    town: Town, phones: Phones
) -> None:
    late = phones.asks("Rosa", "Will you come on Saturday?")
    with town.house.services.db.write() as session:
        session.get_one(Question, late.id).until_at = town.house.now
    town.house.later(minutes=1)
    row = phones.texts(ROSA, "yes")
    assert "answered after its time" in town.thread(row).marks
    assert town.thread(row).waits_since is not None
    town.house.later(seconds=20)
    other = phones.asks("Rosa", "May Denise call you?")
    town.house.later(seconds=10)
    phones.texts(ROSA, "yes")
    town.house.later(minutes=2)
    row = phones.texts(ROSA, "no")
    assert is_answered(town, other) == "yes"
    assert "another answer than before" in town.thread(row).marks


def test_a_question_asked_by_text_is_answered_by_mail_too(town: Town, phones: Phones) -> None:
    question = phones.asks("Rosa", "Will you come on Saturday?")
    town.writes(ROSAS, f"hello@{DOMAIN}", "¡Claro que sí!")
    assert is_answered(town, question) == "yes"


def test_which_of_two_gives_the_other_its_digit_back(town: Town, phones: Phones) -> None:
    phones.asks("Rosa", "May Denise call you?")
    other = phones.asks("Rosa", "Will you come on Saturday?", numbered=True)
    phones.texts(ROSA, "yes")
    with town.house.read() as session:
        assert not session.get_one(Question, other.id).numbered
        which = session.scalars(select(Question).where(Question.kind == "which")).one()
        assert members_with(session, "phone", ROSA) == [which.member_id]
    number = next(str(place) for place, each in enumerate(which.answers, 1) if each["name"] != str(other.id))
    phones.texts(ROSA, number)
    with town.house.read() as session:
        assert session.get_one(Question, other.id).numbered
    town.house.later(minutes=2)
    phones.texts(ROSA, "1")
    assert is_answered(town, other) == "yes"
