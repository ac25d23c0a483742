"""Invitations: somebody who was asked to answer people chooses a password."""

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from admin.web.frame import reader_of
from admin.web.sessions import begin
from engine.audit.entry import record
from engine.base.errors import BadToken
from engine.base.services import Services
from engine.base.tokens import Purpose
from engine.people.login import LEAST_LETTERS, Login, choose_password, hash_of, sign_in
from engine.people.member import Member

#: A hash of more would only keep the processor busy.
MOST_LETTERS = 200


def pages(services: Services) -> Blueprint:
    """`/invitation/<token>`."""
    blueprint = Blueprint("invitations", __name__)

    def invited(token: str) -> tuple[Login, Member] | None:
        """Whom an unused, unexpired invitation is for."""
        try:
            said = services.tokens.verify_link(token, services.clock.now(), Purpose.INVITATION)
        except BadToken:
            return None
        with services.db.read() as session:
            login, member = session.get(Login, said.member_id), session.get(Member, said.member_id)
            if login is None or member is None or login.epoch != said.subject_id:
                return None
            return login, member

    @blueprint.get("/invitation/<token>")
    def show(token: str) -> ResponseReturnValue:
        found = invited(token)
        if found is None:
            return render_template("invitation.html", member=None), 404
        return render_template("invitation.html", member=found[1], least=LEAST_LETTERS, wrong=None)

    @blueprint.post("/invitation/<token>")
    def accept(token: str) -> ResponseReturnValue:
        found = invited(token)
        if found is None:
            return render_template("invitation.html", member=None), 404
        password = request.form.get("password", "")
        if not LEAST_LETTERS <= len(password) <= MOST_LETTERS:
            wrong = reader_of(services).say("session.short", least=LEAST_LETTERS)
            return render_template("invitation.html", member=found[1], least=LEAST_LETTERS, wrong=wrong), 422
        hashed, now = hash_of(password), services.clock.now()
        with services.db.write() as session:
            login = session.get(Login, found[0].member_id, with_for_update=True)
            if login is None or login.epoch != found[0].epoch:
                return render_template("invitation.html", member=None), 404
            choose_password(session, login, hashed)
            carried = sign_in(session, login, request.remote_addr or "", now)
            record(session, login.member_id, "signed_in", "member", login.member_id, now)
        begin(carried)
        return redirect("/")

    return blueprint
