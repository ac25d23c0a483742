"""Which: a short answer fits two open questions; we ask which one, and take the branch of the one they name."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.ids import new_id
from engine.conversations.message import Message
from engine.conversations.question import Question, ask, digit_waits
from engine.conversations.thread import Thread
from engine.outbox.post import service_text
from reply_router.answers import recognize, which
from reply_router.answers.words import Heard
from reply_router.text_find import Asked, TextPlace

#: A question of ours is answered this long; then the next words go to a person.
ASKED_FOR = timedelta(hours=24)
_MOST_SIGNS = 60
_SENTENCE = re.compile(r"(?<![^.!?\n])[^.!?\n]*+\?")


def ask_which(
    session: Session, place: TextPlace, asked: Sequence[Asked], message: Message, thread: Thread, now: datetime
) -> Question | None:
    """A text asks which of the questions they mean, by number; what they said waits for that."""
    member = place.member
    if member is None:
        return None
    lines = which_lines(session, asked)
    delivery = service_text(
        session,
        place.phone,
        member.id,
        "sms/which",
        {"which": {"questions": [f"{number} {line}" for number, line in enumerate(lines, start=1)]}},
        now,
        key=f"which:{message.id}",
        our_number=place.our_number or None,
        thread_id=thread.id,
        chapter_id=thread.chapter_id,
    )
    question = Question(
        id=new_id(),
        created_at=now,
        member_id=member.id,
        kind=which.KIND,
        subject_kind="message",
        subject_id=message.id,
        answers=[
            {"name": str(each.question.id), "label": line, "by_digit": each.question.numbered}
            for each, line in zip(asked, lines, strict=True)
        ],
        delivery_id=delivery.id,
        until_at=now + ASKED_FOR,
        channel="sms",
        our_number=place.our_number,
        numbered=True,
    )
    ask(session, [question])
    return question


def which_lines(session: Session, asked: Sequence[Asked]) -> list[str]:
    """Each question in few words, as a text or letter lists them."""
    said = _asked_in(session, [each.question for each in asked])
    return [_line(said.get(each.question.delivery_id, ""), each.question) for each in asked]


def chosen(session: Session, question: Question, heard: Heard, now: datetime) -> Asked | None:
    """The question they meant and the answer they had given before; None when it is open no more."""
    meant = session.get(Question, int(heard.name)) if heard.name.isdecimal() else None
    words = session.get(Message, question.subject_id)
    if meant is None or words is None or meant.answered_at is not None or meant.until_at <= now:
        return None
    answer = recognize(meant, words.text)
    return Asked(meant, answer) if answer is not None else None


def give_back_digits(session: Session, question: Question, now: datetime) -> None:
    """What they did not mean waits for its digit again; the last one asked, if several did."""
    ids = [int(each["name"]) for each in question.answers if each.get("by_digit")]
    open_still = session.scalar(
        select(Question)
        .where(Question.id.in_(ids), Question.answered_at.is_(None), Question.until_at > now)
        .order_by(Question.id.desc())
        .limit(1)
    )
    if open_still is not None and not digit_waits(session, open_still):
        open_still.numbered = True
        session.flush()


def _asked_in(session: Session, questions: Sequence[Question]) -> dict[int | None, str]:
    rows = session.execute(
        select(Message.delivery_id, Message.text).where(
            Message.delivery_id.in_([each.delivery_id for each in questions]), Message.kind == "journey"
        )
    )
    return dict(rows.tuples().all())


def _line(text: str, question: Question) -> str:
    """The question in few words: its own sentence, else the answers that were offered."""
    found = _SENTENCE.search(text)
    line = " ".join((found[0] if found else "").split())
    if not line:
        labels = [str(each.get("label") or each.get("name")) for each in question.answers if isinstance(each, dict)]
        line = " / ".join(labels) or question.step.replace("_", " ")
    return line if len(line) <= _MOST_SIGNS else f"{line[: _MOST_SIGNS - 1].rstrip()}..."
