"""When the trouble is ours, the sender hears that it is temporary, and the door mends itself."""

import resource
import shutil
import signal
import smtplib
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import pytest

from engine.base.broker import Broker
from engine.base.clock import SystemClock
from engine.base.db import Database
from engine.conversations.received import Received
from inbound.receive import Accepted, Acceptor, Answer, Arrival, NotNow
from tests.inbound.conftest import DOMAIN, House
from tests.inbound.wire import Wire, letter
from tests.waiting import soon

NOT_STORED = b"451 4.3.0"


def send(house: House, text: str = "Hello there.") -> bytes:
    """The door's answer to one letter."""
    with Wire(house.smtp) as wire:
        wire.begin()
        return wire.say(letter(text) + b".")


def test_a_deleted_database_is_451_and_one_put_back_is_used_again(house: House) -> None:
    assert send(house, "before").startswith(b"250")
    house.db.close()
    aside = house.path.with_suffix(".aside")
    with closing(sqlite3.connect(house.path)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    shutil.copy(house.path, aside)
    for file in house.path.parent.glob("hearthline.db*"):
        file.unlink()
    assert send(house, "meanwhile").startswith(NOT_STORED)
    assert not house.path.exists()
    aside.rename(house.path)
    assert send(house, "after").startswith((NOT_STORED, b"250"))
    assert send(house, "later").startswith(b"250")
    assert letter("meanwhile") not in house.bodies()
    assert letter("later") in house.bodies()


def test_a_database_replaced_under_an_open_connection_is_noticed_before_250(house: House) -> None:
    assert send(house, "before").startswith(b"250")
    with closing(sqlite3.connect(house.path)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    copy = house.path.with_suffix(".copy")
    shutil.copy(house.path, copy)
    for file in house.path.parent.glob("hearthline.db-*"):
        file.unlink()
    copy.rename(house.path)
    answers = [send(house, f"after {n}") for n in range(3)]
    kept = house.bodies()
    for number, answer in enumerate(answers):
        assert answer.startswith(b"250") == (letter(f"after {number}") in kept)
    assert answers[-1].startswith(b"250")


def test_a_locked_database_is_waited_for(house: House) -> None:
    with closing(sqlite3.connect(house.path, check_same_thread=False)) as other:
        other.execute("begin immediate")
        threading.Timer(0.5, other.rollback).start()
        assert send(house).startswith(b"250")


def test_a_database_locked_for_too_long_is_451(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with house.db.engine.connect() as connection:
        connection.exec_driver_sql("pragma busy_timeout=100")
    with closing(sqlite3.connect(house.path)) as other:
        other.execute("begin immediate")
        monkeypatch.setattr("engine.base.db.BUSY_TIMEOUT_MS", 100)
        answers = [send(house), send(house)]
        other.rollback()
    assert all(answer.startswith(NOT_STORED) for answer in answers)
    assert send(house).startswith(b"250")
    assert len(house.bodies()) == 1


def test_a_file_that_is_no_database_is_451(house: House) -> None:
    house.db.close()
    for file in house.path.parent.glob("hearthline.db-*"):
        file.unlink()
    good = house.path.read_bytes()
    house.path.write_bytes(b"rubbish " * 2000)
    assert send(house).startswith(NOT_STORED)
    house.path.write_bytes(good)
    assert send(house).startswith(b"250")


def test_lmtp_hears_of_our_trouble_once_per_recipient(house: House) -> None:
    house.acceptor.stop()
    with Wire(house.lmtp, b"LHLO relay.example") as wire:
        wire.begin(f"r-1@{DOMAIN}", f"r-2@{DOMAIN}")
        wire.send(letter() + b".\r\n")
        assert [wire.reply()[:9] for _ in range(2)] == [NOT_STORED] * 2
    house.acceptor.start()
    assert send(house).startswith(b"250")


def test_a_missing_queue_loses_nothing(house: House) -> None:
    house.broker.stop()
    assert send(house).startswith(b"250")
    assert house.bodies() == [letter()]


def test_stopping_says_421_to_the_idle_and_lets_a_body_arrive(house: House) -> None:
    with Wire(house.smtp) as idle, Wire(house.smtp) as sending:
        sending.begin()
        sending.send(letter())
        time.sleep(0.1)
        stopper = threading.Thread(target=house.door.stop, kwargs={"grace_seconds": 60})
        stopper.start()
        assert idle.reply().startswith(b"421 4.3.2")
        assert idle.reply() == b""
        assert sending.say(b".").startswith(b"250")
        assert sending.reply().startswith(b"421 4.3.2")
        stopper.join(60)
    assert not house.door.is_open
    with pytest.raises(OSError):
        socket.create_connection(house.smtp, timeout=60)
    assert house.bodies() == [letter()]
    house.door.start()
    assert send(house).startswith(b"250")


def test_stopping_does_not_wait_for_ever_for_a_body(house: House) -> None:
    with Wire(house.smtp) as sending:
        sending.begin()
        house.door.stop(grace_seconds=0.2)
        assert sending.reply().startswith(b"421 4.3.2")
    assert house.bodies() == []


def arrival(text: str = "Hello", *, helo: str = "", mail_from: str = "", peer: str = "") -> Arrival:
    """A message for one recipient."""
    return Arrival("smtp", (f"r-1@{DOMAIN}",), letter(text), peer=peer, helo=helo, mail_from=mail_from)


def count(db: Database) -> int:
    """How many rows are kept."""
    with db.read() as session:
        return session.query(Received).count()


def blocked(db: Database) -> "tuple[threading.Event, threading.Thread]":
    """The writer's lock is held until the event is set."""
    release, taken = threading.Event(), threading.Event()

    def hold() -> None:
        with db.write():
            taken.set()
            release.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    taken.wait(60)
    return release, thread


def begun(acceptor: Acceptor) -> None:
    """What came so far is with the writer, and what comes now has to wait."""
    soon(lambda: not acceptor._queue)


def test_what_waits_together_is_committed_together(db: Database) -> None:
    acceptor = Acceptor(db, SystemClock(), Broker())
    acceptor.start()
    release, holder = blocked(db)
    futures = [acceptor.submit(arrival(str(number))) for number in range(50)]
    release.set()
    holder.join()
    answers = [future.result(60) for future in futures]
    assert all(isinstance(answer, Accepted) for answer in answers)
    with db.read() as session:
        times = {row.created_at for row in session.query(Received)}
    assert len(times) <= 2
    acceptor.stop()


def test_a_sender_who_left_before_its_turn_is_not_kept(db: Database) -> None:
    acceptor = Acceptor(db, SystemClock(), Broker())
    acceptor.start()
    release, holder = blocked(db)
    acceptor.submit(arrival("first"))
    begun(acceptor)
    gone = acceptor.submit(arrival("gone"))
    stays = acceptor.submit(arrival("stays"))
    assert gone.cancel()
    release.set()
    holder.join()
    assert isinstance(stays.result(60), Accepted)
    assert count(db) == 2
    acceptor.stop()


def test_a_database_that_takes_too_long_is_451_and_what_was_not_begun_is_not_kept(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, holder = blocked(house.db)
    with Wire(house.smtp) as first, Wire(house.smtp) as waits:
        with monkeypatch.context() as hurried:
            hurried.setattr("inbound.mail.protocol.ACCEPT_SECONDS", 0.3)
            first.begin()
            first.send(letter("begun") + b".\r\n")
            waits.begin()
            assert waits.say(letter("waits") + b".").startswith(NOT_STORED)
            assert first.reply().startswith(NOT_STORED)
        release.set()
        holder.join()
        waits.begin()
        assert waits.say(letter("again") + b".").startswith(b"250")
    assert letter("waits") not in house.bodies()
    assert house.bodies()[-1] == letter("again")


def test_a_queue_that_is_too_long_says_not_now(db: Database) -> None:
    acceptor = Acceptor(db, SystemClock(), Broker(), max_waiting=3)
    acceptor.start()
    release, holder = blocked(db)
    first = acceptor.submit(arrival())
    begun(acceptor)
    more: list[Future[Answer]] = [acceptor.submit(arrival()) for _ in range(5)]
    assert [type(future.result(60)) for future in more[3:]] == [NotNow, NotNow]
    release.set()
    holder.join()
    assert all(isinstance(future.result(60), Accepted) for future in [first, *more[:3]])
    acceptor.stop()


def test_one_that_cannot_be_stored_does_not_take_the_others_with_it(db: Database) -> None:
    with db.write() as session:
        session.connection().exec_driver_sql(
            "create trigger no before insert on received when new.helo = 'bad' begin select raise(abort, 'no'); end"
        )
    acceptor = Acceptor(db, SystemClock(), Broker())
    acceptor.start()
    release, holder = blocked(db)
    futures = [acceptor.submit(arrival(helo="bad" if number == 3 else "good")) for number in range(6)]
    release.set()
    holder.join()
    answers = [type(future.result(60)) for future in futures]
    assert answers == [Accepted, Accepted, Accepted, NotNow, Accepted, Accepted]
    assert count(db) == 5
    acceptor.stop()


def test_stopping_writes_what_waited_and_refuses_what_comes_after(db: Database) -> None:
    acceptor = Acceptor(db, SystemClock(), Broker())
    acceptor.start()
    futures = [acceptor.submit(arrival(str(number))) for number in range(20)]
    acceptor.stop()
    assert all(isinstance(future.result(0), Accepted) for future in futures)
    assert acceptor.submit(arrival()).result(0) == NotNow("Hearthline is stopping.")
    assert count(db) == 20


def test_odd_letters_in_an_envelope_do_not_stop_a_message(db: Database) -> None:
    acceptor = Acceptor(db, SystemClock(), Broker())
    acceptor.start()
    odd = arrival(helo="a\0b\udcff" + "h" * 400, mail_from="x" * 500, peer="p" * 100)
    assert isinstance(acceptor.submit(odd).result(60), Accepted)
    with db.read() as session:
        row = session.query(Received).one()
        lengths = (len(row.helo), len(row.mail_from), len(row.peer))
        assert row.helo.startswith("a\\x00b\\udcffhhh")
    assert lengths == (255, 320, 64)
    acceptor.stop()


CHILD = """
import os, sys, signal
from pathlib import Path
from inbound.receive import Acceptor
from tests.inbound.conftest import a_house

class Dies(Acceptor):
    def _tell(self, answered):
        list(answered)
        if Path(sys.argv[1], "die").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        super()._tell(answered)

import tests.inbound.conftest as conftest
conftest.Acceptor = Dies if Path(sys.argv[1], "die").exists() else Acceptor
with a_house(Path(sys.argv[1])) as house:
    print(house.door.port, flush=True)
    sys.stdin.read()
"""


def start_child(folder: Path) -> "tuple[subprocess.Popen[str], int]":
    """An installation in a process of its own, and the port of its SMTP door."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    return child, int(child.stdout.readline())


def test_killed_between_commit_and_250_the_senders_retry_is_a_second_row(tmp_path: Path) -> None:
    (tmp_path / "die").touch()
    child, port = start_child(tmp_path)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)), smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail("dana@mail.example", [f"r-1@{DOMAIN}"], letter())
    assert child.wait(60) == -signal.SIGKILL
    (tmp_path / "die").unlink()

    child, port = start_child(tmp_path)
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail("dana@mail.example", [f"r-1@{DOMAIN}"], letter())
    child.communicate(timeout=60)
    with closing(sqlite3.connect(tmp_path / "hearthline.db")) as connection:
        rows = connection.execute("select rcpt_to, sha256, outcome from received").fetchall()
    assert len(rows) == 2
    assert rows[0] == rows[1]


def test_a_full_disk_is_451_and_room_made_is_used(tmp_path: Path) -> None:
    child, port = start_child(tmp_path)
    # A process that may not let any file grow sees what it would see on a full disk.
    unlimited = resource.prlimit(child.pid, resource.RLIMIT_FSIZE)
    with Wire(("127.0.0.1", port)) as wire:
        wire.begin()
        assert wire.say(letter("before") + b".").startswith(b"250")
        wal = (tmp_path / "hearthline.db-wal").stat().st_size
        resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (wal + 100_000, unlimited[1]))
        wire.begin()
        assert wire.say(b"x" * 1_000_000 + b"\r\n.").startswith(NOT_STORED)
        resource.prlimit(child.pid, resource.RLIMIT_FSIZE, unlimited)
        wire.begin()
        assert wire.say(b"x" * 1_000_000 + b"\r\n.").startswith(b"250")
    child.communicate(timeout=60)
    with closing(sqlite3.connect(tmp_path / "hearthline.db")) as connection:
        assert connection.execute("select count(*) from received").fetchall() == [(2,)]
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]


def test_killed_at_any_moment_every_250_is_on_the_disk(new_house: Callable[..., House], tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    folder.mkdir()
    child, port = start_child(folder)
    promised: list[str] = []

    def send_on(number: int) -> None:
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
                for part in range(1000):
                    recipient = f"r-{number}-{part}@{DOMAIN}"
                    client.sendmail("dana@mail.example", [recipient], letter())
                    promised.append(recipient)
        except (smtplib.SMTPException, OSError):
            pass

    threads = [threading.Thread(target=send_on, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    while len(promised) < 60:
        time.sleep(0.005)
    child.kill()
    for thread in threads:
        thread.join(60)
    child.communicate(timeout=60)
    with closing(sqlite3.connect(folder / "hearthline.db")) as connection:
        kept = {to for (to,) in connection.execute("select rcpt_to from received")}
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
    assert set(promised) <= kept
    assert len(kept) <= len(promised) + 8
