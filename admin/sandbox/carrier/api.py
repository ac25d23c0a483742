"""The provider's HTTP interface on loopback, as Twilio's client libraries speak it: messages, numbers, look-ups."""

import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from cheroot.wsgi import Gateway_10
from flask import Flask, Response, abort, jsonify, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from admin.sandbox.carrier import listing, resource
from admin.sandbox.carrier.carrier import Carrier, Draft
from admin.sandbox.carrier.form import API_VERSION
from admin.sandbox.carrier.text import Picture, Text
from admin.sandbox.carrier.trouble import Refused, Vanishing
from engine.base.clock import Clock
from engine.base.errors import Invalid
from inbound.web.serve import WebServer

#: Wall seconds for which a connection on which nothing more is heard stays open.
SILENCE = 60.0
#: Where the provider's resources are, and nothing else is.
PATHS = (f"/{API_VERSION}/", "/v1/Services", "/v2/PhoneNumbers", "/stored/")
_CONNECTION = "hearthline.connection"
_Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class _Gateway(Gateway_10):
    """Hands the connection to the application, which may have to let it die."""

    def get_environ(self) -> dict[str, Any]:  # type: ignore[override]
        """The environment of one request."""
        environ: dict[str, Any] = super().get_environ()  # type: ignore[no-untyped-call]
        environ[_CONNECTION] = self.req.conn
        return environ


class CarrierServer(WebServer):
    """The provider's interface on a port of this machine; what is not the provider's goes to the pages shown beside."""

    def __init__(self, carrier: Carrier, clock: Clock, *, port: int = 0, threads: int = 24) -> None:
        self._ending = threading.Event()
        self._carrier = carrier
        self._pages: _Application | None = None
        self._interface = create_app(carrier, clock, self._ending)
        super().__init__(self._answer, "127.0.0.1", port, threads=threads)
        self._server.gateway = _Gateway
        self._server.max_request_body_size = 8_000_000

    @property
    def url(self) -> str:
        """The address to which a client is pointed."""
        return f"http://127.0.0.1:{self.port}"

    def show(self, pages: _Application | None) -> None:
        """The pages are up at the same port, or no more."""
        self._pages = pages

    def _answer(self, environ: dict[str, Any], respond: Any) -> Iterable[bytes]:
        ours = environ["PATH_INFO"].startswith(PATHS)
        return (self._interface if ours or self._pages is None else self._pages)(environ, respond)

    def start(self) -> None:
        """The interface answers, and texts are carried."""
        super().start()
        self._carrier.start(self.url)

    def stop(self) -> None:
        """The interface is closed and nothing is carried any more."""
        self._ending.set()
        super().stop()
        self._carrier.stop()


