"""Branch: what the runner is told of words that came in: a recognized answer, or words for a person."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine.conversations.message import Message
from engine.conversations.question import Question, answer_question
from engine.conversations.thread import Thread
from engine.enrollments.signal import signal
from reply_router.answers.words import Heard


def take_branch(
    session: Session,
    question: Question,
    heard: Heard,
    message: Message,
    thread: Thread | None,
    enrollment_id: int | None,
    now: datetime,
) -> None:
    """The question has its answer and its journey goes on; with more said, the runner hears of words too.

    `enrollment_id`: whose letter the words answered. A question that was answered before stays as it is.
    """
    if question.answered_at is not None:
        return
    answer_question(question, heard.name, message.id, now)
    message.detail = {**message.detail, "answer": heard.name}
    signal(
        session,
        "answered",
        question.member_id,
        now,
        enrollment_id=question.subject_id if question.subject_kind == "enrollment" else None,
        question_id=question.id,
        step=question.step,
        answer=heard.name,
    )
    if heard.more and thread is not None:
        tell_words(session, None, message, thread, enrollment_id, now)


def tell_words(
    session: Session,
    question: Question | None,
    message: Message,
    thread: Thread,
    enrollment_id: int | None,
    now: datetime,
) -> None:
    """The runner hears that they wrote; a question that these words were about is answered, in their own words."""
    if question is not None and question.answered_at is None:
        answer_question(question, None, message.id, now)
    if thread.member_id is None:
        return
    signal(
        session,
        "replied",
        thread.member_id,
        now,
        enrollment_id=enrollment_id,
        message_id=message.id,
        thread_id=thread.id,
    )
