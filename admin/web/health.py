"""Health: whether everything received has an outcome, everything due leaves, and everybody is answered."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from admin.doctor import DATABASE_CHECKS
from admin.web.me import me
from engine.base.errors import NotFound
from engine.base.services import Services
from engine.conversations.balance import balance
from engine.outbox.delivery import OutboxDue


def pages(services: Services) -> Blueprint:
    """`/health` for whoever keeps the house."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/health")
    def show() -> ResponseReturnValue:
        if not me().scope.sees_figures:
            raise NotFound("This page is for the whole organization's staff.")
        now = services.clock.now()
        with services.db.read() as session:
            checks = [check(session, now, services.settings) for check in DATABASE_CHECKS]
            waiting = session.scalar(select(func.count()).select_from(OutboxDue)) or 0
            due = session.scalar(select(func.count()).where(OutboxDue.send_at <= now)) or 0
            return render_template("health.html", checks=checks, balance=balance(session), waiting=waiting, due=due)

    return blueprint
