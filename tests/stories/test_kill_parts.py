"""kill -9 of every part in turn, scaled out, while members write: nothing lost, nothing said or filed twice.

The senders out there do what mail servers and the provider of texts do: they come again until we say yes. A yes that
was cut off by a kill makes a second copy, which is a duplicate by its own key, and never a second message.
"""

import os
import smtplib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select

from admin.sandbox.fleet import Fleet
from admin.sandbox.pen import bare_address, post, refused_for_good
from engine.base.db import Database
from engine.base.errors import Unavailable
from engine.conversations.message import Message
from engine.conversations.thread import Thread
from engine.migrations import migrate
from engine.outbox.post import answer
from tests.figures import note
from tests.servers.server import Postgres, Redis, Server
from tests.servers.shared import VARIABLE
from tests.stories.neighbor import Neighbor
from tests.stories.town import OUR_NUMBER, Town
from tests.waiting import soon

#: Seconds between a killed part's death and its next start, and from there to the next kill.
DOWN, UP = 0.3, 1.2
#: Seconds for everything to have settled after the last kill, on a slow machine too.
SETTLED = 180.0
#: How many write at the same time.
SENDERS = 48
#: Seconds before a sender's next tries: those of a mail server in a hurry.
PAUSES = (0.2, 0.5, 1.0, 2.0, *[2.0] * 40)


@contextmanager
def shaken_town(folder: Path) -> Iterator[tuple[Town, dict[str, Server]]]:
    """A town in processes of its own, on servers of its own that may be killed; its clock is the wall's."""
    room = Path(os.environ[VARIABLE]) / folder.name
    servers: dict[str, Server] = {"postgres": Postgres(room / "pg"), "redis": Redis(room / "redis")}
    room.mkdir(mode=0o711)
    for server in servers.values():
        server.start()
    database = servers["postgres"].url
    db = Database(database)
    migrate.upgrade(db)
    db.close()
    # A short code's pace: hundreds of answers by a long code of one text a second would be most of the wait.
    town = Town(folder, database, servers["redis"].url, pauses=PAUSES, texts_per_second=10.0)
    try:
        town.clock.run_from(datetime.now(UTC))
        yield town, servers
    finally:
        town.stop()
        for server in servers.values():
            server.stop()


def insists(deliver: Callable[[], None]) -> None:
    """Our door has said yes, at whichever try."""
    for pause in PAUSES:
        try:
            deliver()
            return
        except (OSError, smtplib.SMTPException) as trouble:
            assert refused_for_good(trouble) is None, trouble
            time.sleep(pause)
    raise AssertionError("the door was away for too long")


def replies(town: Town, neighbor: Neighbor, words: str) -> None:
    """They have answered their first letter with these words, once it had come."""
    soon(lambda: bool(neighbor.post), lambda: (neighbor.name, what_is_open(town)), seconds=SETTLED)
    letter = neighbor.letters[0]
    mail = EmailMessage()
    mail["From"], mail["To"] = f"{neighbor.name} <{neighbor.mailbox}>", bare_address(letter.reply_to)
    mail["Subject"], mail["Message-ID"] = f"Re: {letter.subject}", f"<{words.replace(' ', '-')}@mail.example>"
    mail.set_content(words)
    insists(lambda: post(mail.as_bytes(), neighbor.mailbox, bare_address(letter.reply_to), *town.smtp))


def what_is_open(town: Town) -> list[tuple[object, ...]]:
    """Received rows without an outcome and deliveries that have not left, each with its state."""
    return [
        *town.ask("select 'received', id, attempts, leased_until_at from received where outcome is null"),
        *town.ask(
            "select 'delivery', d.id, d.state, d.attempts, d.error_code, d.error_says, d.send_at, o.leased_until_at"
            " from delivery d join outbox_due o on o.delivery_id = d.id"
        ),
    ]


def on_their_way(town: Town) -> list[str]:
    """Texts of ours that the carrier has and no phone shows yet."""
    under_way = "direction = 'outbound-api' AND status IN ('accepted', 'queued', 'sent')"
    return [f"{each.body} ({each.status})" for each in town.carrier.texts.texts(under_way)]


def phone(number: int) -> str:
    """Somebody's phone."""
    return f"+1404555{1000 + number}"


def answer_to(number: int) -> str:
    """What Denise answers to that text."""
    return f"Here is the answer to {number:04}."


def answers(town: Town, organizer_id: int, number: int) -> None:
    """An organizer has answered the text, at whichever try; the key of what she pressed makes it one answer."""
    asked = f"text number {number:04}"

    def stands() -> bool:
        try:
            with town.services.db.write() as session:
                row = session.scalar(select(Message).where(Message.kind == "in", Message.text == asked))
                thread = session.get(Thread, row.thread_id) if row is not None and row.thread_id else None
                if thread is None:
                    return False
                key = f"answer {number}"
                answer(
                    session,
                    thread,
                    organizer_id,
                    answer_to(number),
                    town.now,
                    key=key,
                    channel="sms",
                    at_any_hour=True,
                )
            return True
        except Unavailable:
            return False

    soon(stands, lambda: (asked, what_is_open(town)), seconds=SETTLED)


