"""Not coming: CANCEL is the carriers' word for a stop, and soon after a question they may mean that (D2).

It is honoured as a stop like any other. Whoever asked is told beside it, has the conversation, and a task to ask by
mail or call.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.conversations.assignment import assign, is_there, may_answer
from engine.conversations.message import Message
from engine.conversations.question import Question
from engine.conversations.task import give_task
from engine.conversations.thread import Thread, mark
from reply_router.reading.texts import one_form
from reply_router.text_case import short
from reply_router.text_filing import Incoming

#: So long after a question by text CANCEL may be its answer.
ASKED_WITHIN = timedelta(hours=72)
PROBABLY_NOT_COMING = "probably not coming"
_WORDS = frozenset({"cancel", "cancelar"})
_ASK_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What was asked before somebody sent CANCEL, by whom (None: nobody who answers here), and the sentence of it."""

    question: Question
    host_id: int | None
    sentence: str


def cancelled(session: Session, incoming: Incoming) -> Cancelled | None:
    """The last question by text to whoever's phone this is, open or answered, if it was asked within 72 hours."""
    place, at = incoming.place, incoming.received.created_at
    if one_form(incoming.text.body).strip(" .!¡") not in _WORDS or not place.household:
        return None
    question = session.scalar(
        select(Question)
        .where(
            Question.member_id.in_([each.id for each in place.household]),
            Question.channel == "sms",
            Question.created_at > at - ASKED_WITHIN,
            Question.created_at <= at,
        )
        .order_by(Question.created_at.desc(), Question.id.desc())
        .limit(1)
    )
    if question is None:
        return None
    said = session.scalar(select(Message).where(Message.delivery_id == question.delivery_id).limit(1))
    hours = max(1, -(-(at - question.created_at) // timedelta(hours=1)))
    words = f" “{short(said.text)}”" if said is not None and said.text else ""
    return Cancelled(
        question,
        said.author_id if said is not None else None,
        f"{incoming.case.who} sent CANCEL within {hours} hour{'s' if hours > 1 else ''} of our text{words}: texts have "
        "stopped. Maybe they meant that they cannot come. Ask them by mail or call.",
    )


def tell_host(session: Session, incoming: Incoming, found: Cancelled, thread: Thread, now: datetime) -> None:
    """The conversation says what happened; whoever asked has it, unless somebody was talking there, and a task."""
    thread.reason = found.sentence
    mark(thread, PROBABLY_NOT_COMING)
    host = found.host_id
    if host is not None and not (may_answer(session, host, thread.chapter_id) and is_there(session, host, now)):
        host = None
    if host is not None and incoming.place.thread is None and host != thread.responsible_id:
        assign(session, thread, host, None, "asked them", now)
    who = incoming.case.who
    give_task(
        session,
        f"{who} is probably not coming: ask by mail or call",
        now + _ASK_WITHIN,
        now,
        script=f"{found.sentence} Do not text: no text of ours may go there before they send START.",
        member_id=found.question.member_id,
        chapter_id=thread.chapter_id,
        assignee_id=host or thread.responsible_id,
        thread_id=thread.id if thread.member_id == found.question.member_id else None,
        detail={"why": "not_coming"},
    )
