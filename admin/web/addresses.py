"""Addresses: masked everywhere; looking at one is noted."""

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from admin.web.frame import reader_of, tell
from admin.web.me import me
from engine.audit.entry import record
from engine.base.errors import NotFound
from engine.base.services import Services
from engine.chapters.membership import home_chapter
from engine.conversations.scope import member_in
from engine.people.address import Address


def pages(services: Services) -> Blueprint:
    """POST `/people/<id>/addresses/<id>/reveal`."""
    blueprint = Blueprint("addresses", __name__)

    @blueprint.post("/people/<int:member_id>/addresses/<int:address_id>/reveal")
    def reveal(member_id: int, address_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        with services.db.write() as session:
            member = member_in(session, viewer.scope, member_id)
            address = session.scalar(select(Address).where(Address.id == address_id, Address.member_id == member.id))
            if address is None:
                raise NotFound("There is no such address.")
            chapter_id = home_chapter(session, member.id)
            record(session, viewer.member_id, "revealed", "address", address.id, reader.now, chapter_id=chapter_id)
            sentence = reader.say("person.revealed", name=member.called, address=address.value)
        tell(sentence)
        thread_id = request.form.get("thread", type=int)
        return redirect(f"/conversations/{thread_id}" if thread_id else f"/people/{member_id}")

    return blueprint
