"""Every row ends in one outcome, once: sent again, crashed half way, poisoned, leased, or to several of us."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from engine.base.errors import Unavailable
from engine.conversations.inbox import inbox
from engine.conversations.message import Message
from engine.conversations.received import OUTCOMES, FiledKey, Received
from engine.conversations.scope import scope_of, threads_in
from engine.conversations.thread import Thread
from engine.runner.scheduler import Scheduler
from reply_router import asked, branch, filing, jobs, mail_case, route, routing
from reply_router.content import fingerprint, loop_marks
from reply_router.routing import route_one
from reply_router.taken import MOST_TRIES
from tests.database import on_both_databases
from tests.reply_router.conversation import DOMAIN, Town
from tests.reply_router.crash import dies_after

ROSA = "Rosa Marin <rosa@home.example>"
ANA = "Ana Lima <ana@elsewhere.example>"


def _words(town: Town) -> int:
    with town.house.read() as session:
        return session.scalar(select(func.count()).where(Message.kind == "in")) or 0


@on_both_databases
def test_a_mail_sent_again_by_its_server_stands_once(town: Town) -> None:
    to = parseaddr(str(town.letter("Rosa")["Reply-To"]))[1]
    raw = town.mail(ROSA, to, "Re: hi", "Hello.")
    first = town.hears(b"Received: from a by b; Mon, 2 Mar 2026\r\nX-Spam: no\r\n" + raw, to)
    second = town.hears(b"Received: from a by b; Tue, 3 Mar 2026\nDKIM-Signature: v=1;\n b=x\n" + raw, to.upper())
    assert (second.outcome, second.duplicate_of) == ("duplicate", first.id)
    assert (second.thread_id, second.message_id) == (first.thread_id, first.message_id)
    assert _words(town) == 1 and town.is_balanced()


def test_a_used_message_id_with_other_words_is_kept_and_marked(town: Town) -> None:
    letter = town.letter("Rosa")
    town.answers("Rosa", letter, "First.", Message_ID="<same@home.example>")
    row = town.answers("Rosa", letter, "Second.", Message_ID="<same@home.example>")
    assert row.outcome == "thread" and "re-used id" in town.thread(row).marks
    assert [each.text for each in town.timeline(row) if each.kind == "in"] == ["First.", "Second."]


@on_both_databases
def test_one_mail_to_the_token_and_the_chapter_stands_once(town: Town) -> None:
    to = parseaddr(str(town.letter("Rosa")["Reply-To"]))[1]
    raw = town.mail(ROSA, f"{to}, atlanta@{DOMAIN}", "Re: hi", "To both of you.")
    rows = [town.row(each) for each in town.accepts(raw, to, f"atlanta@{DOMAIN}")]
    assert [route_one(town.house.services, row.id) for row in rows] == ["thread", "duplicate"]
    assert town.row(rows[1].id).duplicate_of == rows[0].id
    assert _words(town) == 1 and town.is_balanced()


@on_both_databases
@pytest.mark.parametrize("from_", [ROSA, ANA])
def test_one_mail_to_two_chapters_is_one_conversation_that_both_see_and_one_person_answers(
    town: Town, from_: str
) -> None:
    rooms = (f"atlanta@{DOMAIN}", f"duluth@{DOMAIN}")
    if from_ == ROSA:
        private = town.writes(ROSA, rooms[0], "A word for Atlanta alone.")
    ids = town.accepts(town.mail(from_, rooms[0], "Both", "Who has a ladder?", Cc=rooms[1]), *rooms)
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda each: route_one(town.house.services, each), ids))
    assert set(outcomes) == ({"thread"} if from_ == ROSA else {"needs_person"})
    one, other = map(town.row, ids)
    assert one.thread_id == other.thread_id and one.message_id == other.message_id is not None
    assert any(row.reason.startswith("several_") for row in (one, other))
    with town.house.read() as session:
        for name in ("Denise", "Ingrid"):
            sees = session.scalars(select(Thread.id).where(threads_in(scope_of(session, town.person_id(name))))).all()
            assert one.thread_id in sees, name
        scope = scope_of(session, town.person_id("Ingrid"))
        ingrid = inbox(session, scope, "chapters", "open", "newest", town.house.now)
        assert [row.thread_id for row in ingrid.rows] == [one.thread_id], "a private talk of Atlanta is not shown"
    thread = town.thread(one)
    assert any(each.startswith("also in ") for each in thread.marks)
    if from_ == ROSA:
        assert private.thread_id != one.thread_id
        assert thread.responsible_id == town.person_id("Denise")
    assert town.is_balanced()


@on_both_databases
def test_a_row_is_settled_once_however_often_it_is_woken(town: Town) -> None:
    to = parseaddr(str(town.letter("Rosa")["Reply-To"]))[1]
    (received_id,) = town.accepts(town.mail(ROSA, to, "Re: hi", "Hello."), to)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: route_one(town.house.services, received_id), range(8)))
    assert sorted(map(str, outcomes)) == ["None"] * 7 + ["thread"]
    assert _words(town) == 1


STEPS = ("find", "judge", "file_once", "_file", "see_to_it", "signal", "file_words_in", "take_branch")


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step_leaves_nothing_and_the_next_try_files_it_once(town: Town, step: str) -> None:
    letter = town.letter("Rosa", "choose")
    to = parseaddr(str(letter["Reply-To"]))[1]
    raw = town.mail(ROSA, to, f"Re: {letter['Subject']}", "Meet neighbors. And I sing.")
    (received_id,) = town.accepts(raw, to)
    with dies_after(step, route, mail_case, filing, asked, branch), pytest.raises(RuntimeError):
        route_one(town.house.services, received_id)
    with town.house.read() as session:
        assert session.scalar(select(func.count()).select_from(FiledKey)) == 0
    assert town.threads() == [] and _words(town) == 0 and town.signals("Rosa") == []
    assert town.question("Rosa").answered_at is None
    assert town.row(received_id).attempts == 1
    with town.house.services.db.write() as session:
        jobs.free(session)
    assert route_one(town.house.services, received_id) == "thread"
    assert _words(town) == 1 and [each.kind for each in town.signals("Rosa")] == ["answered", "replied"]
    assert town.is_balanced()


def _tries(town: Town, received_id: int) -> list[str | None]:
    outcomes: list[str | None] = []
    for _ in range(MOST_TRIES + 1):
        with town.house.services.db.write() as session:
            jobs.free(session)
        try:
            outcomes.append(route_one(town.house.services, received_id))
        except RuntimeError:
            outcomes.append("crashed")
    return outcomes


def test_a_mail_that_cannot_even_be_filed_is_settled_by_itself(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    (received_id,) = town.accepts(town.mail(ROSA, f"hello@{DOMAIN}", "Hi", "Poison."), f"hello@{DOMAIN}")

    def dies(*_: object, **__: object) -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr(route, "case_of", dies)
    assert _tries(town, received_id) == ["crashed"] * MOST_TRIES + ["needs_person"]
    assert town.row(received_id).reason.startswith("broken:")
    assert town.is_balanced()


def test_our_own_trouble_is_not_counted_against_the_mail(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    (received_id,) = town.accepts(town.mail(ROSA, f"hello@{DOMAIN}", "Hi", "Hello."), f"hello@{DOMAIN}")

    def away(*_: object, **__: object) -> None:
        raise Unavailable("The database cannot be used just now.")

    with monkeypatch.context() as patched:
        patched.setattr(routing, "settle", away)
        for _ in range(5):
            with pytest.raises(Unavailable):
                route_one(town.house.services, received_id)
    assert town.row(received_id).attempts == 0
    assert route_one(town.house.services, received_id) == "thread"


def test_a_sweep_finds_what_nobody_was_woken_for_and_what_a_dead_worker_left(town: Town) -> None:
    services = town.house.services
    to = f"hello@{DOMAIN}"
    lost, left, held = (town.accepts(town.mail(ROSA, to, "Hi", f"Number {number}"), to)[0] for number in range(3))
    wall = datetime.now(UTC)
    with services.db.write() as session:
        for received_id, until in ((left, wall - timedelta(seconds=1)), (held, wall + timedelta(seconds=50))):
            session.execute(
                update(Received).where(Received.id == received_id).values(leased_until_at=until, attempts=1)
            )
    with services.db.read() as session:
        assert jobs.SWEEPS[0].due(session, services.clock.now()) == [lost, left]
    # A process that starts on this file is alone with it: what another left is due at once.
    jobs.register(services.broker, services)
    services.broker.start()
    Scheduler(services, jobs.SWEEPS).sweep_once()
    assert services.broker.settle(20)
    assert {town.row(each).outcome for each in (lost, left, held)} == {"thread"}
    assert town.is_balanced()


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    raw=st.one_of(
        st.binary(max_size=600),
        st.builds(
            lambda head, body: b"\r\n".join(b": ".join(pair) for pair in head) + b"\r\n\r\n" + body,
            st.lists(
                st.tuples(
                    st.sampled_from(
                        [b"From", b"To", b"Subject", b"Message-ID", b"In-Reply-To", b"Content-Type", b"Auto-Submitted",
                         b"X-Hearthline-Loop", b"Date", b"Return-Path", b"List-Unsubscribe"]
                    ),
                    st.one_of(
                        st.binary(max_size=60),
                        st.sampled_from(
                            [b"rosa@home.example", b"=?utf-8?q?=00=0D=0A?=", b"multipart/report; boundary=x",
                             b"message/rfc822", b"text/calendar; method=REPLY", b"<1.2@nfp.example>", b"\xff\xfe"]
                        ),
                    ),
                ),
                max_size=8,
            ),
            st.one_of(st.binary(max_size=300), st.sampled_from([b"stop", b"#close", b"meet", b"--x\r\n\r\n--x--"])),
        ),
    ),
    to=st.integers(0, 6),
    mail_from=st.sampled_from(["", "rosa@home.example", "<>", "\ud800@x.example"]),
)  # fmt: skip
def test_any_bytes_end_in_exactly_one_outcome(town: Town, raw: bytes, to: int, mail_from: str) -> None:
    if "Letter" not in town.chapters:
        town.letter("Rosa", "choose")
        town.chapters["Letter"] = 0
    letter = town.house.mails("Rosa")[0]
    places = (
        parseaddr(str(letter["Reply-To"]))[1], town.house.relay.taken[0].mail_from, f"atlanta@{DOMAIN}",
        f"hello@{DOMAIN}", f"r-{'b' * 48}@{DOMAIN}", "", f"{'x' * 400}@{DOMAIN}",
    )  # fmt: skip
    row = town.hears(raw, places[to], mail_from=mail_from)
    assert row.outcome in OUTCOMES and row.reason and row.attempts == 1
    assert not row.reason.startswith("broken:")
    if row.outcome in ("thread", "needs_person", "command"):
        assert row.thread_id is not None and row.message_id is not None
    assert town.is_balanced()


@given(st.binary(max_size=400), st.randoms(use_true_random=False))
def test_trace_headers_change_no_fingerprint(body: bytes, chance: random.Random) -> None:
    head = b"From: a@b.example\r\nSubject: x\r\n folded\r\n"
    trace = [b"Received: by us\r\n\tfor you\r\n", b"X-Anything: 1\r\n", b"ARC-Seal: i=1\r\n", b"Return-Path: <a@b>\r\n"]
    chance.shuffle(trace)
    plain = head + b"\r\n" + body
    assert fingerprint(b"".join(trace) + plain) == fingerprint(plain)
    assert fingerprint(plain) != fingerprint(head + b"To: c@d.example\r\n\r\n" + body)
    assert fingerprint(plain) != fingerprint(head + b"\r\n" + body + b"!")


@pytest.mark.parametrize("gap", [b"\r\n\r\n", b"\n\n", b"\n\r\n", b"\r\r\n\r\r\n"])
def test_other_words_are_another_mail_however_lines_end(gap: bytes) -> None:
    head = b"From: a@b.example\nSubject: x" + gap
    assert fingerprint(head + b"One.\n\nTwo.\n") != fingerprint(head + b"Another.\n\nTwo.\n")
    assert fingerprint(head + b"One.\n\nTwo.\n") == fingerprint(head + b"One.\r\n\r\nTwo.\r\n\r\n")


ENDLESS = [b"a\n", b"X: y\n", b" \n", b"\r", b"a", b"X-Hearthline-Loop: 1.a\n", b"\n", b"\r\n"]


@pytest.mark.parametrize("line", ENDLESS)
def test_of_an_endless_header_the_router_itself_looks_at_the_beginning_only(line: bytes) -> None:
    began = time.process_time()
    raw = b"Subject: x\n" + line * (20_000_000 // len(line))
    made = time.process_time() - began
    assert fingerprint(raw) != fingerprint(raw + b"!") and len(loop_marks(raw)) < 20_000
    assert time.process_time() - began - made < 4, "hashing 40 MB takes a tenth of a second"
