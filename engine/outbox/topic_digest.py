"""Digests of topics: whoever asked for one a day or a week has what is new in one mail, or one short text a day.

When a digest is due is a row (`engine.chapters.topic_choice.TopicDigest`). A batch of due rows is claimed, filled and
moved on in set statements and one transaction, so that a digest goes out once whoever dies in between, and costs the
same among a hundred members as among a million. Nothing new is no mail. After a time in which nothing ran, one
digest tells of all of it.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from engine.base.asking import among
from engine.base.broker import wake_on_commit
from engine.base.bulk import bulk_insert
from engine.base.db import table_of
from engine.base.ids import new_ids
from engine.base.local_time import first_known
from engine.base.stored_time import time_storer
from engine.chapters.chapter import Chapter
from engine.chapters.membership import Membership
from engine.chapters.topic_choice import TopicDigest, next_digest
from engine.content.template import current_version
from engine.conversations.topic import MemberBlock, TopicMute
from engine.outbox.classes import rank_of
from engine.outbox.delivery import Delivery, OutboxDue
from engine.outbox.fan_out import POSTS, FanOut
from engine.outbox.queue import SEND
from engine.people.consent import EVERYTHING, ConsentStanding
from engine.people.member import Member
from engine.people.preference import Standing, lets_come
from templates.vocabulary import base_language

DIGESTS = "topics.digests"
#: Rows of one transaction.
BATCH: Final = 1_000
LETTER, TEXT = "topic_digest", "sms/topic_digest"
#: Says in a delivery's `data` that it is a digest, and how often it comes.
DIGEST = "digest"
#: Posts that one digest names; what is older is in the topics.
MOST_POSTS: Final = 200
#: Posts of all the chapters of a batch that are looked at, the newest first.
_MOST_READ: Final = 20_000
#: A post is told of once it has been on its way for so long: one that was begun a moment before may be committed after
#: we looked, and would be passed over by the next digest too.
_SETTLED: Final = timedelta(seconds=30)
_COLUMNS = (
    "id", "created_at", "message_class", "channel", "member_id", "chapter_id", "thread_id", "template_version_id",
    "data", "send_at", "state", "state_at", "attempts",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Row:
    """One due digest, and what it takes to fill it."""

    member_id: int
    chapter_id: int
    channel: str
    every: str
    since_at: datetime
    language: str
    zones: tuple[str | None, ...]
    #: They are still there, and still want it.
    goes_on: bool


@dataclass(frozen=True, slots=True)
class _Said:
    """One post that may be new to somebody."""

    message_id: int
    thread_id: int
    author_id: int
    at: datetime


def send_digests(session: Session, now: datetime, *, home_zone: str = "UTC", batch: int = BATCH) -> int:
    """At most `batch` due digests have been posted, or had nothing to tell, and their next ones are due; how many."""
    rows = _due(session, now, batch)
    if not rows:
        return 0
    until = now - _SETTLED
    said = _said(session, rows, until)
    wanted = _wanted(session, [row for row in rows if row.goes_on], said)
    posted = [(row, posts) for row, posts in wanted if posts]
    _post(session, posted, now)
    _move_on(session, rows, until, now, home_zone)
    for channel in {row.channel for row, _ in posted}:
        wake_on_commit(session, SEND[channel])
    return len(rows)


def any_digest_due(session: Session, now: datetime) -> list[int | None]:
    """[None] when a digest is due."""
    return [None] if session.scalar(select(TopicDigest.member_id).where(TopicDigest.due_at <= now).limit(1)) else []


def _due(session: Session, now: datetime, batch: int) -> list[_Row]:
    rows = session.execute(
        select(
            TopicDigest.member_id,
            TopicDigest.chapter_id,
            TopicDigest.channel,
            TopicDigest.every,
            TopicDigest.since_at,
            Member.language,
            Member.zone,
            Chapter.zone,
            Member.erased_at,
            Membership.left_at,
        )
        .join(Member, Member.id == TopicDigest.member_id)
        .join(Chapter, Chapter.id == TopicDigest.chapter_id)
        .join(
            Membership,
            (Membership.member_id == TopicDigest.member_id) & (Membership.chapter_id == TopicDigest.chapter_id),
        )
        .where(TopicDigest.due_at <= now)
        .order_by(TopicDigest.due_at, TopicDigest.member_id)
        .limit(batch)
        .with_for_update(of=TopicDigest, skip_locked=True)
    )
    return [
        _Row(member, chapter, channel, every, since, language, (zone, room), erased is None and left is None)
        for member, chapter, channel, every, since, language, zone, room, erased, left in rows
    ]


def _said(session: Session, rows: Sequence[_Row], until: datetime) -> dict[int, list[_Said]]:
    """What was said since the earliest of these digests, by chapter, the earliest first."""
    found: dict[int, list[_Said]] = defaultdict(list)
    query = (
        select(FanOut.chapter_id, FanOut.message_id, FanOut.thread_id, FanOut.author_id, FanOut.created_at)
        .where(
            among(session, FanOut.chapter_id, sorted({row.chapter_id for row in rows})),
            FanOut.created_at > min(row.since_at for row in rows),
            FanOut.created_at <= until,
        )
        .order_by(FanOut.created_at.desc(), FanOut.message_id.desc())
        .limit(_MOST_READ)
    )
    for chapter_id, *post in reversed(session.execute(query).all()):
        found[chapter_id].append(_Said(*post))
    return found


def _wanted(session: Session, rows: Sequence[_Row], said: dict[int, list[_Said]]) -> list[tuple[_Row, list[_Said]]]:
    """Each digest with what is new to its reader: not their own words, nothing muted, nobody they had enough of."""
    rows = [row for row in rows if said.get(row.chapter_id)]
    if not rows:
        return []
    members = sorted({row.member_id for row in rows})
    muted = set(
        session.execute(
            select(TopicMute.member_id, TopicMute.thread_id).where(among(session, TopicMute.member_id, members))
        ).tuples()
    )
    blocked = set(
        session.execute(
            select(MemberBlock.member_id, MemberBlock.from_id).where(among(session, MemberBlock.member_id, members))
        ).tuples()
    )
    standings = _standings(session, members)
    found = []
    for row in rows:
        scope = f"chapter:{row.chapter_id}"
        standing = standings.get((row.member_id, row.channel), {})
        asked = row.channel == "email" or scope in standing or EVERYTHING in standing
        if not asked or not lets_come(scope, standing):
            continue
        new = [
            post
            for post in said[row.chapter_id]
            if post.at > row.since_at
            and post.author_id != row.member_id
            and (row.member_id, post.thread_id) not in muted
            and (row.member_id, post.author_id) not in blocked
        ]
        found.append((row, new[-MOST_POSTS:]))
    return found


def _standings(session: Session, members: Sequence[int]) -> dict[tuple[int, str], dict[str, Standing]]:
    found: dict[tuple[int, str], dict[str, Standing]] = defaultdict(dict)
    rows = session.execute(
        select(
            ConsentStanding.member_id,
            ConsentStanding.channel,
            ConsentStanding.scope,
            ConsentStanding.opted_in,
            ConsentStanding.created_at,
        ).where(among(session, ConsentStanding.member_id, members))
    )
    for member_id, channel, scope, opted_in, at in rows:
        found[member_id, channel][scope] = Standing(opted_in, at)
    return found


def _post(session: Session, posted: Sequence[tuple[_Row, list[_Said]]], now: datetime) -> None:
    if not posted:
        return
    names = {"email": LETTER, "sms": TEXT}
    versions = {
        (channel, language): current_version(session, name, language).id
        for channel, name in names.items()
        for language in ("en", "es")
    }
    ids, at = new_ids(len(posted)), time_storer(session)(now)
    deliveries, due = [], []
    for delivery_id, (row, posts) in zip(ids, posted, strict=True):
        data = {POSTS: [post.message_id for post in posts], DIGEST: {"every": row.every}}
        # A text shows the newest words, and an answer to it goes where they stand.
        thread_id = posts[-1].thread_id if row.channel == "sms" else None
        version = versions[row.channel, base_language(row.language)]
        deliveries.append(
            (
                delivery_id, at, "chapter", row.channel, row.member_id, row.chapter_id, thread_id, version,
                json.dumps(data), at, "queued", at, 0,
            )
        )  # fmt: skip
        due.append((rank_of("chapter", row.channel), at, delivery_id))
    bulk_insert(session, table_of(Delivery), _COLUMNS, deliveries)
    bulk_insert(session, table_of(OutboxDue), ("rank", "send_at", "delivery_id"), due)


def _move_on(session: Session, rows: Sequence[_Row], until: datetime, now: datetime, home_zone: str) -> None:
    table = table_of(TopicDigest)
    key = (
        table.c.member_id == bindparam("its_member"),
        table.c.chapter_id == bindparam("its_chapter"),
        table.c.channel == bindparam("its_channel"),
    )
    over = [row for row in rows if not row.goes_on]
    if over:
        session.connection().execute(delete(table).where(*key), [_key(row) for row in over])
    going = [row for row in rows if row.goes_on]
    if going:
        session.connection().execute(
            update(table).where(*key).values(due_at=bindparam("due"), since_at=bindparam("since")),
            [
                {
                    **_key(row),
                    "due": next_digest(row.every, row.channel, first_known((*row.zones, home_zone)), now),
                    "since": max(until, row.since_at),
                }
                for row in going
            ],
        )


def _key(row: _Row) -> dict[str, object]:
    return {"its_member": row.member_id, "its_chapter": row.chapter_id, "its_channel": row.channel}
