"""Histories: recorded lives of people on journeys, and what they came to by the runner of their day.

A history is a JSON file in `tests/runner/histories`. Written by hand are `about`, the `journeys` (each its `source` in
YAML), the `members` and what `happened`: [hours since the start, verb, values...], where a verb is a method of
`Telling`. The rest (`by`, `compiled`, `became`) is recorded, with

    python -m tests.runner.history tests/runner/histories/NAME.json

by the runner of the checkout it is called in. Record a history before the runner is changed, and never record it again
to make a test pass: people who are on that version of a journey would be led elsewhere. A new kind of step gets a new
file. `test_histories` tells every file again, from the stored form of its versions, and compares the ends.
"""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import select, update

from engine.base.ids import new_id
from engine.base.setting_groups.texting import Texting
from engine.conversations.message import Message
from engine.conversations.task import Task
from engine.enrollments.enrollment import Due, Enrollment, Visit
from engine.enrollments.journey import Journey, publish_journey
from engine.enrollments.signal import signal
from engine.outbox.delivery import Delivery
from engine.people.address import Address
from engine.people.consent import EVERYTHING, Said, record_consent
from engine.people.member import Member, MemberTag
from engine.people.path import Stage, move
from journeys.compiled import compiled, journey_of
from journeys.read import read
from tests.database import database_in
from tests.runner.conftest import START, Town, build

FOLDER = Path(__file__).parent / "histories"
#: Members' ids are theirs for ever: a split draws by them.
FIRST_MEMBER = 5001
_OURS = "+14045550100"


