"""A whole send on one core: claimed, judged by the gate, rendered, signed, handed to a relay and recorded (P6).

The worker is a process of its own on the first core; the relay, and PostgreSQL with all its processes, have the others.
Judged by the core's own time, system calls included, against the bare RSA-2048 signature, which the same process
measures before and after each round; what it waits for the relay and the disk is in the figure by the clock. The naive
way, told beside that, writes and sends without any database: EmailMessage, dkimpy, and aiosmtplib over ten connections.
"""

import gc
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, func, select

from admin.cli.__main__ import FEW_LOOKS
from engine.base.broker import Broker
from engine.base.clock import SystemClock
from engine.base.db import Database
from engine.base.services import Services
from engine.base.settings import Settings
from engine.base.tokens import TokenRing
from engine.channels import dkim_keys
from engine.channels.email import SmtpRelay
from engine.outbox.courier import send_due
from engine.outbox.delivery import Delivery
from engine.outbox.jobs import FEWEST, batch_after
from tests.bench.crowd import LETTER, broadcast, gather_crowd, letter_of
from tests.bench.figure import Figure
from tests.bench.letter import SETTINGS, keys, raw_rate
from tests.bench.naive_letter import NaiveLetter, send
from tests.bench.pair import _line
from tests.bench.places import KINDS, Kind, place
from tests.bench.sink import ROOT, sink

ROUNDS = 5
#: Letters of a round, and of the send whose memory is looked at; megabytes that one may take.
LETTERS, MANY, ALLOWED = 3_000, 20_000, 400
#: Letters before those that count: the template is read, statements are compiled, the relay is greeted.
WARMING = 100
#: Bare signatures of one measurement.
BARE = 1_000


def figures(quick: bool) -> Iterator[Figure]:
    """P6 on both databases, and what a send to 20,000 takes of memory."""
    before = os.sched_getaffinity(0)
    others = before - {min(before)} or before
    os.sched_setaffinity(0, others)
    try:
        for kind in KINDS:
            yield from _figures(kind, quick)
    finally:
        os.sched_setaffinity(0, before)


def _figures(kind: Kind, quick: bool) -> Iterator[Figure]:
    rounds, letters, many = (1, 60, 120) if quick else (ROUNDS, LETTERS, MANY)
    with ExitStack() as stack:
        fresh = stack.enter_context(place(kind, quick=quick))
        relay = stack.enter_context(sink(Path(stack.enter_context(tempfile.TemporaryDirectory()))))
        crowd = gather_crowd(fresh("send"), max(many, WARMING + letters), reachable=True)
        stack.callback(crowd.db.close)
        now = SystemClock().now()
        _keys(crowd.db)
        bare, ours, naive, clock = list[float](), list[float](), list[float](), list[float]()
        broadcast(crowd, letter_of(crowd), WARMING, now)
        sent = _check_plans(crowd.db, relay.port, judged=not quick)
        _forget_letters(crowd.db)
        for _ in range(rounds):
            broadcast(crowd, letter_of(crowd), WARMING + letters, now)
            said = _worker(crowd.db.url, relay.port, "send")
            settled, rate, raw, _megabytes, told, by_clock = (float(each) for each in said.split())
            sent += int(settled)
            bare.append(raw)
            ours.append(rate)
            naive.append(told)
            clock.append(by_clock)
            if settled != WARMING + letters:
                raise AssertionError(f"{settled} of {WARMING + letters} letters were settled")
            _forget_letters(crowd.db)
        yield Figure("P6 to bare signature", kind, statistics.median(bare), statistics.median(ours), 0.4, "mails/s")
        yield Figure(
            "P6 by the clock, naive", kind, statistics.median(naive), statistics.median(clock), None, "mails/s"
        )
        broadcast(crowd, letter_of(crowd), many, now)
        settled, _, _, megabytes, *_ = (float(each) for each in _worker(crowd.db.url, relay.port, "many").split())
        yield Figure(f"send to {many:,}", kind, ALLOWED, megabytes, 1, "MB (allowed, peak)", "at most")
        sent += int(settled)
        arrived = Counter(who for _, who in relay.arrived() if not who.startswith("naive"))
        with crowd.db.read() as session:
            noted = session.scalar(
                select(func.count()).where(Delivery.message_class == "broadcast", Delivery.state == "sent")
            )
        if not sum(arrived.values()) == sent == noted:
            raise AssertionError(f"{sum(arrived.values())} arrived, {sent} were settled, and {noted} stand as sent")


