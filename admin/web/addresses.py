"""Addresses: masked everywhere; looking at one is noted, and so is trying one again that rests."""

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.web.frame import reader_of, tell
from admin.web.me import me
from engine.audit.entry import record
from engine.base.errors import NotFound
from engine.base.services import Services
from engine.chapters.membership import home_chapter
from engine.conversations.scope import member_in
from engine.outbox.trouble import set_right
from engine.people.address import Address
from engine.people.member import Member

#: What a reason may hold, in characters.
LONGEST_WHY = 400


def pages(services: Services) -> Blueprint:
    """POST `/people/<id>/addresses/<id>/reveal` and `/people/<id>/addresses/<id>/reset`."""
    blueprint = Blueprint("addresses", __name__)

    @blueprint.post("/people/<int:member_id>/addresses/<int:address_id>/reveal")
    def reveal(member_id: int, address_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        with services.db.write() as session:
            member = member_in(session, viewer.scope, member_id)
            address = _of(session, member, address_id)
            chapter_id = home_chapter(session, member.id)
            record(session, viewer.member_id, "revealed", "address", address.id, reader.now, chapter_id=chapter_id)
            sentence = reader.say("person.revealed", name=member.called, address=address.value)
        tell(sentence)
        thread_id = request.form.get("thread", type=int)
        return redirect(f"/conversations/{thread_id}" if thread_id else f"/people/{member_id}")

    @blueprint.post("/people/<int:member_id>/addresses/<int:address_id>/reset")
    def reset(member_id: int, address_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        why = request.form.get("why", "").strip()[:LONGEST_WHY]
        thread_id = request.form.get("thread", type=int)
        with services.db.write() as session:
            member = member_in(session, viewer.scope, member_id)
            address = _of(session, member, address_id)
            name = member.called
            done = bool(why) and set_right(session, address, viewer.member_id, why, reader.now)
        if not why:
            tell(reader.say("reach.why_missing"), trouble=True)
        else:
            tell(reader.say("reach.reset_done" if done else "reach.reset_before", name=name))
        return redirect(f"/conversations/{thread_id}" if thread_id else f"/people/{member_id}")

    return blueprint


def _of(session: Session, member: Member, address_id: int) -> Address:
    address = session.scalar(select(Address).where(Address.id == address_id, Address.member_id == member.id))
    if address is None:
        raise NotFound("There is no such address.")
    return address
