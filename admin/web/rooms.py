"""Rooms: a conversation belongs to another chapter."""

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.web.frame import reader_of, tell
from admin.web.me import me
from admin.web.places import back_to
from engine.base.errors import Invalid
from engine.base.services import Services
from engine.chapters.chapter import Chapter
from engine.conversations.room import move_to
from engine.conversations.scope import thread_in, threads_in
from engine.conversations.thread import Thread

#: So many chapters can be chosen among on one page.
MOST = 500


def pages(services: Services) -> Blueprint:
    """POST `/conversations/<id>/room`."""
    blueprint = Blueprint("rooms", __name__)

    @blueprint.post("/conversations/<int:thread_id>/room")
    def move(thread_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        wanted = request.form.get("chapter", "")
        with services.db.write() as session:
            thread = thread_in(session, viewer.scope, thread_id)
            if not wanted.isdecimal() or len(wanted) > 19:
                raise Invalid("There is no such chapter.")
            move_to(session, thread, int(wanted), viewer.member_id, reader.now, home="home" in request.form)
            name = session.get_one(Chapter, thread.chapter_id).name
            still_theirs = session.scalar(select(Thread.id).where(Thread.id == thread.id, threads_in(viewer.scope)))
        tell(reader.say("conversation.moved", name=name))
        return redirect(back_to(thread_id) if still_theirs else "/")

    return blueprint


def other_rooms(session: Session, thread: Thread) -> list[tuple[int, str]]:
    """The chapters that the conversation could belong to instead, by name."""
    rows = session.execute(
        select(Chapter.id, Chapter.name)
        .where(Chapter.id != (thread.chapter_id or 0))
        .order_by(Chapter.name)
        .limit(MOST)
    )
    return list(rows.tuples())