def _check_plans(db: Database, relay: int, *, judged: bool) -> int:
    """A batch is sent, and no statement of it walks through the deliveries; returns how many they were.

    Raises AssertionError with the statement.
    """
    seen: dict[str, Any] = {}

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        seen.setdefault(statement, parameters[0] if many or isinstance(parameters, list) else parameters)

    services = _services(settings(relay), db)
    event.listen(db.engine, "before_cursor_execute", note)
    try:
        sent = send_due(services, limit=WARMING)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
        services.mail.close()
    with db.read() as session:
        for statement, parameters in seen.items():
            if not statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE")):
                continue
            asked = "EXPLAIN QUERY PLAN " if db.is_sqlite else "EXPLAIN "
            plan = session.connection().exec_driver_sql(asked + statement, parameters)
            walks = [line for line in (str(row[-1]) for row in plan) if re.search(r"(Seq Scan on|SCAN) delivery", line)]
            if judged and walks:
                raise AssertionError(f"a send walks through its deliveries: {walks}\n{statement}")
    return sent


def _keys(db: Database) -> None:
    """The installation signs with RSA-2048 alone, as P6 is stated."""
    now = SystemClock().now() - timedelta(days=1)
    with db.write() as session:
        rsa, _ = dkim_keys.make(session, _TOKENS, SETTINGS.mail.domain, now)
        dkim_keys.confirm(session, rsa.selector, now)


def _forget_letters(db: Database) -> None:
    """Nobody has heard from us this week: the next round is not held back by the cap of the one before."""
    from engine.conversations.message import Message

    with db.write() as session:
        session.query(Message).filter(Message.kind == "journey").delete()


_TOKENS = TokenRing(SETTINGS.key_ring())


def _worker(url: str, relay: int, what: str) -> str:
    """What a worker says at its end: letters settled; of those that count, how many a second of its core, and bare
    signatures a second; megabytes; naive letters and its own a second by the clock."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.send", url, str(relay), what],
        cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        return _line(process)
    finally:
        process.kill()
        process.communicate()


def settings(relay: int) -> Settings:
    """The bench's installation, with this relay."""
    mail = SETTINGS.mail.model_copy(update={"host": "127.0.0.1", "port": relay, "security": "none"})
    return SETTINGS.model_copy(update={"mail": mail})


def _services(own: Settings, db: Database) -> Services:
    return Services(own, SystemClock(), db, Broker(), _TOKENS, SmtpRelay(own.mail))


def main(words: Sequence[str]) -> None:
    """The worker: sends all that is due as its job does, and says its figures in one line."""
    url, relay, what = words
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0) | {0})})
    gc.set_threshold(*FEW_LOOKS)  # as the command does
    own, db = settings(int(relay)), Database(url)
    services = _services(own, db)
    rsa, _ = keys()
    raw = [raw_rate(rsa, BARE)] if what == "send" else [1.0]
    warmed = settled = send_due(services, limit=WARMING)
    began, took = time.monotonic(), time.process_time()
    last, limit = began, FEWEST
    while taken := send_due(services, limit=limit):
        settled += taken
        now = time.monotonic()
        limit, last = batch_after(taken, now - last), now
    counted = settled - warmed
    rate, by_clock = counted / (time.process_time() - took), counted / (time.monotonic() - began)
    told = 1.0
    if what == "send":
        raw.append(raw_rate(rsa, BARE))
        values = {"member": {"first_name": "Rosa"}, **_ANY}
        told = send(NaiveLetter(LETTER, rsa), values, int(relay), (f"naive{each}@mail.example" for each in range(100)))
    status = Path("/proc/self/status").read_text("ascii")
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert peak is not None
    services.mail.close()
    db.close()
    print(settled, rate, sum(raw) / len(raw), int(peak[1]) * 1024 / 1_000_000, told, by_clock, flush=True)


_ANY = {
    "sender": {"name": "Neighbors", "first_name": "Neighbors", "is_person": False},
    "org": {"name": "Neighbors for Progress", "address": "12 Porch Lane", "contact": "hello@nfp.example"},
    "links": {"unsubscribe": "https://nfp.example/u/" + "x" * 48, "preferences": "https://nfp.example/p/" + "x" * 55},
    "chapter": {"name": "Atlanta", "is_local": True, "gathering": ""},
    "written_by": "The team wrote this to everyone.", "how_to_answer": "Just reply.",
}  # fmt: skip

if __name__ == "__main__":
    import engine.tables  # noqa: F401  (every table is known before the first query)

    main(sys.argv[1:])
