"""Pages: `/alive`, `/ready` and `/metrics`, on the admin's port and on the port of a process without pages."""

from flask import Blueprint, Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue

from admin.watching.watch import Watch
from inbound.web.serve import WebServer

#: What a proxy adds: somebody asks from outside, through the name that people reach the admin by.
FORWARDED = ("Forwarded", "X-Forwarded-For", "Via")


def pages(watch: Watch) -> Blueprint:
    """What machines ask. `/metrics` and `/ready` tell a proxied visitor nothing, for nobody signs in to them."""
    blueprint = Blueprint("watching", __name__)

    @blueprint.get("/alive")
    def alive() -> ResponseReturnValue:
        return "alive\n", 200, {"Content-Type": "text/plain"}

    @blueprint.get("/ready")
    def ready() -> ResponseReturnValue:
        if _from_outside():
            return "", 404
        parts = watch.readiness()
        well = all(part.ok for part in parts)
        told = {part.name: {"ok": part.ok, "says": part.says} for part in parts}
        return jsonify(ready=well, parts=told), 200 if well else 503

    @blueprint.get("/metrics")
    def metrics() -> ResponseReturnValue:
        if _from_outside():
            return "", 404
        body, content_type = watch.metrics(request.headers.get("Accept", ""))
        return Response(body, content_type=content_type)

    return blueprint


def watch_server(watch: Watch, host: str, port: int) -> WebServer:
    """The three pages alone, for a process that has no others; not started yet."""
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.register_blueprint(pages(watch))
    return WebServer(app, host, port, threads=2)


def _from_outside() -> bool:
    return any(name in request.headers for name in FORWARDED)
