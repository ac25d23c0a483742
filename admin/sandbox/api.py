"""The sandbox for programs: mailboxes, phones, clock, balance. JSON in and out, on loopback only, without sign-in."""

import re
from base64 import b64decode
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from email.utils import make_msgid
from typing import Any

from flask import Blueprint, Response, jsonify, request

from admin.sandbox.carrier.carrier import outside_number
from admin.sandbox.carrier.text import Text, segments
from admin.sandbox.carrier.trouble import Trouble
from admin.sandbox.pen import Writer, bare_address, open_letter, reply_subject, write
from admin.sandbox.phones import call_from_phone, send_from_phone
from admin.sandbox.store import Letter
from admin.sandbox.world import World
from engine.base.errors import Invalid
from engine.conversations.balance import balance

_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


def read_duration(text: str) -> timedelta:
    """The length of an ISO 8601 duration of weeks, days, hours, minutes and seconds. Raises Invalid."""
    found = _DURATION.fullmatch(text.strip().upper())
    if found is None or not any(found.groups()):
        raise Invalid(f"{text!r} is not a duration such as PT1H or P1D.")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def read_moment(text: str) -> datetime:
    """The aware time in ISO 8601; without a zone it is UTC. Raises Invalid."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise Invalid(f"{text!r} is not a time such as 2026-03-02T14:00Z.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def letter_as_json(letter: Letter) -> dict[str, Any]:
    """One letter as programs see it."""
    seen = open_letter(letter)
    return {
        "id": str(letter.id),
        "at": letter.at.isoformat(),
        "from": seen.sender,
        "to": seen.headers.get("To", letter.mailbox),
        "subject": seen.subject,
        "text": seen.text,
        "html": seen.html,
        "headers": dict(seen.headers),
    }


def text_as_json(text: Text) -> dict[str, Any]:
    """One text as programs see it, in the shape of a letter; its pictures are addresses at this same port."""
    pictures = {f"MediaUrl{place}": f"/pictures/{each.sid}" for place, each in enumerate(text.pictures)}
    return {
        "id": text.sid,
        "at": text.at.isoformat(),
        "from": text.sender,
        "to": text.recipient,
        "subject": "",
        "text": text.body,
        "html": "",
        "headers": {"MessageSid": text.sid, "NumSegments": str(segments(text.body)), **pictures},
    }


def _pictures(wish: Any) -> list[tuple[str, bytes]]:
    """`media`: [{"content_type": "image/jpeg", "base64": "..."}]. Raises Invalid."""
    try:
        return [(str(each["content_type"]), b64decode(each["base64"], validate=True)) for each in wish or ()]
    except (TypeError, KeyError, ValueError) as error:
        raise Invalid('media is [{"content_type": "image/jpeg", "base64": "..."}].') from error


def _seconds(wish: Any) -> int:
    """`call`: {"seconds": 23}, or {} for a call without words. Raises Invalid."""
    seconds = wish.get("seconds", 0) if isinstance(wish, dict) else None
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise Invalid('call is {"seconds": 23}: how long they speak after the tone; 0 is a call without words.')
    return seconds


def send_from(world: World, mailbox: str, to: str, subject: str, text: str, answering: Letter | None) -> str:
    """The owner of the mailbox has written, and our door has it; the id of their copy is returned.

    Without `to` an answer goes to the letter's Reply-To. Raises Invalid when it is not clear to whom.
    """
    seen = open_letter(answering) if answering else None
    recipient = bare_address(to) if to else bare_address(seen.reply_to) if seen else ""
    if "@" not in recipient:
        raise Invalid("Say whom it is to (`to`), or which letter it answers (`in_reply_to`).")
    if not text.strip() and not subject.strip():
        raise Invalid("There is nothing written yet.")
    message = write(
        Writer(world.name_of(mailbox), mailbox),
        recipient,
        subject or (reply_subject(seen.subject) if seen else ""),
        text,
        world.clock.now(),
        make_msgid(),
        answering=seen,
        answered_at=answering.at if answering else None,
    )
    return str(world.living.send(message.as_bytes(), mailbox, recipient, message["Message-ID"]))


def create_api(world: World) -> Blueprint:
    """The machine interface, under /api."""
    api = Blueprint("api", __name__, url_prefix="/api")

    @api.errorhandler(Invalid)
    def refuse(trouble: Invalid) -> tuple[Response, int]:
        return jsonify(error=str(trouble)), 400

    @api.get("/mailboxes/<address>")
    def mailbox(address: str) -> Response:
        return jsonify(
            messages=[letter_as_json(each) for each in world.store.letters(address) if each.direction == "in"]
        )

    @api.post("/mailboxes/<address>")
    def write_mail(address: str) -> tuple[Response, int]:
        wish = _body()
        answering = None
        if wish.get("in_reply_to"):
            answering = world.store.letter(int(wish["in_reply_to"])) if str(wish["in_reply_to"]).isdigit() else None
            if answering is None or answering.mailbox != address.lower():
                raise Invalid(f"There is no letter {wish['in_reply_to']!r} in the mailbox {address}.")
        text, subject, to = (str(wish.get(name) or "") for name in ("text", "subject", "to"))
        return jsonify(id=send_from(world, address.lower(), to, subject, text, answering)), 201

    @api.get("/phones/<number>")
    def phone(number: str) -> Response:
        texts = world.carrier.texts.on_phone(outside_number(number))
        return jsonify(messages=[text_as_json(each) for each in texts if each.direction != "inbound"])

    @api.post("/phones/<number>")
    def text(number: str) -> tuple[Response, int]:
        wish = _body()
        body, to = (str(wish.get(name) or "") for name in ("body", "to"))
        if "call" in wish:
            made = call_from_phone(world, outside_number(number), to, _seconds(wish["call"]))
            heard = [{"language": language, "says": words} for language, words in made.heard]
            return jsonify(id=made.sid, taken=made.taken, heard=heard), 201
        sid, taken = send_from_phone(world, outside_number(number), to, body, _pictures(wish.get("media")))
        return jsonify(id=sid, taken=taken), 201

    @api.get("/troubles")
    def troubles() -> Response:
        return jsonify({number: asdict(trouble) for number, trouble in world.carrier.texts.troubles().items()})

    @api.post("/troubles/<number>")
    def script(number: str) -> tuple[Response, int]:
        trouble = Trouble.read(_body())
        world.carrier.script(number, trouble)
        return jsonify(asdict(trouble)), 201

    @api.delete("/troubles/<number>")
    def forget(number: str) -> tuple[str, int]:
        world.carrier.script(number, None)
        return "", 204

    @api.get("/clock")
    def clock() -> Response:
        return jsonify(now=world.clock.now().isoformat())

    @api.post("/clock")
    def move_clock() -> Response:
        wish = _body()
        if wish.get("advance"):
            target = world.clock.now() + read_duration(str(wish["advance"]))
        elif wish.get("now"):
            target = read_moment(str(wish["now"]))
        else:
            raise Invalid('Say {"advance": "PT1H"} or {"now": "2026-03-02T14:00Z"}.')
        world.move_to(target)
        return jsonify(now=world.clock.now().isoformat())

    @api.get("/balance")
    def show_balance() -> Response:
        with world.services.db.read() as session:
            return jsonify(asdict(balance(session)))

    return api


def _body() -> dict[str, Any]:
    wish = request.get_json(silent=True, force=True)
    if not isinstance(wish, dict):
        raise Invalid("The body must be one JSON object.")
    return wish
