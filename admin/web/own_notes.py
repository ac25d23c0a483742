"""Own notes: before somebody else answers in their place, whoever wrote notes says what of each goes on (N21)."""

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from admin.web.frame import reader_of, tell
from admin.web.me import me
from admin.web.row_ids import row_id
from engine.base.errors import NotFound
from engine.base.services import Services
from engine.conversations.passing import CHOICES, DELETE, PAGE_NOTES, choose, own_notes


def pages(services: Services) -> Blueprint:
    """`/me/notes`, and what is chosen there."""
    blueprint = Blueprint("own_notes", __name__)

    @blueprint.get("/me/notes")
    def show() -> ResponseReturnValue:
        reader, viewer, before = reader_of(services), me(), request.args.get("before", type=row_id)
        with services.db.read() as session:
            found = own_notes(session, viewer.member_id, before, PAGE_NOTES + 1)
        older = f"/me/notes?before={found[PAGE_NOTES - 1].message_id}" if len(found) > PAGE_NOTES else None
        return render_template(
            "own_notes.html", notes=found[:PAGE_NOTES], older=older, newest="/me/notes" if before else None,
            choices=CHOICES,
            kinds=lambda note: ", ".join(reader.say(f"notes.of_{each}") for each in note.goes.left_out),
        )  # fmt: skip

    @blueprint.post("/me/notes")
    def keep() -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        wanted = {
            int(name.removeprefix("note-")): choice
            for name, choice in request.form.items()
            if name.startswith("note-") and name[5:].isdecimal() and len(name) < 30 and choice in CHOICES
        }
        gone = 0
        with services.db.write() as session:
            for message_id, choice in wanted.items():
                try:
                    choose(session, viewer.member_id, message_id, choice, reader.now)
                except NotFound:
                    continue  # pressed twice: it is deleted already
                gone += choice == DELETE
        tell(reader.say("notes.chosen", count=len(wanted), gone=gone))
        return redirect("/me/notes")

    return blueprint
