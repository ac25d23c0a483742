"""Journeys: what runs, for how many; what each says in words; and letting one rest."""

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import SelectBase, func, select
from sqlalchemy.orm import Session

from admin.web.approvals import made
from admin.web.frame import reader_of, tell
from admin.web.me import me
from admin.web.readings import Reading, read_version
from admin.web.row_ids import row_id
from admin.web.veil import FOOT, body
from engine.base.errors import Invalid, NotFound
from engine.base.services import Services
from engine.conversations.scope import Scope, member_ids_in
from engine.enrollments.journey import Journey, JourneyVersion, Published, load_version
from engine.enrollments.pause import JourneyPause, latest_pause
from engine.enrollments.tally import Tally, at_steps, endings, tallies
from engine.people.member import names_of
from engine.runner.pausing import pause, resume
from journeys.changes import changes
from journeys.check import check
from journeys.describe import describe
from journeys.findings import Finding
from journeys.steps import Message
from journeys.vocabulary import AfterPause
from templates.render import Refused, Rendered, Renderer

#: Versions listed, the newest first.
MOST_VERSIONS = 20
#: What a process remembers of checks of versions.
_MOST_CHECKED = 500
_checked: dict[int, tuple[Finding, ...]] = {}


def pages(services: Services) -> Blueprint:
    """`/journeys`, a version in words, its messages, and the pauses."""
    blueprint = Blueprint("journeys", __name__)
    renderer = Renderer()

    @blueprint.get("/journeys")
    def index() -> ResponseReturnValue:
        scope = me().scope
        with services.db.read() as session:
            rows = session.execute(
                select(Journey, JourneyVersion.number)
                .outerjoin(JourneyVersion, JourneyVersion.id == Journey.current_version_id)
                .order_by(Journey.title)
            ).all()
            counts = tallies(session, _counted(scope))
            return render_template(
                "journeys.html",
                journeys=[(journey, number, counts.get(journey.id, Tally())) for journey, number in rows],
                everybody=scope.sees_figures,
            )

    @blueprint.get("/journeys/<slug>/<int:number>")
    def show(slug: str, number: int) -> ResponseReturnValue:
        viewer, reader = me(), reader_of(services)
        with services.db.read() as session:
            journey, row = _version(session, slug, number)
            version = load_version(session, row.id)
            others = _versions(session, journey.id)
            counted = _counted(viewer.scope)
            people = at_steps(session, [each.id for each in others], counted)
            reading = read_version(session, services.settings, viewer, version, people, reader)
            since, changed = _since(session, others, version, request.args.get("since", type=row_id))
            resting = latest_pause(session, journey.id)
            return render_template(
                "journey.html",
                journey=journey,
                version=row,
                script=version.script,
                begins=reader.said(describe(version.script)[1]),
                reading=reading,
                live=sum(people.values()),
                elsewhere=sum(many for (id_, _), many in people.items() if id_ != journey.current_version_id),
                endings=endings(session, journey.id, counted),
                everybody=viewer.scope.sees_figures,
                versions=[(each, sum(many for (id_, _), many in people.items() if id_ == each.id)) for each in others],
                names=names_of(session, {row.by_id, resting.by_id if resting else None, journey.paused_by_id}),
                since=since,
                changed=changed,
                findings=_findings(version, reading),
                resting=resting,
                waits_for_word=_waits_for_word(journey, resting),
                rules=[str(rule) for rule in AfterPause],
                may_pause=_may_pause(viewer.scope),
            )

    @blueprint.get("/journeys/<slug>/<int:number>/messages")
    def messages(slug: str, number: int) -> ResponseReturnValue:
        viewer = me()
        with services.db.read() as session:
            journey, row = _version(session, slug, number)
            version = load_version(session, row.id)
            reading = read_version(session, services.settings, viewer, version, {}, reader_of(services))
        shown = {
            letter.id: _words(made(renderer, reading.compiled[letter.id], [each.step], None, ""))
            for each in reading.steps
            if isinstance(each.step, Message)
            for letter in each.letters
        }
        return render_template("messages.html", journey=journey, version=row, reading=reading, shown=shown)

    @blueprint.post("/journeys/<slug>/pause")
    def rest(slug: str) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        why = request.form.get("why", "").strip()
        if not _may_pause(viewer.scope):
            raise NotFound("There is no such journey.")
        with services.db.write() as session:
            where = _page_of(session, slug)
            rested = bool(why) and pause(session, slug, why, reader.now, viewer.member_id)
        if not why:
            tell(reader.say("journey.why_missing"), trouble=True)
        else:
            tell(reader.say("journey.rests" if rested else "journey.rested_before"))
        return redirect(where)

    @blueprint.post("/journeys/<slug>/pause/end")
    def go_on(slug: str) -> ResponseReturnValue:
        reader, viewer = reader_of(services), me()
        if not _may_pause(viewer.scope):
            raise NotFound("There is no such journey.")
        wanted = request.form.get("overdue", "")
        rule = AfterPause(wanted) if wanted in set(AfterPause) else None
        try:
            with services.db.write() as session:
                where = _page_of(session, slug)
                resume(session, slug, reader.now, viewer.member_id, rule)
        except Invalid:
            tell(reader.say("journey.went_on_before"))
        else:
            tell(reader.say("journey.goes_on"))
        return redirect(where)

    return blueprint


