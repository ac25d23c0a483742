"""A town of nobody: chapters, and the people who answer there; and how newcomers become rows, many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from random import Random

from sqlalchemy import insert
from sqlalchemy.orm import Session

from engine.base.db import table_of
from engine.base.ids import new_ids
from engine.chapters.chapter import Chapter
from engine.chapters.membership import Membership, Role
from engine.enrollments.signal import Signal
from engine.people.address import Address
from engine.people.consent import EVERYTHING, Consent, ConsentStanding
from engine.people.member import Member, MemberTag
from engine.people.notice_choice import OFF, NoticeChoice
from engine.people.path import BELONGING, Stage, StageChange
from engine.runner.simulate.people import HOMES, Person

CHAPTERS = 6
#: Who answers in each chapter; the first one is its steward.
PER_CHAPTER = 3


class Manner(StrEnum):
    """How somebody who organizes goes about it."""

    #: Answers within the day, and closes what is over.
    CAREFUL = "careful"
    #: Answers days later.
    LATE = "late"
    #: Answers, and never closes a conversation.
    NEVER_CLOSES = "never_closes"


@dataclass(frozen=True, slots=True)
class Organizer:
    """Somebody who answers: of a chapter by its place, or (None) of the desk."""

    id: int
    chapter: int | None
    manner: Manner


def build_town(session: Session, rng: Random, now: datetime) -> tuple[list[int], dict[int, Organizer]]:
    """Chapters with their people are there; their ids in order, and who answers, by id."""
    chapters = list(range(1, CHAPTERS + 1))
    session.execute(
        insert(table_of(Chapter)),
        [
            {
                "id": id_, "created_at": now, "slug": f"chapter-{id_}", "name": f"Chapter {id_}", "kind": "place",
                "about": "", "gathering": "", "language": "en", "zone": HOMES[(id_ - 1) % len(HOMES)][0],
            }
            for id_ in chapters
        ],
    )  # fmt: skip
    manners = list(Manner)
    people: dict[int, Organizer] = {}
    for chapter in (*range(CHAPTERS), None):
        for place in range(PER_CHAPTER):
            id_ = 100 + len(people)
            # One of each manner everywhere, and who is whom by chance.
            people[id_] = Organizer(id_, chapter, manners[(place + rng.randrange(3)) % len(manners)])
    session.execute(
        insert(table_of(Member)),
        [
            {
                "id": id_, "created_at": now, "name": f"Organizer {id_}", "first_name": "Organizer", "pronouns": "",
                "language": "en", "languages_spoken": [], "zone": None, "postal_code": "", "locality": "",
                "region": "", "country": "US", "source": "simulated", "custom": {},
            }
            for id_ in people
        ],
    )  # fmt: skip
    roles: list[dict[str, object]] = []
    for id_, each in people.items():
        first = not any(row["chapter_id"] == _id(each.chapter, chapters) for row in roles)
        role = "staff" if each.chapter is None else "steward" if first else "organizer"
        roles.append(
            {"id": id_, "created_at": now, "member_id": id_, "chapter_id": _id(each.chapter, chapters), "role": role}
        )
    session.execute(insert(table_of(Role)), roles)
    # Nobody reads a notice there: a mail to them would only stand between what members get.
    off = {"created_at": now, "by_mail": OFF, "by_text": False, "opens": 9, "closes": 20}
    session.execute(insert(table_of(NoticeChoice)), [{"member_id": id_, **off} for id_ in people])
    return chapters, people


def _id(chapter: int | None, chapters: Sequence[int]) -> int | None:
    return None if chapter is None else chapters[chapter]


def welcome_many(
    session: Session, joining: Sequence[Person], chapters: Sequence[int], organizers: dict[int, Organizer],
    now: datetime,
) -> None:  # fmt: skip
    """All of these have joined, with what they agreed to: the rows that `engine.enrollments.joining` writes for one."""
    if not joining:
        return
    by_chapter: dict[int | None, list[int]] = {}
    for each in organizers.values():
        by_chapter.setdefault(each.chapter, []).append(each.id)
    members, addresses, memberships, consents, standings, stages, changes, facts = ([] for _ in range(8))
    for person in joining:
        answering = by_chapter[person.chapter]
        members.append(
            {
                "id": person.id, "created_at": now, "name": person.name, "first_name": person.name.split()[0],
                "pronouns": "", "language": person.language, "languages_spoken": [], "zone": person.told_zone,
                "postal_code": "", "locality": "", "region": "", "country": "US", "source": "simulated", "custom": {},
                "organizer_id": answering[person.id % len(answering)] if person.has_organizer else None,
            }
        )  # fmt: skip
        for kind, value in (("email", person.email), ("phone", person.phone)):
            if value is not None:
                addresses.append(
                    {
                        "member_id": person.id, "kind": kind, "value": value, "rank": 0, "resting_reason": "",
                        "line_type": "landline" if kind == "phone" and person.is_landline else "", "carrier": "",
                    }
                )  # fmt: skip
        channels = (["email"] if person.email else []) + (["sms"] if person.phone and person.texts_welcome else [])
        consents += [{"member_id": person.id, "channel": channel} for channel in channels]
        if person.chapter is not None:
            memberships.append(
                {"member_id": person.id, "chapter_id": chapters[person.chapter], "created_at": now, "rank": 0}
            )
        changes.append({"member_id": person.id})
        facts.append({"member_id": person.id})
    session.execute(insert(table_of(Member)), members)
    _write(session, Address, addresses, now)
    if memberships:
        session.execute(insert(table_of(Membership)), memberships)
    said = {"scope": EVERYTHING, "opted_in": True, "how": "sign-up", "evidence": "", "network_address": ""}
    for row in _write(session, Consent, [{**each, **said} for each in consents], now):
        standing = {name: row[name] for name in ("member_id", "channel", "scope", "created_at", "opted_in")}
        standings.append({**standing, "consent_id": row["id"]})
    if standings:
        session.execute(insert(table_of(ConsentStanding)), standings)
    moved = {"path": BELONGING, "from_stage": None, "to_stage": "curious", "evidence": "Joined (simulated)."}
    for row in _write(session, StageChange, [{**each, **moved} for each in changes], now):
        stages.append(
            {"member_id": row["member_id"], "path": BELONGING, "created_at": now, "stage": "curious",
             "change_id": row["id"]}
        )  # fmt: skip
    session.execute(insert(table_of(Stage)), stages)
    _write(session, Signal, [{**each, "kind": "joined", "detail": {}, "effect": ""} for each in facts], now)


def tag(session: Session, member_ids: Sequence[int], word: str, now: datetime) -> None:
    """These members bear the tag, put on by a person, and journeys hear of it."""
    session.execute(
        insert(table_of(MemberTag)), [{"member_id": each, "tag": word, "created_at": now} for each in member_ids]
    )
    rows = [{"member_id": each, "kind": "tagged", "detail": {"tag": word}, "effect": ""} for each in member_ids]
    _write(session, Signal, rows, now)


def _write(session: Session, table: type, rows: Sequence[dict[str, object]], now: datetime) -> list[dict[str, object]]:
    whole: list[dict[str, object]] = [
        {"id": id_, "created_at": now, **row} for id_, row in zip(new_ids(len(rows)), rows, strict=True)
    ]
    if whole:
        session.execute(insert(table_of(table)), whole)
    return whole
