"""Forecast: what would leave in the coming days, from who is where. It reads, and changes nothing.

Everybody who is due before the end is walked ahead by the runner's own facts and decisions, as if nobody wrote, and
what they would be sent is judged hour by hour by the gate's own facts and rules.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import assert_never

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.db import table_of
from engine.base.errors import HearthlineError
from engine.base.local_time import first_known
from engine.base.settings import Settings
from engine.chapters.chapter import Chapter
from engine.enrollments.enrollment import DUE_COLUMNS, Due, Standing
from engine.enrollments.journey import Published, load_version
from engine.outbox.claim import limits_of
from engine.outbox.delivery import Delivery
from engine.outbox.gate import Allow, Letter, Refuse, WaitUntil, judge, rule_of
from engine.outbox.letter import Unwritable
from engine.outbox.material import Material, read_facts, read_material
from engine.outbox.press import Press
from engine.outbox.text import write_text
from engine.runner.decide import decide
from engine.runner.facts import gather, load_people
from journeys.steps import HandOff

#: How far we look ahead.
SPAN = timedelta(days=7)
HOUR = timedelta(hours=1)
#: People walked, and messages judged, at a time.
BATCH = 500
#: Steps walked with one person at most: whoever goes round without a rest is left where they are.
MOST_STEPS = 100
ASSUMES = (
    "Nobody writes, answers, stops or joins meanwhile: whoever is waited for stays silent, and takes the silent way.",
    "A condition goes as it is now; a task without an outcome is waited for as long as its step says.",
    "A talk that holds somebody goes on as long as it may; a paused journey stays paused.",
    "What the gate would put off is counted at the hour at which it would leave.",
)

_DUE = table_of(Due)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What would leave: by hour, by chapter, by both day and chapter, and what would not, by the rule in its way."""

    begins_at: datetime
    ends_at: datetime
    #: (hour, `letters`, `texts` or `segments`) to how many.
    hours: Counter[tuple[datetime, str]] = field(default_factory=Counter)
    #: (chapter id or None, what) to how many.
    chapters: Counter[tuple[int | None, str]] = field(default_factory=Counter)
    #: (day where the organization is, chapter id or None, what) to how many.
    days: Counter[tuple[date, int | None, str]] = field(default_factory=Counter)
    #: (journey, step) to how many messages.
    steps: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: Rules that would refuse, or put off beyond the end: how often.
    refused: Counter[str] = field(default_factory=Counter)
    later: Counter[str] = field(default_factory=Counter)
    #: Tasks that people would be given.
    tasks: Counter[str] = field(default_factory=Counter)
    names: dict[int, str] = field(default_factory=dict)


def forecast(session: Session, with_: Press, now: datetime, span: timedelta = SPAN) -> Forecast:
    """What would leave from now on until `span` is over, as far as rows can tell (ASSUMES says what is assumed)."""
    found = Forecast(now, now + span)
    coming: dict[datetime, list[Delivery]] = defaultdict(list)
    waiting = select(Delivery).where(
        Delivery.state == "queued", Delivery.message_class == "journey", Delivery.send_at < found.ends_at
    )
    for delivery in session.scalars(waiting):
        coming[_hour(max(now, delivery.send_at))].append(delivery)
    numbers = iter(range(-1, -(1 << 62), -1))
    for rows in _due(session, found.ends_at):
        _walk(session, with_.settings, rows, found, coming, numbers)
    _leave(session, with_, found, coming)
    found.names.update(session.execute(select(Chapter.id, Chapter.slug)).tuples().all())
    return found


def _due(session: Session, until: datetime) -> Iterator[list[Standing]]:
    """Everybody who is due before then, in batches."""
    after: tuple[datetime, int] | None = None
    while True:
        query = select(*(_DUE.c[name] for name in DUE_COLUMNS)).where(_DUE.c.due_at < until)
        if after is not None:
            later = (_DUE.c.due_at == after[0]) & (_DUE.c.enrollment_id > after[1])
            query = query.where((_DUE.c.due_at > after[0]) | later)
        rows = [
            Standing(*row) for row in session.execute(query.order_by(_DUE.c.due_at, _DUE.c.enrollment_id).limit(BATCH))
        ]
        if not rows:
            return
        yield rows
        after = (rows[-1].due_at, rows[-1].enrollment_id)


