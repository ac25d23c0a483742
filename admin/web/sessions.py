"""Sessions: signing in and out."""

from datetime import timedelta
from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user

from admin.web.frame import reader_of, tell
from admin.web.me import Me
from engine.audit.entry import record
from engine.base.services import Services
from engine.conversations.scope import scope_of
from engine.people.login import fits, knock, login_of, sign_in, sign_out


def pages(services: Services) -> Blueprint:
    """`/session`: its page, its beginning, its end."""
    blueprint = Blueprint("sessions", __name__)

    @blueprint.get("/session")
    def new() -> ResponseReturnValue:
        if current_user.is_authenticated:
            return redirect("/")
        return render_template("session.html", email="", wrong=None, after=_ours(request.args.get("next", "")))

    @blueprint.post("/session")
    def create() -> ResponseReturnValue:
        reader = reader_of(services)
        email, password = request.form.get("email", ""), request.form.get("password", "")
        after = _ours(request.form.get("next", ""))
        network, now = request.remote_addr or "", services.clock.now()

        def again(sentence: str, status: int) -> ResponseReturnValue:
            return render_template("session.html", email=email, wrong=sentence, after=after), status

        with services.db.write() as session:
            wait = knock(session, email, network, now)
        if wait is not None:
            return again(reader.say("session.wait", time=_spoken(wait, reader.say)), 429)
        with services.db.read() as session:
            login = login_of(session, email)
            answers = login is not None and scope_of(session, login.member_id).signs_in
        # The hash is slow by design, so no transaction is open meanwhile.
        if not fits(login, password) or login is None or not answers:
            return again(reader.say("session.wrong"), 401)
        with services.db.write() as session:
            carried = sign_in(session, login, network, now)
            record(session, login.member_id, "signed_in", "member", login.member_id, now)
        begin(carried)
        return redirect(after or "/")

    @blueprint.post("/session/end")
    def end() -> ResponseReturnValue:
        user = current_user._get_current_object()
        if isinstance(user, Me):
            with services.db.write() as session:
                sign_out(session, user.carried, services.clock.now())
                record(session, user.member_id, "signed_out", "member", user.member_id, services.clock.now())
        sentence = reader_of(services).say("session.gone")
        logout_user()
        cookie.clear()
        tell(sentence)
        return redirect("/session")

    return blueprint


class _Carried:
    """The least that Flask-Login needs to write the cookie; the next request loads the person."""

    is_active = True
    is_authenticated = True

    def __init__(self, carried: str) -> None:
        self.carried = carried

    def get_id(self) -> str:
        return self.carried


def begin(carried: str) -> None:
    """The browser has a new session, and nothing of an earlier one."""
    cookie.clear()
    cookie.permanent = True
    login_user(_Carried(carried))


def _ours(place: str) -> str:
    """The path to go on to, if it is one of ours."""
    parts = urlsplit(place)
    # A line break would be the end of the header that sends them there, and a browser takes \ for /.
    plain = place.startswith("/") and not place.startswith("//") and place.isprintable() and "\\" not in place
    return place if plain and not parts.netloc and not parts.scheme else ""


def _spoken(wait: timedelta, say: object) -> str:
    seconds = int(wait.total_seconds()) + 1
    assert callable(say)
    if seconds < 60:
        return str(say("session.seconds", count=seconds))
    return str(say("session.minutes", count=-(-seconds // 60)))
