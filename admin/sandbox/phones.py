"""Phones: one page for each phone out there, on which its owner reads and writes, and the list of them all."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, request, url_for
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse

from admin.sandbox.carrier.calls import Call
from admin.sandbox.carrier.carrier import outside_number
from admin.sandbox.carrier.text import Text
from admin.sandbox.carrier.texts import TAKEN
from admin.sandbox.world import World
from engine.base.errors import Invalid
from engine.people.address import Address
from engine.people.member import Member
from engine.people.phone import normal_phone, spoken_phone
from templates.web.reader import Reader

#: Wall seconds after which an open phone looks for what is new.
LOOK_SECONDS = 3
#: After such a pause a phone says the time again.
PAUSE = timedelta(minutes=30)
#: What a phone may send, and what a page shows as a picture.
PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
MOST_BYTES = 5_000_000

_LINK = re.compile(r"https?://[^\s<>]+[^\s<>.,;:!?)\]]")


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose phone it is."""

    number: str
    name: str
    mailbox: str = ""
    known: bool = True


@dataclass(frozen=True, slots=True)
class Bubble:
    """One text as the phone shows it."""

    text: Text
    #: Written on this phone.
    own: bool
    #: The words in pieces: (words, address or "").
    pieces: tuple[tuple[str, str], ...]
    #: The moment, when it is told above.
    told_at: datetime | None
    #: The number of ours, when it is another than the one before.
    line: str
    #: Under the last text of the owner: a word of the catalogue, or "".
    state: str


def owners(world: World) -> dict[str, Owner]:
    """Everybody whose phone we know, by number; a household shares one."""
    with world.services.db.read() as session:
        rows = session.execute(
            select(Address.value, Member.name, Member.id)
            .join(Member, Member.id == Address.member_id)
            .where(Address.kind == "phone")
            .order_by(Member.name)
        ).all()
        mailboxes = dict(
            session.execute(
                select(Address.member_id, Address.value)
                .where(Address.kind == "email", Address.member_id.in_([row[2] for row in rows]))
                .order_by(Address.rank.desc())
            )
            .tuples()
            .all()
        )
    found: dict[str, Owner] = {}
    for number, name, member_id in rows:
        before = found.get(number)
        names = f"{before.name}, {name}" if before else name
        found[number] = Owner(number, names, before.mailbox if before else mailboxes.get(member_id, ""))
    return found


def owner_of(world: World, number: str, known: Mapping[str, Owner]) -> Owner:
    """Whose phone it is: a member's, somebody's of the cast, or nobody's that we know."""
    if number in known:
        return known[number]
    for person in world.cast.people:
        if getattr(person, "phone", "") == number:
            return Owner(number, person.name, person.mailbox)
    return Owner(number, spoken_phone(number), known=False)


def bubbles(world: World, number: str) -> list[Bubble]:
    """Everything on the phone, oldest first."""
    shown: list[Bubble] = []
    texts = world.carrier.texts.on_phone(number)
    last_own = next((text.sid for text in reversed(texts) if text.direction == "inbound"), None)
    before: Text | None = None
    line = texts[0].our_number if texts else ""
    for text in texts:
        other = text.our_number if text.our_number != line else ""
        line = text.our_number
        told = before is None or text.at - before.at > PAUSE
        state = _state(world.carrier.texts.ended(text.sid, "received")) if text.sid == last_own else ""
        shown.append(
            Bubble(text, text.direction == "inbound", pieces(text.body), text.at if told else None, other, state)
        )
        before = text
    return shown


def _state(ended: str | None) -> str:
    if ended is None:
        return "sandbox.phone_sending"
    return "sandbox.phone_delivered" if ended == TAKEN else "sandbox.phone_not_delivered"


def pieces(body: str) -> tuple[tuple[str, str], ...]:
    """The words, and the links among them: (words, address or "")."""
    found: list[tuple[str, str]] = []
    end = 0
    for link in _LINK.finditer(body):
        found += [(body[end : link.start()], ""), (link[0], link[0])]
        end = link.end()
    return tuple(piece for piece in (*found, (body[end:], "")) if piece[0])


def send_from_phone(
    world: World, number: str, to: str, body: str, pictures: list[tuple[str, bytes]]
) -> tuple[str, bool]:
    """The phone's owner has sent it and our door was called: its id, and whether the door took it.

    Without `to` it goes to the number of ours that they last heard from. Raises Invalid.
    """
    ours = world.carrier.account.numbers
    if not ours:
        raise Invalid("This sandbox began before it had phones. Begin a new one: `hearthline demo --reset`.")
    line = outside_number(to) if to else world.carrier.texts.last_number(number) or ours[0]
    return world.carrier.send(number, line, body, pictures)


