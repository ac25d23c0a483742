"""web, mail, worker, scheduler: each refuses, waits, drains and comes back as it should, on real servers."""

import os
import signal
import smtplib
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from admin.process import ROLES, Process, build, wait_for_shape
from engine.base.db import Database
from engine.base.errors import SettingsError
from engine.base.lease import Lease, take
from engine.base.services import Services
from engine.base.setting_groups.doors import Doors
from engine.base.setting_groups.mail import Mail
from engine.base.settings import Settings
from engine.migrations import migrate
from engine.runner.scheduler import LEASE_NAME, Scheduler
from tests.cli.shell import ROOT, command, environment, write_settings
from tests.database import postgres_database
from tests.servers.server import Postgres, children_of
from tests.servers.shared import VARIABLE
from tests.waiting import soon

APART = sorted(set(ROLES) - {"run"})


def settings_in(folder: Path, database_url: str, redis_url: str) -> Settings:
    return Settings(
        data_dir=folder,
        database_url=database_url,
        redis_url=redis_url,
        keys=["1:" + "5e" * 32],
        log_level="ERROR",
        mail=Mail(domain="nfp.example", host="127.0.0.1", port=1, security="none"),
        doors=Doors(smtp_port=0, public_port=0, admin_port=0),
    )


@pytest.fixture
def services(tmp_path: Path, postgres_url: str, redis_url: str) -> Iterator[Services]:
    """What a process on PostgreSQL and Redis works with."""
    built = build(settings_in(tmp_path, postgres_url, redis_url))
    yield built
    built.broker.close()
    built.db.close()


@pytest.mark.parametrize("role", APART)
def test_a_part_without_servers_says_what_to_write_where(tmp_path: Path, role: str) -> None:
    with pytest.raises(SettingsError, match=f"`hearthline {role}` shares its work.*database_url.*hearthline run"):
        Process(settings_in(tmp_path, "", "redis://127.0.0.1/0"), role).start()
    with pytest.raises(SettingsError, match="redis_url is not set"):
        Process(settings_in(tmp_path, "postgresql://127.0.0.1/x", ""), role).start()


def test_a_process_waits_for_the_databases_shape_and_ends_with_a_sentence_when_nobody_makes_it(
    tmp_path: Path, redis_url: str
) -> None:
    with postgres_database(None) as url:
        waiting = build(settings_in(tmp_path, url, redis_url))
        with pytest.raises(SettingsError, match=r"no shape.*hearthline migrate"):
            wait_for_shape(waiting, 0.1)
        made = threading.Timer(0.5, migrate.upgrade, [waiting.db])
        made.start()
        wait_for_shape(waiting, 30)
        made.join()
        assert migrate.current(waiting.db) == migrate.newest()
        with waiting.db.write() as session:
            session.execute(text("update alembic_version set version_num = 'zzzz'"))
        with pytest.raises(SettingsError, match="a newer Hearthline"):
            wait_for_shape(waiting, 30)
        waiting.broker.close()
        waiting.db.close()


def test_of_four_who_migrate_at_once_one_does_and_all_come_to_the_same_shape() -> None:
    with postgres_database(None) as url:
        shapes: list[str] = []

        def upgrade() -> None:
            db = Database(url)
            shapes.append(migrate.upgrade(db))
            db.close()

        threads = [threading.Thread(target=upgrade) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert shapes == [migrate.newest()] * 4


def leader(services: Services) -> str | None:
    with services.db.read() as session:
        row = session.get(Lease, LEASE_NAME)
        return row.holder if row is not None and row.until_at > datetime.now(UTC) else None


def test_when_the_leading_scheduler_ends_another_leads_at_once_and_when_it_dies_within_seconds(
    services: Services,
) -> None:
    first, second = Scheduler(services, []), Scheduler(services, [])
    first.start()
    soon(lambda: leader(services) is not None)
    led = leader(services)
    second.start()
    first.stop()
    assert leader(services) != led, "who ends gives the lead back"
    soon(lambda: leader(services) not in (None, led))
    second.stop()
    assert leader(services) is None
    with services.db.write() as session:
        assert take(session, LEASE_NAME, "one that was killed", datetime.now(UTC), timedelta(seconds=1))
    third = Scheduler(services, [])
    third.start()
    soon(lambda: leader(services) not in (None, "one that was killed"))
    third.stop()


def test_two_who_take_a_new_lease_at_once_do_not_both_have_it(services: Services) -> None:
    got: list[bool] = []
    ready = threading.Barrier(2)

    def grab(name: str) -> None:
        with services.db.write() as session:
            ready.wait(60)
            got.append(take(session, "a new one", name, datetime.now(UTC), timedelta(minutes=1)))

    threads = [threading.Thread(target=grab, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(got) == [False, True]


def test_workers_that_die_are_replaced_and_all_end_with_their_parent(
    tmp_path: Path, postgres_url: str, redis_url: str
) -> None:
    data = write_settings(tmp_path / "data")
    variables = environment(HEARTHLINE_DATABASE_URL=postgres_url, HEARTHLINE_REDIS_URL=redis_url)

    def begin() -> "subprocess.Popen[bytes]":
        with (tmp_path / "log").open("ab") as log:
            return subprocess.Popen(
                command("worker", "--data", data, "--processes", 2),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT, env=variables, start_new_session=True,
            )  # fmt: skip

    def working() -> int:
        return (tmp_path / "log").read_text("utf-8").count("Working.")

    parent = begin()
    try:
        soon(lambda: working() == 2)
        first, second = children_of(parent.pid)
        os.kill(first, signal.SIGKILL)
        soon(lambda: working() == 3)
        assert second in children_of(parent.pid)
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(60) == 0

        parent = begin()
        soon(lambda: working() == 5)
        children = children_of(parent.pid)
        parent.kill()
        parent.wait(60)
        soon(lambda: not any(map(is_there, children)))
    finally:
        if parent.poll() is None:
            os.killpg(parent.pid, signal.SIGKILL)
        parent.wait(60)


def is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def test_while_postgresql_is_away_the_doors_put_everybody_off_and_then_go_on(tmp_path: Path, redis_url: str) -> None:
    server = Postgres(Path(os.environ[VARIABLE]) / tmp_path.name)
    server.start()
    db = Database(server.url)
    migrate.upgrade(db)
    db.close()
    settings = settings_in(tmp_path / "data", server.url, redis_url)
    web, mail = Process(settings, "web"), Process(settings, "mail")
    try:
        public, smtp = web.start().public, mail.start().smtp
        assert page(public) == 200
        assert post(smtp) == 250
        server.kill()
        assert page(public) == 503
        assert post(smtp) == 451
        server.start()
        soon(lambda: page(public) == 200)
        assert post(smtp) == 250
    finally:
        for process in (mail, web):
            process.stop()
        server.stop()


def page(port: int) -> int:
    """What the health page says."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code


def post(port: int) -> int:
    """What the mail door says to a mail."""
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as door:
        door.ehlo()
        door.mail("dana@mail.example")
        door.rcpt("atlanta@nfp.example")
        return door.data(b"Subject: hello\r\n\r\nIs it open?\r\n")[0]
