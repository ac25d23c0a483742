"""The inbox: four views with an address and a count each, filters in the address, pages by keyset."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args
from urllib.parse import urlencode

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from admin.web.entries import MACHINES
from admin.web.frame import reader_of
from admin.web.junk import lane
from admin.web.me import Me, me
from engine.base.services import Services
from engine.conversations.inbox import (
    COUNT_LIMIT,
    ORDERS,
    SHOWN,
    VIEWS,
    MachineRow,
    Order,
    Place,
    Row,
    Shown,
    View,
    inbox,
    machine_mail,
    waiting_counts,
)
from engine.conversations.junk import junk_count
from reply_router.again import unfiled
from templates.web.reader import Reader

#: Each view's own address.
ADDRESSES: Mapping[View, str] = {
    "mine": "/",
    "chapters": "/chapters",
    "unmatched": "/needs-a-person",
    "all": "/all",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One view, filter or order to choose."""

    word: str
    href: str
    current: bool
    count: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One row as it is shown."""

    id: str
    href: str
    name: str
    zone: str | None
    words: str
    at: object
    left: str
    kind: str
    word: str
    current: bool
    fresh: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """The list's pane, whole."""

    view: View
    title: str
    views: list[Choice]
    shown: list[Choice]
    orders: list[Choice]
    summary: str
    lines: list[Line]
    older: str | None
    first: str | None
    empty: str
    empty_do: str | None
    empty_href: str | None
    #: Whether the viewer may say where new words go.
    rules: bool
    #: That something could not even be filed; empty: nothing, or not for this viewer.
    unfiled: str

    @property
    def onward(self) -> Line | None:
        """Who waits next below the one that is read, or else from the top; None where nobody else here waits."""
        here = next((place for place, line in enumerate(self.lines) if line.current), -1)
        ahead = (*self.lines[here + 1 :], *self.lines[: max(here, 0)])
        return next((line for line in ahead if line.fresh), None)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the address asks for."""

    view: View
    shown: Shown | None
    order: Order
    after: Place | None

    @classmethod
    def read(cls, view: View, values: Mapping[str, str]) -> "Wish":
        """The wish in an address; a word we do not know counts as none. Raises Invalid for a broken place."""
        shown = values.get("show", "open")
        order = values.get("order", "newest")
        after = values.get("after")
        return cls(
            view=view,
            shown=None if shown == "machine" else next((word for word in SHOWN if word == shown), "open"),
            order=next((word for word in ORDERS if word == order), "newest"),
            after=Place.parse(after) if after else None,
        )

    def query(self, **changed: str | None) -> dict[str, str]:
        """The address's values that are not the usual ones, with these changed."""
        values: dict[str, str | None] = {"show": self.shown or "machine", "order": self.order, **changed}
        usual = {"show": "open", "order": "newest"}
        return {name: value for name, value in values.items() if value is not None and usual.get(name) != value}

    def href(self, view: View | None = None, **changed: str | None) -> str:
        """The address of the list with these changed."""
        return _with(ADDRESSES[view or self.view], self.query(**changed))


def pages(services: Services) -> Blueprint:
    """The four views."""
    blueprint = Blueprint("inbox", __name__)

    def show(view: View) -> ResponseReturnValue:
        if request.args.get("show") == "junk":
            return lane(services)
        wish = Wish.read(view, request.args)
        with services.db.read() as session:
            found = listing(session, me(), wish, reader_of(services))
        return render_template("inbox.html", list=found)

    for view, address in ADDRESSES.items():
        blueprint.add_url_rule(address, view, lambda view=view: show(view), methods=["GET"])
    return blueprint


def view_named(name: str | None) -> View:
    """The view of that name, else one's own."""
    return next((view for view in get_args(View) if view == name), "mine")


