"""Facts: what a batch of due steps asks about its people, in a few queries and only what is asked."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.audience.compiler import enrollments_matching
from engine.base.asking import ManyAsked, among
from engine.base.db import one_member_at_a_time
from engine.base.local_time import first_known, zone_named
from engine.base.settings import Settings
from engine.chapters.chapter import Chapter
from engine.chapters.membership import Membership
from engine.conversations.hold import held_members
from engine.conversations.question import Question
from engine.enrollments.enrollment import Standing, live_enrollments, standing
from engine.enrollments.journey import Published, load_version
from engine.enrollments.pause import resting
from engine.enrollments.spread import Spread, spread_for
from engine.outbox.classes import CLASSES
from engine.outbox.delivery import Delivery, DeliveryKey
from engine.people.fact import dates_of
from engine.people.member import Member
from engine.people.member_pace import paused_members
from engine.people.place import place_of
from engine.people.texting import SAYS, untextable
from engine.people.wish import unwilling
from engine.runner.asked import Asked
from engine.runner.basis import bases
from engine.runner.decision import LOOK_AGAIN, NOTHING, Facts
from engine.runner.doors import Doors, knock
from engine.runner.ending import endings
from engine.runner.visited import (
    MOST_WITHOUT_REST,
    jumps_taken,
    passed,
    resting_since,
    without_rest,
    wrote_since_last_letter,
)
from journeys.steps import (
    Ask,
    Jump,
)  # fmt: skip
from journeys.steps.wait import JOINED


class Person(NamedTuple):
    """What acts need of a member beyond the step."""

    language: str
    zone: str | None
    organizer_id: int | None
    chapter_id: int | None
    chapter_zone: str | None
    postal_code: str = ""
    #: They asked us to forget them.
    erased: bool = False

    @property
    def zones(self) -> tuple[str | None, ...]:
        """Where they may live, the surest first: their own zone, that of their postal code, their chapter's."""
        place = place_of(self.postal_code) if self.postal_code and zone_named(self.zone) is None else None
        return (self.zone, place.zone if place is not None else None, self.chapter_zone)


#: Stands in where a member's row is gone.
NOBODY = Person("", None, None, None, None)


# The order of engine.chapters.membership.home_chapter, for many at once: the first one stays.
_HOMES = ManyAsked(
    lambda among: (
        select(Membership.member_id, Membership.chapter_id)
        .where(among(Membership.member_id), Membership.left_at.is_(None))
        .order_by(Membership.member_id, Membership.rank, Membership.created_at, Membership.chapter_id)
    )
)
_PEOPLE = ManyAsked(
    lambda among: select(
        Member.id, Member.language, Member.zone, Member.organizer_id, Member.postal_code, Member.erased_at.is_not(None)
    ).where(among(Member.id))
)


class Batch(NamedTuple):
    """A claimed batch with all that is known of it."""

    rows: list[Standing]
    versions: dict[int, Published]
    people: dict[int, Person]
    facts: dict[int, Facts]
    #: Where its `join` steps lead.
    doors: Doors = Doors()

    def facts_of(self, here: Standing) -> Facts:
        """The facts for one row; most have none."""
        return self.facts.get(here.enrollment_id, NOTHING)


