"""Explain: why somebody did or did not get something. It reads, and changes nothing.

What has happened is told by visits, deliveries and their reasons, as they were written at the time. What has not come
yet is told by what stands in the way now: each condition with its value, each rule of the gate with what it says.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.errors import NotFound
from engine.base.settings import Settings
from engine.enrollments.enrollment import FINISHED, Enrollment, Standing, Visit, standing, visits_of
from engine.enrollments.journey import Journey, Published, load_version
from engine.outbox.closed import Closed, closings
from engine.outbox.delivery import Delivery, DeliveryKey
from engine.outbox.gate import rule_of
from engine.people.member import Member
from engine.runner.explain_conditions import Asked, conditions_of, judged
from engine.runner.explain_entry import EntryRule, Past, entry_rules, past_of
from engine.runner.explain_rules import RuleSaid, rules_for, rules_of_waiting
from engine.runner.explain_words import SAYS, awaited, message_in_words, said_of
from journeys.steps import STEP_KINDS, Ask, Email, Step, Text
from journeys.walk import reached


@dataclass(frozen=True, slots=True)
class Posted:
    """A message of a step: where it is, and which rule of the gate held it back or refused it (empty: none)."""

    delivery_id: int
    channel: str
    state: str
    at: datetime
    rule: str
    says: str


@dataclass(frozen=True, slots=True)
class Passed:
    """One visit, as it was settled at the time."""

    due_at: datetime
    acted_at: datetime
    outcome: str
    says: str
    why: str


@dataclass(frozen=True, slots=True)
class StepWhy:
    """One step for one person. `status`: done, skipped, here, ahead, passed_by, not_reached."""

    step: str
    kind: str
    does: str
    status: str
    says: str
    visits: tuple[Passed, ...] = ()
    messages: tuple[Posted, ...] = ()
    #: Judged now, for a step that is here or ahead.
    conditions: tuple[Asked, ...] = ()
    #: What the gate would say now, for a message that has not left.
    rules: tuple[RuleSaid, ...] = ()


@dataclass(frozen=True, slots=True)
class EnrollmentWhy:
    """One time on a journey: how it began, where it is or how it ended, and every step of its version."""

    enrollment_id: int
    version: int
    trigger: str
    began_at: datetime
    ended_at: datetime | None
    end_reason: str
    #: What is awaited, in one sentence, and when it comes at the latest; empty and None once it is over.
    awaits: str
    awaits_until: datetime | None
    #: Exit and goal, with their values now: either ends the journey before the next step.
    leaves_when: tuple[Asked, ...]
    steps: tuple[StepWhy, ...]


@dataclass(frozen=True, slots=True)
class JourneyWhy:
    """One journey for one person: in one sentence, may it begin for them now, and each time they were on it."""

    journey: str
    title: str
    says: str
    entry: tuple[EntryRule, ...]
    enrollments: tuple[EnrollmentWhy, ...]


def why(
    session: Session, settings: Settings, member_id: int, now: datetime, slug: str | None = None
) -> tuple[JourneyWhy, ...]:
    """Why this member did or did not get what journeys send: of the journey named, else of every one there is.

    Raises NotFound for a member or a journey that is not there.
    """
    member = session.get(Member, member_id)
    if member is None:
        raise NotFound("There is no such member.")
    query = select(Journey).where(Journey.current_version_id.is_not(None)).order_by(Journey.id)
    journeys = list(session.scalars(query if slug is None else query.where(Journey.slug == slug)))
    if slug is not None and not journeys:
        raise NotFound(f"No journey {slug!r} is published here.")
    past = past_of(session, member_id)
    rows = [row for journey in journeys for row in past.times.get(journey.id, ())]
    known = _read(session, settings, member, rows, now)
    return tuple(_journey(session, past, journey, known, now) for journey in journeys)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is asked for all of a member's enrollments at once; each by the enrollment, or by the delivery."""

    places: Mapping[int, Standing]
    visits: Mapping[int, Sequence[Visit]]
    #: Steps that may still come.
    ahead: Mapping[int, Collection[int]]
    #: By step, the oldest first.
    messages: Mapping[int, Mapping[int, Sequence[Delivery]]]
    #: By enrollment and step.
    rules: Mapping[tuple[int, int], tuple[RuleSaid, ...]]
    waiting: Mapping[int, tuple[RuleSaid, ...]]
    closed: Mapping[int, Closed]


