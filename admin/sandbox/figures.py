"""Figures: the lived days in numbers, counted in the database and in the world outside, never by whoever lived them."""

import statistics
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin.sandbox.carrier.tally import tally
from admin.sandbox.carrier.texts import Texts
from admin.sandbox.store import Store
from engine.conversations.balance import balance
from engine.conversations.message import Message
from engine.conversations.received import Received
from engine.conversations.thread import Thread
from engine.outbox.delivery import Delivery
from engine.people.member import Member
from engine.people.path import StageChange

#: What is between one of us and one member; a chapter's topics are counted by nobody here.
PERSON = "person"


def figures(session: Session, store: Store, texts: Texts) -> dict[str, Any]:
    """What the whole database says of itself, held against what has arrived out there."""
    now = balance(session)
    told = tally(session, texts)
    waits = _minutes_to_answer(session)
    return {
        "members": session.scalar(select(func.count()).select_from(Member)) or 0,
        "email_sent": _sent(session, "email"),
        "sms_sent": _sent(session, "sms"),
        "email_received": _came_in(session, ("smtp", "lmtp")),
        # All that phones brought us: texts, and what the provider tells of a call, which comes by the same webhooks.
        "sms_received": _came_in(session, ("sms", "voice")),
        "received": now.received,
        "outcomes": now.outcomes,
        "lost": now.unsettled + told.lost,
        "doubled": store.accepted_twice() + _said_twice(session) + told.doubled,
        "sms_lost": told.lost,
        "sms_doubled": told.doubled,
        "answered": len(waits),
        "median_minutes_to_answer": round(statistics.median(waits), 1) if waits else None,
        "conversations": session.scalar(select(func.count()).where(Thread.kind == PERSON)) or 0,
        "waiting": session.scalar(
            select(func.count()).where(
                Thread.kind == PERSON, Thread.waits_since.is_not(None), Thread.closure_id.is_(None)
            )
        )
        or 0,
        "stage_changes": session.scalar(select(func.count()).select_from(StageChange)) or 0,
    }


def _minutes_to_answer(session: Session) -> list[float]:
    """For every time somebody waited and was answered: from their first words to ours, in the clock's minutes."""
    rows = session.execute(
        select(Message.thread_id, Message.kind, Message.at)
        .where(Message.thread_id.is_not(None), Message.kind.in_(("in", "out")))
        .order_by(Message.thread_id, Message.at, Message.id)
    )
    waits: list[float] = []
    waiting: dict[int | None, datetime] = {}
    for thread_id, kind, at in rows:
        if kind == "in":
            waiting.setdefault(thread_id, at)
        elif thread_id in waiting:
            waits.append((at - waiting.pop(thread_id)) / timedelta(minutes=1))
    return waits


def _said_twice(session: Session) -> int:
    """How many visits of a journey said something more than once. A letter's Message-ID alone would not show that."""
    visits = (
        select(Delivery.enrollment_id)
        .where(Delivery.enrollment_id.is_not(None), Delivery.state == "sent")
        .group_by(Delivery.enrollment_id, Delivery.visit_at, Delivery.channel)
        .having(func.count() > 1)
    )
    return session.scalar(select(func.count()).select_from(visits.subquery())) or 0


def _sent(session: Session, channel: str) -> int:
    return session.scalar(select(func.count()).where(Delivery.state == "sent", Delivery.channel == channel)) or 0


def _came_in(session: Session, doors: tuple[str, ...]) -> int:
    return session.scalar(select(func.count()).select_from(Received).where(Received.door.in_(doors))) or 0
