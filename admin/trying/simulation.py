"""A simulation, with as many processes as it is worth: each lives a share of the people in a place of its own."""

import gc
import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from admin.trying.place import START, a_place, publish
from engine.base.errors import Invalid
from engine.runner.simulate.run import Plan, Tally, simulate

if TYPE_CHECKING:
    from journeys.model import Journey
    from templates.catalog import Catalog

#: From so many people on, two processes. Never more: the same seed must give the same on every machine.
TWO_FROM = 1_000

#: Journeys as they are written, each with what was read in it.
Scripts = Sequence[tuple[str, "Journey"]]


def run(
    scripts: Scripts,
    catalog: "Catalog",
    members: int,
    days: int,
    seed: int,
    tell: Callable[[int], None] = lambda _day: None,
) -> dict[str, Any]:
    """What happened to so many people in so many days, as one object; the same seed gives the same but for `seconds`.

    Raises Invalid when there are no people or days, or two journeys share a short name.
    """
    slugs = [script.slug for _, script in scripts]
    if members < 1 or days < 1:
        raise Invalid("A simulation needs at least one member and one day.")
    if len(set(slugs)) < len(slugs):
        raise Invalid("Two of these journeys have the same short name; they would be versions of one. Try one of them.")
    began = time.monotonic()
    shares = 2 if members >= TWO_FROM else 1
    plan = Plan(members, days, seed, START, 0, shares)
    others = [_Other(scripts, catalog, replace(plan, share=share)) for share in range(1, shares)]
    try:
        tally = live(scripts, catalog, plan, tell)
        for other in others:
            tally.add(other.tally())
    finally:
        for other in others:
            other.end()
    return {**tally.as_json(plan, slugs), "seconds": round(time.monotonic() - began, 2)}


def live(scripts: Scripts, catalog: "Catalog", plan: Plan, tell: Callable[[int], None] = lambda _day: None) -> Tally:
    """One share of the plan, lived in a place of its own that is gone afterwards."""
    from admin.trying.ear import RouterEar

    # Rows come and go by the million, and looking for rings among them again and again takes a tenth of the time.
    gc.set_threshold(100_000, 20, 50)
    with a_place(plan.start) as place:
        journeys = publish(place, scripts, catalog)
        ear = RouterEar(place.services.settings)
        return simulate(place.services, place.clock, place.arrivals, journeys, ear, plan, tell)


class _Other:
    """Another process that lives a share."""

    def __init__(self, scripts: Scripts, catalog: "Catalog", plan: Plan) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=_live_elsewhere, args=(theirs, scripts, catalog, plan), daemon=True)
        self._process.start()
        theirs.close()

    def tally(self) -> Tally:
        """What it counted. Raises RuntimeError when it did not come to an end."""
        try:
            found = self._ours.recv()
        except EOFError as error:
            raise RuntimeError("the process that lived the other half of the people ended too early") from error
        if isinstance(found, Tally):
            return found
        raise RuntimeError(f"the other half of the people could not be lived: {found}")

    def end(self) -> None:
        """It is not there any more."""
        self._ours.close()
        self._process.join(timeout=1)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _live_elsewhere(ours: Connection, scripts: Scripts, catalog: "Catalog", plan: Plan) -> None:
    try:
        ours.send(live(scripts, catalog, plan))
    except Exception as error:
        ours.send(f"{type(error).__name__}: {error}")
    finally:
        ours.close()


def scripts_of(files: Sequence[tuple[Path, "Journey"]]) -> Scripts:
    """The journeys of these files with their sources."""
    return [(file.read_text("utf-8"), script) for file, script in files]
