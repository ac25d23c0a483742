"""What every page has around it: the reader, the places to go, and what was just done."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, flash, get_flashed_messages, request
from flask_login import current_user
from flask_wtf.csrf import generate_csrf

from admin.web.me import Me
from engine.base.services import Services
from engine.chapters.chapter import Chapter
from engine.conversations.scope import Scope
from engine.outbox.brakes import open_brakes
from engine.outbox.probe import way_in
from engine.outbox.sending_pause import open_pause
from templates.web.reader import LANGUAGES, Reader


@dataclass(frozen=True, slots=True)
class Notice:
    """What was just done, once, and where to undo it."""

    sentence: str
    undo: str | None
    trouble: bool


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the menu."""

    name: str
    href: str
    current: bool


#: Word of the catalogue, address, and the blueprints that are at home there.
PLACES = (
    ("inbox.title", "/", ("inbox", "conversations", "answers", "notes", "originals", "rules", "unfiled", "junk")),
    ("task.title", "/tasks", ("tasks",)),
    ("inbox.people", "/people", ("people", "addresses", "talks", "assessments", "organizers", "reasons")),
    ("inbox.journeys", "/journeys", ("journeys", "moving", "approvals")),
    ("inbox.health", "/health", ("health",)),
)


def tell(sentence: str, *, undo: str | None = None, trouble: bool = False) -> None:
    """The next page says so, with a button to undo it."""
    told: Any = {"sentence": sentence, "undo": undo, "trouble": trouble}
    flash(told)


def reader_of(services: Services) -> Reader:
    """Whoever reads this page: the signed-in person, else a visitor by their browser's language."""
    user: Any = current_user
    now = services.clock.now()
    if isinstance(user._get_current_object(), Me):
        return Reader(now, user.zone, _language(user.language))
    organization = services.settings.organization
    visitor = request.accept_languages.best_match(LANGUAGES, default=organization.language)
    return Reader(now, ZoneInfo(organization.zone), visitor or "en")


def frame(app: Flask, services: Services) -> None:
    """Every template has `reader`, `say`, and what the layout asks for."""

    @app.context_processor
    def around() -> dict[str, Any]:
        reader = reader_of(services)
        signed_in = current_user.is_authenticated
        return {
            "reader": reader,
            "say": reader.say,
            "organization": services.settings.organization.name,
            "me": current_user.name if signed_in else None,
            "places": [Place(reader.say(word), href, request.blueprint in at_home) for word, href, at_home in PLACES],
            "notices": _told(),
            "alarm": _alarm(services, reader, current_user.scope) if signed_in else None,
            "sign_out": "/session/end",
            "csrf_token": generate_csrf(),
        }


def _alarm(services: Services, reader: Reader, scope: Scope) -> str | None:
    """What whoever answers people should know now: nothing leaves, replies may not reach us, letters of theirs rest."""
    if request.blueprint == "health":
        return None  # that page says it itself, with what to do
    chapter_ids = None if scope.everything else scope.chapters
    where = reader.say("health.on_health")
    with services.db.read() as session:
        pause = open_pause(session)
        if pause is not None:
            return f"{reader.say('health.paused_alarm', where=where)}{f' “{pause.why}”' if pause.why else ''}"
        found = way_in(session, reader.now)
        brake = next(iter(open_brakes(session, reader.now, chapter_ids)), None)
        chapter = session.get(Chapter, brake.chapter_id) if brake is not None else None
    if found.arrives:
        if brake is None:
            return None
        if chapter is None:
            return reader.say("health.brake_alarm_no_chapter", where=where)
        return reader.say("health.brake_alarm", name=chapter.name, where=where)
    why = reader.say(f"health.way_in_{found.why}", domain=services.settings.mail.domain, where=where)
    return f"{reader.say('health.way_in_red')} {why}"


def _told() -> list[Notice]:
    messages: Any = get_flashed_messages()
    return [Notice(**told) for told in messages]


def _language(tag: str) -> str:
    primary = tag.split("-")[0].lower()
    return primary if primary in LANGUAGES else "en"
