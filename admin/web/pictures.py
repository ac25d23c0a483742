"""Pictures: what came with a text, as we made it safe; to be looked at by whoever may read the words."""

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from admin.web.me import me
from engine.base.errors import NotFound
from engine.base.services import Services
from engine.conversations.picture import ReceivedPicture
from engine.conversations.scope import message_in

#: A browser shows these, and they can run nothing; all others are only saved.
SHOWN = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
SEALED = "sandbox; default-src 'none'; frame-ancestors 'none'"


def pages(services: Services) -> Blueprint:
    """GET `/messages/<id>/pictures/<place>`."""
    blueprint = Blueprint("pictures", __name__)

    @blueprint.get("/messages/<int:message_id>/pictures/<int:place>")
    def show(message_id: int, place: int) -> ResponseReturnValue:
        with services.db.read() as session:
            message = message_in(session, me().scope, message_id)
            picture = session.scalar(
                select(ReceivedPicture).where(ReceivedPicture.message_id == message.id, ReceivedPicture.place == place)
            )
            if picture is None or picture.body is None:
                raise NotFound("There is no such picture.")
            shown = picture.content_type in SHOWN
            response = Response(picture.body, mimetype=picture.content_type if shown else "application/octet-stream")
            if not shown:
                name = f"picture-{message.id}-{place}.{picture.content_type.rpartition('/')[2]}"
                response.headers.set("Content-Disposition", "attachment", filename=name)
        response.headers["Content-Security-Policy"] = SEALED
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "private, max-age=3600"
        return response

    return blueprint
