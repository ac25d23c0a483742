"""Rules: staff's own word on where new words go, tried against last month's messages before they are kept."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin.web.frame import reader_of, tell
from admin.web.me import Me, me
from admin.web.row_ids import row_id
from engine.base.errors import Invalid, NotFound
from engine.base.services import Services
from engine.base.settings import Settings
from engine.chapters.chapter import Chapter
from engine.conversations.assignment import who_may_answer
from engine.conversations.routing_rule import (
    LANGUAGES,
    RoutingRule,
    RuleDraft,
    add_rule,
    change_places,
    change_rule,
    checked,
    draft_of,
    end_rule,
    live_rules,
    pause_rule,
    resume_rule,
    take_back_end,
)
from engine.conversations.scope import rule_in, rules_in
from engine.people.member import names_of
from engine.people.phone import normal_phone
from reply_router.rule_trial import RuleTrial, try_draft

#: So long a rule that ended stands below the others, to be taken back.
ENDED_FOR = timedelta(days=30)
MOST_ENDED = 20


@dataclass(frozen=True, slots=True)
class Form:
    """What stands in the form: a draft as its writer sees it, and what is wrong with it."""

    draft: RuleDraft
    rule_id: int | None = None
    wrong: str = ""
    trial: RuleTrial | None = None

    @property
    def words(self) -> str:
        """The words, one a line."""
        return "\n".join(self.draft.words)


def pages(services: Services) -> Blueprint:
    """`/rules`, POST `/rules/trial`, and POST for each thing that is done with one."""
    blueprint = Blueprint("rules", __name__)

    @blueprint.get("/rules")
    def index() -> ResponseReturnValue:
        editing = request.args.get("edit", type=row_id)
        with services.db.read() as session:
            may_rule(me())
            rule = rule_in(session, me().scope, editing) if editing is not None else None
            draft = draft_of(rule) if rule is not None else RuleDraft("")
            return _page(services, session, Form(draft, rule.id if rule is not None else None))

    @blueprint.post("/rules/trial")
    def attempt() -> ResponseReturnValue:
        return _written(services, keep=False)

    @blueprint.post("/rules")
    def create() -> ResponseReturnValue:
        return _written(services, keep=True)

    @blueprint.post("/rules/<int:rule_id>/pause")
    def pause(rule_id: int) -> ResponseReturnValue:
        return _done(services, rule_id, pause_rule, "rule.paused_said", undo=f"/rules/{rule_id}/pause/end")

    @blueprint.post("/rules/<int:rule_id>/pause/end")
    def resume(rule_id: int) -> ResponseReturnValue:
        return _done(services, rule_id, resume_rule, "rule.resumed_said")

    @blueprint.post("/rules/<int:rule_id>/end")
    def end(rule_id: int) -> ResponseReturnValue:
        return _done(services, rule_id, end_rule, "rule.ended_said", undo=f"/rules/{rule_id}/end/undo")

    @blueprint.post("/rules/<int:rule_id>/end/undo")
    def take_back(rule_id: int) -> ResponseReturnValue:
        return _done(services, rule_id, take_back_end, "rule.back_said")

    @blueprint.post("/rules/<int:rule_id>/order")
    def order(rule_id: int) -> ResponseReturnValue:
        up = request.form.get("to") == "sooner"
        with services.db.write() as session:
            rule = rule_in(session, me().scope, rule_id)
            seen = _live(session, me())
            at = next((number for number, each in enumerate(seen) if each.id == rule.id), None)
            to = None if at is None else at - 1 if up else at + 1
            if to is not None and 0 <= to < len(seen):
                change_places(session, rule, seen[to], me().member_id, reader_of(services).now)
        return redirect("/rules")

    return blueprint


def may_rule(viewer: Me) -> None:
    """Raises NotFound for whoever answers nobody."""
    if not viewer.scope.everything and not viewer.scope.chapters:
        raise NotFound("There is no such page for you.")


def _done(
    services: Services,
    rule_id: int,
    act: Callable[[Session, RoutingRule, int, datetime], object],
    said: str,
    undo: str | None = None,
) -> ResponseReturnValue:
    """It is done with a rule that the reader may see, and the list says so."""
    reader = reader_of(services)
    with services.db.write() as session:
        rule = rule_in(session, me().scope, rule_id)
        act(session, rule, me().member_id, reader.now)
        name = rule.name
    tell(reader.say(said, name=name), undo=undo)
    return redirect("/rules")


def _written(services: Services, *, keep: bool) -> ResponseReturnValue:
    """The form's rule is tried, or kept; what is wrong with it stands above the form."""
    reader, viewer = reader_of(services), me()
    rule_id = row_id(request.form["rule"]) if request.form.get("rule", "").isdecimal() else None
    told = _form_draft()
    with services.db.write() as session:
        may_rule(viewer)
        rule = rule_in(session, viewer.scope, rule_id) if rule_id is not None else None
        try:
            draft = checked(session, _in_sight(session, _numbered(told, services.settings), viewer))
        except Invalid as trouble:
            return _page(services, session, Form(told, rule_id, reader.said(str(trouble)))), 400
        if not keep:
            trial = try_draft(session, viewer.scope, draft, rule_id, reader.now)
            return _page(services, session, Form(draft, rule_id, trial=trial))
        if rule is not None:
            change_rule(session, rule, draft, viewer.member_id, reader.now)
        else:
            add_rule(session, draft, viewer.member_id, reader.now)
    tell(reader.say("rule.kept", name=draft.name))
    return redirect("/rules")


