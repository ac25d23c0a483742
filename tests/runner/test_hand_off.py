"""Hand-offs: a person is asked, says how it turned out, and nobody on the journey is forgotten if they do not."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.base.errors import Invalid
from engine.base.ids import new_id
from engine.chapters.chapter import Chapter
from engine.chapters.membership import Role, join
from engine.conversations.task import Handing, Task, finish_task, hand_task
from engine.enrollments.enrollment import Enrollment, stop
from engine.enrollments.journey import JourneyVersion
from engine.people.address import add_email
from engine.people.member import Member
from engine.people.wish import unwilling, wish_to_stay
from engine.runner.merging import join_enrollments
from engine.runner.overdue import needs_tending, tend_tasks
from tests.database import on_both_databases
from tests.runner.conftest import Town

CALL = """
slug: call
title: A call
purpose: To hear how you are.
triggers: by_hand
steps:
  - id: call
    do: hand_off
    to: TO
    title: A hello by phone
    script: Ask how they are, and listen.
    due: P3D
    outcomes:
      reached:
        label: {en: We talked, es: Hablamos}
        note: required
        go: thanks
      later:
        label: {en: They asked for another day, es: Pidieron otro día}
        go: call_again
    overdue:
      steward: P1D
      desk: P3D
      after: P7D
      go: story
  - id: call_again
    do: wait
    for: P2D
    go: call
  - id: thanks
    do: email
    template: t/hello
    speaks: give
    signed_by: organizer
    go: over
  - id: story
    do: email
    template: t/story
    speaks: give
    signed_by: desk
  - id: over
    do: end
"""


class People:
    """Maya, Rosa's organizer; Denise, a steward of their chapter; Rosa, on the journey since just now."""

    def __init__(self, town: Town, to: str = "organizer") -> None:
        self.town = town
        with town.services.db.write() as session:
            chapter = Chapter(id=new_id(), created_at=town.now, slug="duluth", name="Duluth", zone="America/Chicago")
            session.add(chapter)
            self.chapter = chapter.id
        self.maya = town.member("Maya Torres")
        self.denise = town.member("Denise Park")
        town.answers(self.maya, "organizer", self.chapter)
        town.answers(self.denise, "steward", self.chapter)
        self.rosa = town.member("Rosa M.", organizer_id=self.maya)
        with town.services.db.write() as session:
            join(session, self.rosa, self.chapter, town.now)
            add_email(session, self.denise, "denise@nfp.example", town.now)
        self.enrollment = town.enroll(self.rosa, town.publish(CALL.replace("TO", to)))
        town.run()

    def tasks(self) -> list[Task]:
        """Every task, the oldest first."""
        with self.town.services.db.read() as session:
            return list(session.scalars(select(Task).order_by(Task.id)))

    def says(self, choice: str | None, words: str = "", *, task: int = 0, by: int | None = None) -> None:
        """Whoever did the task says how it was."""
        with self.town.services.db.write() as session:
            row = session.get_one(Task, self.tasks()[task].id)
            finish_task(session, row, by or self.maya, words, self.town.now, choice=choice)
        self.town.run()

    def later(self, **span: float) -> None:
        """Time goes on, and the sweep looks."""
        self.town.pass_time(**span)
        tend_tasks(self.town.services)

    def handings(self) -> list[tuple[int | None, int | None, str]]:
        """From whom the tasks came to whom, and why."""
        with self.town.services.db.read() as session:
            rows = session.execute(select(Handing.from_id, Handing.to_id, Handing.why).order_by(Handing.id))
            return [tuple(row) for row in rows]


@on_both_databases
def test_the_outcome_of_a_task_drives_the_branch(town: Town) -> None:
    people = People(town)
    (task,) = people.tasks()
    assert (task.assignee_id, task.due_at - town.now) == (people.maya, timedelta(days=3))
    town.pass_time(days=2)
    assert town.history(people.enrollment) == ["handed_off"]
    people.says("reached", "She bakes bread on Sundays.")
    assert town.history(people.enrollment) == ["handed_off", "done:reached", "sent", "finished"]
    assert town.letters(people.rosa) == [1]
    town.check_places()


