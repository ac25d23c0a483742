"""Doors: whether somebody may come into a chapter or onto another journey, as a `join` step asks."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.asking import among
from engine.base.bulk import insert_new
from engine.base.db import table_of
from engine.chapters.chapter import Chapter
from engine.chapters.membership import Membership
from engine.enrollments.enrolling import may_begin
from engine.enrollments.enrollment import Enrollment, Standing
from engine.enrollments.entering import enter_many, hold_doors
from engine.enrollments.journey import Journey, Published, load_version
from engine.runner.decision import LOOK_AGAIN
from journeys.steps import Join, JoinChapter, JoinJourney

_MEMBERSHIP = table_of(Membership)


class Doors(NamedTuple):
    """Where `join` steps of a batch lead: chapters by slug, and the versions that take new members."""

    chapters: Mapping[str, int] = {}
    journeys: Mapping[str, Published] = {}


class Answer(NamedTuple):
    """What stands in somebody's way; empty: nothing."""

    kept_out: str = ""
    shut: str = ""
    trouble: str = ""


def knock(
    session: Session, asking: Mapping[Standing, Join], now: datetime
) -> tuple[Doors, dict[Standing, Answer]]:  # fmt: skip
    """Where these steps lead, and what stands in the way of each who came there; nobody has moved yet."""
    chapters: dict[str, list[Standing]] = defaultdict(list)
    journeys: dict[str, list[Standing]] = defaultdict(list)
    for here, step in asking.items():
        match step.joins:
            case JoinChapter(chapter=slug):
                chapters[slug].append(here)
            case JoinJourney(journey=slug):
                journeys[slug].append(here)
    answers: dict[Standing, Answer] = {}
    rooms = _rooms(session, chapters, answers)
    versions = _versions(session, journeys, answers, now)
    return Doors(rooms, versions), answers


def come_in(session: Session, joining: Collection[tuple[Standing, Join, str]], doors: Doors, now: datetime) -> None:
    """Those to whom nothing stood in the way are in the chapter, or on the journey. `str`: the journey they come from.

    Who got there meanwhile by another way stays as they are.
    """
    members: list[dict[str, object]] = []
    starting: dict[tuple[str, str], list[int]] = defaultdict(list)
    for here, step, origin in joining:
        match step.joins:
            case JoinChapter(chapter=slug):
                members.append(
                    {
                        "member_id": here.member_id,
                        "chapter_id": doors.chapters[slug],
                        "created_at": now,
                        "rank": 0,
                        "left_at": None,
                    }
                )
            case JoinJourney(journey=slug):
                starting[slug, origin].append(here.member_id)
    insert_new(session, _MEMBERSHIP, members)
    hold_doors(session, [doors.journeys[slug] for slug, _ in starting])
    for (slug, origin), member_ids in starting.items():
        enter_many(session, member_ids, doors.journeys[slug], f"journey:{origin}", now)


def _rooms(
    session: Session, asked: Mapping[str, list[Standing]], answers: dict[Standing, Answer]
) -> dict[str, int]:  # fmt: skip
    if not asked:
        return {}
    rooms = dict(session.execute(select(Chapter.slug, Chapter.id).where(Chapter.slug.in_(asked))).tuples().all())
    there = {
        (member_id, chapter_id): left_at
        for member_id, chapter_id, left_at in session.execute(
            select(Membership.member_id, Membership.chapter_id, Membership.left_at).where(
                among(session, Membership.member_id, {here.member_id for rows in asked.values() for here in rows}),
                Membership.chapter_id.in_(rooms.values()),
            )
        )
    }
    for slug, rows in asked.items():
        for here in rows:
            if slug not in rooms:
                answers[here] = Answer(trouble=f"There is no chapter {slug}; make it, or publish another step.")
            elif (place := (here.member_id, rooms[slug])) in there:
                left = "They left that chapter, and come back by their own word only."
                answers[here] = Answer(kept_out=left if there[place] else "They are in that chapter already.")
    return rooms


def _versions(
    session: Session, asked: Mapping[str, list[Standing]], answers: dict[Standing, Answer], now: datetime
) -> dict[str, Published]:
    found: dict[str, Published] = {}
    if not asked:
        return found
    known = {
        slug: (version_id, paused_at)
        for slug, version_id, paused_at in session.execute(
            select(Journey.slug, Journey.current_version_id, Journey.paused_at).where(Journey.slug.in_(asked))
        )
    }
    for slug, rows in asked.items():
        version_id, paused_at = known.get(slug, (None, None))
        if version_id is None:
            trouble = Answer(trouble=f"No journey {slug} is published; publish it, or another step here.")
            answers.update(dict.fromkeys(rows, trouble))
        elif paused_at is not None:
            answers.update(dict.fromkeys(rows, Answer(shut=f"The journey {slug} is paused and takes nobody.")))
        else:
            found[slug] = load_version(session, version_id)
            member_ids = [here.member_id for here in rows]
            free = set(may_begin(session, member_ids, found[slug], now))
            free -= _begun_lately(session, member_ids, found[slug], now)
            why = Answer(kept_out="They are on that journey already, or it does not begin again for them yet.")
            answers.update({here: why for here in rows if here.member_id not in free})
    return found


def _begun_lately(session: Session, member_ids: Collection[int], version: Published, now: datetime) -> set[int]:
    """For whom the journey began within a day: two journeys that join each other do not chase anybody round."""
    return set(
        session.scalars(
            select(Enrollment.member_id).where(
                among(session, Enrollment.member_id, member_ids),
                Enrollment.journey_id == version.journey_id,
                Enrollment.created_at > now - LOOK_AGAIN,
            )
        )
    )
