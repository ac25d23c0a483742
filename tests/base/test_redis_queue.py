"""The queue on Redis: one message a wake, no waiting while Redis is away, and everything goes on when it is back."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from engine.base.broker import Broker, Turns
from engine.base.metrics import REGISTRY
from engine.base.redis_queue import NAMESPACE, QUEUED_MS
from tests.servers.server import Redis
from tests.servers.shared import VARIABLE
from tests.waiting import soon


@pytest.fixture
def make(redis_url: str) -> Iterator[Callable[..., Broker]]:
    """Makes brokers on the run's Redis, as so many processes would; they are stopped afterwards."""
    made: list[Broker] = []

    def build(url: str = redis_url, **more: Any) -> Broker:
        made.append(Broker(url, **more))
        return made[-1]

    yield build
    for broker in made:
        broker.stop(60)


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis of the test's own, to be killed."""
    server = Redis(Path(os.environ[VARIABLE]) / tmp_path.name)
    server.start()
    yield server
    server.stop()


def test_a_wake_in_one_process_runs_the_job_in_another_at_once(make: Callable[..., Broker]) -> None:
    web, worker = make(), make()
    ran: list[int | None] = []
    worker.register("route", ran.append)
    worker.start()
    took = []
    for number in range(3):
        time.sleep(0.2)  # an idle worker waits in Redis, and does not ask
        asked = time.monotonic()
        web.wake("route", number)
        soon(lambda: len(ran) == number + 1)  # noqa: B023
        took.append(time.monotonic() - asked)
    assert min(took) < 0.5 and ran == [0, 1, 2]


def test_five_hundred_wakes_for_one_thing_are_one_message(make: Callable[..., Broker], redis_url: str) -> None:
    broker = make()
    broker.register("runner.tick", lambda _: None)
    for _ in range(500):
        broker.wake("runner.tick")
    broker.wake("runner.tick", 1)
    assert broker.waiting() == {"runner": 2}
    client = redis.Redis.from_url(redis_url)
    assert 0 < client.pttl(f"{NAMESPACE}:wake:runner.tick:None") <= QUEUED_MS


def test_a_wake_while_the_job_runs_runs_it_again(make: Callable[..., Broker]) -> None:
    broker = make(threads=2)
    may_end, ran = threading.Event(), []

    def job(row_id: int | None) -> None:
        ran.append(row_id)
        may_end.wait(60)

    broker.register("runner.tick", job)
    broker.start()
    broker.wake("runner.tick")
    soon(lambda: len(ran) == 1)
    broker.wake("runner.tick")
    may_end.set()
    soon(lambda: len(ran) == 2)


def test_a_job_that_looks_for_its_rows_itself_leaves_threads_for_others() -> None:
    turns, inside, most = Turns(2), 0, 0
    lock, gate = threading.Lock(), threading.Event()
    runs: list[None] = []

    def job() -> None:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
            runs.append(None)
        gate.wait(60)
        with lock:
            inside -= 1

    threads = [threading.Thread(target=turns.take, args=(job,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    soon(lambda: inside == 2)
    gate.set()
    for thread in threads:
        thread.join(60)
    assert most == 2
    assert len(runs) >= 3, "whoever came too late made one look once more"


def test_redis_away_keeps_nobody_waiting_and_work_goes_on_when_it_is_back(
    make: Callable[..., Broker], own_redis: Redis
) -> None:
    web, worker = make(own_redis.url), make(own_redis.url)
    ran: list[int | None] = []
    worker.register("route", ran.append)
    worker.start()
    web.wake("route", 1)
    soon(lambda: ran == [1])

    own_redis.kill()
    asked = time.monotonic()
    for row_id in range(100):
        web.wake("route", row_id)
    assert time.monotonic() - asked < 20, "a hundred wakes together, which would be a minute and more"
    soon(lambda: worker.is_away)
    worker.run_here("route", 2)
    assert ran == [1, 2]

    own_redis.start()
    soon(lambda: not worker.is_away)
    web.wake("route", 3)
    time.sleep(1.1)
    web.wake("route", 4)
    soon(lambda: 4 in ran)


def test_a_redis_that_accepts_and_never_answers_keeps_nobody_waiting(make: Callable[..., Broker]) -> None:
    def lost() -> float:
        return REGISTRY.get_sample_value("hearthline_wakes_lost_total", {"job": "route"}) or 0.0

    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        broker, before = make(f"redis://127.0.0.1:{deaf.getsockname()[1]}/0"), lost()
        broker.wake("route", 1)
        broker.wake("route", 2)
        assert not broker.is_away, "nobody has waited to learn that"
        soon(lambda: broker.is_away)
        soon(lambda: lost() == before + 2)
        broker.wake("route", 3)
        assert lost() == before + 3, "the next ones are not even offered for a moment"


def test_a_process_that_ends_leaves_its_last_wakes_on_redis(make: Callable[..., Broker], redis_url: str) -> None:
    ending = Broker(redis_url)
    ending.register("route", lambda _: None)
    for row_id in range(200):
        ending.wake("route", row_id)
    ending.stop(60)
    staying = make()
    staying.register("route", lambda _: None)
    assert staying.waiting() == {"route": 200}


def test_an_emptied_redis_stops_no_worker(make: Callable[..., Broker], redis_url: str) -> None:
    worker = make()
    ran: list[int | None] = []
    worker.register("route", ran.append)
    worker.start()
    redis.Redis.from_url(redis_url).flushdb()
    worker.wake("route", 5)
    soon(lambda: ran == [5])


def test_stopping_lets_a_running_job_end_and_gives_back_what_was_not_begun(
    make: Callable[..., Broker], redis_url: str
) -> None:
    leaving, staying = make(threads=1), make(threads=1)
    begun, ended = threading.Event(), []

    def slow(row_id: int | None) -> None:
        begun.set()
        time.sleep(0.5)
        ended.append(row_id)

    leaving.register("route", slow)
    leaving.start()
    for row_id in range(4):
        leaving.wake("route", row_id)
    assert begun.wait(60)
    leaving.stop(60)
    assert len(ended) >= 1
    rest: list[int | None] = []
    staying.register("route", rest.append)
    staying.start()
    soon(lambda: sorted([*ended, *rest], key=str) == [0, 1, 2, 3])
