"""Rule trial: what a rule of staff's own would have done with last month's messages, before it is saved.

Bounded: the newest messages by keyset, some thousand at most, and only those in sight of whoever asks (law 8).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from engine.chapters.chapter import Chapter
from engine.conversations.message import Message, first_line
from engine.conversations.received import Received
from engine.conversations.routing_rule import RuleDraft
from engine.conversations.scope import Scope, threads_in
from engine.conversations.thread import Thread
from engine.people.member import Member, names_of
from reply_router.own_rules import CameIn, OwnRule, as_rule, first_for, mail_words, rules_now

#: How far back is looked, and at how many messages at most.
MONTH: Final = timedelta(days=31)
MOST_LOOKED_AT: Final = 20_000
#: How many are passed by at most to find those in sight: one chapter's may lie far apart among everybody's.
MOST_PASSED: Final = 100_000
#: Messages that would go elsewhere and are shown.
MOST_SHOWN: Final = 20
_BATCH: Final = 1_000


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """One message that would have gone elsewhere: what it says, where it went, and where it would have gone."""

    message_id: int
    thread_id: int
    at: datetime
    who: str
    words: str
    why: str
    chapter: str
    person: str
    to_chapter: str
    to_person: str


@dataclass(frozen=True, slots=True)
class RuleTrial:
    """What came of it."""

    #: Messages looked at, and since when; `whole`: all of the month.
    looked_at: int
    since: datetime
    whole: bool
    #: Messages that the rule is for, and how many of them began a conversation that would have gone elsewhere.
    said: int
    moved: int
    #: The newest of those that moved.
    shown: list[Elsewhere] = field(default_factory=list)


def try_draft(session: Session, scope: Scope, draft: RuleDraft, rule_id: int | None, now: datetime) -> RuleTrial:
    """What the draft would have done: in the place of the rule it changes, or as the last of all."""
    asked = as_rule(rule_id or 0, draft, "")
    rules = rules_now(session)
    if any(each.id == asked.id for each in rules):
        rules = [asked if each.id == asked.id else each for each in rules]
    else:
        rules = [*rules, asked]
    return try_rule(session, scope, rules, asked.id, now)


def try_rule(session: Session, scope: Scope, rules: Sequence[OwnRule], tried: int, now: datetime) -> RuleTrial:
    """What the rule with the id `tried`, standing among all `rules` in their order, would have done."""
    since, looked_at, said = now - MONTH, 0, 0
    moved: list[tuple[Any, str]] = []
    whole, count = True, 0
    rule = next(each for each in rules if each.id == tried)
    for row in _messages(session, scope, since):
        if isinstance(row, datetime):
            whole, since_seen = False, row
            break
        if looked_at >= MOST_LOOKED_AT:
            whole = False
            break
        looked_at += 1
        since_seen = row.at
        found = first_for(rules, _came(row))
        if found is None or found[0].id != tried:
            continue
        said += 1
        # Only what begins a conversation is sent anywhere: a talk goes on with whoever answers it.
        if row.at <= row.opened_at and _goes_elsewhere(rule, row):
            count += 1
            if len(moved) < MOST_SHOWN:
                moved.append((row, found[1]))
    return RuleTrial(looked_at, since if whole else since_seen, whole, said, count, _shown(session, rule, moved))


def _messages(session: Session, scope: Scope, since: datetime) -> Iterator[Any]:
    """What people said since then, the newest first, in sight, batch by batch; at last the moment at which it broke
    off, where it did."""
    after: tuple[datetime, int] | None = None
    for _ in range(MOST_PASSED // _BATCH):
        said = select(Message.id, Message.at).where(Message.kind == "in", Message.at >= since)
        if after is not None:
            said = said.where(or_(Message.at < after[0], and_(Message.at == after[0], Message.id < after[1])))
        batch = said.order_by(Message.at.desc(), Message.id.desc()).limit(_BATCH).subquery()
        query = (
            select(
                Message.id, Message.at, Message.text, Message.subject, Message.channel, Message.thread_id,
                Message.author_name, Message.detail, Thread.chapter_id, Thread.responsible_id, Thread.correspondent,
                Thread.created_at.label("opened_at"), Member.language, Received.mail_from, Received.rcpt_to,
            )
            .join(batch, batch.c.id == Message.id)
            .join(Thread, Thread.id == Message.thread_id)
            .outerjoin(Member, Member.id == Message.member_id)
            .outerjoin(Received, Received.id == Message.received_id)
            .where(Thread.kind == "person", threads_in(scope))
            .order_by(Message.at.desc(), Message.id.desc())
        )  # fmt: skip
        ends = session.execute(select(batch.c.at, batch.c.id).order_by(batch.c.at, batch.c.id).limit(1)).one_or_none()
        if ends is None:
            return
        yield from session.execute(query)
        after = (ends[0], ends[1])
    if after is not None:
        yield after[0]


def _came(row: Any) -> CameIn:
    """The message as the rules see one that comes in."""
    by_text = row.channel == "sms"
    address = "" if by_text else str(row.detail.get("from") or row.correspondent or row.mail_from or "")
    return CameIn(
        text=row.text if by_text else mail_words(row.subject, row.text),
        address=address,
        from_number=(row.mail_from or "") if by_text else "",
        to_number=(row.rcpt_to or "") if by_text else "",
        chapter_id=row.chapter_id,
        language=row.language or "",
    )


def _goes_elsewhere(rule: OwnRule, row: Any) -> bool:
    another_chapter = rule.to_chapter_id is not None and rule.to_chapter_id != row.chapter_id
    return another_chapter or (rule.to_member_id is not None and rule.to_member_id != row.responsible_id)


def _shown(session: Session, rule: OwnRule, moved: Sequence[tuple[Any, str]]) -> list[Elsewhere]:
    if not moved:
        return []
    chapters = dict(session.execute(select(Chapter.id, Chapter.name)).tuples().all())
    names = names_of(session, {rule.to_member_id, *(row.responsible_id for row, _ in moved)})
    return [
        Elsewhere(
            message_id=row.id,
            thread_id=row.thread_id,
            at=row.at,
            who=row.author_name,
            words=first_line(row.text),
            why=why,
            chapter=chapters.get(row.chapter_id, ""),
            person=names.get(row.responsible_id, ""),
            to_chapter=chapters.get(rule.to_chapter_id or row.chapter_id, ""),
            to_person=names.get(rule.to_member_id, ""),
        )
        for row, why in moved
    ]