def test_an_outcome_may_want_a_line_of_words_and_only_offered_ones_are_taken(town: Town) -> None:
    people = People(town)
    for choice, words in ((None, "We talked."), ("elsewhere", "We talked."), ("reached", "")):
        with pytest.raises(Invalid):
            people.says(choice, words)
    people.says("later")
    assert town.history(people.enrollment)[:2] == ["handed_off", "done:later"]


def test_a_task_that_is_done_says_nothing_a_second_time(town: Town) -> None:
    people = People(town)
    people.says("later")
    people.says("reached", "After all.")
    assert town.history(people.enrollment) == ["handed_off", "done:later", "waits"]
    assert people.tasks()[0].choice == "later"


def test_a_late_outcome_of_an_earlier_round_does_not_answer_the_task_of_this_one(town: Town) -> None:
    people = People(town)
    town.pass_time(days=1)
    people.says("later")
    town.pass_time(days=3)
    assert len(people.tasks()) == 2
    with town.services.db.write() as session:
        session.execute(update(Task).where(Task.id == people.tasks()[0].id).values(done_at=None))
    people.says("reached", "An old note.", task=0)
    assert town.history(people.enrollment)[-1] == "handed_off"
    people.says("reached", "She is well.", task=1)
    assert town.history(people.enrollment)[-1] == "finished"


def test_an_outcome_waits_for_an_open_talk_but_is_not_forgotten(town: Town) -> None:
    people = People(town)
    talk = town.talk(people.rosa, town.now + timedelta(days=9))
    people.says("reached", "She called me first.")
    assert town.letters(people.rosa) == []
    town.pass_time(days=5)
    town.talk_ends(talk)
    town.run()
    assert town.letters(people.rosa) == [1]


@on_both_databases
def test_an_overdue_task_goes_to_the_steward_then_to_the_desk_once_each_and_the_journey_goes_on(town: Town) -> None:
    people = People(town)
    people.later(days=3, hours=1)
    assert people.handings() == []
    people.later(hours=23)
    assert people.tasks()[0].assignee_id == people.denise
    people.later(hours=1)
    people.later(days=2)
    tend_tasks(town.services)
    assert people.handings() == [(people.maya, people.denise, "overdue"), (people.denise, None, "overdue")]
    assert people.tasks()[0].assignee_id is None
    people.later(days=4)
    assert town.history(people.enrollment) == ["handed_off", "unheard", "sent", "finished"]
    assert town.letters(people.rosa) == [3]
    assert people.tasks()[0].done_at is None
    assert len(people.handings()) == 2


def test_an_outcome_after_the_journey_went_on_is_kept_and_moves_nothing(town: Town) -> None:
    people = People(town)
    people.later(days=11)
    before = town.history(people.enrollment)
    people.says("reached", "Better late.", by=people.denise)
    assert town.history(people.enrollment) == before
    assert people.tasks()[0].outcome == "Better late."


def test_without_a_steward_an_overdue_task_goes_straight_to_the_desk(town: Town) -> None:
    people = People(town)
    with town.services.db.write() as session:
        session.execute(update(Role).where(Role.member_id == people.denise).values(ended_at=town.now))
    people.later(days=4, hours=1)
    assert people.handings() == [(people.maya, None, "overdue")]


def test_who_answers_here_no_more_leaves_no_task_behind(town: Town) -> None:
    people = People(town)
    with town.services.db.write() as session:
        session.execute(update(Role).where(Role.member_id == people.maya).values(ended_at=town.now))
    people.later(hours=1)
    assert people.handings() == [(people.maya, people.denise, "role_ended")]
    assert people.tasks()[0].hand_on_at is not None
    with town.services.db.read() as session:
        assert not needs_tending(session, town.now)


def test_a_task_is_not_given_to_an_organizer_who_answers_nobody(town: Town) -> None:
    people = People(town)
    with town.services.db.write() as session:
        session.execute(update(Role).where(Role.member_id == people.maya).values(ended_at=town.now))
    people.says("later")
    people.later(days=2)
    assert people.tasks()[1].assignee_id == people.denise


