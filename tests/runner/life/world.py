"""The world of a life: three members on three journeys, our process that may die anywhere, and whatever happens there.

Every happening is a method that takes plain values, so that a life can be told again: `told` is its whole history.
Beside it the world keeps what a bystander knows (who said stop and when, who talks with whom, where the clock stands),
in terms of its own, for the checks.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import event, select, update

from engine.base.broker import Broker
from engine.base.db import Database
from engine.base.services import Services
from engine.base.settings import Settings
from engine.base.tokens import TokenRing
from engine.conversations.closure import close
from engine.conversations.message import Words, file_words_in, file_words_out
from engine.conversations.question import Question, answer_question
from engine.conversations.task import Task, finish_task
from engine.conversations.thread import Thread, open_person_thread, open_thread
from engine.enrollments import journey as journey_versions
from engine.enrollments.choice import choose
from engine.enrollments.enrollment import Enrollment
from engine.enrollments.journey import publish_journey
from engine.enrollments.pause import latest_pause
from engine.enrollments.signal import signal
from engine.outbox.delivery import Delivery
from engine.outbox.receipts import bounced
from engine.outbox.stopping import start_texts, stop_texts
from engine.people.address import Address
from engine.people.consent import EVERYTHING, Channel, Said
from engine.people.fact import Noted, note_facts
from engine.people.member import Member, MemberTag, untag_many
from engine.people.member_pace import Wish, ask_pace
from engine.runner.moving import move_people, plan_moving
from engine.runner.pausing import pause, resume
from journeys.compiled import compiled
from journeys.vocabulary import AfterPause
from tests.runner.life.beginning import DESK, MEMBERS, START, ZONES, made, mailbox, phone, script_of
from tests.runner.life.outside import Mood, Outside, Provider, Relay
from tests.runner.life.process import Process
from tests.runner.life.scripts import EDITIONS, MAPPING, SLUGS

FOR_EVER = datetime.max.replace(tzinfo=UTC)
#: How long our own last word goes on holding journeys.
HELD_FOR = timedelta(hours=72)
OURS = "+14045550100"


@dataclass
class Known:
    """What a bystander knows of one member."""

    zone: str | None
    #: By channel and scope: the last word, and when in the order of all words.
    words: dict[tuple[str, str], tuple[bool, int]] = field(default_factory=dict)
    #: Until when a talk is open.
    talk: datetime | None = None
    wrote_at: datetime | None = None
    halvings: int = 0
    wished_until: datetime | None = None
    #: Channels on which their address is dead.
    dead: set[str] = field(default_factory=set)


@dataclass
class Told:
    """One happening, as it can be told again."""

    name: str
    values: dict[str, Any]


class World:
    """A town in a file; `mortal`: our process dies where the story says so.

    `asks_for_less`: the relay's "not now" is a mail host's wish for less, and what goes there takes turns.
    """

    def __init__(self, folder: Path, *, mortal: bool = True, asks_for_less: bool = True) -> None:
        self.now = START
        self.mortal = mortal
        (folder / "hearthline.db").write_bytes(made()[0])
        self.db = Database(f"sqlite:///{folder / 'hearthline.db'}")
        # What a power cut would take is not asked here, and every commit would wait for the disk.
        event.listen(self.db.engine, "connect", _hurry)
        settings = Settings.model_validate(
            {
                "data_dir": folder,
                "keys": ["1:" + "5a" * 32],
                "organization": {"name": "Neighbors for Progress", "postal_address": "PO Box 155, Duluth, MN"},
                "mail": {"domain": "nfp.example", "connections": 1},
                "doors": {"public_url": "https://nfp.example", "admin_url": "https://desk.nfp.example"},
                "sms": {
                    "account_sid": "AC" + "5a" * 16, "auth_token": "b7" * 16, "numbers": [OURS],
                    "per_second": 1000.0, "connections": 1, "look_ups": False, "picture_price": 0,
                },
            }
        )  # fmt: skip
        tokens = TokenRing(settings.key_ring())
        self.outside = Outside(tokens, lambda: self.now, asks_for_less=asks_for_less)
        self.services = Services(
            settings, _Hand(self), self.db, Broker(), tokens, Relay(self.outside), Provider(self.outside)
        )
        self.process = Process(self.services, folder / "hearthline.db")
        self.known = {member_id: Known(zone) for member_id, zone in zip(MEMBERS, ZONES, strict=True)}
        self.paused: dict[str, bool] = dict.fromkeys(SLUGS, False)
        self.editions: dict[str, int] = dict.fromkeys(SLUGS, 0)
        self.told: list[Told] = []
        #: By enrollment, the visits after which a new version was published that people were moved to.
        self.moved: dict[int, set[int]] = defaultdict(set)
        self.tick_of_words = 0
        self.bounces = 0
        #: Whether our process has done everything that was due at this moment.
        self.at_rest = False

    def happens(self, name: str, **values: Any) -> None:
        """That happening, which is told again with the history."""
        self.told.append(Told(name, values))
        self.at_rest = False
        getattr(self, name)(**values)

    def close(self) -> None:
        """Nothing is open any more."""
        self.services.broker.stop()
        self.process.glance.close()
        self.db.close()

    # What members do.

    def enrolls(self, who: int, slug: str) -> None:
        """Staff puts the member on the journey."""
        with self.db.write() as session:
            signal(session, "by_hand", MEMBERS[who], self.now, journey_id=self._journey_id(slug))

    def joins(self, who: int) -> None:
        """The member joins, once more."""
        with self.db.write() as session:
            signal(session, "joined", MEMBERS[who], self.now)

    def is_tagged(self, who: int, tag: str, *, told: bool) -> None:
        """The tag is on the member; `told`: a signal says so."""
        with self.db.write() as session:
            if session.get(MemberTag, (MEMBERS[who], tag)) is None:
                session.add(MemberTag(member_id=MEMBERS[who], tag=tag, created_at=self.now))
            if told:
                signal(session, "tagged", MEMBERS[who], self.now, tag=tag)

    def is_untagged(self, who: int, tag: str) -> None:
        """The tag is off, and nobody is told."""
        with self.db.write() as session:
            untag_many(session, [(MEMBERS[who], tag)])

    def has_birthday(self, who: int, days: int) -> None:
        """Their birthday, so many days from now, is written down."""
        day = (self.now + timedelta(days=days)).date().isoformat()
        with self.db.write() as session:
            for noted in note_facts(session, [Noted(MEMBERS[who], "birthday", day)]):
                signal(session, "fact", noted.member_id, self.now, fact=noted.fact)

    def answers(self, who: int, nth: int, *, more: bool = False, twice: bool = False) -> None:
        """A recognized answer to the latest open question, as the router files it; `more`: and a word for a person."""
        with self.db.write() as session:
            question = session.scalar(
                select(Question)
                .where(
                    Question.member_id == MEMBERS[who],
                    Question.answered_at.is_(None),
                    Question.until_at > self.now,
                )
                .order_by(Question.id.desc())
                .limit(1)
            )
            if question is None or not question.answers:
                return
            names = tuple(str(each["name"]) for each in question.answers)
            name = names[nth % len(names)]
            thread = self._thread(session, who)
            message = file_words_in(session, thread, Words(name), self.now, waits=more, answer_within=HELD_FOR)
            answer_question(question, name, message.id, self.now)
            for _ in range(2 if twice else 1):
                signal(
                    session, "answered", MEMBERS[who], self.now, enrollment_id=question.subject_id,
                    question_id=question.id, step=question.step, answer=name,
                )  # fmt: skip
            if more:
                signal(session, "replied", MEMBERS[who], self.now, message_id=message.id, thread_id=thread.id)
        self._wrote(who, talks=more)

    def writes(self, who: int, *, about: int | None = None, twice: bool = False) -> None:
        """Words for a person; `about`: they answer a letter of that one of their journeys."""
        with self.db.write() as session:
            thread = self._thread(session, who)
            message = file_words_in(
                session, thread, Words("Is the hall warm?"), self.now, waits=True, answer_within=HELD_FOR
            )
            enrollment = self._enrollment(session, who, about)
            for _ in range(2 if twice else 1):
                signal(
                    session, "replied", MEMBERS[who], self.now, enrollment_id=enrollment,
                    message_id=message.id, thread_id=thread.id,
                )  # fmt: skip
        self._wrote(who, talks=True)

    def is_heard_late(self, who: int, about: int, kind: str, step: str, said: str) -> None:
        """A fact that is long past, or about a step where they are not, comes after all."""
        with self.db.write() as session:
            enrollment = self._enrollment(session, who, about)
            detail = {"task_done": {"outcome": said}, "answered": {"answer": said}}.get(kind, {})
            signal(session, kind, MEMBERS[who], self.now, enrollment_id=enrollment, step=step, **detail)

    def stops(self, who: int, channel: Channel, scope: str) -> None:
        """They want no more of it."""
        self._says(who, channel, scope, wanted=False)

    def starts(self, who: int, channel: Channel, scope: str) -> None:
        """They want it again."""
        self._says(who, channel, scope, wanted=True)

    def moves_house(self, who: int, zone: str | None) -> None:
        """They live in another zone, or nobody knows where."""
        with self.db.write() as session:
            session.execute(update(Member).where(Member.id == MEMBERS[who]).values(zone=zone))
            signal(session, "fact", MEMBERS[who], self.now, fact="zone")
        self.known[MEMBERS[who]].zone = zone

    def asks_for(self, who: int, wish: str) -> None:
        """LESS, PAUSE or MORE."""
        with self.db.write() as session:
            pace = ask_pace(session, MEMBERS[who], Wish(wish), self.now)
        known = self.known[MEMBERS[who]]
        match Wish(wish):
            case Wish.LESS:
                known.halvings += 1
            case Wish.PAUSE:
                known.wished_until = self.now + timedelta(days=30)
            case Wish.MORE:
                known.halvings, known.wished_until = 0, None
        assert pace is not None

    # What the world does.

    def bounces_back(self, who: int) -> None:
        """Their latest mail comes back for good."""
        with self.db.write() as session:
            delivery = session.scalar(
                select(Delivery.id)
                .where(Delivery.member_id == MEMBERS[who], Delivery.channel == "email", Delivery.state == "sent")
                .order_by(Delivery.id.desc())
                .limit(1)
            )
            if delivery is None:
                return
            self.bounces += 1
            # Of a letter that came back before, and to an address that was set right since, nobody learns anything new.
            counts = bounced(
                session, delivery, True, "5.1.1", "No such mailbox.", f"bounce {self.bounces}", None, self.now
            )  # fmt: skip
        if counts:
            self.known[MEMBERS[who]].dead.add("email")

    def has_a_new_address(self, who: int) -> None:
        """Their mailbox and phone work again."""
        with self.db.write() as session:
            session.execute(
                update(Address)
                .where(Address.member_id == MEMBERS[who])
                .values(resting_since=None, resting_reason="")
            )  # fmt: skip
        self.known[MEMBERS[who]].dead.clear()

    def is_in_a_mood(self, who: int, channel: str, mood: str) -> None:
        """So it goes with the next message to them."""
        address = mailbox(MEMBERS[who]) if channel == "email" else phone(MEMBERS[who])
        if len(self.outside.moods[address]) < 3:
            self.outside.moods[address].append(Mood(mood))

    def time_passes(self, **span: float) -> None:
        """Nobody does anything meanwhile."""
        self.now += timedelta(**span)

    # What people here do.

    def is_answered(self, who: int) -> None:
        """Somebody here answers them."""
        with self.db.write() as session:
            thread = open_person_thread(session, MEMBERS[who])
            if thread is None:
                return
            file_words_out(session, thread, Words("It is."), self.now, hold_for=HELD_FOR)
        self.known[MEMBERS[who]].talk = self.now + HELD_FOR

    def is_over(self, who: int) -> None:
        """The conversation is closed."""
        with self.db.write() as session:
            thread = open_person_thread(session, MEMBERS[who])
            if thread is None:
                return
            close(session, thread, DESK, self.now)
        self.known[MEMBERS[who]].talk = None

    def is_called(self, who: int, nth: int) -> None:
        """Somebody did a task about them, and says how it was."""
        with self.db.write() as session:
            task = session.scalar(
                select(Task)
                .where(Task.member_id == MEMBERS[who], Task.done_at.is_(None))
                .order_by(Task.id)
                .limit(1)
            )  # fmt: skip
            if task is not None:
                names = [str(each["name"]) for each in task.outcomes]
                choice = names[nth % len(names)] if names else None
                finish_task(session, task, DESK, "We talked.", self.now, choice=choice)

    def is_edited(self, slug: str, *, moves: bool) -> None:
        """The journey's next version is published; `moves`: and those under way go on upon it."""
        self.editions[slug] += 1
        turn = self.editions[slug] % len(EDITIONS[slug])
        source = EDITIONS[slug][turn]
        with self.db.write() as session:
            script = script_of(source)
            publish_journey(session, source, script, compiled(script), made()[1], self.now)
        if moves:
            for enrollment_id, visit_at in self.process.glance.execute("SELECT enrollment_id, prev_at FROM due"):
                self.moved[enrollment_id].add(visit_at)
            with self.db.read() as session:
                plan = plan_moving(session, slug, _sayable(session, slug, MAPPING[slug][turn]))
            assert not plan.refused, plan.refused
            move_people(self.db, plan, self.now)

    def rests(self, slug: str) -> None:
        """The journey is paused."""
        with self.db.write() as session:
            pause(session, slug, "", self.now)
        self.paused[slug] = True

    def goes_on(self, slug: str, rule: str | None) -> None:
        """The journey is resumed, or what its pause kept back is decided."""
        with self.db.write() as session:
            last = latest_pause(session, self._journey_id(slug))
            undecided = (
                last is not None and last.rule == AfterPause.ASK and last.judged_at is not None
                and last.decided_at is None and last.overdue > 0
            )  # fmt: skip
            chosen = AfterPause(rule) if rule is not None else None
            if not self.paused[slug]:
                if not undecided:
                    return
                chosen = chosen if chosen in (AfterPause.SKIP, AfterPause.NEWEST) else AfterPause.SKIP
            resume(session, slug, self.now, rule=chosen)
        self.paused[slug] = False

    # What our process does.

    def works(self, dies_after: int | None = None, batch: int = 500) -> None:
        """Everything due at this moment is done; `dies_after` so many statements we die, and a new process goes on.

        A life told again without its deaths is the same life. `batch`: steps settled in one transaction.
        """
        self.process.works(dies_after if self.mortal else None, batch)
        self.at_rest = True

    # Small things.

    def _thread(self, session: Any, who: int) -> Thread:
        return open_person_thread(session, MEMBERS[who]) or open_thread(
            session, self.now, member_id=MEMBERS[who], chapter_id=None, subject="", reason="Wrote to us."
        )

    def _enrollment(self, session: Any, who: int, nth: int | None) -> int | None:
        if nth is None:
            return None
        ids = session.scalars(
            select(Enrollment.id).where(Enrollment.member_id == MEMBERS[who]).order_by(Enrollment.id.desc())
        ).all()
        return ids[nth % len(ids)] if ids else None

    def _wrote(self, who: int, *, talks: bool) -> None:
        known = self.known[MEMBERS[who]]
        known.wrote_at = self.now
        if talks:
            known.talk = FOR_EVER

    def _says(self, who: int, channel: Channel, scope: str, *, wanted: bool) -> None:
        member_id = MEMBERS[who]
        with self.db.write() as session:
            if channel == "sms" and scope == EVERYTHING:
                if wanted:
                    start_texts(session, phone(member_id), "START", self.now)
                    choose(session, member_id, "sms", scope, True, Said("text"), self.now)
                else:
                    stop_texts(session, phone(member_id), "text", "STOP", self.now)
            else:
                choose(session, member_id, channel, scope, wanted, Said("preferences"), self.now)
        self.tick_of_words += 1
        known = self.known[member_id]
        if scope == EVERYTHING:
            # A word about everything is one about each of its parts.
            known.words = {
                key: word for key, word in known.words.items() if key[0] != channel or (not wanted and not word[0])
            }
        known.words[channel, scope] = (wanted, self.tick_of_words)

    @cache  # noqa: B019
    def _journey_id(self, slug: str) -> int:
        with self.db.read() as session:
            return session.scalars(
                select(journey_versions.Journey.id).where(journey_versions.Journey.slug == slug)
            ).one()


class _Hand:
    """The world's clock."""

    def __init__(self, world: World) -> None:
        self.world = world

    def now(self) -> datetime:
        """The moment it is."""
        return self.world.now


def _hurry(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def _sayable(session: Any, slug: str, said: Mapping[str, str]) -> dict[str, str]:
    """What of the mapping can be said: only of steps that a version had."""
    journeys = journey_versions
    ids = session.scalars(
        select(journeys.JourneyVersion.id)
        .join(journeys.Journey, journeys.Journey.id == journeys.JourneyVersion.journey_id)
        .where(journeys.Journey.slug == slug)
    ).all()
    known = {step for version_id in ids for step in journeys.load_version(session, version_id).script.ids}
    return {old: new for old, new in said.items() if old in known}
