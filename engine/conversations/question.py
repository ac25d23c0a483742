"""Question: something asked of one member and awaited."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, bindparam, false, func, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.asking import ManyAsked
from engine.base.db import Base, Id, one_at_a_time
from engine.base.foreseen import foreseeable, hold


class Question(Base):
    """Asked by one delivery, of one member, until a time; answered at most once by a recognized answer."""

    __tablename__ = "question"
    __table_args__ = (
        Index(None, "member_id", "answered_at", "until_at"),
        Index("uq_question_delivery_id", "delivery_id", unique=True),
        Index(
            "uq_question_numbered",
            "member_id",
            text("coalesce(our_number, '')"),
            unique=True,
            sqlite_where=text("numbered AND answered_at IS NULL"),
            postgresql_where=text("numbered AND answered_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    #: open, choice, yes_no, ...: the key of the table of answer handlers.
    kind: Mapped[str] = mapped_column(String(20))
    #: What it is about: `enrollment` and its id now; events and ballots later.
    subject_kind: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[int]
    #: The step's id in the journey, so that `answered: {step, answer}` can be asked later.
    step: Mapped[str] = mapped_column(String(60), default="")
    #: Accepted answers: [{"name": ..., "label": ..., "words": [...]}].
    answers: Mapped[list[Any]] = mapped_column(default=list)
    delivery_id: Mapped[int]
    until_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    #: The recognized answer's name, or None while open or answered only in free words.
    answer: Mapped[str | None] = mapped_column(String(60))
    message_id: Mapped[int | None]
    #: By text: from which number of ours it was asked, and whether a digit answers it. At most one open numbered
    #: question per member and number.
    channel: Mapped[str] = mapped_column(String(8), default="email", server_default="email")
    our_number: Mapped[str | None] = mapped_column(String(40))
    numbered: Mapped[bool] = mapped_column(default=False, server_default=false())


@foreseeable
def question_of(session: Session, delivery_id: int) -> Question | None:
    """The question that a delivery asked, open or not."""
    return session.scalar(select(Question).where(Question.delivery_id == delivery_id))


def open_questions(session: Session, member_id: int, now: datetime) -> list[Question]:
    """What the member was asked and has not answered, the latest first."""
    if unanswered.is_foreseen(session, member_id):
        waiting = [each for each in unanswered(session, member_id) if each.answered_at is None and each.until_at > now]
        return sorted(waiting, key=lambda each: -each.id)
    return list(
        session.scalars(
            select(Question)
            .where(Question.member_id == member_id, Question.answered_at.is_(None), Question.until_at > now)
            .order_by(Question.id.desc())
        )
    )


@foreseeable
def unanswered(session: Session, member_id: int) -> list[Question]:
    """What the member was asked and has not answered, whether or not its time is over."""
    mine = select(Question).where(Question.member_id == member_id, Question.answered_at.is_(None))
    return list(session.scalars(mine))


def foresee_questions(
    session: Session, delivery_ids: Collection[int], member_ids: Collection[int], now: datetime
) -> None:
    """What each of these deliveries asked, and what these members have not answered, is known."""
    by_delivery: Sequence[Question] = _ASKED_WITH.found(session, delivery_ids)
    found = {row.delivery_id: row for row in by_delivery}
    for delivery_id in delivery_ids:
        question_of.foresee(session, found.get(delivery_id), delivery_id)
    for member_id in member_ids:
        unanswered.foresee(session, [], member_id)
    rows: Sequence[Question] = _UNANSWERED.found(session, member_ids, now=now)
    for row in rows:
        unanswered(session, row.member_id).append(row)
    hold(session, (by_delivery, rows))


_ASKED_WITH = ManyAsked(lambda one_of: select(Question).where(one_of(Question.delivery_id)))
_UNANSWERED = ManyAsked(
    lambda one_of: select(Question).where(
        one_of(Question.member_id), Question.answered_at.is_(None), Question.until_at > bindparam("now")
    )
)


def ask(session: Session, questions: Iterable[Question]) -> None:
    """The questions are asked. A digit answers the last of a member and number; those before it wait for words alone.

    Two transactions that ask one member do so one after the other, whatever each of them saw before.
    """
    asked = list(questions)
    by_digit: dict[tuple[int, str], Question] = {}
    for question in asked:
        if question.numbered:
            before = by_digit.get(key := (question.member_id, question.our_number or ""))
            if before is not None:
                before.numbered = False
            by_digit[key] = question
    for member_id, our_number in sorted(by_digit):
        one_at_a_time(session, f"asks by number {member_id}")
        session.execute(
            update(Question)
            .where(
                Question.member_id == member_id,
                func.coalesce(Question.our_number, "") == our_number,
                Question.numbered.is_(True),
                Question.answered_at.is_(None),
            )
            .values(numbered=False)
        )
    session.add_all(asked)
    for question in asked:
        question_of.forget(session, question.delivery_id)
        unanswered.forget(session, question.member_id)
    session.flush()


def digit_waits(session: Session, question: Question) -> bool:
    """Whether an open question of the same member and number waits for a digit already."""
    return (
        session.scalar(
            select(Question.id).where(
                Question.member_id == question.member_id,
                func.coalesce(Question.our_number, "") == (question.our_number or ""),
                Question.numbered.is_(True),
                Question.answered_at.is_(None),
            )
        )
        is not None
    )


def answer_question(question: Question, answer: str | None, message_id: int, now: datetime) -> None:
    """The question is answered: by a recognized answer's name, or (None) in the member's own words."""
    question.answered_at, question.answer, question.message_id = now, answer, message_id
