"""CANCEL soon after a question by text is a stop, and whoever asked hears that they may not be coming (D2)."""

import pytest
from sqlalchemy import select, update

from engine.conversations.message import Message
from engine.conversations.question import Question
from engine.conversations.task import Task
from tests.database import on_both_databases
from tests.outbox.conftest import text_of
from tests.reply_router.test_staff_mail import notice
from tests.reply_router.texting import ROSA, Phones

SUPPER = "Are you coming on Saturday?"


def asks(phones: Phones, by: str = "Denise") -> Question:
    question = phones.asks("Rosa", SUPPER)
    with phones.town.house.services.db.write() as session:
        signed = update(Message).where(Message.delivery_id == question.delivery_id)
        session.execute(signed.values(author_id=phones.town.person_id(by)))
    return question


def tasks(phones: Phones) -> list[Task]:
    with phones.town.house.read() as session:
        return list(session.scalars(select(Task).where(Task.title.contains("not coming"))))


@pytest.mark.parametrize("word", ["CANCEL", "cancelar."])
@pytest.mark.parametrize("answered", [False, True])
def test_cancel_after_a_question_is_a_stop_and_whoever_asked_is_told(phones: Phones, word: str, answered: bool) -> None:
    town = phones.town
    town.organizer("Nora Lind", "Atlanta")
    asks(phones, "Nora")
    if answered:
        phones.texts(ROSA, "yes")
    town.house.later(hours=40, minutes=-5)
    row = phones.texts(ROSA, word)
    assert (row.outcome, row.effect) == ("command", "opt_out") and phones.is_stopped(ROSA)
    thread = town.thread(row)
    assert thread.closure_id is None and thread.responsible_id == town.person_id("Nora")
    assert "probably not coming" in thread.marks and thread.reason.startswith("Rosa sent CANCEL within 40 hours")
    (task,) = tasks(phones)
    assert task.assignee_id == town.person_id("Nora") and task.title.startswith("Rosa is probably not coming")
    told = text_of(notice(town, "Nora"))
    assert "Rosa sent CANCEL within 40 hours of our text “Are you coming on Saturday?”: texts have stopped." in told
    assert "Maybe they meant that they cannot come." in told


@on_both_databases
def test_where_nobody_here_asked_the_members_organizer_is_told(phones: Phones) -> None:
    phones.asks("Rosa", SUPPER)
    row = phones.texts(ROSA, "Cancel")
    assert phones.town.thread(row).responsible_id == phones.town.person_id("Denise")
    assert tasks(phones)[0].assignee_id == phones.town.person_id("Denise")


def test_where_they_are_talking_already_their_person_keeps_it_and_the_host_has_the_task(phones: Phones) -> None:
    town = phones.town
    town.organizer("Nora Lind", "Atlanta")
    first = phones.texts(ROSA, "Who cooks?")
    asks(phones, "Nora")
    row = phones.texts(ROSA, "CANCEL")
    assert row.thread_id == first.thread_id and town.thread(row).responsible_id == town.person_id("Denise")
    assert tasks(phones)[0].assignee_id == town.person_id("Nora")


@pytest.mark.parametrize(("words", "hours"), [("STOP", 1), ("CANCEL", 73), ("END", 1)])
def test_another_word_or_a_later_hour_is_a_stop_and_nothing_more(phones: Phones, words: str, hours: int) -> None:
    asks(phones)
    phones.town.house.later(hours=hours)
    row = phones.texts(ROSA, words)
    assert row.effect == "opt_out" and tasks(phones) == []
    assert phones.town.thread(row).closure_id is not None, "nobody has to answer it"


def test_cancel_twice_tells_the_host_once(phones: Phones) -> None:
    asks(phones)
    for _ in range(2):
        phones.texts(ROSA, "CANCEL")
        phones.town.house.later(minutes=5)
    assert len(tasks(phones)) == 1
