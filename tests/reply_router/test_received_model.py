"""A model of received rows: whatever comes in, in whatever order, however often, and wherever a worker dies.

Afterwards each row has one outcome and they sum to received; the words of each stand in exactly one place; and whoever
waits has a person, while anybody answers here at all.
"""

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import replace
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import select, update

from engine.base.db import Database
from engine.base.errors import Unread
from engine.base.ids import new_id
from engine.base.setting_groups.texting import Texting
from engine.chapters.membership import give_role
from engine.conversations.assignment import assign, may_answer, may_speak
from engine.conversations.balance import balance
from engine.conversations.closure import close
from engine.conversations.handing_over import adopt, end_roles, leave
from engine.conversations.message import Message
from engine.conversations.received import OUTCOMES, Received
from engine.conversations.thread import Thread
from engine.outbox.post import answer
from engine.people.absence import comes_back, goes_away
from inbound.receive import Accepted, Acceptor, Arrival
from reply_router import mail_case, route, routing, understanding
from reply_router.routing import route_due, route_one
from reply_router.taken import MOST_TRIES
from tests.database import database_in
from tests.outbox.conftest import FURNISHED, House, house_on
from tests.reply_router.conversation import DOMAIN, Town
from tests.reply_router.crash import dies_after
from tests.reply_router.reports import complaint, returned
from tests.reply_router.texting import KEI, NOBODY, OURS, ROSA, WALT, Phones

PEOPLE = ("Rosa", "Walt", "Kei")
PHONES = {"Rosa": ROSA, "Walt": WALT, "Kei": KEI, "": NOBODY}
WORDS = (
    "Yes!", "meet", "no thanks", "Can my kids come on Saturday?", "STOP", "stop", "HELP", "START", "LEAVE ATLANTA",
    "less", "pause", "please stop texting me", "stop by at six?", "", "1", "yes", "\N{THUMBS UP SIGN}", "#close",
    "unsubscribe", "JOIN", "ENOUGH", "Liked “see you Saturday”",
)  # fmt: skip
WHO = st.sampled_from(PEOPLE)
SAID = st.sampled_from(WORDS)
#: Where a worker may die: the steps of routing, as they are called there.
STEPS = ("judge", "find", "case_of", "_file", "file_once", "understand", "settle")


