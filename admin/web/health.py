"""Health: whether everything received has an outcome, everything due leaves, and everybody is answered."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin.doctor import look
from admin.sending import held_back
from admin.web.frame import reader_of, tell
from admin.web.me import Me, me
from engine.base.errors import Invalid, NotFound
from engine.base.services import Services
from engine.conversations.balance import balance
from engine.conversations.scope import Scope
from engine.outbox.brakes import lift
from engine.outbox.breaker import BRAND, MAIL, TEXTS, Trouble, let_go_on, troubles
from engine.outbox.delivery import OutboxDue
from engine.outbox.pace import slowed_numbers
from engine.outbox.sending_pause import pause_sending, resume_sending
from engine.outbox.waiting import waiting


@dataclass(frozen=True, slots=True)
class Way:
    """One way out, and what keeps messages from leaving by it just now."""

    name: str
    troubles: tuple[Trouble, ...] = ()
    #: Our numbers that a carrier found too fast, and that keep to a share of their rate for an hour.
    slowed: tuple[str, ...] = ()


def pages(services: Services) -> Blueprint:
    """`/health` for whoever keeps the house; POST `/health/pause` and its end, `/health/brakes/ID`, `/health/texts`."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/health")
    def show() -> ResponseReturnValue:
        if not me().scope.sees_figures:
            raise NotFound("This page is for the whole organization's staff.")
        now = services.clock.now()
        with services.db.read() as session:
            checks = look(session, now, services.settings)
            ways = _ways(session, now, texts=services.settings.sms.enabled)
            return render_template(
                "health.html",
                # What needs somebody stands first.
                checks=sorted(checks, key=lambda check: check.ok),
                troubles=sum(not check.ok for check in checks) + sum(bool(way.troubles) for way in ways),
                ways=ways,
                held=held_back(session, now),
                may_let_go_on=_keeps_the_house(me().scope),
                queues=[queue for queue in waiting(session, now) if queue.due],
                later=session.scalar(select(func.count()).where(OutboxDue.send_at > now)) or 0,
                balance=balance(session),
            )

    @blueprint.post("/health/pause")
    def pause() -> ResponseReturnValue:
        reader, viewer = reader_of(services), _staff()
        with services.db.write() as session:
            fresh = pause_sending(session, viewer.member_id, request.form.get("why", ""), "page", reader.now)
        tell(reader.say("health.paused_now" if fresh else "health.paused_before"))
        return redirect("/health")

    @blueprint.post("/health/pause/end")
    def resume() -> ResponseReturnValue:
        reader, viewer = reader_of(services), _staff()
        with services.db.write() as session:
            resume_sending(session, viewer.member_id, reader.now)
        tell(reader.say("health.resumed"))
        return redirect("/health")

    @blueprint.post("/health/brakes/<int:brake_id>")
    def lift_brake(brake_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), _staff()
        try:
            with services.db.write() as session:
                lift(session, brake_id, viewer.member_id, request.form.get("why", ""), reader.now)
        except Invalid:
            tell(reader.say("health.brake_why"), trouble=True)
            return redirect("/health")
        tell(reader.say("health.lifted"))
        return redirect("/health")

    @blueprint.post("/health/texts")
    def go_on() -> ResponseReturnValue:
        reader, viewer = reader_of(services), _staff()
        with services.db.write() as session:
            let_go_on(session, viewer.member_id, reader.now)
        tell(reader.say("health.gone_on"))
        return redirect("/health")

    return blueprint


def _staff() -> Me:
    """Whoever presses is staff of the whole organization. Raises NotFound for anybody else."""
    viewer = me()
    if not _keeps_the_house(viewer.scope):
        raise NotFound("This is for the whole organization's staff.")
    return viewer


def _keeps_the_house(scope: Scope) -> bool:
    return "staff" in scope.roles


def _ways(session: Session, now: datetime, *, texts: bool) -> list[Way]:
    """Mail, and texts where they are set up or something is in their way."""
    found = tuple(troubles(session, TEXTS, BRAND))
    ways = [Way("email", tuple(troubles(session, MAIL)))]
    if texts or found:
        ways.append(Way("sms", found, tuple(slowed_numbers(session, now))))
    return ways
