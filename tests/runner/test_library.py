"""The library's journeys, each walked by somebody: what they get, what is asked of them, and when people come first."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

import journeys
from engine.base.ids import new_id
from engine.chapters.chapter import Chapter
from engine.chapters.membership import join
from engine.conversations.message import Message
from engine.conversations.question import Question, answer_question
from engine.conversations.task import Task, finish_task
from engine.enrollments.journey import publish_journey
from engine.people.member import MemberTag
from engine.people.path import BELONGING, Stage, StageChange, move
from engine.runner.overdue import tend_tasks
from journeys.compiled import compiled
from journeys.read import read_file
from journeys.wording import sent
from tests.runner.conftest import Town


class Walk:
    """Rosa on one journey of the library, with Maya as her organizer and Denise as a steward of her chapter."""

    def __init__(self, town: Town, name: str, stage: str) -> None:
        self.town = town
        path = Path(journeys.__file__).parent / "library" / f"{name}.yaml"
        journey = read_file(path).journey
        assert journey is not None
        self.names = sorted({each.name for each in sent(journey)})
        ids = {name: {"en": number} for number, name in enumerate(self.names)}
        self.maya, self.denise = town.member("Maya Torres"), town.member("Denise Park")
        with town.services.db.write() as session:
            chapter = Chapter(id=new_id(), created_at=town.now, slug="duluth", name="Duluth", zone="America/Chicago")
            session.add(chapter)
            version = publish_journey(session, path.read_text("utf-8"), journey, compiled(journey), ids, town.now)
        town.answers(self.maya, "organizer", chapter.id)
        town.answers(self.denise, "steward", chapter.id)
        self.rosa = town.member("Rosa M.", organizer_id=self.maya, zone="America/Chicago")
        with town.services.db.write() as session:
            join(session, self.rosa, chapter.id, town.now)
            move(session, self.rosa, BELONGING, stage, "As the test begins.", town.now)
        self.began = town.now
        self.enrollment = town.enroll(self.rosa, version)
        town.run()

    def letters(self) -> list[str]:
        """What Rosa got, in order."""
        return [self.names[number] for number in self.town.letters(self.rosa)]

    def days(self, count: int) -> None:
        """Days go by: letters leave, tasks are looked after."""
        for _ in range(count):
            self.town.letter_leaves(self.rosa)
            self.town.pass_time(days=1)
            tend_tasks(self.town.services)
            self.town.run()

    def until(self, letter: str) -> int:
        """Days go by until she gets it; how many, since the beginning."""
        for _ in range(90):
            if letter in self.letters():
                return (self.town.now - self.began).days
            self.days(1)
        raise AssertionError(f"{letter} never came; {self.letters()}")

    def answers(self, step: str, answer: str) -> None:
        """Rosa gives one of the offered answers, in a word of her own."""
        self.town.letter_leaves(self.rosa)
        now = self.town.now
        with self.town.services.db.write() as session:
            message = Message(id=new_id(), created_at=now, at=now, member_id=self.rosa, kind="in", text=f"My {answer}")
            question = Question(
                id=new_id(), created_at=now, member_id=self.rosa, kind="choice", subject_kind="enrollment",
                subject_id=self.enrollment, step=step, answers=[], delivery_id=new_id(),
                until_at=now + timedelta(days=7),
            )  # fmt: skip
            session.add_all([message, question])
            answer_question(question, answer, message.id, now)
        self.town.hears("answered", self.rosa, enrollment_id=self.enrollment, step=step, answer=answer)
        self.town.run()

    def talks(self) -> None:
        """Rosa wrote, and Maya wrote back."""
        self.town.words_in(self.rosa)
        with self.town.services.db.write() as session:
            now = self.town.now
            session.add(
                Message(id=new_id(), created_at=now, at=now, member_id=self.rosa, kind="out", author_id=self.maya)
            )
        self.town.hears("replied", self.rosa, enrollment_id=self.enrollment)
        self.town.run()

    def task(self, title: str) -> Task:
        """The newest open task of that title."""
        with self.town.services.db.read() as session:
            found = [task for task in session.scalars(select(Task).order_by(Task.id)) if task.title == title]
        return found[-1]

    def done(self, title: str, choice: str | None, words: str = "") -> None:
        """Whoever has the task did it, and says how it turned out."""
        task = self.task(title)
        with self.town.services.db.write() as session:
            finish_task(
                session, session.get_one(Task, task.id), task.assignee_id or self.maya, words, self.town.now,
                choice=choice,
            )  # fmt: skip
        self.town.run()

    def stage(self, path: str = BELONGING) -> str | None:
        """Where Rosa is on the path."""
        with self.town.services.db.read() as session:
            return session.scalar(select(Stage.stage).where(Stage.member_id == self.rosa, Stage.path == path))

    def evidence(self) -> str:
        """What her last move rests on."""
        with self.town.services.db.read() as session:
            changes = session.scalars(
                select(StageChange).where(StageChange.member_id == self.rosa).order_by(StageChange.id)
            )
            return list(changes)[-1].evidence

    def tags(self) -> set[str]:
        """Her tags."""
        with self.town.services.db.read() as session:
            return set(session.scalars(select(MemberTag.tag).where(MemberTag.member_id == self.rosa)))

    def ended(self) -> str | None:
        """How it ended; None while it goes on."""
        return self.town.enrollment(self.enrollment).end_reason


@pytest.fixture
def walk(town: Town) -> Callable[[str, str], Walk]:
    """Rosa begins one of the library's journeys."""
    return lambda name, stage: Walk(town, name, stage)


