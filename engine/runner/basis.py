"""Basis: what somebody said at a step of their journey, on which a move on a path rests."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.asking import among
from engine.conversations.message import Message
from engine.conversations.question import Question
from engine.conversations.task import Task
from engine.enrollments.enrollment import Standing
from engine.people.path import Evidence, is_outlook
from journeys.steps import Move

#: How much of what somebody said stands in the evidence; the whole of it is one click away.
MOST_WORDS = 1000


class Basis(NamedTuple):
    """Somebody's words: the member's own, or those in which a person told what the member said."""

    #: The answer's or the outcome's name; None: words that we did not recognize.
    answer: str | None
    words: str
    rests_on: Evidence

    def said(self, move: Move) -> bool:
        """Whether it is what the move needs. An outlook needs words, however short."""
        wanted = move.rests_on.answer if move.rests_on else None
        return (wanted is None or self.answer == wanted) and bool(self.words or not is_outlook(move.path))

    def quoted(self, evidence: str) -> str:
        """The step's sentence with the words that it rests on."""
        return f"{evidence} “{self.words[:MOST_WORDS]}”" if self.words else evidence


def bases(session: Session, rows: Collection[Standing], step: str) -> dict[Standing, Basis]:
    """What was last said at that step by, or about, whoever stands in these rows; who said nothing is absent."""
    by_id = {here.enrollment_id: here for here in rows}
    if not by_id:
        return {}
    found: dict[Standing, Basis] = {}
    tasks = session.execute(
        select(Task.enrollment_id, Task.choice, Task.outcome, Task.id)
        .where(
            among(session, Task.member_id, {here.member_id for here in rows}),
            among(session, Task.enrollment_id, by_id),
            Task.step == step,
            Task.choice.is_not(None),
        )
        .order_by(Task.id)
    )
    for enrollment_id, choice, words, task_id in tasks:
        found[by_id[enrollment_id]] = Basis(choice, words, Evidence(task_id=task_id))
    asked = session.execute(
        select(Question.subject_id, Question.answer, Question.answers, Question.message_id, Message.text)
        .outerjoin(Message, Message.id == Question.message_id)
        .where(
            among(session, Question.member_id, {here.member_id for here in rows}),
            Question.subject_kind == "enrollment",
            among(session, Question.subject_id, by_id),
            Question.step == step,
            Question.answered_at.is_not(None),
        )
        .order_by(Question.answered_at, Question.id)
    )
    for enrollment_id, answer, offered, message_id, words in asked:
        said = (words or "").strip()
        if len(said) < 3:
            # A digit by itself tells nothing later: the words that it stood for do.
            label = next((str(each.get("label") or answer) for each in offered if each.get("name") == answer), "")
            said = f"{said}: {label}".strip(": ") if label else said
        found[by_id[enrollment_id]] = Basis(answer, said, Evidence(message_id=message_id))
    return found
