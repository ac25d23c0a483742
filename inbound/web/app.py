"""The public pages as a WSGI application: one file per noun, joined here."""

from collections.abc import Callable
from pathlib import Path

from flask import Flask, request
from flask_limiter import Limiter
from jinja2 import ChoiceLoader, FileSystemLoader
from werkzeug.middleware.proxy_fix import ProxyFix

from engine.base.services import Services
from inbound.network import network_of
from inbound.receive import Acceptor
from inbound.web import assets, confirm, fresh_code, health, join, link, noted, preferences, unsubscribe
from inbound.web.headers import set_headers
from inbound.web.refusals import refuse_in_words
from inbound.web.visitor import frame
from inbound.webhooks import WEBHOOKS
from templates.web.assets import assets as gather
from templates.web.furnish import furnish, loader

_HERE = Path(__file__).parent

#: What one form may carry, in bytes.
MAX_FORM_BYTES = 20_000
#: Per network address. Wide: a mail provider presses one-click for all its people from a few addresses.
LIMIT = "600 per minute"


def create_app(
    services: Services, acceptor: Acceptor | None = None, *, mail_is_open: Callable[[], bool] = lambda: True
) -> Flask:
    """The public pages, ready to be served. No cookie, no script, nothing from elsewhere; nothing changes by GET.

    With an acceptor, the providers' doors are among them (inbound.webhooks).
    """
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=MAX_FORM_BYTES, MAX_FORM_MEMORY_SIZE=MAX_FORM_BYTES)
    doors = services.settings.doors
    if doors.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=doors.proxies, x_proto=doors.proxies)  # type: ignore[method-assign]
    kept = gather()
    furnish(app.jinja_env, lambda name: f"/assets/{kept.name(name)}")
    app.jinja_env.loader = ChoiceLoader([FileSystemLoader(_HERE / "pages"), loader()])
    limiter = Limiter(
        lambda: network_of(request.remote_addr or ""),
        app=app,
        default_limits=[LIMIT],
        storage_uri=doors.limits_url,
        # A store of counts that is away must not keep a member from saying stop.
        swallow_errors=True,
        in_memory_fallback_enabled=doors.limits_url != "memory://",
    )
    frame(app, services)
    set_headers(app)
    refuse_in_words(app)
    app.register_blueprint(assets.pages(kept))
    app.register_blueprint(unsubscribe.pages(services))
    app.register_blueprint(link.pages(services, limiter))
    app.register_blueprint(join.pages(services, limiter))
    app.register_blueprint(confirm.pages(services))
    app.register_blueprint(preferences.pages(services))
    app.register_blueprint(fresh_code.pages(services, limiter))
    app.register_blueprint(noted.pages(services))
    checks = health.pages(services, mail_is_open)
    app.register_blueprint(checks)
    limiter.exempt(checks)
    if acceptor is not None:
        # All of a provider's come from a few addresses of its own, and are counted by it.
        for _, _, pages in WEBHOOKS:
            door = pages(services, acceptor)
            app.register_blueprint(door)
            limiter.exempt(door)
    return app