def words_in(town: Town, beginning: str) -> Counter[str]:
    """How often each message of members stands that begins so."""
    said = town.ask("select text from message where kind = 'in' and text like ?", f"{beginning}%")
    return Counter(" ".join(str(words).split()) for (words,) in said)


def kills_in_turn(fleet: Fleet, servers: dict[str, Server], enough: Callable[[], bool]) -> Counter[str]:
    """Every part was killed once, and further rounds went on until it was enough."""
    killed: Counter[str] = Counter()
    while not killed or not enough():
        for part in ("worker", "redis", "mail", "postgres", "scheduler", "web"):
            if part in servers:
                servers[part].kill()
                time.sleep(DOWN)
                servers[part].start()
            else:
                fleet.kill(part)
                time.sleep(DOWN)
                fleet.begin(part)
            killed[part] += 1
            time.sleep(UP)
    return killed


def survives(folder: Path, mails: int, texts: int, *, one_round: bool) -> None:
    """With so many mails and texts coming in, every part is killed in turn, and the books are whole afterwards."""
    with shaken_town(folder) as (town, servers):
        assert isinstance(town.process, Fleet)
        people = [town.joins(f"Mailer Number{n:04}", organizer=town.denise, settles=False) for n in range(mails)]
        denise = town.denise.member_id
        seconds_each = max(8.0, (mails + texts) / 25) / max(mails, texts)
        began = time.monotonic()

        def its_time(number: int) -> None:
            time.sleep(max(0.0, began + seconds_each * number - time.monotonic()))

        def mail(number: int) -> None:
            its_time(number)
            replies(town, people[number], f"mail number {number:04}")

        def text(number: int) -> None:
            its_time(number)
            _, taken = town.carrier.send(phone(number), OUR_NUMBER, f"text number {number:04}")
            assert taken
            if number % 2 == 0:
                answers(town, denise, number)

        order = sorted([*((n / mails, mail, n) for n in range(mails)), *((n / texts, text, n) for n in range(texts))],
                       key=lambda each: each[0])  # fmt: skip
        with ThreadPoolExecutor(SENDERS) as senders:
            load = [senders.submit(send, number) for _, send, number in order]
            # In this thread: a server ends with the thread that started it.
            killed = kills_in_turn(town.process, servers, lambda: one_round or all(each.done() for each in load))
            for each in load:
                each.result(240)
        # A text of which the provider knows nothing after a kill is sent again when it surely never had it.
        town.clock.run_from(town.clock.now() + timedelta(minutes=11))
        soon(lambda: not what_is_open(town), lambda: what_is_open(town), seconds=SETTLED)

        # And a phone shows a text once its carrier has brought it there.
        soon(lambda: not on_their_way(town), lambda: on_their_way(town), seconds=SETTLED)

        told = f"killed {dict(killed)}; {town.counts()}"
        assert words_in(town, "mail number") == Counter(f"mail number {n:04}" for n in range(mails)), told
        assert words_in(town, "text number") == Counter(f"text number {n:04}" for n in range(texts)), told
        heard = {n: [each.body for each in town.carrier.texts.on_phone(phone(n))] for n in range(0, texts, 2)}
        once = {n: sum(answer_to(n) in body for body in bodies) for n, bodies in heard.items()}
        ways = town.ask("select state, refusal, error_code, error_says, count(*) from delivery group by 1, 2, 3, 4")
        assert once == dict.fromkeys(range(0, texts, 2), 1), (told, ways)
        counts = town.counts()
        assert sum(counts.outcomes.values()) == counts.received, told
        assert (
            counts.received - sum(counts.outcomes.get(each, 0) for each in ("duplicate", "probe")) == mails + texts
        ), told
        assert town.doubled == 0, told
        assert [len(each.letters) for each in people] == [1] * mails, told
        assert town.ask("select count(*) from delivery where state <> 'sent'") == [(0,)], told
        assert min(killed.values()) >= 1
        note(
            f"{mails:,} mails and {texts:,} texts come in, {len(heard):,} of the texts are answered by text, and "
            "worker, web, mail, scheduler, Redis and PostgreSQL are killed in turn; senders try again",
            f"{killed.total()} kills in {time.monotonic() - began:.0f} s: lost 0, doubled 0, texted twice 0",
            "lost 0, doubled 0, texted twice 0",
        )


def test_every_part_is_killed_once_while_members_write(tmp_path: Path) -> None:
    survives(tmp_path / "shaken", 36, 18, one_round=True)


@pytest.mark.long
def test_every_part_is_killed_again_and_again_while_a_thousand_mails_and_five_hundred_texts_come(
    tmp_path: Path,
) -> None:
    survives(tmp_path / "shaken", 1000, 500, one_round=False)
