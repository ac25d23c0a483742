"""The sandbox's doors for people and programs: mailboxes to read and write in, the outbox, the clock. Loopback only."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import (
    Flask,
    Response,
    abort,
    flash,
    get_flashed_messages,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from jinja2 import ChoiceLoader, FileSystemLoader
from sqlalchemy import func, select
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from admin.sandbox.api import create_api, read_duration, send_from
from admin.sandbox.pen import open_letter
from admin.sandbox.phones import create_pages
from admin.sandbox.plug import Plug
from admin.sandbox.store import Letter
from admin.sandbox.tour import LOOK_AGAIN, PATIENCE, create_tour, path_of_referrer, way_back
from admin.sandbox.world import World
from engine.base.errors import Invalid, NotFound
from engine.chapters.chapter import Chapter
from engine.chapters.membership import Membership
from engine.outbox.delivery import Delivery
from engine.outbox.press import press
from engine.outbox.view import Copy, copy_of
from engine.people.address import Address
from engine.people.member import Member
from engine.people.phone import spoken_phone
from templates.web.assets import assets
from templates.web.furnish import furnish, loader
from templates.web.reader import Reader

#: What may run on these pages: our own sheet and nothing else.
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'"
#: What may run in a letter: its own inline styles, without scripts, forms or anything fetched.
LETTER_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
#: The names a browser on this machine calls us by.
OUR_NAMES = frozenset({"127.0.0.1", "::1", "localhost"})
#: Messages on one page of the outbox.
PAGE = 100
#: Whose words a link on every page lets you write.
ROSA = "rosa.marin@mail.example"


def create_app(world: World, plug: Plug | None = None) -> Flask:
    """The sandbox as a WSGI app."""
    app = Flask(__name__, template_folder=None, static_folder=None)
    app.secret_key = world.services.tokens.session_secret()
    app.jinja_loader = ChoiceLoader([loader(), FileSystemLoader(Path(__file__).parent / "pages")])
    sheets = assets()
    furnish(app.jinja_env, lambda name: url_for("sheet", name=sheets.name(name)))
    app.register_blueprint(create_api(world))
    zone = ZoneInfo(world.services.settings.organization.zone)

    def page(template: str, **values: Any) -> str:
        reader = Reader(world.clock.now(), zone, "en")
        doors = world.services.settings.doors
        return render_template(
            template,
            reader=reader,
            clock_action=url_for("move_clock"),
            admin_url=doors.admin_url,
            said=get_flashed_messages(),
            places=[
                (url_for("mailboxes"), reader.say("sandbox.mailboxes_link"), request.endpoint == "mailboxes"),
                (url_for("phones.phones"), reader.say("sandbox.phones_link"), request.endpoint == "phones.phones"),
                (url_for("mailbox", address=ROSA, write=1), reader.say("page.sandbox_rosa"), False),
                (url_for("tour.index"), reader.say("page.sandbox_tour"), request.endpoint == "tour.index"),
            ],
            **values,
        )

    app.register_blueprint(create_pages(world, page, lambda: Reader(world.clock.now(), zone, "en")))
    app.register_blueprint(create_tour(world, plug, page, lambda: Reader(world.clock.now(), zone, "en")))

    @app.before_request
    def only_from_here() -> None:
        """Another site's page in the same browser must not write here, even on loopback.

        Nor read: a name of its own that it lets point to this machine would make our pages its own (DNS rebinding).
        """
        if urlsplit(f"//{request.host}").hostname not in OUR_NAMES:
            abort(403)
        if request.method != "POST":
            return
        origin = request.headers.get("Origin")
        strange = origin not in (None, "null") and urlsplit(origin or "").netloc != request.host
        if strange or request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            abort(403)

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    @app.errorhandler(Invalid)
    def refuse(trouble: Invalid) -> AnyResponse:
        flash(str(trouble))
        return redirect(request.referrer or url_for("mailboxes"))

    @app.errorhandler(HTTPException)
    def missing(trouble: HTTPException) -> tuple[str | Response, int]:
        code = trouble.code or 500
        if request.path.startswith("/api/"):
            return jsonify(error=trouble.description), code
        return page("trouble.html", words=trouble.description), code

    @app.get("/sheets/<name>")
    def sheet(name: str) -> Response:
        kept = sheets.kept.get(name) or abort(404)
        return Response(
            kept.content, mimetype=kept.mime, headers={"Cache-Control": "public, max-age=31536000, immutable"}
        )

    @app.get("/")
    def mailboxes() -> str:
        return page("mailboxes.html", groups=_groups(world))

    @app.get("/mailboxes/<address>")
    def mailbox(address: str) -> str:
        letters = world.store.letters(address)[::-1]
        chosen = _chosen(letters, request.args.get("letter", ""))
        return page(
            "mailbox.html",
            address=address.lower(),
            name=world.name_of(address),
            letters=[(letter, open_letter(letter)) for letter in letters],
            chosen=chosen,
            seen=open_letter(chosen) if chosen else None,
            tab=request.args.get("tab", "words"),
            writing=request.args.get("write"),
            desk=world.services.settings.mail.desk_address,
        )

    @app.post("/mailboxes/<address>")
    def write_mail(address: str) -> AnyResponse:
        form = request.form
        answering = world.store.letter(int(form["letter"])) if form.get("letter", "").isdigit() else None
        if answering is not None and answering.mailbox != address.lower():
            abort(404)
        sent = send_from(
            world, address.lower(), form.get("to", ""), form.get("subject", ""), form.get("text", ""), answering
        )
        flash(Reader(world.clock.now(), zone, "en").say("sandbox.sent"))
        return redirect(url_for("mailbox", address=address.lower(), letter=sent))

    @app.get("/letters/<int:letter_id>")
    def letter_html(letter_id: int) -> Response:
        letter = world.store.letter(letter_id) or abort(404)
        return Response(open_letter(letter).html, headers={"Content-Security-Policy": LETTER_POLICY})

    @app.get("/outbox")
    def outbox() -> str:
        before = request.args.get("before", type=int)
        return page("outbox.html", rows=_outbox(world, before), size=PAGE)

    def copied(delivery_id: int) -> Copy:
        services = world.services
        try:
            with services.db.read() as session:
                return copy_of(session, press(services.settings, services.tokens), delivery_id, world.clock.now())
        except NotFound:
            abort(404)

    @app.get("/outbox/<int:delivery_id>")
    def sending(delivery_id: int) -> str:
        copy = copied(delivery_id)
        arrived = world.store.letter_ids([copy.delivery.internet_message_id or ""])
        return page(
            "sending.html",
            copy=copy,
            tab=request.args.get("tab", "words"),
            letter=next(iter(arrived.values()), None),
            spoken_phone=spoken_phone,
        )

    @app.get("/outbox/<int:delivery_id>/letter")
    def sending_html(delivery_id: int) -> Response:
        return Response(copied(delivery_id).html, headers={"Content-Security-Policy": LETTER_POLICY})

    @app.post("/clock")
    def move_clock() -> AnyResponse:
        back = path_of_referrer()
        target = world.clock.now() + read_duration(request.form.get("advance", ""))
        if world.begin_to_move(target, PATIENCE):
            return arrived(back)
        return redirect(url_for("clock_goes", back=back))

    @app.get("/clock")
    def clock_goes() -> AnyResponse:
        """A sentence about how far it is, looked at again and again until it has arrived."""
        back, until = way_back(request.args.get("back", "/")), world.on_the_way_to
        if world.has_arrived() or until is None:
            return arrived(back)
        shown = make_response(page("moving.html", until=until, back=back))
        shown.headers["Refresh"] = LOOK_AGAIN
        return shown

    def arrived(back: str) -> AnyResponse:
        reader = Reader(world.clock.now(), zone, "en")
        flash(reader.say("sandbox.moved", when=f"{reader.weekday(reader.now)}, {reader.time(reader.now)}"))
        return redirect(back)

    return app


def _chosen(letters: list[Letter], wanted: str) -> Letter | None:
    return next((letter for letter in letters if str(letter.id) == wanted), None)


def _groups(world: World) -> list[tuple[str, list[tuple[str, str, int]]]]:
    """The mailboxes by chapter, organizers first: (heading, [(name, address, letters)])."""
    counts = {mailbox: count for mailbox, count, _ in world.store.mailboxes()}
    with world.services.db.read() as session:
        rows = session.execute(
            select(Member.name, Address.value, func.min(Chapter.name))
            .join(Address, (Address.member_id == Member.id) & (Address.kind == "email"))
            .outerjoin(Membership, Membership.member_id == Member.id)
            .outerjoin(Chapter, Chapter.id == Membership.chapter_id)
            .group_by(Member.id, Member.name, Address.value)
            .order_by(Member.name)
        ).all()
    answering = {organizer.mailbox for organizer in world.cast.organizers}
    # The chapters in the community's own order, the big warm one first.
    order = ["sandbox.organizers", *(room.name for room in world.cast.rooms), "sandbox.chapter_none"]
    groups: dict[str, list[tuple[str, str, int]]] = {heading: [] for heading in order}
    for name, address, chapter in rows:
        heading = "sandbox.organizers" if address in answering else chapter or "sandbox.chapter_none"
        groups.setdefault(heading, []).append((name, address, counts.pop(address, 0)))
    if counts:
        groups["sandbox.others"] = [
            (world.name_of(address), address, count) for address, count in sorted(counts.items())
        ]
    return [(heading, people) for heading, people in groups.items() if people]


def _outbox(world: World, before: int | None) -> list[tuple[Delivery, str]]:
    """One page of deliveries, latest first: the row, and to whom."""
    with world.services.db.read() as session:
        query = select(Delivery, Member.name).outerjoin(Member, Member.id == Delivery.member_id)
        if before is not None:
            query = query.where(Delivery.id < before)
        rows = session.execute(query.order_by(Delivery.id.desc()).limit(PAGE)).all()
    return [(row, name or row.to_address or "") for row, name in rows]
