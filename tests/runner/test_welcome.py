"""The published welcome, walked by three people: one silent, one who talks, one with a word we know."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

import journeys
from engine.base.ids import new_id
from engine.conversations.message import Message
from engine.conversations.task import Task
from engine.enrollments.enrollment import live_enrollments
from engine.enrollments.journey import publish_journey
from engine.people.path import BELONGING, Stage, move
from journeys.compiled import compiled
from journeys.read import read_file
from journeys.wording import sent
from tests.runner.conftest import Town


@pytest.fixture
def porch(town: Town) -> Town:
    """A town with the welcome published, its letters numbered by name."""
    path = Path(journeys.__file__).parent / "library" / "welcome.yaml"
    journey = read_file(path).journey
    assert journey is not None
    names = sorted({each.name for each in sent(journey)})
    ids = {name: {"en": number} for number, name in enumerate(names)}
    with town.services.db.write() as session:
        publish_journey(session, path.read_text("utf-8"), journey, compiled(journey), ids, town.now)
    town.names = names
    return town


def newcomer(town: Town) -> tuple[int, int]:
    """Somebody curious who just joined, and is on the journey: member and enrollment."""
    organizer = town.member("Maya Torres")
    member = town.member("Rosa M.", zone="America/New_York", organizer_id=organizer)
    with town.services.db.write() as session:
        move(session, member, BELONGING, "curious", "Joined.", town.now)
    town.hears("joined", member)
    town.run()
    with town.services.db.read() as session:
        ((enrollment, _),) = live_enrollments(session, [member])
    town.letter_leaves(member)
    return member, enrollment


def read_by(town: Town, member: int) -> list[str]:
    """The letters posted to the member, by name."""
    return [town.names[number] for number in town.letters(member)]


def stage(town: Town, member: int) -> str:
    """Where the member is on the path of belonging."""
    with town.services.db.read() as session:
        return session.scalars(select(Stage.stage).where(Stage.member_id == member)).one()


def test_who_never_writes_is_given_something_called_and_asked_once_and_left_in_peace(porch: Town) -> None:
    rosa, enrollment = newcomer(porch)
    for _ in range(60):
        porch.pass_time(days=1)
        porch.letter_leaves(rosa)
    assert read_by(porch, rosa) == ["porch/hello", "porch/a_story", "porch/what_would_you_like"]
    assert porch.enrollment(enrollment).end_reason == "finished"
    assert stage(porch, rosa) == "curious"
    with porch.services.db.read() as session:
        (call,) = session.scalars(select(Task))
    assert call.title == "A fifteen-minute hello"
    assert call.created_at.astimezone(ZoneInfo("America/New_York")).strftime("%H:%M") == "10:00"
    assert call.created_at.weekday() in (1, 2, 3)


def test_who_talks_with_a_person_is_not_talked_over_and_becomes_connected(porch: Town) -> None:
    rosa, enrollment = newcomer(porch)
    porch.pass_time(days=1)
    porch.words_in(rosa)
    talk = porch.talk(rosa, porch.now + timedelta(days=3))
    porch.hears("replied", rosa, enrollment_id=enrollment)
    porch.pass_time(hours=2)
    with porch.services.db.write() as session:
        session.add(
            Message(
                id=new_id(), created_at=porch.now, at=porch.now, member_id=rosa, kind="out",
                author_id=porch.person(rosa).organizer_id,
            )
        )  # fmt: skip
    porch.pass_time(days=2)
    assert read_by(porch, rosa) == ["porch/hello"]
    porch.talk_ends(talk)
    porch.pass_time(days=1, hours=23)
    assert read_by(porch, rosa) == ["porch/hello"]
    for _ in range(60):
        porch.pass_time(days=1)
        porch.letter_leaves(rosa)
    assert read_by(porch, rosa) == ["porch/hello", "porch/a_story", "porch/what_would_you_like"]
    assert stage(porch, rosa) == "connected"


def test_who_would_rather_read_hears_that_this_is_fine(porch: Town) -> None:
    rosa, enrollment = newcomer(porch)
    while read_by(porch, rosa)[-1] != "porch/what_would_you_like":
        porch.pass_time(days=1)
        porch.letter_leaves(rosa)
    porch.hears("answered", rosa, enrollment_id=enrollment, step="what_would_you_like", answer="just_read")
    porch.run()
    assert read_by(porch, rosa)[-1] == "porch/glad"
    porch.pass_time(days=15)
    assert porch.enrollment(enrollment).end_reason == "finished"