def _words(mail: Rendered | Refused) -> tuple[str, str, str]:
    """Subject, words and foot; of what cannot be put together, why not."""
    if isinstance(mail, Refused):
        return "", mail.says, ""
    foot = FOOT.search(mail.text)
    return mail.subject, body(mail.text), mail.text[foot.end() :].strip() if foot else ""


def _counted(scope: Scope) -> SelectBase | None:
    """Whom the counts are of: everybody for whoever reads the organization's figures, else those in sight."""
    return None if scope.sees_figures else member_ids_in(scope)


def _may_pause(scope: Scope) -> bool:
    return "staff" in scope.roles


def _version(session: Session, slug: str, number: int) -> tuple[Journey, JourneyVersion]:
    found = session.execute(
        select(Journey, JourneyVersion)
        .join(JourneyVersion, JourneyVersion.journey_id == Journey.id)
        .where(Journey.slug == slug, JourneyVersion.number == number)
    ).one_or_none()
    if found is None:
        raise NotFound("There is no such version of a journey.")
    return found[0], found[1]


def _versions(session: Session, journey_id: int) -> list[JourneyVersion]:
    return list(
        session.scalars(
            select(JourneyVersion)
            .where(JourneyVersion.journey_id == journey_id)
            .order_by(JourneyVersion.number.desc())
            .limit(MOST_VERSIONS)
        )
    )


def _since(
    session: Session, others: list[JourneyVersion], version: Published, wanted: int | None
) -> tuple[JourneyVersion | None, tuple[str, ...]]:
    """The version this one is compared with (the one before it, unless another is asked for), and what changed."""
    wanted = version.number - 1 if wanted is None else wanted
    before = next((each for each in others if each.number == wanted and each.id != version.id), None)
    if before is None:
        return None, ()
    old = load_version(session, before.id)
    return before, changes(old.script, version.script, old.templates, version.templates)


def _findings(version: Published, reading: Reading) -> tuple[Finding, ...]:
    """What a check of this very version says, with the letters it was published with. Neither ever changes."""
    known = _checked.get(version.id)
    if known is None:
        if len(_checked) >= _MOST_CHECKED:
            _checked.clear()
        known = _checked[version.id] = check(version.script, reading.catalog)
    return known


def _waits_for_word(journey: Journey, resting: JourneyPause | None) -> bool:
    """The journey goes on, and somebody must say what becomes of the steps that its pause kept back."""
    return (
        journey.paused_at is None
        and resting is not None
        and resting.rule == AfterPause.ASK
        and resting.judged_at is not None
        and resting.decided_at is None
        and resting.overdue > 0
    )


def _page_of(session: Session, slug: str) -> str:
    number = session.scalar(
        select(func.coalesce(JourneyVersion.number, 0))
        .select_from(Journey)
        .outerjoin(JourneyVersion, JourneyVersion.id == Journey.current_version_id)
        .where(Journey.slug == slug)
    )
    if number is None:
        raise NotFound("There is no such journey.")
    return f"/journeys/{slug}/{number}" if number else "/journeys"