def gather(
    session: Session, rows: list[Standing], versions: dict[int, Published], settings: Settings, now: datetime
) -> Batch:
    """The batch with its facts. Rows whose version or step is not there are left without: they fail one by one."""
    by_place: dict[tuple[int, int, int], list[Standing]] = defaultdict(list)
    for here in rows:
        by_place[here.version_id, here.step, here.phase].append(here)
    asked = Asked()
    for (version_id, index, phase), group in by_place.items():
        version = versions.get(version_id)
        if version is None or index >= len(version.script.steps):
            continue
        asked.sort(version, index, phase, group)

    facts: dict[int, Facts] = {}

    def know(enrollment_id: int, **known: object) -> None:
        facts[enrollment_id] = facts.get(enrollment_id, NOTHING)._replace(**known)  # type: ignore[arg-type]

    people = load_people(session, asked.people)
    present = {member_id for member_id, person in people.items() if not person.erased}
    if present != asked.people:
        for here in rows:
            if here.member_id in asked.people and here.member_id not in present:
                know(here.enrollment_id, gone=True)
    for here in asked.zones:
        person = people.get(here.member_id, NOBODY)
        know(here.enrollment_id, zones=(*person.zones, settings.organization.zone))
    for here, spread in _spreads(session, asked.zones, versions, settings).items():
        know(here.enrollment_id, spread=spread)
    if asked.dates:
        _know_dates(session, asked.dates, people, settings, know)
    for here in asked.replies & wrote_since_last_letter(session, asked.replies):
        know(here.enrollment_id, replied=True)
    for here, until in _open_questions(session, asked.questions, now).items():
        know(here.enrollment_id, open_until=until)
    texted = {here.member_id for here in asked.texts}
    barred = untextable(session, texted, CLASSES["journey"].scope, enabled=settings.sms.enabled)
    for here in asked.texts:
        if here.member_id in barred:
            know(here.enrollment_id, untextable=SAYS[barred[here.member_id]])
    to_number = {here.member_id for here in asked.numbered} - barred.keys()
    # Two workers with a question each for one member ask one after the other: a digit must mean one question only.
    one_member_at_a_time(session, to_number)
    waiting = numbered_until(session, to_number, now)
    for here in asked.numbered:
        if here.member_id in waiting:
            know(here.enrollment_id, asked_until=waiting[here.member_id])
    if asked.jumps or asked.rounds:
        _know_visited(session, asked.jumps, asked.rounds, know)
    for enrollment_id, since in resting_since(session, asked.looks).items():
        know(enrollment_id, since=since)
    doors = Doors()
    if asked.joins:
        doors, answers = knock(session, asked.joins, now)
        for here, answer in answers.items():
            know(here.enrollment_id, **answer._asdict())
    for enrollment_id, ending in endings(session, asked.ending, versions, now).items():
        know(enrollment_id, over=ending)
    true: dict[int, set[int]] = defaultdict(set)
    for place, condition, ids in asked.conditions:
        for enrollment_id in enrollments_matching(session, condition, ids, now):
            true[enrollment_id].add(place)
    for enrollment_id, places in true.items():
        know(enrollment_id, true=frozenset(places))
    for move, group in asked.bases:
        for here, basis in bases(session, group, move.rests_on.step if move.rests_on else "").items():
            if basis.said(move):
                know(here.enrollment_id, basis=basis)
    for move, group in asked.willing:
        would_rather_not = unwilling(session, {here.member_id for here in group}, move.path, move.stage)
        for here in group:
            if here.member_id in would_rather_not:
                know(here.enrollment_id, unwilling=True)
    held = held_members(session, {here.member_id for here in rows}, now)
    if held:
        for here in rows:
            if here.member_id in held:
                know(here.enrollment_id, held_until=held[here.member_id])
    wished = paused_members(session, {here.member_id for here in rows}, now)
    if wished:
        for here in rows:
            if here.member_id in wished and here.member_id not in held:
                know(here.enrollment_id, wished_until=wished[here.member_id])
    paused = resting(session)
    if paused:
        for here in rows:
            version = versions.get(here.version_id)
            rest = paused.get(version.journey_id) if version is not None else None
            if rest is not None and rest.keeps(here):
                know(here.enrollment_id, paused=True)
    return Batch(rows, versions, people, facts, doors)


def _know_dates(
    session: Session,
    asked: Mapping[Standing, str],
    people: Mapping[int, Person],
    settings: Settings,
    know: Callable[..., None],
) -> None:
    dates = dates_of(session, {here.member_id for here in asked})
    for here, fact in asked.items():
        if here.member_id in dates:
            person = people.get(here.member_id, NOBODY)
            zone = first_known((*person.zones, settings.organization.zone))
            theirs = dates[here.member_id]
            know(here.enrollment_id, day=theirs.joined_on(zone) if fact == JOINED else theirs.of(fact))