def call_from_phone(world: World, number: str, to: str, seconds: int) -> Call:
    """The phone's owner has called and spoken for so many seconds (0: hung up). `to` as in `send_from_phone`.

    Raises Invalid.
    """
    ours = world.carrier.account.numbers
    if not ours:
        raise Invalid("This sandbox began before it had phones. Begin a new one: `hearthline demo --reset`.")
    line = outside_number(to) if to else world.carrier.texts.last_number(number) or ours[0]
    return world.carrier.call(number, line, seconds)


def create_pages(world: World, page: Callable[..., str], reader: Callable[[], Reader]) -> Blueprint:
    """The pages of all phones. `page` renders a template; `reader` is who reads now."""
    pages = Blueprint("phones", __name__)

    @pages.get("/phones")
    def phones() -> str:
        asked = request.args.get("q", "").strip()
        return page("phones.html", asked=asked, **_listed(world, asked))

    @pages.get("/phones/<number>")
    def phone(number: str) -> str | AnyResponse:
        full = _number(number)
        if full != number:
            return redirect(url_for(".phone", number=full))
        known = owners(world)
        latest = [(owner_of(world, each.number, known), each) for each in world.carrier.texts.phones()[:40]]
        ours = world.carrier.account.numbers
        return page(
            "phone.html",
            owner=owner_of(world, full, known),
            spoken=spoken_phone(full),
            latest=latest,
            ours=[(each, spoken_phone(each)) for each in ours],
            line=world.carrier.texts.last_number(full) or (ours[0] if ours else ""),
            organization=world.services.settings.organization.name,
            typing="typing" in request.args,
        )

    @pages.get("/phones/<number>/screen")
    def screen(number: str) -> Response:
        full = _number(number)
        answer = Response(
            page("screen.html", bubbles=bubbles(world, full), spoken_phone=spoken_phone, pictures=PICTURES)
        )
        answer.headers["Refresh"] = str(LOOK_SECONDS)
        return answer

    @pages.post("/phones/<number>")
    def write(number: str) -> AnyResponse:
        full = _number(number)
        sent = [_picture(each) for each in request.files.getlist("picture") if each.filename]
        _, taken = send_from_phone(world, full, request.form.get("to", ""), request.form.get("body", ""), sent)
        if not taken:
            flash(reader().say("sandbox.phone_away"))
        return redirect(url_for(".phone", number=full, typing=1))

    @pages.get("/pictures/<sid>")
    def picture(sid: str) -> Response:
        found = world.carrier.texts.picture(sid)
        if found is None or found[1].content is None:
            abort(404)
        kept = found[1]
        seen = kept.mime in PICTURES
        answer = Response(kept.content, mimetype=kept.mime if seen else "application/octet-stream")
        answer.headers["Content-Disposition"] = "inline" if seen else "attachment"
        return answer

    return pages


def _number(text: str) -> str:
    try:
        return normal_phone(text) if len(text) > 6 else outside_number(text)
    except Invalid:
        abort(404)


def _picture(file: FileStorage) -> tuple[str, bytes]:
    kind = (file.mimetype or "").lower()
    content = file.read(MOST_BYTES + 1)
    if kind not in PICTURES or len(content) > MOST_BYTES:
        raise Invalid("A phone sends pictures of up to 5 MB: JPEG, PNG, GIF or WebP.")
    return kind, content


def _listed(world: World, asked: str) -> dict[str, Any]:
    """The phones that fit what was asked for: those in use, latest first, then those on which nothing stands yet."""
    known = owners(world)
    used = [(owner_of(world, each.number, known), each) for each in world.carrier.texts.phones()]
    seen = {owner.number for owner, _ in used}
    quiet = sorted((owner for owner in known.values() if owner.number not in seen), key=lambda owner: owner.name)
    stranger = ""
    if asked:
        digits = re.sub(r"\D", "", asked)

        def fits(owner: Owner, words: str = "") -> bool:
            by_number = len(digits) >= 3 and digits in owner.number
            return by_number or asked.casefold() in f"{owner.name} {words}".casefold()

        used = [(owner, each) for owner, each in used if fits(owner, each.last.body)]
        quiet = [owner for owner in quiet if fits(owner)]
        try:
            number = normal_phone(asked)
        except Invalid:
            number = ""
        stranger = number if number not in known and number not in seen else ""
    return {"used": used, "quiet": quiet, "stranger": stranger, "spoken_phone": spoken_phone}