Begins = Callable[[str, str], Walk]


def test_whoever_comes_from_a_campaign_hears_a_person_first_and_for_thirty_days_no_ask(walk: Begins) -> None:
    rosa = walk("landing", "curious")
    rosa.days(3)
    assert rosa.letters() == []
    assert rosa.task("Say hello to somebody who comes from the campaign").assignee_id == rosa.denise
    rosa.done("Say hello to somebody who comes from the campaign", "we_talked")
    thanked = rosa.until("landing/thank_you")
    # However soon and however often she writes back.
    rosa.talks()
    asked = rosa.until("landing/three_ways")
    assert asked - thanked >= 30
    rosa.answers("three_ways", "rest")
    assert rosa.stage() == "resting"
    assert rosa.letters() == ["landing/thank_you", "landing/the_stakes", "landing/three_ways", "landing/rest"]
    assert rosa.ended() == "finished"


def test_nobody_who_comes_from_a_campaign_is_left_waiting_for_a_hello(walk: Begins) -> None:
    rosa = walk("landing", "curious")
    assert 12 <= rosa.until("landing/thank_you") <= 20


def test_a_gift_is_found_done_asked_about_and_only_then_is_there_an_invitation(walk: Begins) -> None:
    rosa = walk("gift", "connected")
    assert rosa.letters() == ["gift/what_people_bring"]
    rosa.until("gift/which")
    rosa.answers("which_gift", "words")
    assert rosa.tags() == {"offers-words"}
    rosa.done("Find them one real thing that they like doing", "nothing_yet")
    rosa.days(15)
    rosa.done("Find them one real thing that they like doing", "agreed")
    rosa.until("gift/how_was_it")
    rosa.talks()
    rosa.until("gift/count_on_you")
    assert rosa.stage() == "connected"
    rosa.answers("count_on_you", "count_me_in")
    assert rosa.stage() == "active"
    assert "My count_me_in" in rosa.evidence()
    assert rosa.task("They said that we can count on them").assignee_id == rosa.maya


def test_who_never_talked_with_anybody_is_not_told_that_they_did(walk: Begins) -> None:
    rosa = walk("gift", "connected")
    rosa.until("gift/which")
    rosa.answers("which_gift", "fixing")
    rosa.days(60)
    assert rosa.letters() == ["gift/what_people_bring", "gift/which", "gift/how_was_it"]
    assert (rosa.ended(), rosa.stage()) == ("finished", "connected")


@pytest.mark.parametrize(("answer", "stage"), [("lead", "leading"), ("just_the_garden", "active")])
def test_the_school_ends_with_a_yes_to_leading_or_in_the_garden(walk: Begins, answer: str, stage: str) -> None:
    rosa = walk("school", "active")
    rosa.until("school/would_you_try")
    rosa.answers("would_you_try", "try_it")
    rosa.until("school/code")
    rosa.answers("code", "i_will")
    assert rosa.tags() == {"keeps-the-code"}
    rosa.days(3)
    rosa.done("Practice with them, side by side", "ready")
    rosa.until("school/will_you_lead")
    rosa.answers("will_you_lead", answer)
    assert rosa.stage() == stage
    rosa.days(1)
    garden = answer == "just_the_garden"
    assert ("school/just_the_garden" in rosa.letters()) is garden
    assert ("just-the-garden" in rosa.tags()) is garden
    assert rosa.ended() == "finished"


def test_who_does_not_keep_the_code_is_never_asked_to_lead(walk: Begins) -> None:
    rosa = walk("school", "active")
    rosa.until("school/would_you_try")
    rosa.answers("would_you_try", "try_it")
    rosa.until("school/code")
    rosa.answers("code", "not_yet")
    rosa.days(60)
    assert "school/will_you_lead" not in rosa.letters()
    assert rosa.ended() == "finished"


def test_an_outlook_moves_on_the_words_that_a_person_heard_and_on_nothing_else(walk: Begins) -> None:
    rosa = walk("getting-around", "connected")
    rosa.answers("last_trip", "bus")
    assert rosa.stage("outlook:transport") is None
    rosa.until("transport/your_story")
    rosa.talks()
    words = "My mother walks to dialysis when the 9 does not come."
    rosa.done("Say what you heard in their story", "own_life", words)
    assert rosa.stage("outlook:transport") == "sees_it"
    assert words in rosa.evidence()
    rosa.until("transport/the_last_bus")
    rosa.days(30)
    assert rosa.ended() == "finished"


def test_who_tells_no_story_is_told_one_and_left_in_peace(walk: Begins) -> None:
    rosa = walk("getting-around", "connected")
    rosa.days(45)
    assert rosa.letters() == ["transport/last_trip", "transport/your_story", "transport/the_last_bus"]
    assert (rosa.ended(), rosa.stage("outlook:transport")) == ("finished", None)


@pytest.mark.parametrize("name", ["gift", "school", "landing", "getting-around"])
def test_somebody_who_never_answers_is_at_the_end_within_half_a_year(walk: Begins, name: str) -> None:
    rosa = walk(name, "connected")
    rosa.days(180)
    assert rosa.ended() == "finished"
    # Where people are asked at all, one who says nothing is asked once.
    assert len(rosa.letters()) == len(set(rosa.letters())) <= 4
