"""Mine: how somebody who answers people hears of words, when they are away, and what of theirs still waits."""

from datetime import datetime, time
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from admin.web.drafts import shown_drafts
from admin.web.frame import reader_of, tell
from admin.web.me import me
from engine.base.errors import Invalid
from engine.base.local_time import instant
from engine.base.services import Services
from engine.conversations.handing_over import give_back, leave
from engine.outbox.notices import phone_for_alerts
from engine.people.absence import absence_of, comes_back, goes_away
from engine.people.address import masked
from engine.people.notice_choice import BY_MAIL, EARLIEST, LATEST, choice_of, choose


def pages(services: Services) -> Blueprint:
    """`/me`, what is chosen there, going away and coming back."""
    blueprint = Blueprint("mine", __name__)

    @blueprint.get("/me")
    def show() -> ResponseReturnValue:
        return _page(services)

    @blueprint.post("/me/notices")
    def notices() -> ResponseReturnValue:
        reader = reader_of(services)
        by_mail, by_text = request.form.get("by_mail", ""), request.form.get("by_text") == "yes"
        opens, closes = (request.form.get(name, type=int) or 0 for name in ("opens", "closes"))
        try:
            with services.db.write() as session:
                choose(
                    session, me().member_id, reader.now, by_mail=by_mail, by_text=by_text, opens=opens, closes=closes
                )
        except Invalid:
            return _page(services, wrong=reader.say("mine.hours_wrong")), 422
        tell(reader.say("mine.kept"))
        return redirect("/me")

    @blueprint.post("/me/absence")
    def away() -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        day = request.form.get("until", "").strip()
        until: datetime | None = None
        if day:
            try:
                until = instant(datetime.combine(datetime.fromisoformat(day).date(), time()), viewer.zone)
            except ValueError:
                return _page(services, wrong=reader.say("mine.day_wrong")), 422
            if until <= reader.now:
                return _page(services, wrong=reader.say("mine.day_wrong")), 422
        with services.db.write() as session:
            absence = goes_away(session, viewer.member_id, until, viewer.member_id, "page", reader.now)
            passed = leave(session, absence, reader.now)
        says = reader.say("mine.gone", threads=passed.threads, members=passed.members)
        if passed.notes or passed.notes_kept:
            says += " " + reader.say("mine.gone_notes", passed=passed.notes, kept=passed.notes_kept)
        tell(says, undo="/me/absence/end")
        return redirect("/me")

    @blueprint.post("/me/absence/end")
    def back() -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        with services.db.write() as session:
            comes_back(session, viewer.member_id, viewer.member_id, reader.now)
            give_back(session, reader.now)
        tell(reader.say("mine.back"))
        return redirect("/me")

    return blueprint


def _page(services: Services, wrong: str | None = None) -> str:
    reader, viewer = reader_of(services), me()
    with services.db.read() as session:
        absence = absence_of(session, viewer.member_id, reader.now)
        phone = phone_for_alerts(session, viewer.member_id)
        about: dict[str, Any] = {
            "choice": choice_of(session, viewer.member_id),
            "phone": masked(phone) if phone else "",
            "absence": absence,
            "drafts": shown_drafts(session, viewer.member_id),
        }
    return render_template(
        "mine.html",
        **about,
        ways=BY_MAIL,
        hours=range(EARLIEST.hour, LATEST.hour + 1),
        wrong=wrong,
        texts=services.texts,
    )
