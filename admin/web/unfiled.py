"""Unfiled: what came in and could not be filed at all, with its bytes, and a press that sends it on its way again."""

from flask import Blueprint, Response, redirect, render_template
from flask.typing import ResponseReturnValue

from admin.web.frame import reader_of, tell
from admin.web.me import me
from admin.web.places import back_to
from engine.audit.entry import record
from engine.base.errors import NotFound
from engine.base.services import Services
from engine.conversations.received import Received, ReceivedBytes
from engine.conversations.scope import message_in
from engine.people.address import masked
from reply_router.again import route_again, unfiled


def pages(services: Services) -> Blueprint:
    """`/unfiled`, each one's bytes, and POST `/unfiled/<id>/routing` and `/messages/<id>/routing`."""
    blueprint = Blueprint("unfiled", __name__)

    @blueprint.get("/unfiled")
    def index() -> ResponseReturnValue:
        _sees_everything()
        with services.db.read() as session:
            rows = [(row, masked(row.mail_from) if row.mail_from else "") for row in unfiled(session)]
            return render_template("unfiled.html", rows=rows)

    @blueprint.get("/unfiled/<int:received_id>/file")
    def file(received_id: int) -> ResponseReturnValue:
        _sees_everything()
        with services.db.write() as session:
            row = session.get(Received, received_id)
            kept = session.get(ReceivedBytes, row.bytes_id) if row is not None else None
            if row is None or kept is None or row.thread_id is not None:
                raise NotFound("There is no such mail among those that could not be filed.")
            record(session, me().member_id, "opened_original", "received", row.id, reader_of(services).now)
            body = bytes(kept.body)
        response = Response(body, mimetype="application/octet-stream")
        response.headers.set("Content-Disposition", "attachment", filename=f"received-{received_id}.eml")
        return response

    @blueprint.post("/unfiled/<int:received_id>/routing")
    def again(received_id: int) -> ResponseReturnValue:
        _sees_everything()
        reader = reader_of(services)
        with services.db.write() as session:
            done = route_again(session, received_id, me().member_id, reader.now)
        tell(reader.say("unfiled.again" if done else "unfiled.settled"), trouble=not done)
        return redirect("/unfiled")

    @blueprint.post("/messages/<int:message_id>/routing")
    def read_again(message_id: int) -> ResponseReturnValue:
        reader = reader_of(services)
        with services.db.write() as session:
            message = message_in(session, me().scope, message_id)
            thread_id, received_id = message.thread_id, message.received_id
            done = received_id is not None and route_again(session, received_id, me().member_id, reader.now)
        tell(reader.say("unfiled.again" if done else "unfiled.settled"), trouble=not done)
        return redirect(back_to(thread_id) if thread_id is not None else "/")

    return blueprint


def _sees_everything() -> None:
    if not me().scope.everything:
        raise NotFound("This page is for the whole organization's staff.")
