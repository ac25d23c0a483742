"""The tour: a few minutes in which somebody does what members and organizers do. Left in between, it goes on later.

How far it has come stands in the outside world's memory, so that it lasts beyond the page, the browser and the process.
Only stops that work are listed.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, abort, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from admin.sandbox.plug import SENDERS, Plug
from admin.sandbox.world import World

#: Wall seconds after which a page that shows something under way looks again.
LOOK_AGAIN = "1"


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop of the tour: its name in addresses and words, and where it stands."""

    key: str
    #: `open`, `begun` or `done`.
    state: str
    url: str


def create_tour(world: World, plug: Plug | None, page: Callable[..., str]) -> Blueprint:
    """The tour's pages, under /tour. Without a plug nothing is pulled."""
    tour = Blueprint("tour", __name__, url_prefix="/tour")

    def stops() -> list[Stop]:
        listed = []
        if plug is not None:
            how = plug.how()
            state = "open" if how is None or how.trouble else "done" if how.over else "begun"
            listed.append(Stop("plug", state, url_for("tour.pull_the_plug")))
        return listed

    @tour.get("")
    def index() -> str:
        listed = stops()
        return page("tour.html", stops=listed, next=next((stop for stop in listed if stop.state != "done"), None))

    @tour.get("/plug")
    def pull_the_plug() -> ResponseReturnValue:
        if plug is None:
            abort(404)
        how = plug.how()
        shown = make_response(page("plug.html", how=how, senders=SENDERS, stops=stops()))
        if how is not None and not how.over:
            shown.headers["Refresh"] = LOOK_AGAIN
        return shown

    @tour.post("/plug")
    def pull() -> ResponseReturnValue:
        if plug is None:
            abort(404)
        plug.pull()
        return redirect(url_for("tour.pull_the_plug"))

    return tour


def way_back(path: str) -> str:
    """A path of our own to go back to; anything else is the first page."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else url_for("mailboxes")


def path_of_referrer() -> str:
    """Where the visitor was, as a path of our own."""
    referrer = request.referrer or ""
    return way_back("/" + referrer.split("//", 1)[-1].partition("/")[2]) if referrer else url_for("mailboxes")
