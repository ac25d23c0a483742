"""How a chapter talks: whom mail to its address is for, which posts wait for a steward, when a topic is old."""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.web.frame import reader_of, tell
from admin.web.me import me
from engine.base.errors import NotFound
from engine.base.services import Services
from engine.chapters.chapter import DEFAULT_TO, MODERATES, MOST_DAYS, OLD_TOPICS, Chapter, choose_talk
from engine.conversations.assignment import may_answer, where_answering
from engine.conversations.scope import Scope


@dataclass(frozen=True, slots=True)
class Form:
    """The choices as they stand in the form; the days as somebody wrote them, and what is wrong with those."""

    default_to: str
    moderates: str
    days: str
    old_topics: str
    wrong: str = ""


def pages(services: Services) -> Blueprint:
    """`/chapters/talk`, and for each chapter `/chapters/<id>/talk`, which is also where its form goes."""
    blueprint = Blueprint("chapter_talk", __name__)

    @blueprint.get("/chapters/talk")
    def index() -> ResponseReturnValue:
        with services.db.read() as session:
            found = chapters_of(session, me().scope)
            if len(found) == 1:
                return redirect(f"/chapters/{found[0].id}/talk")
            if not found and "staff" not in me().scope.roles:
                raise NotFound("There is no such page for you.")
            return render_template("chapter_talk.html", chapter=None, chapters=found)

    @blueprint.get("/chapters/<int:chapter_id>/talk")
    def show(chapter_id: int) -> ResponseReturnValue:
        with services.db.read() as session:
            chapter = _own(session, me().scope, chapter_id)
            return _page(services, session, chapter, _as_it_is(chapter))

    @blueprint.post("/chapters/<int:chapter_id>/talk")
    def change(chapter_id: int) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        with services.db.write() as session:
            chapter = _own(session, viewer.scope, chapter_id)
            before, told = _as_it_is(chapter), _told()
            wrong = _wrong(told)
            if wrong:
                form = Form(told.default_to, told.moderates, told.days, told.old_topics, reader.say(wrong))
                return _page(services, session, chapter, form), 400
            if told != before:
                choose_talk(
                    session, chapter, reader.now,
                    default_to=told.default_to, moderates=told.moderates, old_after_days=int(told.days or 0),
                    old_topics=told.old_topics, by_id=viewer.member_id,
                )  # fmt: skip
            name = chapter.name
        if told == before:
            tell(reader.say("chapter_talk.same"))
        else:
            tell(reader.say("chapter_talk.kept", chapter=name), undo=f"/chapters/{chapter_id}/talk?{_as_query(before)}")
        return redirect(f"/chapters/{chapter_id}/talk")

    return blueprint


def chapters_of(session: Session, scope: Scope) -> list[Chapter]:
    """The chapters whose organizers the viewer is one of, by name; all of them for the organization's staff."""
    query = select(Chapter).order_by(Chapter.name)
    if not scope.everything:
        query = query.where(Chapter.id.in_(scope.chapters))
    where = where_answering(session, scope.member_id)
    return [each for each in session.scalars(query) if None in where or each.id in where]


def _own(session: Session, scope: Scope, chapter_id: int) -> Chapter:
    """The chapter, for somebody who answers its people. Raises NotFound for anybody else."""
    chapter = session.get(Chapter, chapter_id)
    in_sight = scope.everything or chapter_id in scope.chapters
    if chapter is None or not in_sight or not may_answer(session, scope.member_id, chapter_id):
        raise NotFound("There is no such chapter.")
    return chapter


def _as_it_is(chapter: Chapter) -> Form:
    days = chapter.topics_old_after_days
    return Form(chapter.default_to, chapter.moderates, str(days) if days else "", chapter.old_topics)


def _told() -> Form:
    """What was chosen: in the form, or in the address by which a change is undone."""
    said = request.values
    days = said.get("old_after", "").strip()
    return Form(
        said.get("default_to", ""), said.get("moderates", ""), "" if days.strip("0") == "" else days,
        said.get("old_topics", ""),
    )  # fmt: skip


def _wrong(told: Form) -> str:
    """The key of what is wrong with the choices; empty: nothing is."""
    if told.default_to not in DEFAULT_TO or told.moderates not in MODERATES or told.old_topics not in OLD_TOPICS:
        return "chapter_talk.choose"
    if told.days and not (told.days.isascii() and told.days.isdecimal() and len(told.days) < 6):
        return "chapter_talk.days_wrong"
    return "chapter_talk.days_many" if told.days and int(told.days) > MOST_DAYS else ""


def _as_query(form: Form) -> str:
    return urlencode(
        {
            "default_to": form.default_to,
            "moderates": form.moderates,
            "old_after": form.days,
            "old_topics": form.old_topics,
        }
    )


def _page(services: Services, session: Session, chapter: Chapter, form: Form) -> str:
    return render_template(
        "chapter_talk.html",
        chapter=chapter,
        several=len(chapters_of(session, me().scope)) > 1,
        form=form,
        address=f"{chapter.slug}@{services.settings.mail.domain}",
        choices=(("default_to", DEFAULT_TO), ("moderates", MODERATES), ("old_topics", OLD_TOPICS)),
    )
