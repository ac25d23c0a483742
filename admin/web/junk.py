"""Junk: the lane of strangers' mail that nobody has to look at, and the press that takes one out and to a person."""

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from admin.web.frame import reader_of, tell
from admin.web.me import me
from engine.base.services import Services
from engine.conversations.junk import junk_page, rescue
from engine.people.address import masked


def pages(services: Services) -> Blueprint:
    """POST `/junk/<id>/rescue`; the lane itself is a filter of the inbox (`?show=junk`)."""
    blueprint = Blueprint("junk", __name__)

    @blueprint.post("/junk/<int:received_id>/rescue")
    def rescued(received_id: int) -> ResponseReturnValue:
        reader = reader_of(services)
        with services.db.write() as session:
            done = rescue(session, me().scope, received_id, reader.now)
        tell(reader.say("junk.rescued" if done else "junk.gone"), trouble=not done)
        return redirect("/all?show=junk")

    return blueprint


def lane(services: Services) -> ResponseReturnValue:
    """A page of the lane, newest first, with the press that takes one out."""
    after = request.args.get("after", "")
    with services.db.read() as session:
        found = junk_page(session, me().scope, int(after) if after.isdecimal() and len(after) < 19 else None)
        rows = [(row, row.from_name or masked(row.from_address)) for row in found.rows]
        return render_template("junk.html", rows=rows, after=found.after)
