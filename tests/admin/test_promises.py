"""A person's part in a journey, from the step that asks for it to the form in which they say how it was."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from engine.conversations.task import Handing, Task
from engine.enrollments.enrolling import enroll
from engine.enrollments.enrollment import Due, Visit
from engine.enrollments.journey import publish_journey
from engine.people.member import Member, MemberTag
from engine.runner.overdue import tend_tasks
from engine.runner.signals import handle_signals
from engine.runner.tick import tick
from journeys.compiled import compiled
from journeys.read import read
from tests.admin.town import NOON, Town

CALL = """
slug: call-%s
title: A call
purpose: To hear how they are.
triggers: by_hand
steps:
  - id: call
    do: hand_off
    to: %s
    title: A hello by phone
    script: Ask how they are, and listen.
    due: P3D
    outcomes:
      reached: {label: {en: We talked, es: Hablamos}, note: required, go: glad}
      away: {label: {en: Nobody answered, es: No contestó nadie}, go: sad}
    overdue: {steward: P1D, desk: P2D, after: P9D, go: sad}
  - {id: glad, do: tag, add: talked, go: over}
  - {id: sad, do: tag, add: not-reached}
  - {id: over, do: end}
"""
DAY = timedelta(days=1)


def begins(town: Town, to: str) -> tuple[int, int]:
    """The journey that hands off to such a person has begun for Rosa: the enrollment, and the task it gave."""
    source = CALL % (to.strip("{}").replace(": ", "-"), to)
    draft = read(source)
    assert draft.journey is not None, draft.findings
    with town.write() as session:
        version = publish_journey(session, source, draft.journey, compiled(draft.journey), {}, town.clock.at)
        enrollment = enroll(session, town.people["rosa"], version, "by_hand", town.clock.at)
        assert enrollment is not None
        id_ = enrollment.id
    runs(town)
    with town.services.db.read() as session:
        return id_, session.scalars(select(Task.id).where(Task.enrollment_id == id_)).one()


def runs(town: Town) -> None:
    """Everything heard and due has been done, and overdue tasks are looked after."""
    while handle_signals(town.services) + tick(town.services):
        pass
    tend_tasks(town.services)


def until(town: Town, moment: datetime) -> None:
    """Time goes on until then; whatever fell due meanwhile was done at its moment."""
    runs(town)
    while True:
        with town.services.db.read() as session:
            moments = [
                session.scalar(select(func.min(Due.due_at))),
                session.scalar(select(func.min(Task.hand_on_at)).where(Task.done_at.is_(None))),
            ]
        soonest = min((each for each in moments if each is not None), default=moment)
        if soonest >= moment:
            town.clock.at = moment
            return
        town.clock.at = max(town.clock.at, soonest)
        runs(town)


def task(town: Town, task_id: int) -> Task:
    with town.services.db.read() as session:
        return session.get_one(Task, task_id)


def went(town: Town, enrollment: int) -> tuple[list[str], set[str]]:
    """How each visit came out, and Rosa's tags."""
    with town.services.db.read() as session:
        visits = select(Visit.outcome).where(Visit.enrollment_id == enrollment).order_by(Visit.visit_at)
        tags = select(MemberTag.tag).where(MemberTag.member_id == town.people["rosa"])
        return list(session.scalars(visits)), set(session.scalars(tags))


def test_a_task_goes_to_the_owner_a_role_or_the_steward_with_a_due_day_and_script_and_its_form_drives_or_else_escalates(
    town: Town,
) -> None:
    town.person("Ben Cole", "atlanta")
    town.answers("ben", "organizer", "atlanta")
    town.person("Ola Berg", "atlanta")
    town.answers("ola", "regional")
    with town.write() as session:
        session.get_one(Member, town.people["rosa"]).organizer_id = town.people["ben"]
    given = {to: begins(town, to) for to in ("organizer", "{role: regional}", "steward")}
    who = {to: task(town, task_id).assignee_id for to, (_, task_id) in given.items()}
    assert who == {
        "organizer": town.people["ben"], "{role: regional}": town.people["ola"], "steward": town.people["denise"],
    }  # fmt: skip
    assert {task(town, task_id).due_at for _, task_id in given.values()} == {NOON + 3 * DAY}
    # The form shows what to say and how it may turn out; the outcome that is chosen in it is the way that is taken.
    enrollment, owners = given["organizer"]
    ben = town.signed_in("ben")
    page = ben.sees(f"/tasks/{owners}")
    assert all(words in page for words in ("Ask how they are, and listen.", "We talked", "Nobody answered"))
    assert ben.presses(f"/tasks/{owners}/end", choice="reached", outcome="She bakes on Sundays.").status_code == 302
    runs(town)
    assert went(town, enrollment) == (["handed_off", "done:reached", "tagged", "finished"], {"talked"})
    enrollment, stewards = given["steward"]
    assert town.signed_in("denise").presses(f"/tasks/{stewards}/end", choice="away", outcome="").status_code == 302
    runs(town)
    outcomes = ["handed_off", "done:away", "tagged", "finished"]
    assert went(town, enrollment) == (outcomes, {"talked", "not-reached"})
    # Nobody does the third one: a day after it was due it is the steward's, then the desk's, and the journey goes on.
    enrollment, overdue = given["{role: regional}"]
    until(town, NOON + 4 * DAY)
    assert task(town, overdue).assignee_id == town.people["ola"]
    until(town, NOON + 4 * DAY + timedelta(minutes=1))
    assert task(town, overdue).assignee_id == town.people["denise"]
    until(town, NOON + 5 * DAY + timedelta(minutes=1))
    assert task(town, overdue).assignee_id is None
    with town.services.db.read() as session:
        turns = session.execute(select(Handing.from_id, Handing.to_id, Handing.why).order_by(Handing.id))
        assert [tuple(row) for row in turns] == [
            (town.people["ola"], town.people["denise"], "overdue"), (town.people["denise"], None, "overdue"),
        ]  # fmt: skip
    assert went(town, enrollment)[0] == ["handed_off"]
    until(town, NOON + 13 * DAY)
    assert went(town, enrollment)[0] == ["handed_off", "unheard", "tagged", "finished"]
