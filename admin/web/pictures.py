"""Pictures: what came with a text, as we made it safe; to be looked at by whoever may read the words."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.web.me import me
from engine.base.errors import NotFound
from engine.base.services import Services
from engine.conversations.picture import ReceivedPicture
from engine.conversations.scope import message_in
from templates.web.reader import Reader

#: A browser shows these, and they can run nothing; all others are only saved.
SHOWN = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
SEALED = "sandbox; default-src 'none'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture of a text: where it is seen, or why it is not."""

    href: str
    says: str
    to_save: bool = False


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


def shown_with(session: Session, message_ids: Iterable[int], reader: Reader) -> dict[int, list[Shown]]:
    """The pictures of these messages, in their order."""
    found: dict[int, list[Shown]] = {}
    for message_id, place, kind, here, refusal in session.execute(
        select(
            ReceivedPicture.message_id,
            ReceivedPicture.place,
            ReceivedPicture.content_type,
            ReceivedPicture.body.is_not(None),
            ReceivedPicture.refusal,
        )
        .where(ReceivedPicture.message_id.in_(list(message_ids)))
        .order_by(ReceivedPicture.message_id, ReceivedPicture.place)
    ):
        href = f"/messages/{message_id}/pictures/{place}"
        if here and kind in SHOWN:
            shown = Shown(href, "")
        elif here:
            shown = Shown(href, reader.say("conversation.picture_to_save"), to_save=True)
        elif refusal:
            shown = Shown("", reader.say("conversation.picture_refused", why=refusal))
        else:
            shown = Shown("", reader.say("conversation.picture_comes"))
        found.setdefault(message_id, []).append(shown)
    return found