def _read(session: Session, settings: Settings, member: Member, rows: Sequence[Enrollment], now: datetime) -> _Known:
    places = standing(session, [row.id for row in rows if row.ended_at is None])
    visits = history(session, [row.id for row in rows])
    ahead: dict[int, Collection[int]] = {}
    wanted: list[tuple[Enrollment, Published, int]] = []
    for row in rows:
        here = places.get(row.id)
        if here is None:
            continue
        version = load_version(session, row.version_id)
        ahead[row.id] = [each for each in reached(version.script, [here.step], lambda _: True) if each is not None]
        wanted += [(row, version, place) for place in ahead[row.id] if _may_still_speak(version, place, here)]
    messages = _messages(session, visits)
    waiting = [
        each for steps in messages.values() for sent in steps.values() for each in sent if each.state == "queued"
    ]
    return _Known(
        places, visits, ahead, messages, rules_for(session, settings, member, wanted, now),
        rules_of_waiting(session, settings, waiting, now), closings(session, waiting, now),
    )  # fmt: skip


def _may_still_speak(version: Published, place: int, here: Standing) -> bool:
    is_asking = here.step == place and here.phase > 0
    return isinstance(version.script.steps[place], Email | Text | Ask) and not is_asking


def _journey(session: Session, past: Past, journey: Journey, known: _Known, now: datetime) -> JourneyWhy:
    times = tuple(_enrollment(session, row, journey, known, now) for row in past.times.get(journey.id, ()))
    current = load_version(session, journey.current_version_id or 0)
    entry = entry_rules(session, past, journey, current, now)
    return JourneyWhy(journey.slug, journey.title, _in_short(times, entry), entry, times)


def _in_short(times: Sequence[EnrollmentWhy], entry: Sequence[EntryRule]) -> str:
    if not times:
        missing = next((rule.says for rule in entry if not rule.holds), "Nothing is in the way; it has not begun yet.")
        return f"They were never on it. {missing}"
    last = times[-1]
    if last.ended_at is None:
        return f"They are on it. {last.awaits}"
    how = "They walked it to its end" if last.end_reason == FINISHED else f"It ended for them ({last.end_reason})"
    return f"{how} on {last.ended_at:%d %B %Y}."


def _enrollment(session: Session, row: Enrollment, journey: Journey, known: _Known, now: datetime) -> EnrollmentWhy:
    version = load_version(session, row.version_id)
    here, visits = known.places.get(row.id), known.visits.get(row.id, ())
    steps = _Steps(session, row, version, known, now)
    ends: list[tuple[str, object]] = [("goal", version.script.goal)] if version.script.goal is not None else []
    ends += [(f"exit {each.name or number}", each.when) for number, each in enumerate(version.script.exits, start=1)]
    found = [pair for name, part in ends for pair in conditions_of(part, name)] if here else []
    leaves = tuple(Asked(place, judged(session, condition, row, now)) for place, condition in found)
    return EnrollmentWhy(
        row.id, version.number, row.trigger, row.created_at, row.ended_at, row.end_reason,
        awaited(here, version.script, visits, journey), here.due_at if here else None,
        leaves, steps.all(),
    )  # fmt: skip


def history(session: Session, enrollment_ids: Sequence[int]) -> dict[int, list[Visit]]:
    """The visits of these enrollments, each one's in order: a walk of one look-up per visit."""
    found: dict[int, list[Visit]] = {id_: [] for id_ in enrollment_ids}
    visits = session.scalars(visits_of(session, enrollment_ids, Visit))
    for visit in sorted(visits, key=lambda each: each.visit_at):
        found[visit.enrollment_id].append(visit)
    return found