def _form_draft() -> RuleDraft:
    form = request.form
    words = [each for line in form.get("words", "").splitlines() for each in line.split(",")]

    def chosen(name: str) -> int | None:
        return row_id(form[name]) if form.get(name, "").isdecimal() else None

    return RuleDraft(
        form.get("name", ""), tuple(each.strip() for each in words if each.strip()), form.get("address", "").strip(),
        form.get("from_number", "").strip(), form.get("to_number", "").strip(), form.get("language", ""),
        chosen("chapter"), chosen("to_chapter"), chosen("to_member"),
    )  # fmt: skip


def _numbered(draft: RuleDraft, settings: Settings) -> RuleDraft:
    """The draft with its phones in the one form in which they are kept. Raises Invalid."""
    country = settings.sms.country
    return replace(
        draft,
        from_number=normal_phone(draft.from_number, country) if draft.from_number else "",
        to_number=normal_phone(draft.to_number, country) if draft.to_number else "",
    )


def _in_sight(session: Session, draft: RuleDraft, viewer: Me) -> RuleDraft:
    """The draft, as far as the viewer may rule: only staff rules over chapters that are not theirs."""
    if viewer.scope.everything:
        return draft
    chapters = viewer.scope.chapters
    chapter_id = draft.chapter_id if draft.chapter_id is not None or len(chapters) > 1 else next(iter(chapters))
    if chapter_id not in chapters or (draft.to_chapter_id is not None and draft.to_chapter_id not in chapters):
        raise Invalid("Choose one of your own chapters; for words of others, ask the national desk.")
    return replace(draft, chapter_id=chapter_id)


def _live(session: Session, viewer: Me) -> list[RoutingRule]:
    """The live rules in the viewer's sight, in order."""
    if viewer.scope.everything:
        return list(live_rules(session))
    return [each for each in live_rules(session) if each.chapter_id in viewer.scope.chapters]


def _page(services: Services, session: Session, form: Form) -> str:
    reader, viewer = reader_of(services), me()
    live = _live(session, viewer)
    ended = session.scalars(
        select(RoutingRule)
        .where(rules_in(viewer.scope), RoutingRule.ended_at > reader.now - ENDED_FOR)
        .order_by(RoutingRule.ended_at.desc())
        .limit(MOST_ENDED)
    ).all()
    query = select(Chapter.id, Chapter.name).order_by(Chapter.name)
    if not viewer.scope.everything:
        query = query.where(Chapter.id.in_(viewer.scope.chapters))
    chapters: list[tuple[int, str]] = list(session.execute(query).tuples())
    rows = [*live, *ended]
    named = {each.by_id for each in rows} | {each.to_member_id for each in rows} | {each.ended_by_id for each in rows}
    all_chapters = dict(session.execute(select(Chapter.id, Chapter.name)).tuples().all())
    return render_template(
        "rules.html",
        live=live,
        ended=ended,
        form=form,
        chapters=chapters,
        chapter_names=all_chapters,
        people=who_may_answer(session, *(each for each, _ in chapters)),
        names=names_of(session, named),
        languages=LANGUAGES,
        everything=viewer.scope.everything,
        asks=_asks,
    )


def _asks(rule: Any) -> list[str]:
    """What a rule asks for besides its words, as it is written."""
    return [each for each in (rule.address, rule.from_number, rule.to_number) if each]
