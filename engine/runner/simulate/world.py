"""The world: what members and organizers do, each at their time; all of it follows from the seed.

What they do enters where it really would: words by the reply router's own recognition and branch (`Ear`), a stop by the
ledger, an answer by `outbox.post`, a task by its own verb.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any, NamedTuple, Protocol, assert_never

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.settings import Settings
from engine.chapters.membership import Membership, join
from engine.conversations.closure import close
from engine.conversations.task import Task, finish_task
from engine.conversations.thread import Thread
from engine.enrollments.choice import stop_everything
from engine.enrollments.journey import Published, load_version
from engine.enrollments.signal import signal
from engine.outbox.post import answer
from engine.outbox.stopping import stop_texts
from engine.people.consent import Said
from engine.people.member import Member
from engine.runner.simulate.observer import Left, Observer
from engine.runner.simulate.people import FAR, JOINING, Person, dice
from engine.runner.simulate.town import Manner, Organizer, tag, welcome_many
from engine.runner.triggers import KINDS
from journeys.steps import Ask
from journeys.triggers import (
    Acted,
    Assessed,
    ByHand,
    Came,
    FormFilled,
    Joined,
    Moved,
    RsvpGiven,
    TagAdded,
    Trigger,
    WroteIn,
)
from journeys.vocabulary import Means

#: What people say when they say more than was asked.
TALK = {
    "en": (
        "My street has no sidewalk and I would like to talk about that.",
        "Could somebody call me? I have a question about the bus.",
        "I am new here. Who else lives near the library?",
    ),
    "es": (
        "En mi calle no hay acera y me gustaría hablar de eso.",
        "¿Me puede llamar alguien? Tengo una pregunta sobre el autobús.",
        "Soy nueva aquí. ¿Quién más vive cerca de la biblioteca?",
    ),
}
ANSWER = "Thank you for writing. I live two streets from the library; shall we meet there on Saturday?"
#: By chance, how many get a tag that begins a journey, or are put on it by hand.
TAGGED, BY_HAND = 0.5, 0.3


class Heard(NamedTuple):
    """What became of somebody's words: where they stand, whether they wait for a person, and for whom."""

    thread_id: int
    waits: bool
    responsible_id: int | None


class Ear(Protocol):
    """Takes in what a member says, as the reply router does."""

    def hear(
        self, session: Session, member_id: int, delivery_id: int, channel: str, words: str, now: datetime
    ) -> Heard:
        """The words stand in their conversation, and the runner is told."""
        ...


@dataclass(frozen=True, slots=True)
class Event:
    """Somebody does something."""

    kind: str
    who: int
    detail: Any = None


