"""Question: something asked of one member and awaited."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, false, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base, Id


class Question(Base):
    """Asked by one delivery, of one member, until a time; answered at most once by a recognized answer."""

    __tablename__ = "question"
    __table_args__ = (
        Index(None, "member_id", "answered_at", "until_at"),
        Index("uq_question_delivery_id", "delivery_id", unique=True),
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


def question_of(session: Session, delivery_id: int) -> Question | None:
    """The question that a delivery asked, open or not."""
    return session.scalar(select(Question).where(Question.delivery_id == delivery_id))


def open_questions(session: Session, member_id: int, now: datetime) -> list[Question]:
    """What the member was asked and has not answered, the latest first."""
    return list(
        session.scalars(
            select(Question)
            .where(Question.member_id == member_id, Question.answered_at.is_(None), Question.until_at > now)
            .order_by(Question.id.desc())
        )
    )


def answer_question(question: Question, answer: str | None, message_id: int, now: datetime) -> None:
    """The question is answered: by a recognized answer's name, or (None) in the member's own words."""
    question.answered_at, question.answer, question.message_id = now, answer, message_id
