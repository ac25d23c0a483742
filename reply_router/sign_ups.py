"""Sign-ups as the router hears of them: a yes to what an address was asked, by whatever way it comes."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from engine.enrollments.confirming import confirm
from engine.people.sign_up import SignUp
from reply_router.answers.words import Heard, listen, offers_of
from reply_router.answers.yes_no import PLAIN
from reply_router.filing import Entry, stored
from reply_router.reading.text_message import TextMessage
from reply_router.text_filing import Incoming, stand
from reply_router.text_join import make_theirs, say_step

_OFFERS = offers_of([{"name": "yes"}, {"name": "no"}], PLAIN)


def yes_or_no(text: str, names: Iterable[str] = ()) -> Heard | None:
    """Yes or no, where the words say it plainly. The digits 1 and 2 say nothing: nobody was offered them."""
    heard = listen(text, _OFFERS, names)
    return None if heard is not None and text.strip(" .!)").isdecimal() else heard


def hear_confirmation(row: SignUp | None, text: TextMessage) -> Heard | None:
    """What a text says to what its phone was asked to confirm, if it was asked and says it plainly."""
    if row is None or text.picture_count or text.words.tapback is not None:
        return None
    return yes_or_no(text.body, [row.name])


def file_confirmed_text(session: Session, incoming: Incoming, now: datetime) -> Entry:
    """They are a member, or one's phone is theirs and texts may come; a no ends the asking. More words wait for us."""
    row, heard = incoming.place.confirming, incoming.case.confirms
    if row is None or heard is None:
        raise ValueError("this phone was asked nothing")
    thread, message = stand(session, incoming, now, waits=heard.more)
    if heard.name != "yes":
        row.state = "over"
        return Entry(thread, message, thread.member_id)
    words = f"They texted: “{stored(incoming.text.body)}”."
    member_id = confirm(session, row, words, now, received_id=incoming.received.id)
    if member_id is None:
        return Entry(thread, message, thread.member_id)
    if thread.member_id is None:
        make_theirs(session, thread, member_id)
    say_step(session, incoming, "done", thread, now, row.chapter_id, member_id=member_id)
    return Entry(thread, message, member_id, "joined")
