"""Noted: what we have noted of a member's outlook, for them to see, correct and erase; and how far they like to be led.

Only by a link that was asked for just now: one that came in a letter may have been passed on, and this is theirs alone.
"""

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from engine.base.errors import BadToken, Invalid
from engine.base.services import Services
from engine.conversations.talk import erase_outlook_and_words
from engine.people.path import BELONGING, is_outlook, move, outlooks
from engine.people.wish import Wish, wish_no_more, wish_to_stay
from inbound.web.preferences import Holder, holder_of
from journeys.vocabulary import stages_of

#: The furthest stage that a member who would rather not lead is asked to.
FURTHEST = "active"
#: What the member's words are kept as, where they said it with a tick.
_CORRECTED = "They said so themselves, on their own page."
_NOTICES = frozenset({"corrected", "erased", "wished", "unwished"})


def pages(services: Services) -> Blueprint:
    """`/p/<token>/noted`, and what is pressed there."""
    noted = Blueprint("noted", __name__)

    @noted.get("/p/<token>/noted")
    def shown(token: str) -> ResponseReturnValue:
        said = request.args.get("said", "")
        with services.db.read() as session:
            holder = _own(holder_of(session, services, token))
            return render_template(
                "noted.html",
                member=holder.member,
                outlooks=outlooks(session, holder.member.id),
                stages=stages_of("outlook"),
                stays=session.get(Wish, (holder.member.id, BELONGING)) is not None,
                here=f"/p/{token}/noted",
                back=f"/p/{token}",
                notice=f"noted.{said}" if said in _NOTICES else "",
            )

    @noted.post("/p/<token>/noted")
    def corrected(token: str) -> ResponseReturnValue:
        path, stage = request.form.get("path", ""), request.form.get("stage", "")
        with services.db.write() as session:
            member_id = _own(holder_of(session, services, token)).member.id
            theirs = {each.path for each in outlooks(session, member_id)}
            if path not in theirs or not is_outlook(path) or stage not in stages_of(path):
                raise Invalid("There is nothing of this kind to correct.")
            move(session, member_id, path, stage, _CORRECTED, services.clock.now(), by_id=member_id)
        return redirect(f"/p/{token}/noted?said=corrected", 303)

    @noted.post("/p/<token>/noted/erase")
    def erased(token: str) -> ResponseReturnValue:
        with services.db.write() as session:
            member_id = _own(holder_of(session, services, token)).member.id
            erase_outlook_and_words(session, member_id, request.form.get("path", ""), services.clock.now())
        return redirect(f"/p/{token}/noted?said=erased", 303)

    @noted.post("/p/<token>/noted/wish")
    def wished(token: str) -> ResponseReturnValue:
        stays = request.form.get("stays") == "yes"
        words = request.form.get("words", "").strip()[:500]
        with services.db.write() as session:
            member_id = _own(holder_of(session, services, token)).member.id
            if stays:
                wish_to_stay(session, member_id, FURTHEST, words, services.clock.now())
            else:
                wish_no_more(session, member_id)
        return redirect(f"/p/{token}/noted?said={'wished' if stays else 'unwished'}", 303)

    @noted.errorhandler(BadToken)
    def old(_error: BadToken) -> ResponseReturnValue:
        return render_template("link.html", old=True, address="", wrong=None), 410

    return noted


def _own(holder: Holder) -> Holder:
    """Raises BadToken for a link that came in a letter."""
    if not holder.asked_for:
        raise BadToken("This page opens with a link that was asked for just now.")
    return holder
