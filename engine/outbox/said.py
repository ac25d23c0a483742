"""Said: what the timeline gains when a delivery leaves, and loses when it turns out that it never arrived."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from engine.base.bulk import bulk_insert
from engine.base.db import table_of
from engine.base.errors import HearthlineError
from engine.base.ids import new_id
from engine.base.stored_time import stored_time
from engine.conversations.message import Message
from engine.conversations.question import Question, ask
from engine.enrollments.journey import load_version
from engine.enrollments.signal import signal
from engine.outbox.classes import CLASSES, MessageClass
from engine.outbox.delivery import AnyDelivery, Delivery
from engine.outbox.material import Material
from engine.outbox.topic_letter import is_topics
from journeys.steps import Ask, Step
from templates.vocabulary import base_language

#: What an error code begins with when the message may have left all the same.
UNSURE = "unsure:"
#: The error code of a text that the provider did not know when it was asked.
ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Words:
    """What a delivery says, by whom; `message_id` is a mail's Message-ID."""

    text: str
    author_id: int | None
    author_name: str
    subject: str = ""
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What the timeline gains: a letter's row, as the database keeps it (`_LETTER`), and the question it asks."""

    letter: tuple[Any, ...] | None = None
    question: Question | None = None


def said(session: Session, delivery: AnyDelivery, words: Words, material: Material, now: datetime) -> Said:
    """What the timeline gains with the first try: a letter and the question it asks. An answer stands there already."""
    row = CLASSES[delivery.message_class]
    if delivery.message_class == "answer":
        session.execute(
            update(Message)
            .where(Message.delivery_id == delivery.id, Message.kind == "out")
            .values(internet_message_id=words.message_id, subject=words.subject[:400])
        )
    if not row.list_unsubscribe or delivery.member_id is None or is_topics(delivery):
        # A neighbor's words stand in their topic: a copy for each reader would be a chapter of copies.
        return Said()
    compiled = material.compiled[delivery.template_version_id or 0]
    then = stored_time(session, now)
    letter = (
        new_id(), then, then, delivery.member_id, "journey", delivery.channel, words.author_id, words.author_name[:200],
        words.subject[:400], words.text, "[]", "[]", delivery.id, words.message_id, _detail(row, compiled.speaks),
    )  # fmt: skip
    step = material.steps.get(delivery.id)
    if isinstance(step, Ask) and delivery.enrollment_id is not None:
        question = Question(
            id=new_id(),
            created_at=now,
            member_id=delivery.member_id,
            kind=str(step.question.kind),
            subject_kind="enrollment",
            subject_id=delivery.enrollment_id,
            step=step.id,
            answers=[
                {
                    "name": answer.name,
                    "label": answer.label_in(base_language(compiled.language)),
                    "words": list(answer.words_in(base_language(compiled.language))),
                }
                for answer in step.question.answers
            ],
            delivery_id=delivery.id,
            until_at=now + step.timeout,
            channel=delivery.channel,
            our_number=delivery.our_number,
            numbered=delivery.channel == "sms" and step.numbered,
        )
        return Said(letter, question)
    return Said(letter)


_LETTER = (
    "id", "created_at", "at", "member_id", "kind", "channel", "author_id", "author_name", "subject", "text", "folded",
    "attachments", "delivery_id", "internet_message_id", "detail",
)  # fmt: skip


@cache
def _detail(row: MessageClass, speaks: str) -> str:
    """What a letter's row says besides its words, as JSON."""
    return json.dumps({"class": row.name, "speaks": speaks, "counts": row.weekly_cap})


def enter(session: Session, said: Sequence[Said]) -> None:
    """All this stands in the timeline, and its questions are asked."""
    letters = [each.letter for each in said if each.letter is not None]
    bulk_insert(session, table_of(Message), _LETTER, letters)
    ask(session, [each.question for each in said if each.question is not None])


def said_now(session: Session, delivery: AnyDelivery, now: datetime) -> None:
    """A letter that left at a later try was said then."""
    session.execute(update(Message).where(Message.delivery_id == delivery.id, Message.kind == "journey").values(at=now))


def said_anew(session: Session, delivery: AnyDelivery, words: Words) -> None:
    """A letter that never left in one name leaves in another: the timeline says what left."""
    session.execute(
        update(Message)
        .where(Message.delivery_id == delivery.id, Message.kind == "journey")
        .values(
            text=words.text,
            subject=words.subject[:400],
            author_id=words.author_id,
            author_name=words.author_name[:200],
        )
    )


def may_have_left(delivery: AnyDelivery) -> bool:
    """Whether nobody knows what became of one of its tries: its server fell silent, or we died in the call."""
    return (delivery.error_code or "").startswith(UNSURE)


def bare_code(delivery: AnyDelivery) -> str:
    """What was said to its last try, such as 451 or 4.2.1, whatever became of an earlier one."""
    return (delivery.error_code or "").removeprefix(UNSURE).strip()


def unsay(session: Session, delivery: Delivery, now: datetime) -> None:
    """A letter that never arrived was never said: it neither asks anything nor counts against a cap.

    One that may have arrived stays said, so that its answer is understood and nobody is asked the same again.
    A journey that asked by text hears of it, so that it does not wait for an answer nobody can give.
    """
    if may_have_left(delivery):
        return
    was_said = delivery.internet_message_id is not None or delivery.body is not None
    if was_said and CLASSES[delivery.message_class].list_unsubscribe:
        session.execute(delete(Question).where(Question.delivery_id == delivery.id))
        session.execute(delete(Message).where(Message.delivery_id == delivery.id, Message.kind == "journey"))
    if delivery.channel == "sms" and delivery.enrollment_id is not None and delivery.member_id is not None:
        step = _step(session, delivery)
        if isinstance(step, Ask):
            why = (delivery.error_code or delivery.refusal or "")[:80]
            signal(
                session,
                "unheard",
                delivery.member_id,
                now,
                enrollment_id=delivery.enrollment_id,
                step=step.id,
                why=why,
            )


def _step(session: Session, delivery: Delivery) -> Step | None:
    """The journey's step that a delivery says; None where its version cannot be read any more."""
    if delivery.version_id is None or delivery.step is None:
        return None
    try:
        return load_version(session, delivery.version_id).script.steps[delivery.step]
    except (HearthlineError, LookupError, TypeError, ValueError):
        return None