@pytest.mark.parametrize(
    ("to", "who"),
    [
        ("steward", "denise"),
        ("desk", None),
        ("{person: Denise@nfp.example}", "denise"),
        ("{person: nobody@nfp.example}", "denise"),
        ("{role: organizer}", "maya"),
        ("{role: regional}", "denise"),
    ],
)
def test_a_task_goes_to_whom_the_step_names_or_else_to_a_steward(town: Town, to: str, who: str | None) -> None:
    people = People(town, to)
    assert people.tasks()[0].assignee_id == (getattr(people, who) if who else None)


def test_tasks_for_a_role_are_shared_out_evenly(town: Town) -> None:
    people = People(town, "{role: organizer}")
    ben = town.member("Ben Ode")
    town.answers(ben, "organizer", people.chapter)
    version = town.publish(CALL.replace("TO", "{role: organizer}").replace("slug: call", "slug: again"))
    for name in ("Ana", "Bo", "Cy"):
        member = town.member(name)
        with town.services.db.write() as session:
            join(session, member, people.chapter, town.now)
        town.enroll(member, version)
    town.run()
    counts = [task.assignee_id for task in people.tasks()]
    assert (counts.count(people.maya), counts.count(ben)) == (2, 2)


def end_by_stop(session: Session, people: People) -> None:
    stop(session, [people.rosa], "opted_out", people.town.now)


def end_by_erasing(session: Session, people: People) -> None:
    session.execute(update(Member).where(Member.id == people.rosa).values(erased_at=people.town.now))


def end_by_a_goal(session: Session, people: People) -> None:
    stop(session, [people.rosa], "goal", people.town.now)


@pytest.mark.parametrize(
    ("ends", "why"), [(end_by_stop, "opted_out"), (end_by_erasing, "erased"), (end_by_a_goal, "goal")]
)
def test_nobody_is_called_for_a_journey_that_is_over_for_them(town: Town, ends: object, why: str) -> None:
    people = People(town)
    with town.services.db.write() as session:
        ends(session, people)  # type: ignore[operator]
    tend_tasks(town.services)
    (task,) = people.tasks()
    assert (task.done_at, task.done_by_id, task.withdrawn) == (town.now, None, why)
    assert tend_tasks(town.services) == 0


def test_a_task_is_handed_to_somebody_else_by_hand_and_that_stays_in_its_history(town: Town) -> None:
    people = People(town)
    with town.services.db.write() as session:
        task = session.get_one(Task, people.tasks()[0].id)
        assert hand_task(session, task, people.denise, people.maya, town.now)
        assert not hand_task(session, task, people.denise, people.maya, town.now)
    assert people.handings() == [(people.maya, people.denise, "by_hand")]


def test_without_outcomes_the_journey_goes_on_at_once(town: Town) -> None:
    yaml = CALL.replace("TO", "desk")
    start, end = yaml.index("    outcomes:"), yaml.index("  - id: call_again")
    rosa = town.member()
    enrollment = town.enroll(rosa, town.publish(yaml[:start] + "    go: thanks\n" + yaml[end:]))
    town.run()
    assert town.history(enrollment) == ["handed_off", "sent", "finished"]


def test_a_task_about_somebody_known_by_two_records_still_drives_the_journey_of_the_one_person(town: Town) -> None:
    people = People(town)
    kept = town.member("Rosa Marin")
    with town.services.db.write() as session:
        wish_to_stay(session, people.rosa, "active", "Just the garden.", town.now)
        joined = join_enrollments(session, kept, people.rosa, town.now)
    assert joined.carried == 1
    people.says("reached", "She had two addresses.")
    assert town.history(people.enrollment)[:2] == ["handed_off", "done:reached"]
    with town.services.db.read() as session:
        assert session.get_one(Task, people.tasks()[0].id).member_id == kept
        assert unwilling(session, [kept], "belonging", "leading") == {kept}


def test_a_task_of_the_record_whose_journey_ended_by_joining_two_is_taken_back(town: Town) -> None:
    people = People(town)
    other = town.member("Rosa Marin")
    with town.services.db.write() as session:
        journey = session.get_one(Enrollment, people.enrollment)
        version = session.get_one(JourneyVersion, journey.version_id)
    town.enroll(other, version)
    town.run()
    with town.services.db.write() as session:
        join_enrollments(session, people.rosa, other, town.now)
    tend_tasks(town.services)
    assert sorted(task.withdrawn for task in people.tasks()) == ["", "merged"]
