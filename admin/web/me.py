"""Who is asking: the signed-in person, with their sight; and the guard that turns everybody else away."""

from dataclasses import dataclass
from typing import Any, cast
from zoneinfo import ZoneInfo

from flask import Flask, redirect, request
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user

from engine.base.services import Services
from engine.conversations.scope import Scope, scope_of
from engine.people.login import signed_in
from engine.people.member import Member

#: What may be opened without being signed in. A new route is closed until it is named here.
OPEN_TO_ALL = frozenset(
    {"sessions.new", "sessions.create", "invitations.show", "invitations.accept", "assets.file"}
    # Each opens one thing, by a signed link that was sent to its organizer.
    | {"drafts.show", "drafts.pressed", "one.show", "one.answer"}
    | {"watching.alive", "watching.ready", "watching.metrics"}
)


@dataclass(frozen=True, slots=True)
class Me:
    """The signed-in person."""

    carried: str
    member_id: int
    name: str
    called: str
    language: str
    zone: ZoneInfo
    scope: Scope

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """What the cookie carries."""
        return self.carried


def me() -> Me:
    """The signed-in person; only to be asked behind the guard."""
    return cast(Me, current_user)


def guard(app: Flask, services: Services) -> None:
    """Nobody gets past who is not signed in, whatever the route, unless it is in OPEN_TO_ALL."""
    manager = LoginManager(app)
    manager.session_protection = None  # a phone changes its network address all day

    def load(carried: str) -> Me | None:
        with services.db.read() as session:
            row = signed_in(session, carried, services.clock.now())
            member = session.get(Member, row.member_id) if row else None
            if member is None or member.erased_at is not None:
                return None
            scope = scope_of(session, member.id)
            if not scope.signs_in:
                return None
            return Me(
                carried=carried,
                member_id=member.id,
                name=member.name,
                called=member.called,
                language=member.language,
                zone=ZoneInfo(member.zone or services.settings.organization.zone),
                scope=scope,
            )

    manager.user_loader(load)

    @app.before_request
    def turn_away() -> ResponseReturnValue | None:
        if request.endpoint is None or request.endpoint in OPEN_TO_ALL or _is_me(current_user):
            return None
        if request.method != "GET" or request.endpoint == "stream.show":
            return "", 401
        return redirect(f"/session?next={request.path}" if request.path != "/" else "/session")


def _is_me(user: Any) -> bool:
    return bool(user.is_authenticated)
