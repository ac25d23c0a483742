"""Originals: a member's mail exactly as it came, in a sealed frame of its own, and what was attached to it."""

from html import escape

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from admin.web.frame import reader_of
from admin.web.me import me
from admin.web.veil import veil
from engine.audit.entry import record
from engine.base.errors import NotFound, Unread
from engine.base.services import Services
from engine.conversations.message import Message
from engine.conversations.received import Received, ReceivedBytes
from engine.conversations.scope import message_in
from engine.people.member import Member
from reply_router.budget.readers import readers
from reply_router.reading.text_message import fields_of

#: Bytes shown as they came; more of it is there to save.
MOST_SHOWN = 2_000_000

#: The frame runs nothing, loads nothing but our style sheet, and stands in our own page alone.
SEALED = "sandbox; default-src 'none'; style-src 'self'; form-action 'none'; frame-ancestors 'self'"


def pages(services: Services) -> Blueprint:
    """`/messages/<id>/original`, the three things in it, and `/messages/<id>/attachments/<number>`."""
    blueprint = Blueprint("originals", __name__)

    def raw(message_id: int) -> bytes:
        with services.db.read() as session:
            found = _bytes_of(session, message_in(session, me().scope, message_id))
        if found is None:
            raise NotFound("The bytes of this mail are not kept.")
        return found

    def seen(message_id: int) -> Message:
        with services.db.read() as session:
            return message_in(session, me().scope, message_id)

    @blueprint.get("/messages/<int:message_id>/original")
    def show(message_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        with services.db.write() as session:
            message = message_in(session, viewer.scope, message_id)
            here = _bytes_of(session, message) is not None
            author = session.get(Member, message.author_id or message.member_id or 0)
            record(session, viewer.member_id, "opened_original", "message", message.id, reader.now)
        name = author.name if author else message.author_name or reader.say("inbox.unknown")
        as_text = request.args.get("as") == "text" or bool(message.detail.get("unreadable"))
        return render_template("original.html", message=message, name=name, here=here, raw=as_text)

    @blueprint.get("/messages/<int:message_id>/original/page")
    def page(message_id: int) -> ResponseReturnValue:
        found, message = raw(message_id), seen(message_id)
        if message.detail.get("unreadable"):
            # What stopped our reader once is not read again to be shown.
            return text(message_id)
        if message.channel == "sms":
            lines = "\n".join(f"{name}: {value}" for name, value in fields_of(found))
            return _sealed(veil(services.settings, f"<pre>{escape(lines)}</pre>"))
        try:
            reading = readers.read(found)
        except Unread:
            return _as_bytes(found)
        return _sealed(veil(services.settings, reading.html or f"<pre>{escape(reading.body or reading.text)}</pre>"))

    @blueprint.get("/messages/<int:message_id>/original/text")
    def text(message_id: int) -> ResponseReturnValue:
        return _as_bytes(raw(message_id))

    @blueprint.get("/messages/<int:message_id>/original/file")
    def file(message_id: int) -> ResponseReturnValue:
        return _to_save(
            raw(message_id), f"message-{message_id}.{'txt' if seen(message_id).channel == 'sms' else 'eml'}"
        )

    @blueprint.get("/messages/<int:message_id>/attachments/<int:number>")
    def attachment(message_id: int, number: int) -> ResponseReturnValue:
        with services.db.read() as session:
            message = message_in(session, me().scope, message_id)
            named = {part.get("index"): str(part.get("name") or "") for part in message.attachments}
            body = _bytes_of(session, message)
        if number not in named or body is None:
            raise NotFound("There is no such attachment.")
        try:
            content = readers.attachment(body, number)
        except Unread:
            # Who cannot have the part gets the whole.
            return _to_save(body, f"message-{message_id}.eml")
        return _to_save(content, named[number] or f"attachment-{number}")

    def _as_bytes(found: bytes) -> Response:
        shown = escape(found[:MOST_SHOWN].decode("utf-8", "replace"))
        return _sealed(veil(services.settings, f"<pre>{shown}</pre>"))

    return blueprint


def _bytes_of(session: Session, message: Message) -> bytes | None:
    received = session.get(Received, message.received_id) if message.received_id is not None else None
    kept = session.get(ReceivedBytes, received.bytes_id) if received is not None else None
    return kept.body if kept is not None else None


def _sealed(body: str) -> Response:
    """Our page around `body`, which is harmless HTML already."""
    response = Response(render_template("sealed.html", body=body), mimetype="text/html")
    response.headers["Content-Security-Policy"] = SEALED
    return response


def _to_save(content: bytes, name: str) -> Response:
    """A file to be saved and never opened here, whatever it says it is."""
    response = Response(content, mimetype="application/octet-stream")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Content-Security-Policy"] = SEALED
    return response
