"""The tour: a few minutes in which somebody does what members and organizers do. Left in between, it goes on later.

How far it has come stands in the outside world's memory, so that it lasts beyond the page, the browser and the process.
Only stops that work are listed.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, abort, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from admin.sandbox.phones import PICTURES
from admin.sandbox.plug import SENDERS, Plug
from admin.sandbox.rosa import A_LITTLE, RosasPhone
from admin.sandbox.world import World
from engine.people.phone import spoken_phone
from templates.web.reader import Reader

#: Wall seconds after which a page that shows something under way looks again.
LOOK_AGAIN = "1"
#: Wall seconds a page waits for the clock to arrive, before it tells how far it is.
PATIENCE = 1.0


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop of the tour: its name in addresses and words, and where it stands."""

    key: str
    #: `open`, `begun` or `done`.
    state: str
    url: str


def create_tour(world: World, plug: Plug | None, page: Callable[..., str], reader: Callable[[], Reader]) -> Blueprint:
    """The tour's pages, under /tour. Without a plug nothing is pulled."""
    tour = Blueprint("tour", __name__, url_prefix="/tour")

    rosa = RosasPhone(world)

    def stops() -> list[Stop]:
        scene = rosa.scene()
        state = "done" if scene.denise is not None else "begun" if scene.begun else "open"
        listed = [Stop("rosa", state, url_for("tour.you_are_rosa"))]
        if plug is not None:
            how = plug.how()
            state = "open" if how is None or how.trouble else "done" if how.over else "begun"
            listed.append(Stop("plug", state, url_for("tour.pull_the_plug")))
        return listed

    @tour.get("")
    def index() -> str:
        listed = stops()
        return page("tour.html", stops=listed, next=_next(listed))

    @tour.get("/rosa")
    def you_are_rosa() -> ResponseReturnValue:
        scene, listed = rosa.scene(), stops()
        shown = make_response(
            page("rosa.html", scene=scene, next=_next(listed), spoken_phone=spoken_phone, pictures=PICTURES)
        )
        on_its_way = scene.begun and not scene.phone and scene.waits_until is None
        if on_its_way:
            shown.headers["Refresh"] = LOOK_AGAIN
        return shown

    @tour.post("/rosa/text")
    def denise_texts() -> ResponseReturnValue:
        """Denise writes; at night where Rosa is, her text waits for the morning, and so does the visitor."""
        rosa.begin()
        morning = rosa.hours_begin() if not rosa.scene().phone else None
        here = url_for("tour.you_are_rosa")
        if morning is not None and not world.begin_to_move(morning + A_LITTLE, PATIENCE):
            return redirect(url_for("clock_goes", back=here))
        return redirect(here)

    @tour.post("/rosa")
    def answer() -> ResponseReturnValue:
        if not rosa.say(request.form.get("words", "")):
            flash(reader().say("sandbox.phone_away"))
        return redirect(url_for("tour.you_are_rosa", _anchor="denise"))

    @tour.get("/plug")
    def pull_the_plug() -> ResponseReturnValue:
        if plug is None:
            abort(404)
        how = plug.how()
        shown = make_response(page("plug.html", how=how, senders=SENDERS))
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


def _next(stops: list[Stop]) -> Stop | None:
    return next((stop for stop in stops if stop.state != "done"), None)


def way_back(path: str) -> str:
    """A path of our own to go back to; anything else is the first page."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else url_for("mailboxes")


def path_of_referrer() -> str:
    """Where the visitor was, as a path of our own."""
    referrer = request.referrer or ""
    return way_back("/" + referrer.split("//", 1)[-1].partition("/")[2]) if referrer else url_for("mailboxes")
