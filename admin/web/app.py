"""The admin as a WSGI application: one file per noun, joined here."""

from datetime import timedelta
from pathlib import Path

from flask import Flask
from flask_wtf import CSRFProtect
from jinja2 import ChoiceLoader, FileSystemLoader

from admin.watching import pages as watching
from admin.watching.watch import Watch
from admin.web import (
    addresses,
    answers,
    approvals,
    assessments,
    assignments,
    chapter_talk,
    closures,
    conversations,
    drafts,
    health,
    inbox,
    invitations,
    journeys,
    junk,
    mine,
    moving,
    notes,
    one,
    organizers,
    originals,
    own_notes,
    people,
    pictures,
    reaching,
    reasons,
    responses,
    rooms,
    rules,
    sessions,
    stream,
    talks,
    tasks,
    topics,
    unfiled,
    voicemails,
)
from admin.web.frame import frame
from admin.web.headers import set_headers
from admin.web.me import guard
from admin.web.refusals import refuse_in_words
from admin.web.row_ids import RowId
from engine.base.services import Services
from engine.people.login import SIGNED_IN_FOR
from inbound.web import assets
from templates.web.assets import assets as gather
from templates.web.furnish import furnish, loader

_HERE = Path(__file__).parent

#: What one form may carry, in bytes: a long letter, not a file.
MAX_FORM_BYTES = 1_000_000

PAGES = (
    inbox, conversations, topics, chapter_talk, answers, notes, assignments, closures, responses, originals, pictures,
    voicemails,
    stream, people, addresses, reaching, reasons, tasks, rules, unfiled, talks, assessments, organizers, journeys,
    junk, moving, rooms,
    approvals, health, mine, own_notes, drafts, one, sessions, invitations,
)  # fmt: skip


def create_app(services: Services, watch: Watch | None = None) -> Flask:
    """The admin, ready to be served. It answers nobody who is not signed in, but for the doors to sign in by."""
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.config.update(
        SECRET_KEY=services.tokens.session_secret(),
        SESSION_COOKIE_NAME="hearthline_admin",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=services.settings.doors.admin_url.startswith("https:"),
        PERMANENT_SESSION_LIFETIME=timedelta(seconds=SIGNED_IN_FOR.total_seconds()),
        MAX_CONTENT_LENGTH=MAX_FORM_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_FORM_BYTES,
        # A page may stand open all day; its token is bound to the session, which ends.
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.url_map.converters["int"] = RowId
    kept = gather(sorted((_HERE / "scripts").glob("*.js")))
    furnish(app.jinja_env, lambda name: f"/assets/{kept.name(name)}")
    app.jinja_env.loader = ChoiceLoader([FileSystemLoader(_HERE / "pages"), loader()])
    CSRFProtect(app)
    guard(app, services)
    frame(app, services)
    set_headers(app)
    refuse_in_words(app)
    # The sealed frame of a mail has no origin of its own, and still wears our style.
    app.register_blueprint(assets.pages(kept, worn_by="cross-origin"))
    app.register_blueprint(watching.pages(watch or Watch(services)))
    for noun in PAGES:
        app.register_blueprint(noun.pages(services))
    return app
