"""The ear: what a simulated member says is recognized and filed as the reply router does it."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from engine.base.settings import Settings
from engine.chapters.membership import home_chapter
from engine.conversations.closure import close
from engine.conversations.message import Words, file_words_in
from engine.conversations.question import Question, question_of
from engine.conversations.thread import last_person_thread, open_person_thread, open_thread
from engine.outbox.delivery import Delivery
from engine.people.member import Member
from engine.runner.simulate.world import Heard
from reply_router.answers import recognize
from reply_router.answers.words import Heard as Recognized
from reply_router.assign import see_to_it
from reply_router.branch import take_branch, tell_words


class RouterEar:
    """Hears with the reply router's own recognition, branch and assignment.

    What a real mail or text goes through before (doors, reading, proof of who wrote) says nothing about a journey.
    """

    def __init__(self, settings: Settings) -> None:
        self._answer_within = timedelta(hours=settings.conversations.answer_within_hours)

    def hear(
        self, session: Session, member_id: int, delivery_id: int, channel: str, words: str, now: datetime
    ) -> Heard:
        """The words stand in the member's conversation, and the runner is told."""
        member = session.get_one(Member, member_id)
        delivery = session.get(Delivery, delivery_id)
        question, heard = answer_in(session, delivery_id, words, now, member)
        waits = heard is None or heard.more
        thread = open_person_thread(session, member_id) or last_person_thread(session, member_id)
        is_new = thread is None
        if thread is None:
            thread = open_thread(
                session, now, member_id=member_id, chapter_id=home_chapter(session, member_id), subject=words[:80],
                reason="They answered a message of ours.",
            )  # fmt: skip
        said = Words(words, channel=channel, author_id=member_id, author_name=member.name)
        message = file_words_in(session, thread, said, now, waits=waits, answer_within=self._answer_within)
        about = delivery.enrollment_id if delivery is not None else None
        if heard is not None and question is not None:
            take_branch(session, question, heard, message, thread, about, now)
        else:
            tell_words(session, question, message, thread, about, now)
        if waits or is_new:
            see_to_it(session, thread, now)
        if is_new and not waits:
            close(session, thread, None, now, "nothing in it waits for a person")
        return Heard(thread.id, waits, thread.responsible_id)


def answer_in(
    session: Session, delivery_id: int, words: str, now: datetime, member: Member
) -> tuple[Question | None, Recognized | None]:
    """The open question that this delivery asked, and the answer plain in the words; None where there is none."""
    question = question_of(session, delivery_id)
    if question is None or question.answered_at is not None or question.until_at <= now:
        return None, None
    return question, recognize(question, words, (member.name, member.first_name))
