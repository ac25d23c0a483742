"""Joining by text: a keyword, a name, a ZIP code; three texts of ours, consent kept as shown.

Anything else that somebody says in between goes to a person, and joining waits for them.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.base.ids import new_id
from engine.chapters.chapter import Chapter
from engine.chapters.membership import join
from engine.conversations.message import Message
from engine.conversations.thread import Thread
from engine.enrollments.choice import came_back, choose
from engine.enrollments.joining import welcome_by_phone
from engine.enrollments.signal import signal
from engine.outbox.post import service_text
from engine.people.consent import Said
from engine.people.member import first_name_of
from engine.people.text_sign_up import TextSignUp
from reply_router.filing import Entry
from reply_router.mail_words import stored
from reply_router.text_commands import is_spanish
from reply_router.text_filing import Incoming, stand
from templates.vocabulary import base_language
from templates.words import read_words

#: Joining begun is good this long; later words go to a person.
GOOD_FOR = timedelta(hours=72)
_LEAD = re.compile(
    r"^(?:hi|hello|hey|hola)?[,!. ]*(?:my name is|my name's|i am|i'm|im|this is|it's|its|name is|name:|call me|"
    r"me llamo|mi nombre es|soy|yo soy|es|nombre:)[ :]+",
    re.IGNORECASE,
)
_NAME = re.compile(r"[^\W\d_][\w'’.\-]*(?: [^\W\d_][\w'’.\-]*){0,4}")
_ZIP = re.compile(r"(?<!\d)(\d{5})(?:-\d{4})?(?!\d)")
#: Short words that are no name.
_NO_NAME = frozenset(
    "yes no ok okay sure stop help hi hello hey thanks thank why what who how when where maybe si claro gracias hola "
    "quien que por wait later nope yep yeah cool great nice lol please".split()
)
_WORDS = read_words()


def name_in(body: str) -> str | None:
    """The name that somebody gives when asked for it; None when it is something else that they say."""
    line = " ".join(body.split())
    line = _LEAD.sub("", line).strip(" .,!")
    if not 0 < len(line) <= 60 or "?" in body or not _NAME.fullmatch(line):
        return None
    words = line.casefold().split()
    return None if words[0].strip(".,!") in _NO_NAME else line


def place_in(body: str) -> str | None:
    """The ZIP code in a short answer; None when it is something else that they say."""
    found = _ZIP.findall(body)
    return found[0] if len(found) == 1 and len(body.split()) <= 6 and "?" not in body else None


def answers(sign_up: TextSignUp | None, body: str) -> bool:
    """Whether the words are what joining asked for last."""
    if sign_up is None:
        return False
    return (name_in(body) if sign_up.state == "name" else place_in(body)) is not None


def file_join(session: Session, incoming: Incoming, now: datetime) -> Entry:
    """A member is in one more chapter; a stranger is welcomed, shown what they agree to, and asked for their name."""
    place, chapter = incoming.place, incoming.case.chapter
    if chapter is None:
        raise ValueError("nobody joins no chapter")
    # Where texts are stopped our answer will not leave: then a person sees to it.
    thread, message = stand(session, incoming, now, waits=place.stopped_since is not None)
    if place.member is not None:
        member = place.member
        said = Said("text", stored(incoming.text.body), received_id=incoming.received.id, by_id=member.id)
        came_back(session, member.id, chapter.id, said, now)
        join(session, member.id, chapter.id, now, rank=1)
        choose(session, member.id, "sms", f"chapter:{chapter.id}", True, said, now)
        if not incoming.case.is_in:
            signal(session, "joined", member.id, now)
        say_step(session, incoming, "done", thread, now, chapter.id, member_id=member.id)
        return Entry(thread, message, thread.member_id, "join")
    language = "es" if is_spanish(incoming.text.body) else base_language(chapter.language)
    shown = _WORDS.say(language, "text.join_consent", org=incoming.settings.organization.name)
    sign_up = place.sign_up
    if sign_up is None:
        sign_up = TextSignUp(id=new_id(), created_at=now, phone=place.phone, our_number=place.our_number, name="")
        session.add(sign_up)
    sign_up.chapter_id, sign_up.language, sign_up.shown = chapter.id, language, shown
    sign_up.state, sign_up.until_at, sign_up.received_id = "name", now + GOOD_FOR, incoming.received.id
    thread.chapter_id = chapter.id
    session.flush()
    say_step(session, incoming, "name", thread, now, chapter.id, language=language, data={"join": {"consent": shown}})
    return Entry(thread, message, thread.member_id, "join")


def file_sign_up(session: Session, incoming: Incoming, now: datetime) -> Entry:
    """They said their name and are asked where they live; or they said that, and are a member."""
    sign_up = incoming.place.sign_up
    if sign_up is None:
        raise ValueError("they are not joining")
    thread, message = stand(session, incoming, now, waits=False)
    if sign_up.state == "name":
        sign_up.name = stored(name_in(incoming.text.body) or "")
        sign_up.state, sign_up.until_at = "place", now + GOOD_FOR
        data = {"member": {"first_name": first_name_of(sign_up.name)}}
        language = sign_up.language
        say_step(session, incoming, "place", thread, now, sign_up.chapter_id, language=language, data=data)
        return Entry(thread, message, thread.member_id, "join")
    member_id = _become_member(session, incoming, sign_up, place_in(incoming.text.body) or "", now)
    make_theirs(session, thread, member_id)
    say_step(session, incoming, "done", thread, now, sign_up.chapter_id, member_id=member_id)
    return Entry(thread, message, member_id, "joined")


def _become_member(session: Session, incoming: Incoming, sign_up: TextSignUp, postal_code: str, now: datetime) -> int:
    chapter = session.get(Chapter, sign_up.chapter_id) if sign_up.chapter_id is not None else None
    evidence = f"Shown: “{sign_up.shown}” They answered: “{sign_up.name}”, “{postal_code}”."
    member_id = welcome_by_phone(
        session,
        sign_up.name,
        sign_up.phone,
        now,
        chapter=chapter,
        language=sign_up.language,
        postal_code=postal_code,
        source="joined by text",
        consent=Said("text", evidence, received_id=incoming.received.id),
    )
    sign_up.state, sign_up.member_id = "done", member_id
    session.flush()
    return member_id


def make_theirs(session: Session, thread: Thread, member_id: int) -> None:
    """What was said in the conversation before they were a member is theirs."""
    thread.member_id, thread.correspondent = member_id, ""
    session.execute(
        update(Message).where(Message.thread_id == thread.id, Message.member_id.is_(None)).values(member_id=member_id)
    )
    session.execute(
        update(Message)
        .where(Message.thread_id == thread.id, Message.kind == "in", Message.author_id.is_(None))
        .values(author_id=member_id)
    )
    session.flush()


def say_step(
    session: Session,
    incoming: Incoming,
    step: str,
    thread: Thread,
    now: datetime,
    chapter_id: int | None,
    *,
    member_id: int | None = None,
    language: str | None = None,
    data: Mapping[str, object] | None = None,
) -> None:
    """The text of this step of joining is on its way."""
    service_text(
        session,
        incoming.place.phone,
        member_id,
        f"sms/join/{step}",
        data or {},
        now,
        key=f"join:{incoming.received.id}",
        our_number=incoming.place.our_number or None,
        language=language,
        thread_id=thread.id,
        chapter_id=chapter_id,
    )


def only_chapter(session: Session) -> Chapter | None:
    """The chapter, where there is just one."""
    rows = list(session.scalars(select(Chapter).limit(2)))
    return rows[0] if len(rows) == 1 else None
