"""The servers of the tests: real, each one's own database, and a missing one is a failure."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from sqlalchemy import text

from engine.base.db import Database
from engine.migrations import migrate
from tests.database import postgres_database
from tests.servers.programs import NoServer, postgres_programs, redis_program
from tests.servers.server import Postgres
from tests.servers.shared import ROOT, VARIABLE
from tests.waiting import soon


def test_a_test_has_a_postgresql_database_of_its_own_at_the_present_shape(postgres_db: Database) -> None:
    assert migrate.current(postgres_db) == migrate.newest()
    with postgres_db.write() as session:
        session.execute(text("create table mine (id int)"))
    with postgres_database() as another:
        other = Database(another)
        with other.read() as session:
            assert session.scalar(text("select to_regclass('mine')")) is None
        other.close()


def test_a_test_has_an_empty_redis(redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url)
    assert client.ping()
    assert client.dbsize() == 0


def test_a_killed_postgresql_starts_again_and_has_what_was_committed(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = Postgres(Path(os.environ[VARIABLE]) / "killed")
    server.start()
    try:
        db = Database(server.url)
        with db.write() as session:
            session.execute(text("create table kept (id int)"))
        server.kill()
        server.start()
        with db.read() as session:
            assert session.scalar(text("select count(*) from kept")) == 0
        db.close()
    finally:
        server.stop()


@pytest.mark.parametrize("find", [postgres_programs, redis_program])
def test_without_a_server_the_tests_say_what_to_install(find: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("tests.servers.programs.POSTGRES_PLACES", ())
    monkeypatch.setattr("tests.servers.programs.find_spec", lambda _: None)
    assert callable(find)
    with pytest.raises(NoServer, match="run bin/setup --tests"):
        find()


#: A run of pytest in a process of its own; if wanted, on a machine without servers.
RUN = """
import os, sys, pytest
import tests.servers.programs as programs
if sys.argv[1] == "bare":
    programs.POSTGRES_PLACES, programs.find_spec, os.environ["PATH"] = (), lambda _: None, ""
if sys.argv[1] == "hurried":
    import tests.conftest
    tests.conftest.RUN_SECONDS = 8
sys.exit(pytest.main(["-n", "0", "-p", "no:cacheprovider", "-p", "tests.conftest", sys.argv[2]]))
"""


def run_of_its_own(machine: str, folder: Path, body: str) -> tuple[list[str], dict[str, str]]:
    """The command and the variables of a run of pytest with one test of this body."""
    test = folder / "test_alone.py"
    test.write_text(f"def test_alone(postgres_url, redis_url):\n    {body}\n", "utf-8")
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("HEARTHLINE_", "PYTEST_"))}
    return [sys.executable, "-c", RUN, machine, str(test)], {**mine, "PYTHONPATH": str(ROOT)}


def test_a_missing_server_is_a_failure_and_not_a_skip(tmp_path: Path) -> None:
    command, variables = run_of_its_own("bare", tmp_path, "pass")
    ran = subprocess.run(
        command, env=variables, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120, check=False
    )
    assert ran.returncode == 1, ran.stdout
    assert "These tests need PostgreSQL and there is none: run bin/setup --tests" in ran.stdout
    assert "1 error" in ran.stdout
    assert "skipped" not in ran.stdout


def test_a_run_in_a_pipe_ends_with_its_last_test_and_leaves_no_server(tmp_path: Path) -> None:
    command, variables = run_of_its_own("full", tmp_path, "print('at', postgres_url, redis_url); assert 0")
    # Whoever still held the pipe would keep us waiting for its end until the time is over.
    ran = subprocess.run(
        command, env=variables, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=150, check=False
    )
    assert "1 failed" in ran.stdout, ran.stdout
    urls = ran.stdout.partition("at postgresql://")[2].splitlines()[0].split()
    assert len(urls) == 2
    assert [answers(url) for url in urls] == [False, False]


@pytest.mark.long
def test_a_run_that_hangs_shows_where_and_ends(tmp_path: Path) -> None:
    # A thread that no signal reaches: only the hard limit of a whole run ends this one.
    body = "import signal, time; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM]); time.sleep(100)"
    command, variables = run_of_its_own("hurried", tmp_path, body)
    ran = subprocess.run(
        command, env=variables, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120, check=False
    )
    assert ran.returncode == 1
    assert "test_alone.py" in ran.stderr, ran.stderr


def test_servers_end_with_a_run_that_is_killed(tmp_path: Path) -> None:
    told = tmp_path / "told"
    body = f"open({str(told)!r}, 'w').write(postgres_url + ' ' + redis_url + '\\n'); __import__('time').sleep(100)"
    command, variables = run_of_its_own("full", tmp_path, body)
    run = subprocess.Popen(
        command, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        soon(lambda: told.exists() and told.read_text().endswith("\n"), seconds=120)
        urls = told.read_text().split()
        assert [answers(url) for url in urls] == [True, True]
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait(60)
    soon(lambda: not any(map(answers, urls)))


def answers(url: str) -> bool:
    """Whether something listens there."""
    with socket.socket() as door:
        return door.connect_ex(("127.0.0.1", urlsplit(url).port or 0)) == 0