class Telling:
    """One history as it is told: the verbs of `happened`."""

    def __init__(self, town: Town, history: dict[str, Any]) -> None:
        self.town = town
        self.history = history
        self.talks: dict[int, list[int]] = {}
        sms = Texting(account_sid="AC1", auth_token="t", numbers=[_OURS])
        town.services = replace(town.services, settings=town.services.settings.model_copy(update={"sms": sms}))
        with town.services.db.write() as session:
            for number, fields in enumerate(history["members"]):
                member_id = FIRST_MEMBER + number
                has = dict(fields)
                texts = has.pop("texts", False)
                session.add(Member(id=member_id, created_at=START, **has))
                session.flush()
                move(session, member_id, "belonging", "curious", "Joined.", START)
                record_consent(session, member_id, "email", EVERYTHING, True, Said("test"), START)
                if texts:
                    session.add(
                        Address(
                            id=new_id(), created_at=START, member_id=member_id, kind="phone",
                            value=f"+1404555{member_id}", rank=0, resting_reason="",
                        )
                    )  # fmt: skip
                    record_consent(session, member_id, "sms", EVERYTHING, True, Said("test"), START)
        town.answers(FIRST_MEMBER)
        for journey in history["journeys"]:
            self._publish(journey)

    def tell(self) -> None:
        """Everything has happened, at its time."""
        for hours, verb, *values in self.history["happened"]:
            until = START + timedelta(hours=hours)
            while self.town.now < until:
                # Letters leave within the day, as couriers see to.
                self.letters_leave()
                self.town.pass_time(seconds=min(until - self.town.now, timedelta(hours=6)).total_seconds())
            getattr(self, verb)(*values)
            self.town.run()

    def joins(self, who: int) -> None:
        """A newcomer."""
        self.town.hears("joined", self._id(who))

    def by_hand(self, who: int, journey: int) -> None:
        """Staff puts them on the journey."""
        with self.town.services.db.read() as session:
            ids = dict(session.execute(select(Journey.slug, Journey.id)).tuples().all())
        slug = _slug(self.history["journeys"][journey])
        self.town.hears("by_hand", self._id(who), journey_id=ids[slug])

    def is_tagged(self, who: int, tag: str) -> None:
        """The tag is on, and heard of."""
        with self.town.services.db.write() as session:
            session.add(MemberTag(member_id=self._id(who), tag=tag, created_at=self.town.now))
            signal(session, "tagged", self._id(who), self.town.now, tag=tag)

    def answers(self, who: int, step: str, answer: str, enrollment: int = 0) -> None:
        """A recognized answer to that step of their first (or that) time on a journey."""
        self.town.hears("answered", self._id(who), enrollment_id=self._walk(who, enrollment), step=step, answer=answer)

    def writes(self, who: int, hold_hours: float, enrollment: int | None = 0) -> None:
        """Words for a person, whose talk with them holds journeys for so long."""
        member_id = self._id(who)
        self.town.words_in(member_id)
        if hold_hours:
            thread = self.town.talk(member_id, self.town.now + timedelta(hours=hold_hours))
            self.talks.setdefault(who, []).append(thread)
        about = None if enrollment is None else self._walk(who, enrollment)
        self.town.hears("replied", member_id, enrollment_id=about)

    def is_answered(self, who: int) -> None:
        """A person here writes to them."""
        with self.town.services.db.write() as session:
            session.add(
                Message(
                    id=new_id(), created_at=self.town.now, at=self.town.now, member_id=self._id(who), kind="out",
                    author_id=FIRST_MEMBER,
                )
            )  # fmt: skip

    def talk_ends(self, who: int) -> None:
        """Their talks are closed."""
        for thread in self.talks.pop(who, []):
            self.town.talk_ends(thread)

    def stops(self, who: int) -> None:
        """Nothing may come any more, on any channel."""
        with self.town.services.db.write() as session:
            for channel in ("email", "sms"):
                record_consent(session, self._id(who), channel, EVERYTHING, False, Said("test"), self.town.now)
            signal(session, "opted_out", self._id(who), self.town.now)

    def moves_to(self, who: int, zone: str) -> None:
        """They live elsewhere now."""
        with self.town.services.db.write() as session:
            session.execute(update(Member).where(Member.id == self._id(who)).values(zone=zone))

    def has(self, who: int, fact: str, value: str) -> None:
        """A fact is written down, and heard of."""
        with self.town.services.db.write() as session:
            member = session.get_one(Member, self._id(who))
            member.custom = {**member.custom, fact: value}
            signal(session, "fact", member.id, self.town.now, fact=fact)

    def rests(self, journey: int, rests: bool) -> None:
        """The journey is paused, or goes on, as the column says."""
        with self.town.services.db.write() as session:
            session.execute(
                update(Journey)
                .where(Journey.slug == _slug(self.history["journeys"][journey]))
                .values(paused_at=self.town.now if rests else None)
            )

    def is_called(self, who: int, step: str, outcome: str) -> None:
        """Whoever had the task says how it was."""
        self.town.hears("task_done", self._id(who), enrollment_id=self._walk(who, 0), step=step, outcome=outcome)

    def nothing(self) -> None:
        """Only time."""

    def letters_leave(self) -> None:
        """Whatever was posted has been sent."""
        with self.town.services.db.write() as session:
            session.execute(
                update(Delivery).where(Delivery.state != "sent").values(state="sent", sent_at=self.town.now)
            )

    def became(self) -> dict[str, Any]:
        """What it came to: visits, deliveries, dues, ends, stages, tags, tasks; times in seconds since START."""
        with self.town.services.db.read() as session:
            ids = session.scalars(select(Enrollment.id).order_by(Enrollment.id)).all()
            walks = {id_: number for number, id_ in enumerate(ids)}

            def rows(*columns: Any, order: tuple[Any, ...]) -> list[list[Any]]:
                found = session.execute(select(*columns).order_by(*order))
                return [[_plain(value) for value in row] for row in found]

            def walked(found: list[list[Any]]) -> list[list[Any]]:
                return [[walks[row[0]], *row[1:]] for row in found]

            return {
                "enrollments": walked(
                    rows(
                        Enrollment.id, Enrollment.member_id, Enrollment.trigger, Enrollment.created_at,
                        Enrollment.ended_at, Enrollment.end_reason, order=(Enrollment.id,),
                    )
                ),
                "visits": walked(
                    rows(
                        Visit.enrollment_id, Visit.visit_at, Visit.step, Visit.phase, Visit.acted_at, Visit.outcome,
                        Visit.next_at, order=(Visit.enrollment_id, Visit.visit_at),
                    )
                ),
                "due": walked(
                    rows(
                        Due.enrollment_id, Due.due_at, Due.step, Due.phase, Due.wanted_at, Due.heard, Due.tries,
                        order=(Due.enrollment_id,),
                    )
                ),
                "deliveries": walked(
                    rows(
                        Delivery.enrollment_id, Delivery.visit_at, Delivery.channel, Delivery.template_version_id,
                        Delivery.step, order=(Delivery.enrollment_id, Delivery.visit_at),
                    )
                ),
                "stages": rows(Stage.member_id, Stage.path, Stage.stage, order=(Stage.member_id, Stage.path)),
                "tags": rows(MemberTag.member_id, MemberTag.tag, order=(MemberTag.member_id, MemberTag.tag)),
                "tasks": rows(
                    Task.member_id, Task.title, Task.created_at, Task.due_at, Task.assignee_id, order=(Task.id,)
                ),
            }  # fmt: skip

    def _publish(self, journey: dict[str, Any]) -> None:
        if "compiled" not in journey:
            draft = read(journey["source"])
            assert draft.journey is not None, draft.findings
            journey["compiled"] = json.loads(json.dumps(compiled(draft.journey)))
            names = sorted(set(_templates(draft.journey)))
            journey["templates"] = {
                name: {"en": number * 2 + 1, "es": number * 2 + 2} for number, name in enumerate(names)
            }
        script = journey_of(journey["compiled"])
        with self.town.services.db.write() as session:
            publish_journey(session, journey["source"], script, journey["compiled"], journey["templates"], START)

    def _id(self, who: int) -> int:
        return FIRST_MEMBER + who

    def _walk(self, who: int, number: int) -> int:
        with self.town.services.db.read() as session:
            asked = select(Enrollment.id).where(Enrollment.member_id == self._id(who)).order_by(Enrollment.id)
            return session.scalars(asked).all()[number]


def told(history: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What the history comes to by today's runner, on a database in `folder`."""
    town = build(folder, database_in(folder))
    try:
        telling = Telling(town, history)
        telling.tell()
        became: dict[str, Any] = json.loads(json.dumps(telling.became()))
        return became
    finally:
        town.services.db.close()


def record(file: Path) -> None:
    """The file says what its history comes to by the runner of this checkout, and which checkout that is."""
    history = json.loads(file.read_text("utf-8"))
    with TemporaryDirectory() as folder:
        history["became"] = told(history, Path(folder))
    git = ["git", "rev-parse", "--short", "HEAD"]
    history["by"] = subprocess.run(git, capture_output=True, text=True, check=True, timeout=30).stdout.strip()
    lines = json.dumps(history, ensure_ascii=False, indent=1)
    file.write_text(lines + "\n", "utf-8")


def _plain(value: Any) -> Any:
    return (value - START).total_seconds() if isinstance(value, datetime) else value


def _slug(journey: dict[str, Any]) -> str:
    return journey_of(journey["compiled"]).slug


def _templates(script: Any) -> list[str]:
    found = [getattr(step, name, None) for step in script.steps for name in ("template", "or_email")]
    return [name for name in found if name]


if __name__ == "__main__":
    for name in sys.argv[1:]:
        record(Path(name))
