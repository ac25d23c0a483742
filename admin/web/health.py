"""Health: whether everything received has an outcome, everything due leaves, and everybody is answered."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin.doctor import look
from admin.web.me import me
from engine.base.errors import NotFound
from engine.base.services import Services
from engine.conversations.balance import balance
from engine.outbox.delivery import OutboxDue
from engine.outbox.line import Breaker
from engine.outbox.waiting import waiting


@dataclass(frozen=True, slots=True)
class Way:
    """One way out, and whether it is left alone just now because it answered nothing but errors."""

    name: str
    closed_since: datetime | None = None
    tried_at: datetime | None = None
    reason: str = ""


def pages(services: Services) -> Blueprint:
    """`/health` for whoever keeps the house."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/health")
    def show() -> ResponseReturnValue:
        if not me().scope.sees_figures:
            raise NotFound("This page is for the whole organization's staff.")
        now = services.clock.now()
        with services.db.read() as session:
            checks = look(session, now, services.settings)
            ways = _ways(session, texts=services.settings.sms.enabled)
            return render_template(
                "health.html",
                # What needs somebody stands first.
                checks=sorted(checks, key=lambda check: check.ok),
                troubles=sum(not check.ok for check in checks) + sum(way.closed_since is not None for way in ways),
                ways=ways,
                queues=[queue for queue in waiting(session, now) if queue.due],
                later=session.scalar(select(func.count()).where(OutboxDue.send_at > now)) or 0,
                balance=balance(session),
            )

    return blueprint


def _ways(session: Session, *, texts: bool) -> list[Way]:
    """Mail, texts where they are set up, and whatever else was closed."""
    closed = {
        row.way: Way(row.way, row.opened_at, row.probe_at, row.reason)
        for row in session.scalars(select(Breaker).where(Breaker.opened_at.is_not(None)).order_by(Breaker.way))
    }
    return list(({name: Way(name) for name in ("email", *(["sms"] if texts else []))} | closed).values())
