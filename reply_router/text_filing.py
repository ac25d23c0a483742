"""Filing texts: the words stand in the one conversation with whoever wrote, and everything follows that they bring.

A recognized answer takes its branch; a command is done and waits for nobody; other words wait for a person.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from engine.base.broker import wake_on_commit
from engine.base.ids import new_id
from engine.base.settings import Settings
from engine.chapters.chapter import Chapter
from engine.conversations.closure import close
from engine.conversations.message import Message, Words, file_words_in, first_line
from engine.conversations.picture import PICTURES_BY_TEXT, ReceivedPicture
from engine.conversations.question import question_of
from engine.conversations.received import Received
from engine.conversations.storm import watch
from engine.conversations.thread import Thread, last_person_thread, mark, open_thread
from engine.conversations.thread_chapter import show_in
from engine.people.address import masked
from engine.people.member import Member
from reply_router.answers.words import Heard
from reply_router.asked import STALE, answer
from reply_router.assign import see_to_it
from reply_router.branch import tell_words
from reply_router.filing import ALSO_IN, Entry
from reply_router.mail_words import stored
from reply_router.reading.text_message import TextMessage
from reply_router.reading.texts import TextKind
from reply_router.text_case import TextCase, TextRule
from reply_router.text_find import SHARED_PHONE, TextPlace, chapters_that_texted

#: The job that fetches pictures (inbound.sms.jobs).
PICTURE = "texts.picture"
PROBABLY = "probably "
MAY_WANT_A_STOP = "may want texts to stop"
#: What a conversation is called whose first text has no words.
_WITHOUT_WORDS = {True: "A picture by text", False: "A text"}


@dataclass(frozen=True, slots=True)
class Incoming:
    """One received text on its way to its place."""

    received: Received
    case: TextCase
    rule: TextRule
    #: Why it is here, in one sentence.
    sentence: str
    settings: Settings

    @property
    def text(self) -> TextMessage:
        """The text as it came."""
        return self.case.text

    @property
    def place(self) -> TextPlace:
        """Where it belongs."""
        return self.case.place

    @property
    def answer_within(self) -> timedelta:
        """How long words may wait for a person."""
        return timedelta(hours=self.settings.conversations.answer_within_hours)


def file_text(session: Session, incoming: Incoming, now: datetime) -> Entry:
    """The words stand in the conversation, answer what they plainly answer, and else wait for a person."""
    place, case = incoming.place, incoming.case
    asked = place.asked[0] if len(place.asked) == 1 and incoming.rule.name == "answer" else None
    waits = incoming.rule.name not in ("empty", "again")
    heard = asked.heard if asked is not None else None
    if heard is not None and incoming.text.picture_count:
        heard = Heard(heard.name, more=True)
    if heard is not None:
        waits = heard.more
    thread, message = stand(session, incoming, now, waits=waits)
    if place.stale in STALE:
        mark(thread, STALE[place.stale])
    if case.kind is TextKind.HUMAN_FLAG:
        mark(thread, MAY_WANT_A_STOP)
    if asked is not None and heard is not None:
        answer(session, asked.question, heard, message, thread, journey_of(place), now)
    elif waits and incoming.rule.outcome == "thread":
        tell_words(session, place.question, message, thread, journey_of(place), now)
    return Entry(thread, message, thread.member_id, "answer" if heard is not None else "")


def stand(session: Session, incoming: Incoming, now: datetime, *, waits: bool) -> tuple[Thread, Message]:
    """The words stand in the open conversation or a new one; one in which nothing waits is closed again."""
    place, chosen = incoming.place, incoming.case.chosen if incoming.rule.name == "own_rule" else None
    thread, lane = place.thread, place.chapter_id
    if chosen is not None:
        # A conversation of another chapter stays there: its words are not for others.
        lane = chosen.chapter_id or lane
        thread = thread if thread is not None and thread.chapter_id == lane else None
    if thread is None and not waits and place.member is not None:
        # What needs no answer opens no conversation anew: it stands in their last one, closed as it is.
        thread = last_person_thread(session, place.member.id)
    is_new = thread is None
    if thread is None:
        thread = _open(session, incoming, now, lane)
    else:
        session.refresh(thread, with_for_update=True)
    was_closed = thread.closure_id is not None
    _bring_text(place, thread)
    if len(place.household) > 1:
        mark(thread, SHARED_PHONE)
        thread.detail = {**thread.detail, "shared_by": [each.id for each in place.household]}
    if waits and was_closed:
        thread.reason = incoming.sentence
        thread.detail = {**thread.detail, "rule": incoming.rule.name}
    message = file_words_in(
        session, thread, words_of_text(incoming), now, waits=waits, answer_within=incoming.answer_within
    )
    message.at = incoming.received.created_at
    session.flush()
    watch(session, thread, now)
    expect_pictures(session, incoming, message, now)
    if incoming.rule.outcome != "needs_person" and (waits or is_new):
        see_to_it(session, thread, now, wished=chosen.member_id if chosen else None, why=chosen.says if chosen else "")
    if is_new:
        _show_where_texted(session, incoming, thread, now)
    if is_new and not waits:
        close(session, thread, None, now, "nothing in it waits for a person")
    return thread, message


def _show_where_texted(session: Session, incoming: Incoming, thread: Thread, now: datetime) -> None:
    """Every chapter that texted them lately by this number sees what they say; nobody knows which one they answer."""
    place = incoming.place
    for chapter_id in chapters_that_texted(session, place.household, place.our_number, incoming.settings, now):
        if show_in(session, thread, chapter_id, now):
            chapter = session.get(Chapter, chapter_id)
            mark(thread, f"{ALSO_IN}{chapter.name if chapter is not None else ''}")


def file_again(session: Session, incoming: Incoming) -> Entry:
    """The words stood there already: beside them it says that they came twice, and by which row."""
    same = incoming.case.same
    if same is None:
        raise ValueError("nothing was said before")
    once_more = {"received_id": incoming.received.id, "at": incoming.received.created_at.isoformat()}
    again = [*same.detail.get("sent_again", []), once_more]
    same.detail = {**same.detail, "sent_again": again}
    thread = session.get(Thread, same.thread_id) if same.thread_id is not None else None
    return Entry(thread, same, same.member_id, same_as=same.received_id)


def file_tap(session: Session, incoming: Incoming) -> Entry:
    """The tap stands at the words it was on. On a yes or no question it says what it probably means."""
    tapped, echo = incoming.case.tapped, incoming.text.words.tapback
    if tapped is None or echo is None:
        raise ValueError("no words of ours were tapped")
    # Whichever of our questions it was, the last or one before it, as long as it is open.
    asked = question_of(session, tapped.delivery_id) if tapped.delivery_id is not None else None
    is_asked = (
        asked is not None
        and asked.kind == "yes_no"
        and asked.answered_at is None
        and asked.until_at > incoming.received.created_at
    )
    probably = ("yes" if echo.agrees else "no" if echo.refuses else "") if is_asked else ""
    tap = {
        "what": echo.what,
        "removed": echo.removed,
        "probably": probably,
        "by": incoming.place.member.called if incoming.place.member is not None else "",
        "at": incoming.received.created_at.isoformat(),
        "received_id": incoming.received.id,
    }
    tapped.detail = {**tapped.detail, "taps": [*tapped.detail.get("taps", []), tap]}
    thread = session.get(Thread, tapped.thread_id) if tapped.thread_id is not None else incoming.place.thread
    if thread is not None and thread.member_id == tapped.member_id:
        if echo.removed:
            thread.marks = [each for each in thread.marks if not each.startswith(PROBABLY)]
        elif probably:
            mark(thread, f"{PROBABLY}{probably}")
    return Entry(thread, tapped, tapped.member_id, "tap")


def journey_of(place: TextPlace) -> int | None:
    """The enrollment whose text they answer, if it was a journey's."""
    return place.delivery.enrollment_id if place.delivery is not None else None


