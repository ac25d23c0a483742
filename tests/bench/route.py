"""Routing a reply after its 250 (P2 whole): read, prove, match, file, assign, commit, on one core.

The naive way stands in tests/bench/mailroom.py. Ours is told with the process apart that reads, which is how it runs,
and without it; both on the same one core.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from engine.base.services import Services
from reply_router.route import route_one
from tests.bench.crowd import gather_crowd
from tests.bench.figure import Figure
from tests.bench.mailroom import Naive, office, on_one_core, organizers, post
from tests.bench.places import KINDS, Fresh, Kind, place

#: Letters of one turn, and how many turns each way has.
TURN, ROUNDS = 200, 5
PEOPLE = 10_000
TIMES = 5


def figures(quick: bool) -> Iterator[Figure]:
    """Letters a second on each database."""
    for kind in KINDS[:1] if quick else KINDS:
        with place(kind, quick=quick) as fresh, tempfile.TemporaryDirectory(prefix="hearthline-bench-") as folder:
            yield from _routed(kind, fresh, Path(folder), quick)


def _routed(kind: Kind, fresh: Fresh, folder: Path, quick: bool) -> Iterator[Figure]:
    turn, rounds = (10, 1) if quick else (TURN, ROUNDS)
    offices = []
    for name in ("ours", "naive"):
        crowd = gather_crowd(fresh(name), 2 * turn * (rounds + 1) if quick else PEOPLE, reachable=True)
        organizers(crowd)
        offices.append(office(crowd, folder))
    ours, theirs = offices
    naive = Naive(theirs)
    took = {"ours": 0.0, "naive": 0.0}
    with on_one_core():
        for number in range(rounds + 1):
            people = range(number * turn, (number + 1) * turn)
            for name, services, way in (("ours", ours, _ours(ours)), ("naive", theirs, naive.route)):
                seconds = _time(way, post(services, people))
                if number:  # the first warms up
                    took[name] += seconds
    done = turn * rounds
    yield Figure("P2 routing", kind, done / took["naive"], done / took["ours"], None if quick else TIMES, "letters/s")
    for services in offices:
        services.db.close()


def _ours(services: Services) -> Callable[[int], None]:
    def way(received_id: int) -> None:
        route_one(services, received_id)

    return way


def _time(way: Callable[[int], None], rows: Sequence[int]) -> float:
    began = time.perf_counter()
    for row in rows:
        way(row)
    return time.perf_counter() - began
