"""Voicemails: what somebody said after the tone, to be saved and listened to by whoever may read the conversation."""

from collections.abc import Iterable

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.web.me import me
from admin.web.pictures import SEALED, Shown
from engine.base.errors import NotFound
from engine.base.services import Services
from engine.conversations.scope import message_in
from engine.conversations.voicemail import Voicemail, length_in_words
from templates.web.reader import Reader


def pages(services: Services) -> Blueprint:
    """GET `/messages/<id>/voicemail`: saved, never played by the page."""
    blueprint = Blueprint("voicemails", __name__)

    @blueprint.get("/messages/<int:message_id>/voicemail")
    def save(message_id: int) -> ResponseReturnValue:
        with services.db.read() as session:
            message = message_in(session, me().scope, message_id)
            row = session.scalar(select(Voicemail).where(Voicemail.message_id == message.id))
            if row is None or row.body is None:
                raise NotFound("There is no such voicemail.")
            response = Response(row.body, mimetype=row.content_type)
            name = f"voicemail-{message.id}.{'mp3' if row.content_type == 'audio/mpeg' else 'wav'}"
            response.headers.set("Content-Disposition", "attachment", filename=name)
        response.headers["Content-Security-Policy"] = SEALED
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "private, max-age=3600"
        return response

    return blueprint


def said_after_the_tone(session: Session, message_ids: Iterable[int], reader: Reader) -> dict[int, Shown]:
    """The voicemails of these messages: where each can be saved, or why not."""
    found: dict[int, Shown] = {}
    rows = session.execute(
        select(Voicemail.message_id, Voicemail.seconds, Voicemail.body.is_not(None), Voicemail.refusal)
        .where(Voicemail.message_id.in_(list(message_ids)))
        .order_by(Voicemail.id)
    )
    for message_id, seconds, is_here, refusal in rows:
        length = length_in_words(seconds)
        if is_here:
            shown = Shown(f"/messages/{message_id}/voicemail", reader.say("call.save", length=length), to_save=True)
        elif refusal:
            shown = Shown("", reader.say("call.refused", why=refusal))
        else:
            shown = Shown("", reader.say("call.comes", length=length))
        found[message_id] = shown
    return found