class Model(RuleBasedStateMachine):
    """One town; rows come in and wait until a worker takes them up."""

    #: Where each life has a folder of its own, and what makes its database there.
    folder: Path
    database: Callable[[Path], Database] | None = None

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self.town, self.phones = _town(self._stack, self.folder, self.database)
        self.letters = {name: self.town.letter(name, "choose") for name in PEOPLE}
        self.waiting: list[int] = []
        self.came: list[tuple[bytes, str, str]] = []
        self.called: list[str] = []
        self.texted: list[tuple[str, str, str]] = []

    def teardown(self) -> None:
        """The end of every run: what waits is settled, and the books are read."""
        try:
            self._settle()
            self._books()
        finally:
            self._stack.close()

    # ---- what comes in

    def _mail(self, raw: bytes, to: str, mail_from: str, dmarc: str = "pass") -> None:
        self.came.append((raw, to, mail_from))
        self.waiting += self.town.accepts(raw, to, mail_from=mail_from, dmarc=dmarc)

    @rule(
        who=WHO, text=SAID, changed=st.booleans(), elsewhere=st.booleans(), dmarc=st.sampled_from(["pass", "", "fail"])
    )
    def somebody_answers(self, who: str, text: str, changed: bool, elsewhere: bool, dmarc: str) -> None:
        """A member answers their letter, from their own address or another, proven or not."""
        letter = self.letters[who]
        address = f"{who.lower()}@{'work' if elsewhere else 'home'}.example"
        subject = "Something else" if changed else f"Re: {letter['Subject']}"
        headers = {"In-Reply-To": str(letter["Message-ID"])}
        to = parseaddr(str(letter["Reply-To"]))[1]
        self._mail(self.town.mail(f"{who} <{address}>", to, subject, text, **headers), to, address, dmarc)

    @rule(
        who=st.sampled_from([*PEOPLE, "Stranger"]),
        to=st.sampled_from(["atlanta", "duluth", "hello", "nobody", f"r-{'b' * 48}", f"b-{'c' * 48}", f"s-{'d' * 48}"]),
        text=SAID,
        dmarc=st.sampled_from(["pass", ""]),
    )
    def somebody_writes(self, who: str, to: str, text: str, dmarc: str) -> None:
        """Mail that answers nothing: to a chapter, the desk, nobody, or a forged address."""
        address = f"{who.lower()}@home.example"
        self._mail(
            self.town.mail(f"{who} <{address}>", f"{to}@{DOMAIN}", "Hello", text), f"{to}@{DOMAIN}", address, dmarc
        )

    @rule(who=WHO, forged=st.booleans(), kind=st.sampled_from(["away", "bounce", "complaint", "loop"]))
    def a_machine_writes(self, who: str, forged: bool, kind: str) -> None:
        """An away note, mail that came back, a complaint, or our own letter again."""
        letter = self.letters[who]
        reply = parseaddr(str(letter["Reply-To"]))[1]
        path = next(
            each.mail_from for each in self.town.house.relay.taken if each.mail["Message-ID"] == letter["Message-ID"]
        )
        path = f"b-{'x' * 48}@{DOMAIN}" if forged else path
        match kind:
            case "away":
                raw = self.town.mail(
                    f"{who.lower()}@home.example", reply, "Away", "Back on Monday.", Auto_Submitted="auto-replied"
                )
                self._mail(raw, reply, "")
            case "bounce":
                self._mail(returned(letter, path, number=len(self.came)), path, "")
            case "complaint":
                self._mail(complaint("no letter of ours" if forged else letter.as_string()), f"abuse@{DOMAIN}", "")
            case _:
                self._mail(letter.as_bytes(), reply, f"{who.lower()}@home.example")

    @rule(who=st.sampled_from([*PEOPLE, ""]), text=SAID)
    def somebody_texts(self, who: str, text: str) -> None:
        """A text from a member's phone, or from nobody we know."""
        sid = f"SM{new_id():032x}"
        self.texted.append((PHONES[who], text, sid))
        self.waiting.append(self.phones.accepts(PHONES[who], text, sid=sid))

    @rule(who=st.sampled_from([*PEOPLE, ""]), again=st.booleans())
    def somebody_calls(self, who: str, again: bool) -> None:
        """They leave words after the tone; of two calls the provider tells of one again."""
        number = len(self.called) - 1 if again and self.called else len(self.called)
        self.called.append(who)
        call, recording = f"CA{number:032x}", f"RE{number:032x}"
        form = {
            "CallSid": call, "From": PHONES[self.called[number]], "To": OURS, "CallStatus": "completed",
            "RecordingSid": recording, "RecordingUrl": f"https://api.twilio.com/Recordings/{recording}",
            "RecordingDuration": "9",
        }  # fmt: skip
        arrival = Arrival(
            "voice", (OURS,), urlencode(form).encode(), mail_from=form["From"], provider="twilio", provider_id=recording
        )
        answered = self.town.acceptor.submit(arrival).result(60)
        assert isinstance(answered, Accepted)
        self.waiting += answered.received_ids

    @rule(which=st.integers(0, 50), text=st.booleans())
    def the_same_comes_again(self, which: int, text: bool) -> None:
        """A server tries once more, or the provider calls twice."""
        if text and self.texted:
            phone, words, sid = self.texted[which % len(self.texted)]
            self.waiting.append(self.phones.accepts(phone, words, sid=sid))
        elif self.came:
            raw, to, mail_from = self.came[which % len(self.came)]
            self.waiting += self.town.accepts(raw, to, mail_from=mail_from)

    # ---- what is done with it

    @rule(seed=st.integers(0, 1000), step=st.sampled_from(STEPS))
    def a_worker_dies_at_it(self, seed: int, step: str) -> None:
        """The process ends right after that step; another finds the row when its lease is over."""
        if not self.waiting:
            return
        row = self.waiting[seed % len(self.waiting)]
        with self._power_goes_after(step, row), suppress(RuntimeError, Unread):
            route_one(self.town.house.services, row)
        self._leases_end()

    @rule(seed=st.integers(0, 1000), many=st.integers(1, 6))
    def two_workers_take_up(self, seed: int, many: int) -> None:
        """Both are woken for the same rows, in different orders."""
        rows = self.waiting[:]
        random.Random(seed).shuffle(rows)
        rows = rows[:many]
        with ThreadPoolExecutor(2) as workers:
            list(workers.map(self._route, [rows, rows[::-1]]))

    def _route(self, rows: list[int]) -> None:
        for row in rows:
            route_one(self.town.house.services, row)

    @rule(seed=st.integers(0, 1000), step=st.sampled_from(["", *STEPS]))
    def a_worker_takes_up_all_that_is_due(self, seed: int, step: str) -> None:
        """They are settled together; or one of them breaks it each time, and then each goes by itself."""
        if not self.waiting:
            return
        row = self.waiting[seed % len(self.waiting)]
        with self._power_goes_after(step, row), suppress(RuntimeError, Unread):
            route_due(self.town.house.services, row)
        self._leases_end()

    def _power_goes_after(self, step: str, row: int) -> AbstractContextManager[None]:
        """But not at the last try of a row: whatever breaks it then too would leave it to the list."""
        if not step or self.town.row(row).attempts >= MOST_TRIES:
            return nullcontext()
        return dies_after(step, routing, understanding, route, mail_case)

    @rule(
        which=st.integers(0, 50), what=st.sampled_from(["close", "answer", "assign", "quit", "return", "away", "back"])
    )
    def an_organizer_does(self, which: int, what: str) -> None:
        """Denise closes, answers, hands on, leaves and comes again."""
        house, denise = self.town.house, self.town.person_id("Denise")
        with house.services.db.write() as session:
            threads = session.scalars(select(Thread).where(Thread.kind == "person").order_by(Thread.id)).all()
            now = house.now
            match what:
                case "quit":
                    end_roles(session, denise, None, now)
                case "return" if not may_answer(session, denise, self.town.chapters["Atlanta"]):
                    give_role(session, denise, self.town.chapters["Atlanta"], "steward", now)
                case "away":
                    leave(session, goes_away(session, denise, now + timedelta(days=2), denise, "page", now), now)
                case "back":
                    comes_back(session, denise, denise, now)
                case "close" | "answer" | "assign" if threads:
                    thread = threads[which % len(threads)]
                    if what == "close":
                        close(session, thread, denise, now)
                    elif what == "assign":
                        assign(session, thread, self.town.person_id("Maya"), denise, "by hand", now)
                    elif thread.member_id is not None or "@" in thread.correspondent:
                        answer(session, thread, self.town.person_id("Maya"), "Thank you!", now, key=str(new_id()))
                case _:
                    pass

    @rule(minutes=st.sampled_from([1, 61, 60 * 25]))
    def time_passes(self, minutes: int) -> None:
        """A minute, an hour, a day."""
        self.town.house.later(minutes=minutes)

    # ---- what holds

    def _leases_end(self) -> None:
        with self.town.house.services.db.write() as session:
            session.execute(update(Received).where(Received.outcome.is_(None)).values(leased_until_at=None))

    def _settle(self) -> None:
        for _ in range(5):
            self._leases_end()
            with self.town.house.services.db.read() as session:
                rows = list(session.scalars(select(Received.id).where(Received.outcome.is_(None))))
            if not rows:
                break
            self._route(rows)
        with self.town.house.services.db.write() as session:
            adopt(session, self.town.house.now)

    def _books(self) -> None:
        town = self.town
        with town.house.read() as session:
            rows = list(session.scalars(select(Received)))
            messages = list(session.scalars(select(Message).where(Message.received_id.is_not(None))))
            threads = {each.id: each for each in session.scalars(select(Thread))}
            sums = balance(session)
        assert sums.unsettled == 0 and sum(sums.outcomes.values()) == sums.received == len(rows)
        by_row = Counter(message.received_id for message in messages)
        assert max(by_row.values(), default=1) == 1, "words stand twice"
        by_id = {row.id: row for row in rows}
        words = {message.received_id: message for message in messages}
        for row in rows:
            assert row.outcome in OUTCOMES and row.reason and not row.reason.startswith("broken:"), row.reason
            if row.outcome == "duplicate":
                first = by_id[row.duplicate_of or 0]
                assert row.id not in words, "a duplicate stands beside the first"
                assert (row.thread_id, row.message_id) == (first.thread_id, first.message_id), row.reason
            elif row.effect != "tap":
                assert row.id in words and row.message_id == words[row.id].id, (row.outcome, row.reason)
                assert row.outcome not in ("thread", "needs_person") or row.thread_id in threads, row.reason
        with town.house.read() as session:
            for thread in threads.values():
                if thread.kind == "person" and thread.closure_id is None and thread.waits_since is not None:
                    assert thread.answer_due_at is not None, thread.reason
                    person = thread.responsible_id
                    if person is None:
                        # It stands in what needs a person, and is somebody's once its time has come.
                        assert thread.answer_due_at > town.house.now, (thread.reason, thread.detail)
                    else:
                        # Their member's own organizer answers them in another chapter too.
                        assert may_speak(session, person, thread), thread.reason