def _know_visited(
    session: Session, jumps: Mapping[Standing, Jump], rounds: Collection[Standing], know: Callable[..., None]
) -> None:
    visits = passed(session, {*jumps, *rounds})
    for here, jump in jumps.items():
        know(here.enrollment_id, jumped=jumps_taken(session, jump, visits[here.enrollment_id]))
    for here in rounds:
        if (steps := without_rest(visits[here.enrollment_id])) >= MOST_WITHOUT_REST:
            says = f"{steps} steps were taken without a rest: this journey goes round. Publish it with a wait in it."
            know(here.enrollment_id, trouble=says)


def load_people(session: Session, member_ids: Collection[int]) -> dict[int, Person]:
    """What is known of these members, with the chapter a first word goes to."""
    if not member_ids:
        return {}
    home: dict[int, int] = {}
    for member_id, chapter_id in _HOMES.rows(session, member_ids):
        home.setdefault(member_id, chapter_id)
    chapters = set(home.values())
    zones = dict(session.execute(select(Chapter.id, Chapter.zone).where(Chapter.id.in_(chapters))).tuples().all())
    people: dict[int, Person] = {}
    for member_id, language, zone, organizer_id, postal_code, erased in _PEOPLE.rows(session, member_ids):
        chapter = home.get(member_id)
        people[member_id] = Person(
            language,
            zone,
            organizer_id,
            chapter,
            None if chapter is None else zones.get(chapter),
            postal_code,
            bool(erased),
        )
    return people


def _spreads(
    session: Session, rows: Collection[Standing], versions: Mapping[int, Published], settings: Settings
) -> dict[Standing, Spread]:
    """How the hour that these rows wait for is shared out, where their journey is large or says so itself."""
    by_version = {}
    for version_id in {here.version_id for here in rows}:
        version = versions[version_id]
        script = version.script
        span = script.spread if script.spread is not None else spread_for(session, version.journey_id)
        if span > timedelta(0):
            quiet = (script.quiet_hours.begins,) if script.quiet_hours is not None else ()
            by_version[version_id] = Spread(span, script.slug, (settings.sms.closes, *quiet))
    return {here: by_version[here.version_id] for here in rows if here.version_id in by_version}


def numbered_until(session: Session, member_ids: Collection[int], now: datetime) -> dict[int, datetime]:
    """Until when a question by text waits for a digit of theirs; who was asked nothing is absent.

    A question counts from the moment its step is settled: its text may still be on its way.
    """
    found: dict[int, datetime] = {}
    if not member_ids:
        return found
    for member_id, until in session.execute(
        select(Question.member_id, func.max(Question.until_at))
        .where(
            among(session, Question.member_id, member_ids),
            Question.numbered.is_(True),
            Question.answered_at.is_(None),
            Question.until_at > now,
        )
        .group_by(Question.member_id)
    ):
        found[member_id] = until
    live = live_enrollments(session, member_ids)
    for here in standing(session, [enrollment_id for enrollment_id, _ in live]).values():
        if here.phase and asks_by_number(load_version(session, here.version_id), here.step):
            found[here.member_id] = max(here.due_at, found.get(here.member_id, here.due_at))
    return found


def asks_by_number(version: Published, index: int) -> bool:
    """Whether that step asks by text for a digit."""
    step = version.script.steps[index] if index < len(version.script.steps) else None
    return isinstance(step, Ask) and step.numbered


def _open_questions(session: Session, rows: Mapping[Standing, timedelta], now: datetime) -> dict[Standing, datetime]:
    """Until when a question may still be answered, where its letter left late or is still on its way."""
    asked = {(here.prev_at, here.enrollment_id): here for here in rows if here.prev_at is not None}
    if not asked:
        return {}
    found: dict[Standing, datetime] = {}
    for due_at, enrollment_id, state, sent_at in session.execute(
        select(DeliveryKey.due_at, DeliveryKey.enrollment_id, Delivery.state, Delivery.sent_at)
        .join(Delivery, Delivery.id == DeliveryKey.delivery_id)
        .where(
            DeliveryKey.due_at.in_({here.prev_at for here in asked.values()}),
            DeliveryKey.enrollment_id.in_([here.enrollment_id for here in asked.values()]),
        )
    ):
        here = asked.get((due_at, enrollment_id))
        if here is None:
            continue
        if sent_at is not None:
            found[here] = sent_at + rows[here]
        elif state in ("queued", "claimed", "calling"):
            found[here] = now + LOOK_AGAIN
    return found