def listing(session: Session, viewer: Me, wish: Wish, reader: Reader, current: int | None = None) -> Listing:
    """The list's pane for this wish, with the conversation that stands open beside it."""
    counts = waiting_counts(session, viewer.scope)
    if wish.shown is None:
        machine = machine_mail(session, viewer.scope, wish.after)
        lines, older = [_machine_line(row, wish, reader, current) for row in machine.rows], machine.older
    else:
        found = inbox(session, viewer.scope, wish.view, wish.shown, wish.order, reader.now, wish.after)
        lines, older = [_line(row, viewer, wish, reader, current) for row in found.rows], found.older
    order_word = reader.say(f"inbox.{wish.order}")
    shown_word = reader.say(f"inbox.{wish.shown or 'machine'}")
    empty, empty_do, empty_href = _empty(wish, reader)
    return Listing(
        view=wish.view,
        title=reader.say(f"inbox.{wish.view}"),
        views=[
            Choice(reader.say(f"inbox.{view}"), ADDRESSES[view], view == wish.view, _counted(counts[view]))
            for view in VIEWS
        ],
        shown=[
            Choice(reader.say(f"inbox.{word}"), wish.href(show=word), word == (wish.shown or "machine"))
            for word in (*SHOWN, "machine")
        ]
        + [
            Choice(reader.say("junk.title"), wish.href(show="junk"), False, _counted(junk_count(session, viewer.scope)))
        ],
        orders=[
            Choice(reader.say(f"inbox.{word}"), wish.href(order=word), word == wish.order)
            for word in (ORDERS if wish.shown else ())
        ],
        summary=reader.say("inbox.shown", what=shown_word, order=order_word.lower()),
        lines=lines,
        older=wish.href(after=str(older)) if older else None,
        first=wish.href() if wish.after else None,
        empty=empty,
        empty_do=empty_do,
        empty_href=empty_href,
        rules=viewer.scope.everything or bool(viewer.scope.chapters),
        unfiled=_unfiled(session, viewer, wish, reader),
    )


def _unfiled(session: Session, viewer: Me, wish: Wish, reader: Reader) -> str:
    if wish.view != "unmatched" or not viewer.scope.everything or not (count := len(unfiled(session))):
        return ""
    return reader.say("unfiled.some_one") if count == 1 else reader.say("unfiled.some_other", count=count)


def _line(row: Row, viewer: Me, wish: Wish, reader: Reader, current: int | None) -> Line:
    kind, word = _standing(row, reader)
    return Line(
        id=f"row-{row.thread_id}",
        href=_with(f"/conversations/{row.thread_id}", {"view": wish.view, **wish.query()}),
        name=row.name or reader.say("inbox.unknown"),
        zone=row.zone,
        words=row.words,
        at=row.at,
        left=_who(row, viewer, reader),
        kind=kind,
        word=word,
        current=row.thread_id == current,
        fresh=row.waits_since is not None,
    )


def _machine_line(row: MachineRow, wish: Wish, reader: Reader, current: int | None) -> Line:
    if row.thread_id is not None:
        place = f"/conversations/{row.thread_id}"
    else:
        place = f"/people/{row.member_id}" if row.member_id is not None else f"/messages/{row.message_id}/original"
    return Line(
        id=f"row-m{row.message_id}",
        href=_with(place, {"view": wish.view, **wish.query()}),
        name=row.name or reader.say("inbox.unknown"),
        zone=None,
        words=row.words,
        at=row.at,
        left=reader.say(f"inbox.machine_{row.what if row.what in MACHINES else 'mail'}"),
        kind="quiet",
        word="",
        current=row.thread_id is not None and row.thread_id == current,
        fresh=False,
    )


def _who(row: Row, viewer: Me, reader: Reader) -> str:
    who = row.responsible or reader.say("inbox.nobody")
    if row.responsible_id == viewer.member_id:
        who = reader.say("inbox.you")
    return f"{who} · {row.chapter}" if row.chapter else who


def _standing(row: Row, reader: Reader) -> tuple[str, str]:
    if row.closed:
        return "quiet", reader.say("inbox.is_closed")
    if row.due_at is None:
        return "answered", reader.say("inbox.answered")
    if row.due_at < reader.now:
        return "overdue", reader.say("inbox.overdue_mark")
    return "due", reader.say("inbox.due", when=reader.soon(row.due_at))


def _empty(wish: Wish, reader: Reader) -> tuple[str, str | None, str | None]:
    if wish.shown != "open" or wish.order != "newest":
        return reader.say("inbox.empty_filter"), reader.say("inbox.empty_filter_do"), ADDRESSES[wish.view]
    sentence = reader.say(f"inbox.empty_{wish.view}")
    if wish.view == "mine":
        return sentence, reader.say("inbox.empty_mine_do"), ADDRESSES["chapters"]
    return sentence, None, None


def _counted(count: int) -> str:
    if count >= COUNT_LIMIT:
        return f"{COUNT_LIMIT - 1}+"
    return str(count) if count else ""


def _with(path: str, values: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(values)}" if values else path