def _walk(
    session: Session,
    settings: Settings,
    rows: list[Standing],
    found: Forecast,
    coming: dict[datetime, list[Delivery]],
    numbers: Iterator[int],
) -> None:
    """These people have been walked to the end of the time, and what they would be sent stands at its hour."""
    stale_after = timedelta(hours=settings.conversations.stale_after_hours)
    for _ in range(MOST_STEPS):
        if not rows:
            return
        versions = _versions(session, rows)
        rows = [here for here in rows if here.version_id in versions]
        batch = gather(session, rows, versions, settings, found.begins_at)
        people = load_people(session, {here.member_id for here in rows})
        following: list[Standing] = []
        for here in rows:
            at = max(here.due_at, found.begins_at)
            version = versions[here.version_id]
            try:
                decision = decide(here, version.script, batch.facts_of(here), at, stale_after)
                person = people.get(here.member_id)
                if decision.template is not None and person is not None:
                    text = version.template_version(decision.template, person.language)
                    coming[_hour(at)].append(
                        Delivery(
                            id=next(numbers), created_at=at, message_class="journey", channel=decision.channel,
                            member_id=here.member_id, chapter_id=person.chapter_id, template_version_id=text,
                            enrollment_id=here.enrollment_id, version_id=here.version_id, step=here.step,
                            visit_at=here.due_at, send_at=at, state="queued", state_at=at, attempts=0,
                        )
                    )  # fmt: skip
            except (HearthlineError, LookupError, ValueError):
                continue  # it would go wrong, and a person would be asked to look
            if isinstance(decision.act, HandOff):
                found.tasks[version.script.slug] += 1
            if decision.at is not None and decision.at < found.ends_at:
                following.append(
                    Standing(
                        decision.at, here.enrollment_id, here.member_id, here.version_id, decision.step,
                        decision.phase, here.due_at, decision.wanted_at, decision.heard, decision.tries,
                    )
                )  # fmt: skip
        rows = following


def _versions(session: Session, rows: Sequence[Standing]) -> dict[int, Published]:
    known: dict[int, Published] = {}
    for version_id in {here.version_id for here in rows}:
        try:
            known[version_id] = load_version(session, version_id)
        except (HearthlineError, ValueError):
            continue  # only a newer program can read it; nobody moves on it here
    return known


def _leave(session: Session, with_: Press, found: Forecast, coming: dict[datetime, list[Delivery]]) -> None:
    """Hour by hour, what the gate would let leave is counted; what it would put off comes round again."""
    limits = limits_of(with_.settings)
    before: dict[int, list[Letter]] = defaultdict(list)
    while coming:
        hour = min(coming)
        deliveries = coming.pop(hour)
        at = max(hour, found.begins_at)
        for first in range(0, len(deliveries), BATCH):
            some = deliveries[first : first + BATCH]
            with session.no_autoflush:
                material = read_material(session, some, at, with_.settings.mail, give=False)
                facts = read_facts(session, some, material, at, with_.settings.sms, with_.settings.organization.zone)
            for each in some:
                known = facts[each.id]
                letters = tuple(sorted((*known.letters, *before[each.member_id or 0]), key=lambda one: one.at))
                known = replace(known, letters=letters, could_leave_at=None)
                verdict = judge(known, limits, at)
                match verdict:
                    case Allow():
                        before[each.member_id or 0].append(Letter(at, known.speaks, known.channel))
                        _count(session, found, each, material, with_, at)
                    case WaitUntil(when=when, reason=reason):
                        if when >= found.ends_at:
                            found.later[rule_of(reason) or "other"] += 1
                        else:
                            coming[max(_hour(when), hour + HOUR)].append(each)
                    case Refuse(reason=reason):
                        found.refused[rule_of(reason) or "other"] += 1
                    case _:
                        assert_never(verdict)


def _count(session: Session, found: Forecast, each: Delivery, material: Material, with_: Press, at: datetime) -> None:
    counts = {"letters": 1}
    if each.channel == "sms":
        text = write_text(each, material, with_, at, is_first=False, show_links=False)
        counts = {"texts": 1, "segments": 1 if isinstance(text, Unwritable) else text.length.segments}
    day = at.astimezone(first_known([with_.settings.organization.zone])).date()
    for what, many in counts.items():
        found.hours[_hour(at), what] += many
        found.chapters[each.chapter_id, what] += many
        found.days[day, each.chapter_id, what] += many
    if each.version_id is not None and each.step is not None:
        script = load_version(session, each.version_id).script
        found.steps[script.slug, script.steps[each.step].id] += 1


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
