"""Health: whether this process can take in what members send, for whoever watches it."""

from collections.abc import Callable

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from engine.base.errors import HearthlineError
from engine.base.services import Services


def pages(services: Services, mail_is_open: Callable[[], bool]) -> Blueprint:
    """200 when all is well, else 503; the body says what is not."""
    health = Blueprint("health", __name__)

    @health.get("/health")
    def shown() -> ResponseReturnValue:
        checks = {"database": _reachable(services), "mail_door": mail_is_open()}
        return jsonify(checks), 200 if all(checks.values()) else 503

    return health


def _reachable(services: Services) -> bool:
    try:
        with services.db.read() as session:
            session.execute(text("SELECT count(*) FROM received WHERE id = 0"))
    except HearthlineError:
        return False
    return True