class World:
    """Everybody's next deeds, soonest first."""

    def __init__(
        self,
        settings: Settings,
        people: Sequence[Person],
        chapters: Sequence[int],
        organizers: dict[int, Organizer],
        journeys: Sequence[Published],
        observer: Observer,
        ear: Ear,
        seed: int,
        days: int,
    ) -> None:
        self._settings, self._chapters, self._organizers = settings, chapters, organizers
        self._people = {person.id: person for person in people}
        self._observer, self._ear, self._seed = observer, ear, seed
        self._numbers = count()
        self._heap: list[tuple[datetime, int, Event]] = []
        self._last_task = 0
        #: Threads in which somebody has already taken up the answer.
        self._taken_up: set[int] = set()
        self.done: Counter[str] = Counter()
        for person in people:
            self._expect(person, journeys, days)

    def next_at(self) -> datetime | None:
        """When somebody next does something."""
        return self._heap[0][0] if self._heap else None

    def act(self, session: Session, now: datetime) -> None:
        """Whatever is to be done by now is done, in its order."""
        joining: list[Person] = []
        tagged: dict[str, list[int]] = {}
        while self._heap and self._heap[0][0] <= now:
            event = heapq.heappop(self._heap)[2]
            if event.kind == "join":
                joining.append(self._people[event.who])
            elif event.kind == "tag":
                tagged.setdefault(event.detail, []).append(event.who)
            else:
                # People who join now are there before anybody does anything with them.
                joining = self._welcome(session, joining, now)
                self.done[event.kind] += 1
                getattr(self, f"_{event.kind}")(session, event, now)
        self._welcome(session, joining, now)
        for word, ids in tagged.items():
            tag(session, ids, word, now)
            self.done["tag"] += len(ids)

    def hears(self, session: Session, left: Iterable[Left], now: datetime) -> None:
        """What left has reached people, who will do something about it or nothing."""
        for message in left:
            person = self._people[message.member_id]
            person.heard += 1
            if person.goes_away_at is not None and person.goes_away_at <= now:
                continue
            rng = person.dice
            if person.stops_after == person.heard:
                self._at(now + timedelta(minutes=rng.randrange(5, 600)), Event("stop", person.id, message.channel))
                continue
            chance, words = self._words(session, person, message)
            if words and rng.random() < chance:
                # Most answer within hours, some within days.
                delay = timedelta(minutes=10 + int(5000 * rng.random() ** 3))
                self._at(now + delay, Event("reply", person.id, (message.delivery_id, message.channel, words)))

    def look_for_tasks(self, session: Session, now: datetime) -> None:
        """Whoever was given a task does it in time, late, or never."""
        rows = session.execute(
            select(Task.id, Task.assignee_id, Task.due_at).where(Task.id > self._last_task).order_by(Task.id)
        )
        for task_id, assignee_id, due_at in rows:
            self._last_task = task_id
            self.done["asked"] += 1
            rng = dice(self._seed, "task", self.done["asked"])
            if rng.random() < 0.15:
                continue
            manner = self._organizers[assignee_id].manner if assignee_id in self._organizers else Manner.CAREFUL
            late = (
                timedelta(days=rng.randrange(1, 6)) if manner is Manner.LATE else -(due_at - now) * rng.random() * 0.9
            )
            self._at(due_at + late, Event("task", task_id, assignee_id))

    # ---- what is to come

    def _expect(self, person: Person, journeys: Sequence[Published], days: int) -> None:
        self._at(person.joins_at, Event("join", person.id))
        if person.travels_at is not None:
            self._at(person.travels_at, Event("travel", person.id))
        if person.moves_at is not None:
            self._at(person.moves_at, Event("move", person.id))
        rng = dice(self._seed, "occasions", person.id)
        tags: set[str] = set()
        for version in journeys:
            for trigger in version.script.triggers:
                at = person.joins_at + timedelta(minutes=rng.randrange(1, max(2, int(days * JOINING * 1440))))
                chance = rng.random()
                for event in occasions(trigger, person.id, version):
                    if event.kind == "tag" and (event.detail in tags or chance >= TAGGED):
                        continue
                    if event.kind in ("by_hand", "noted", "reply") and chance >= BY_HAND:
                        continue
                    tags |= {event.detail} if event.kind == "tag" else set()
                    self._at(at, event)

    def _at(self, at: datetime, event: Event) -> None:
        heapq.heappush(self._heap, (at, next(self._numbers), event))

    def _words(self, session: Session, person: Person, message: Left) -> tuple[float, str]:
        """How likely they write back, and what they would say."""
        rng = person.dice
        talk = rng.choice(TALK[person.language])
        if message.message_class == "answer":
            return 0.3, talk if rng.random() < 0.5 else {"en": "Thank you!", "es": "¡Gracias!"}[person.language]
        if message.version_id is None or message.step is None:
            return 0.0, ""
        step = load_version(session, message.version_id).script.steps[message.step]
        if not isinstance(step, Ask):
            return person.writes, talk
        if not step.question.answers or rng.random() < person.says_more:
            return person.answers, talk
        number, answer = rng.choice(list(enumerate(step.question.answers, start=1)))
        if message.channel == "sms" and step.numbered and rng.random() < 0.7:
            return person.answers, str(number)
        said = answer.label_in(person.language)
        return person.answers, f"{said}. {talk}" if rng.random() < 0.1 else said

    # ---- deeds

    def _welcome(self, session: Session, joining: list[Person], now: datetime) -> list[Person]:
        welcome_many(session, joining, self._chapters, self._organizers, now)
        for person in joining:
            self._observer.joined(person.id, person.zone, now)
        self.done["join"] += len(joining)
        return []

    def _by_hand(self, session: Session, event: Event, now: datetime) -> None:
        signal(session, "by_hand", event.who, now, journey_id=event.detail, by_id=None)

    def _noted(self, session: Session, event: Event, now: datetime) -> None:
        kind, detail = event.detail
        signal(session, kind, event.who, now, **detail)

    def _travel(self, session: Session, event: Event, now: datetime) -> None:
        person = self._people[event.who]
        person.zone = person.told_zone = person.dice.choice(FAR)
        session.get_one(Member, person.id).zone = person.zone
        self._observer.travelled(person.id, person.zone)

    def _move(self, session: Session, event: Event, now: datetime) -> None:
        person = self._people[event.who]
        if person.chapter is not None:
            session.get_one(Membership, (person.id, self._chapters[person.chapter])).left_at = now
        person.chapter = person.dice.randrange(len(self._chapters))
        join(session, person.id, self._chapters[person.chapter], now)

    def _stop(self, session: Session, event: Event, now: datetime) -> None:
        person, channel = self._people[event.who], event.detail
        if channel == "sms":
            stop_texts(session, person.phone or "", "text", "STOP", now)
        else:
            stop_everything(session, person.id, ("email",), Said("one-click", "Unsubscribe"), now)
        self._observer.stopped(person.id, channel, now)

    def _reply(self, session: Session, event: Event, now: datetime) -> None:
        delivery_id, channel, words = event.detail
        heard = self._ear.hear(session, event.who, delivery_id, channel, words, now)
        self._observer.wrote(event.who, now, waits=heard.waits)
        self.done["words" if heard.waits else "answers"] += 1
        if heard.waits and heard.thread_id not in self._taken_up:
            self._taken_up.add(heard.thread_id)
            manner = self._organizers[heard.responsible_id].manner if heard.responsible_id else Manner.CAREFUL
            rng = self._people[event.who].dice
            hours = rng.uniform(48, 140) if manner is Manner.LATE else rng.uniform(0.5, 20)
            self._at(now + timedelta(hours=hours), Event("answer", event.who, (heard.thread_id, channel)))

    def _answer(self, session: Session, event: Event, now: datetime) -> None:
        thread_id, channel = event.detail
        self._taken_up.discard(thread_id)
        thread = session.get_one(Thread, thread_id)
        organizer = self._organizers[thread.responsible_id or min(self._organizers)]
        hold_for = timedelta(hours=self._settings.conversations.hold_after_our_word_hours)
        answer(
            session, thread, organizer.id, ANSWER, now,
            key=f"{thread_id}:{self.done['answer']}", hold_for=hold_for, channel=channel,
        )  # fmt: skip
        self._observer.answered(event.who, now)
        if organizer.manner is not Manner.NEVER_CLOSES:
            self._at(now + timedelta(hours=30), Event("close", event.who, (thread_id, organizer.id)))

    def _close(self, session: Session, event: Event, now: datetime) -> None:
        thread_id, organizer_id = event.detail
        thread = session.get_one(Thread, thread_id)
        # Nobody closes a talk in which the member has written meanwhile.
        if thread.waits_since is None and close(session, thread, organizer_id, now) is not None:
            self._observer.closed(event.who, now)

    def _task(self, session: Session, event: Event, now: datetime) -> None:
        task = session.get_one(Task, event.who)
        by_id = event.detail or next(each.id for each in self._organizers.values() if each.chapter is None)
        names = [outcome["name"] for outcome in task.outcomes]
        choice = dice(self._seed, "outcome", event.who).choice(names) if names else None
        finish_task(session, task, by_id, "We talked, and it was good.", now, choice=choice)


def occasions(trigger: Trigger, member_id: int, version: Published) -> list[Event]:
    """What somebody does so that this trigger may begin a journey; what comes by itself needs nothing."""

    def noted(**detail: Any) -> list[Event]:
        return [Event("noted", member_id, (KINDS[type(trigger)], detail))]

    match trigger:
        case Joined() | Moved():
            return []
        case TagAdded(tag=word):
            return [Event("tag", member_id, word)]
        case ByHand():
            return [Event("by_hand", member_id, version.journey_id)]
        case FormFilled(form=name):
            return noted(form=name or "any")
        case RsvpGiven(event=name) | Came(event=name):
            return noted(event=name or "any")
        case Acted(action=name):
            return noted(action=name or "any")
        case Assessed(at_least=level):
            return noted(level=level)
        case WroteIn(by=by):
            words = next(iter(trigger.every_word), TALK["en"][0])
            return [Event("reply", member_id, (0, "sms" if by is Means.TEXT else "email", words))]
        case _:
            assert_never(trigger)