def create_app(carrier: Carrier, clock: Clock, ending: threading.Event) -> Flask:
    """The interface as a WSGI app."""
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    account = carrier.account
    base = f"/{API_VERSION}/Accounts/<account_sid>"
    public = {"media_content", "stored"}

    @app.before_request
    def authenticate() -> None:
        """HTTP Basic with the account's sid and token. Pictures may be fetched without, as at Twilio by default."""
        given = request.authorization
        if given is None and request.endpoint in public:
            return
        known = given is not None and given.type == "basic" and given.username == account.sid
        if not known or not secrets.compare_digest(str(given.password if given else ""), account.token):
            raise Refused(20003)
        if (request.view_args or {}).get("account_sid", account.sid) != account.sid:
            raise Refused(20404, request.path)

    @app.errorhandler(Refused)
    def refuse(trouble: Refused) -> tuple[Response, int, dict[str, str]]:
        headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if trouble.status == 401 else {}
        return jsonify(resource.error(trouble)), trouble.status, headers

    @app.errorhandler(Invalid)
    def misunderstand(trouble: Invalid) -> tuple[Response, int]:
        return jsonify(
            code=20001, message=str(trouble), more_info="https://www.twilio.com/docs/errors/20001", status=400
        ), 400

    @app.errorhandler(HTTPException)
    def elsewhere(trouble: HTTPException) -> tuple[Response, int, dict[str, str]]:
        code = trouble.code or 500
        return refuse(Refused(20404, request.path)) if code in (404, 405) else (jsonify(status=code), code, {})

    @app.post(f"{base}/Messages.json")
    def create(account_sid: str) -> tuple[Response, int]:
        draft = _draft(request.form, request.form.getlist("MediaUrl"))
        trouble = carrier.texts.meet(draft.to)
        if trouble.latency_seconds:
            ending.wait(trouble.latency_seconds)
        text = carrier.create(draft, trouble)
        if trouble.after_creating:
            _die(trouble.after_creating, ending)
        return jsonify(resource.message(text, account_sid, just_created=True)), 201

    @app.get(f"{base}/Messages.json")
    def messages(account_sid: str) -> Response:
        return jsonify(listing.messages(carrier.texts, account_sid, request.args))

    @app.get(f"{base}/Messages/<sid>.json")
    def message(account_sid: str, sid: str) -> Response:
        return jsonify(resource.message(_text(carrier, sid), account_sid))

    @app.get(f"{base}/Messages/<sid>/Media.json")
    def media_list(account_sid: str, sid: str) -> Response:
        text = _text(carrier, sid)
        pictures = [resource.media(text, picture, account_sid) for picture in text.pictures]
        return jsonify(_page("media_list", pictures, request.path))

    @app.get(f"{base}/Messages/<sid>/Media/<media_sid>.json")
    def media(account_sid: str, sid: str, media_sid: str) -> Response:
        return jsonify(resource.media(_text(carrier, sid), _picture(carrier, sid, media_sid), account_sid))

    @app.get(f"{base}/Messages/<sid>/Media/<media_sid>")
    def media_content(account_sid: str, sid: str, media_sid: str) -> AnyResponse:
        """The bytes stand elsewhere at the provider, too: a client must follow."""
        _picture(carrier, sid, media_sid)
        return redirect(f"/stored/{account_sid}/{media_sid}", 307)

    @app.get("/stored/<account_sid>/<media_sid>")
    def stored(account_sid: str, media_sid: str) -> Response:
        found = carrier.texts.picture(media_sid)
        if found is None or found[1].content is None:
            raise Refused(20404, request.path)
        return Response(found[1].content, mimetype=found[1].mime)

    @app.get(f"{base}/Recordings/<sid>")
    def recording(account_sid: str, sid: str) -> Response:
        content = carrier.calls.recording(sid)
        if content is None:
            raise Refused(20404, request.path)
        return Response(content, mimetype="audio/x-wav")

    @app.get(f"{base}/IncomingPhoneNumbers.json")
    def numbers(account_sid: str) -> Response:
        wanted = request.args.get("PhoneNumber")
        shown = [
            resource.number(value, account, carrier.received_url, clock.now())
            for value in account.numbers
            if not wanted or wanted in value
        ]
        return jsonify(_page("incoming_phone_numbers", shown, request.path))

    @app.get("/v2/PhoneNumbers/<number>")
    def lookup(number: str) -> Response:
        fields = frozenset(request.args.get("Fields", "").split(","))
        country = request.args.get("CountryCode", "US")
        return jsonify(resource.lookup(number, fields, carrier, request.host_url.rstrip("/"), country))

    @app.get("/v1/Services")
    def services() -> Response:
        shown = [_service()] if account.service else []
        return jsonify(_meta_page("services", shown, request.base_url))

    @app.get("/v1/Services/<sid>")
    def service(sid: str) -> Response:
        if not account.service or sid != account.service:
            raise Refused(20404, request.path)
        return jsonify(_service())

    @app.get("/v1/Services/<sid>/PhoneNumbers")
    def service_numbers(sid: str) -> Response:
        if not account.service or sid != account.service:
            raise Refused(20404, request.path)
        shown = [resource.service_number(value, account, clock.now(), request.base_url) for value in account.numbers]
        return jsonify(_meta_page("phone_numbers", shown, request.base_url))

    def _service() -> dict[str, Any]:
        url = f"{request.host_url}v1/Services/{account.service}"
        return resource.service(account, carrier.received_url, clock.now(), url)

    return app


def _draft(form: Mapping[str, str], media: list[str]) -> Draft:
    return Draft(
        to=form.get("To", "").strip(),
        body=form.get("Body", ""),
        sender=form.get("From", "").strip(),
        service=form.get("MessagingServiceSid", "").strip(),
        media=tuple(media),
        callback=form.get("StatusCallback", "").strip(),
    )


def _die(how: Vanishing, ending: threading.Event) -> None:
    """The client never hears an answer: its connection is dead, at once or after a long silence."""
    if how == "silence":
        patience = time.monotonic() + SILENCE
        while time.monotonic() < patience and not ending.wait(0.2):
            if _hung_up():
                break
    with suppress(OSError):
        request.environ[_CONNECTION].socket.shutdown(socket.SHUT_RDWR)
    abort(500)


def _hung_up() -> bool:
    """Whether the client has gone: then its connection reads as ended."""
    connection = request.environ[_CONNECTION].socket
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


def _text(carrier: Carrier, sid: str) -> Text:
    text = carrier.texts.text(sid)
    if text is None:
        raise Refused(20404, request.path)
    return text


def _picture(carrier: Carrier, sid: str, media_sid: str) -> Picture:
    found = carrier.texts.picture(media_sid)
    if found is None or found[0] != sid:
        raise Refused(20404, request.path)
    return found[1]


def _page(name: str, rows: list[dict[str, Any]], path: str) -> dict[str, Any]:
    """A list that fits on one page, in the older shape."""
    return {
        "end": max(len(rows) - 1, 0),
        "first_page_uri": f"{path}?PageSize=50&Page=0",
        name: rows,
        "next_page_uri": None,
        "page": 0,
        "page_size": 50,
        "previous_page_uri": None,
        "start": 0,
        "uri": f"{path}?PageSize=50&Page=0",
    }


def _meta_page(name: str, rows: list[dict[str, Any]], url: str) -> dict[str, Any]:
    """A list that fits on one page, in the newer shape."""
    first = f"{url}?PageSize=50&Page=0"
    meta = {
        "first_page_url": first,
        "key": name,
        "next_page_url": None,
        "page": 0,
        "page_size": 50,
        "previous_page_url": None,
        "url": first,
    }
    return {"meta": meta, name: rows}