def _town(stack: ExitStack, folder: Path, make: Callable[..., Database] | None) -> tuple[Town, Phones]:
    """A town with Atlanta (Denise) and Duluth, Maya at the desk, and three members with phones."""
    path = Path(stack.enter_context(TemporaryDirectory(dir=folder)))
    if make is None:
        db = database_in(path, FURNISHED)
    else:
        db = make(path, FURNISHED)
    house: House = stack.enter_context(house_on(db, path, FURNISHED.known(db.name)))
    texting = Texting(account_sid="AC1", auth_token="secret", numbers=[OURS])
    house.services = replace(house.services, settings=house.services.settings.model_copy(update={"sms": texting}))
    acceptor = Acceptor(house.services.db, house.services.clock, house.services.broker)
    acceptor.start()
    stack.callback(acceptor.stop)
    town = Town(house, acceptor)
    town.chapter("Atlanta")
    town.chapter("Duluth")
    town.organizer("Denise Okafor", "Atlanta", "steward")
    town.member("Rosa Marin", "Atlanta", organizer="Denise")
    town.member("Walt Brandt", "Atlanta")
    town.member("Kei Sato", "Duluth")
    phones = Phones(town)
    for name in PEOPLE:
        phones.has(name, PHONES[name])
    return town, phones


def _lived(folder: Path, examples: int, steps: int) -> None:
    Model.folder = folder
    run_state_machine_as_test(
        Model,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


def test_whatever_comes_in_whatever_order_each_row_ends_once_and_whoever_waits_has_a_person(tmp_path: Path) -> None:
    _lived(tmp_path, examples=3, steps=20)


@pytest.mark.long
def test_the_same_over_many_more_lives(tmp_path: Path) -> None:
    _lived(tmp_path, examples=300, steps=60)