class _Steps:
    """Every step of one enrollment, explained."""

    def __init__(self, session: Session, row: Enrollment, version: Published, known: _Known, now: datetime) -> None:
        self._session, self._row, self._version, self._known, self._now = session, row, version, known, now
        self._here, self._visits = known.places.get(row.id), known.visits.get(row.id, ())
        self._ahead = known.ahead.get(row.id, ())
        self._messages = known.messages.get(row.id, {})

    def all(self) -> tuple[StepWhy, ...]:
        """In the order of the journey."""
        return tuple(self._one(place, step) for place, step in enumerate(self._version.script.steps))

    def _one(self, place: int, step: Step) -> StepWhy:
        visits = [visit for visit in self._visits if visit.step == place and visit.version_id == self._version.id]
        messages = self._messages.get(place, [])
        status = self._status(place, visits)
        open_ = status in ("here", "ahead")
        known = self._known
        rules = known.rules.get((self._row.id, place), ())
        rules = rules or next((known.waiting.get(each.id, ()) for each in messages), ())
        asked = conditions_of(step) if open_ else []
        return StepWhy(
            step.id,
            STEP_KINDS[type(step)].name,
            step.describe(self._version.script.ids),
            status,
            self._says(status, visits, messages, rules),
            tuple(_passed(visit) for visit in visits),
            tuple(_posted(each) for each in messages),
            tuple(Asked(name, judged(self._session, each, self._row, self._now)) for name, each in asked),
            rules if open_ or any(each.state == "queued" for each in messages) else (),
        )

    def _status(self, place: int, visits: Sequence[Visit]) -> str:
        if self._here is not None and self._here.step == place:
            return "here"
        if visits:
            return "skipped" if visits[-1].outcome == "skipped" else "done"
        if place in self._ahead:
            return "ahead"
        return "not_reached" if self._here is None else "passed_by"

    def _says(
        self, status: str, visits: Sequence[Visit], messages: Sequence[Delivery], rules: Sequence[RuleSaid]
    ) -> str:
        told = [f"{SAYS.get(visits[-1].outcome, said_of(visits[-1].outcome))}."] if visits else []
        if visits and visits[-1].why:
            told.append(visits[-1].why)
        if messages:
            told.append(message_in_words(messages[-1], self._known.closed.get(messages[-1].id)))
        match status:
            case "ahead":
                told.append("It has not come yet.")
            case "passed_by":
                told.append("They went another way, and do not come here any more.")
            case "not_reached":
                told.append("The journey was over before they came here.")
            case _:
                pass
        told += [rule.says for rule in rules if rule.verdict != "allows"][:1] if status in ("here", "ahead") else []
        return " ".join(told)


def _passed(visit: Visit) -> Passed:
    said = SAYS.get(visit.outcome, said_of(visit.outcome))
    return Passed(visit.visit_at, visit.acted_at, visit.outcome, f"{said}.", visit.why)


def _messages(session: Session, visits: Mapping[int, Sequence[Visit]]) -> dict[int, dict[int, list[Delivery]]]:
    """What was posted at these visits, by enrollment and step, the oldest first."""
    found: dict[int, dict[int, list[Delivery]]] = defaultdict(lambda: defaultdict(list))
    keys = select(DeliveryKey.delivery_id).where(
        DeliveryKey.due_at.in_({visit.visit_at for each in visits.values() for visit in each}),
        DeliveryKey.enrollment_id.in_(list(visits)),
    )
    for each in session.scalars(select(Delivery).where(Delivery.id.in_(keys)).order_by(Delivery.id)):
        found[each.enrollment_id or 0][each.step or 0].append(each)
    return found


def _posted(each: Delivery) -> Posted:
    reason = each.refusal if each.state in ("queued", "refused") else each.error_says
    at = each.sent_at or each.state_at
    return Posted(each.id, each.channel, each.state, at, rule_of(each.refusal or ""), reason or "")