def _open(session: Session, incoming: Incoming, now: datetime, chapter_id: int | None) -> Thread:
    place, text = incoming.place, incoming.text
    member = place.member
    subject = stored(first_line(text.body)) or _WITHOUT_WORDS[bool(text.picture_count)]
    thread = open_thread(
        session,
        now,
        member_id=member.id if member is not None else None,
        chapter_id=chapter_id,
        subject=subject if len(subject) <= 80 else f"{subject[:79]}…",
        reason=incoming.sentence,
        correspondent="" if member is not None else place.phone,
    )
    thread.detail = {"rule": incoming.rule.name}
    return thread


def _bring_text(place: TextPlace, thread: Thread) -> None:
    """The text of ours that is answered stands above its answer."""
    said = place.said
    if said is not None and said.kind == "journey" and said.thread_id is None and said.member_id == thread.member_id:
        said.thread_id = thread.id


def words_of_text(incoming: Incoming) -> Words:
    """The text's words as they stand in a conversation."""
    member: Member | None = incoming.place.member
    detail: dict[str, object] = {"rule": incoming.rule.name}
    if member is None and incoming.place.phone:
        detail["from"] = incoming.place.phone
    if incoming.text.trouble:
        detail["trouble"] = [incoming.text.trouble]
    if incoming.text.pictures:
        detail[PICTURES_BY_TEXT] = len(incoming.text.pictures)
    return Words(
        text=stored(incoming.text.body),
        channel="sms",
        author_id=member.id if member is not None else None,
        author_name=member.name if member is not None else masked(incoming.place.phone) if incoming.place.phone else "",
        received_id=incoming.received.id,
        detail=detail,
    )


def expect_pictures(session: Session, incoming: Incoming, message: Message, now: datetime) -> None:
    """Each picture has its row, and is fetched after the text itself is safe."""
    received, text = incoming.received, incoming.text
    rows = [
        ReceivedPicture(
            id=new_id(),
            created_at=now,
            received_id=received.id,
            message_id=message.id,
            place=place,
            url=stored(each.url)[:500],
            content_type=stored(each.content_type)[:80],
            refusal="" if len(each.url) <= 500 else "The provider's address of it is too long to be one.",
            due_at=now if len(each.url) <= 500 else None,
        )
        for place, each in enumerate(text.pictures)
    ]
    session.add_all(rows)
    session.flush()
    for row in rows:
        if row.due_at is not None:
            wake_on_commit(session, PICTURE, row.id)
