"""Asked: what of ours the words of a mail or text answer, and what follows from that; the same for both.

A mail with a token answers what its letter asked, and nothing else; one that is written anew, with nothing said but the
answer, the one question that is open; where several are, we ask which.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from engine.base.ids import new_id
from engine.conversations.message import Message
from engine.conversations.question import Question, answer_question, ask, open_questions, question_of
from engine.conversations.thread import Thread
from engine.outbox.post import service_letter
from engine.people.member import Member
from reply_router.answers import recognize, which
from reply_router.answers.words import Heard
from reply_router.branch import take_branch
from reply_router.case import Case
from reply_router.place import JOURNEY_OVER, Place
from reply_router.reading import Kind, Reading
from reply_router.text_find import Asked, standing
from reply_router.text_which import chosen, give_back_digits, which_lines

#: What a conversation is marked with where an answer changed nothing by itself.
TOO_LATE = "answered after its time"
ANOTHER_ANSWER = "another answer than before"
STALE = {"late": TOO_LATE, "changed": ANOTHER_ANSWER}
#: A question of ours by mail which of several they mean waits so long; then words go to a person.
ASKED_BY_MAIL_FOR = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Answering:
    """What a mail answers: one question, and perhaps the answer that is plain in it; or one of several.

    `mark`: an answer is plain in it, and comes too late or is another than before: a person sees to it.
    """

    question: Question | None = None
    heard: Heard | None = None
    several: tuple[Asked, ...] = ()
    mark: str = ""


def answering(session: Session, case: Case, names: list[str], now: datetime) -> Answering:
    """What of ours the mail answers. Only for a member who wrote from an address of theirs (law 9)."""
    place, reading = case.place, case.reading
    if place.member is None or not place.known or case.proof.failed or reading.kind is not Kind.HUMAN:
        return Answering()
    question = question_of(session, place.delivery.id) if place.delivery is not None else None
    if question is None:
        # Our asking which of several stands in the conversation, and is answered by its token.
        named = _named(session, case, names, now)
        if named is not None or place.ours:
            return named or Answering()
        return _written_anew(session, case, names, now)
    if not place.ours or JOURNEY_OVER in place.marks or question.member_id != place.member.id:
        return Answering()
    heard = recognize(question, reading.text, names)
    if heard is not None and (reading.attachments or reading.trouble):
        heard = Heard(heard.name, more=True)
    stands = standing(question, heard, now)
    if stands == "open":
        return Answering(question, heard)
    # The same again is nothing new; another answer is a change of mind, and a person should know.
    return Answering(question, heard) if stands == "again" else Answering(mark=STALE.get(stands, ""))


def answer(
    session: Session,
    question: Question,
    heard: Heard,
    message: Message,
    thread: Thread,
    enrollment_id: int | None,
    now: datetime,
) -> None:
    """The question has its answer, and what waited for it goes on; which of several they meant has its own."""
    if question.kind != which.KIND:
        take_branch(session, question, heard, message, thread, enrollment_id, now)
        return
    answer_question(question, heard.name, message.id, now)
    meant = chosen(session, question, heard, now)
    if meant is not None:
        take_branch(session, meant.question, Heard(meant.heard.name, heard.more), message, thread, None, now)
    give_back_digits(session, question, now)


def ask_which_by_mail(
    session: Session, several: tuple[Asked, ...], message: Message, thread: Thread, address: str, now: datetime
) -> None:
    """A letter asks which of the questions they mean, by number; what they said waits for that."""
    member_id = several[0].question.member_id
    lines = which_lines(session, several)
    delivery = service_letter(
        session, address, member_id, "which",
        {"which": {"questions": [f"{number}. {line}" for number, line in enumerate(lines, start=1)]}},
        now, key=f"which:{message.id}", thread=thread,
    )  # fmt: skip
    question = Question(
        id=new_id(), created_at=now, member_id=member_id, kind=which.KIND, subject_kind="message",
        subject_id=message.id, delivery_id=delivery.id, until_at=now + ASKED_BY_MAIL_FOR, channel="email",
        answers=[
            {"name": str(each.question.id), "label": line} for each, line in zip(several, lines, strict=True)
        ],
    )  # fmt: skip
    ask(session, [question])


def _named(session: Session, case: Case, names: list[str], now: datetime) -> Answering | None:
    """Which of several they meant, where we asked that by mail and they say it."""
    place, reading = case.place, case.reading
    if place.member is None or not (case.proof.proven or place.ours):
        return None
    for question in open_questions(session, place.member.id, now):
        if question.kind == which.KIND and question.channel == "email":
            heard = recognize(question, reading.text, names)
            if heard is not None:
                return Answering(question, heard)
    return None


def _written_anew(session: Session, case: Case, names: list[str], now: datetime) -> Answering:
    """Nothing but an answer, in a mail that answers none of ours: proven, it is for what is open."""
    place, reading = case.place, case.reading
    if place.member is None or not case.proof.proven or reading.attachments or reading.trouble:
        return Answering()
    if reading.text.strip(" .)").isdecimal():
        return Answering()  # a digit answers what was asked by text, or the letter that it answers
    found = []
    for question in open_questions(session, place.member.id, now):
        heard = recognize(question, reading.text, names)
        if heard is not None and not heard.more and question.kind != which.KIND:
            found.append(Asked(question, heard))
    if len(found) == 1:
        return Answering(found[0].question, found[0].heard)
    return Answering(several=tuple(found))


def answers_question(session: Session, reading: Reading, place: Place, now: datetime) -> bool:
    """Whether a command of this letter is also an answer that our question before it accepts: then it is that."""
    if reading.command is None or place.delivery is None:
        return False
    question = question_of(session, place.delivery.id)
    return (
        question is not None
        and question.answered_at is None
        and question.until_at > now
        and recognize(question, reading.text, ()) is not None
    )


def only_an_answer(session: Session, reading: Reading, place: Place, now: datetime) -> bool:
    """Whether the letter is nothing but an answer that our open question before it accepts."""
    if place.delivery is None or reading.attachments:
        return False
    question = question_of(session, place.delivery.id)
    if question is None or question.until_at <= now:
        return False
    heard = recognize(question, reading.text, ())
    return heard is not None and not heard.more


def names_around(session: Session, case: Case) -> list[str]:
    """Names that add nothing to an answer: the member's own, and those of whom they answer."""
    names = [case.sender.name]
    if case.place.member is not None:
        names += [case.place.member.name, case.place.member.first_name]
    said = case.place.said
    if said is not None:
        author = session.get(Member, said.author_id) if said.author_id is not None else None
        names += [said.author_name, author.name if author is not None else ""]
    return [name for name in names if name.strip()]
