"""Health: whether everything received has an outcome, everything due leaves, and everybody is answered."""

import re
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin.doctor import look
from admin.sending import HELD_BACK, HeldBack, held_back
from admin.web.ahead import FIRST_DAYS, Ahead, ahead
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
from engine.outbox.text_day import NO_CAP
from engine.outbox.waiting import waiting

#: A conversation as the doctor names it, who prints on a terminal too.
_CONVERSATION = re.compile(r"(/conversations/\d+)")


@dataclass(frozen=True, slots=True)
class Way:
    """One way out, and what keeps messages from leaving by it just now."""

    name: str
    troubles: tuple[Trouble, ...] = ()
    #: Our numbers that a carrier found too fast, and that keep to a share of their rate for an hour.
    slowed: tuple[str, ...] = ()


def pages(services: Services) -> Blueprint:
    """`/health` for whoever keeps the house; POST `/health/ahead`, `/health/pause` and its end, and more like it."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/health")
    def show() -> ResponseReturnValue:
        with services.db.read() as session:
            return _page(services, session, Ahead())

    @blueprint.get("/health/ahead")
    def asked_before() -> ResponseReturnValue:
        return redirect("/health#ahead")

    @blueprint.post("/health/ahead")
    def ask_ahead() -> ResponseReturnValue:
        _reads_figures()
        with services.db.read() as session:
            asked = ahead(session, services, request.form, reader_of(services))
            return _page(services, session, asked), 400 if asked.wrong else 200

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


def _page(services: Services, session: Session, asked: Ahead) -> str:
    _reads_figures()
    now = services.clock.now()
    checks = look(session, now, services.settings)
    unwell = [check for check in checks if not check.ok]
    ways = _ways(session, now, texts=services.settings.sms.enabled)
    held = held_back(session, now)
    queues = [queue for queue in waiting(session, now) if queue.due]
    return render_template(
        "health.html",
        # What needs somebody stands first, and open; what is told below with its own button is not told twice.
        unwell=[check for check in unwell if check.name != HELD_BACK],
        well=[check for check in checks if check.ok],
        troubles=len(unwell) + sum(bool(way.troubles) for way in ways),
        ways=ways,
        ways_shut=any(way.troubles for way in ways),
        held=held,
        held_by=_slowed_by(held),
        texts_capped=_is_capped(held),
        may_let_go_on=_keeps_the_house(me().scope),
        queues=queues,
        due=sum(queue.due for queue in queues),
        late=any(queue.late for queue in queues),
        later=session.scalar(select(func.count()).where(OutboxDue.send_at > now)) or 0,
        balance=balance(session),
        asked=asked,
        first_days=FIRST_DAYS,
        parts=_parts,
    )


def _parts(words: str) -> list[str]:
    """A check's words, in which every second part is the address of a conversation, to be opened."""
    return _CONVERSATION.split(words)


def _slowed_by(held: HeldBack) -> str:
    """What slows sending down though nobody has to do anything: a word of the catalogue's `health.held_...`."""
    full = held.text_day is not None and held.text_day.is_full
    if full or (held.warm_up is not None and held.warm_up.used >= held.warm_up.allowance):
        return "full"
    return "hosts" if held.hosts else "warm" if held.warm_up is not None else "nothing"


def _is_capped(held: HeldBack) -> bool:
    """Whether the day of texts has a cap; a row without one only counts."""
    return held.text_day is not None and held.text_day.cap < NO_CAP


def _reads_figures() -> None:
    """Raises NotFound for whoever answers people of some chapters alone."""
    if not me().scope.sees_figures:
        raise NotFound("This page is for the whole organization's staff.")


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
