"""Posting: one delivery enters the outbox, once for each key. What may be said to whom, the verbs of `post` know."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.base.broker import wake_on_commit
from engine.base.ids import new_id
from engine.content.template import current_version
from engine.outbox.delivery import Delivery, OutboxDue, PostingKey
from engine.outbox.queue import SEND
from engine.people.consent import Channel
from engine.people.member import Member


def put_text(
    session: Session,
    message_class: str,
    phone: str,
    member_id: int | None,
    template: str,
    data: Mapping[str, Any],
    now: datetime,
    key: str,
    our_number: str | None,
    language: str | None,
    thread_id: int | None,
    chapter_id: int | None = None,
) -> Delivery:
    """A text to this phone, as `put`; in the member's language where none is given."""
    whole = f"{message_class}-text:{key}"
    known = posted(session, whole)
    if known is not None:
        return known
    reader = session.get(Member, member_id) if member_id is not None else None
    return put(
        session,
        whole,
        now,
        message_class=message_class,
        channel="sms",
        member_id=member_id,
        chapter_id=chapter_id,
        thread_id=thread_id,
        template=template,
        language=language or (reader.language if reader else "en"),
        to_address=phone,
        our_number=our_number,
        data=dict(data),
    )


def posted(session: Session, key: str) -> Delivery | None:
    """What was posted under this key."""
    delivery_id = session.scalar(select(PostingKey.delivery_id).where(PostingKey.key == _short(key)))
    return session.get(Delivery, delivery_id) if delivery_id is not None else None


def put(
    session: Session,
    key: str,
    now: datetime,
    *,
    message_class: str,
    template: str,
    language: str,
    channel: Channel = "email",
    not_before: datetime | None = None,
    **columns: Any,
) -> Delivery:
    """A delivery is in the outbox and in its queue; where one was posted under this key before, that one."""
    send_at = max(now, not_before or now)
    delivery = Delivery(
        id=new_id(),
        created_at=now,
        message_class=message_class,
        channel=channel,
        template_version_id=current_version(session, template, language).id,
        send_at=send_at,
        state_at=now,
        **columns,
    )
    try:
        with session.begin_nested():
            session.add(PostingKey(key=_short(key), created_at=now, delivery_id=delivery.id))
            session.flush()
    except IntegrityError:
        # Another process posted it between our look and our insert.
        known = posted(session, key)
        if known is None:
            raise
        return known
    session.add(delivery)
    session.add(OutboxDue(rank=delivery.rank, send_at=send_at, delivery_id=delivery.id))
    session.flush()
    wake_on_commit(session, SEND[delivery.channel])
    return delivery


def _short(key: str) -> str:
    """A poster's key as it is stored: whole where it fits, else its hash."""
    return key if len(key) <= 120 else f"{key[:40]}:{hashlib.sha256(key.encode()).hexdigest()}"
