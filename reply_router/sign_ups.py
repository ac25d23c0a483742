"""Sign-ups as the router hears of them: a yes to what an address was asked, by whatever way it comes."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from engine.base.broker import wake_on_commit
from engine.base.settings import Settings
from engine.chapters.chapter import Chapter, chapter_named
from engine.enrollments.confirming import confirm
from engine.people.sign_up import ASK_TO_CONFIRM, SignUp, Wanted, ask_to_join, asked_by
from reply_router.addresses import Aim, Anywhere, Room
from reply_router.answers.words import Heard, adds_nothing, listen, offers_of
from reply_router.answers.yes_no import PLAIN
from reply_router.case import Confirms, Joins
from reply_router.filing import Entry, file_in_place
from reply_router.mail_words import Mail, stored
from reply_router.place import Place
from reply_router.reading import Kind, Reading, Verb
from reply_router.reading.commands import command
from reply_router.reading.text_message import TextMessage
from reply_router.sender import Sender
from reply_router.text_commands import is_spanish
from reply_router.text_filing import Incoming, stand
from reply_router.text_join import make_theirs, say_step
from templates.vocabulary import base_language
from templates.web.reader import WORDS

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


def joins_by_mail(session: Session, reading: Reading, sender: Sender, aim: Aim, place: Place) -> Joins | None:
    """What a stranger's mail asks for, if it is to be with us: by its first line, or by its subject.

    A member who writes it is talking to somebody here, and so is whoever answers a mail of ours.
    """
    if reading.kind is not Kind.HUMAN or not sender.address or sender.member_ids or place.ours:
        return None
    if not isinstance(aim, Room | Anywhere):
        return None
    line = reading.command if reading.command is not None and reading.command.verb is Verb.JOIN else None
    subject = command("", reading.subject or "")
    asked = line or (subject if subject is not None and subject.verb is Verb.JOIN else None)
    if asked is None:
        return None
    chapter = session.get(Chapter, aim.chapter_id) if isinstance(aim, Room) else None
    if asked.argument:
        chapter = chapter_named(session, asked.argument)
        if chapter is None:
            return None
    rest = reading.text.strip().removeprefix(line.line if line is not None else "")
    return Joins(chapter, is_spanish(asked.line), more=not adds_nothing(rest, [sender.name]))


def confirms_by_mail(session: Session, reading: Reading, sender: Sender, place: Place) -> Confirms | None:
    """What a mail says to the sign-up that the letter before it asked about, if it says it plainly."""
    if place.how != "token" or place.delivery is None or place.delivery.message_class != "consent":
        return None
    row = asked_by(session, place.delivery.id)
    heard = yes_or_no(reading.text, [sender.name]) if row is not None and row.state in ("asked", "confirmed") else None
    return Confirms(row, heard) if row is not None and heard is not None else None


def file_sign_up_mail(session: Session, mail: Mail, settings: Settings, now: datetime) -> Entry:
    """The address is asked whether it wants to be with us; or it said yes, and they are a member; or no."""
    entry = file_in_place(session, mail, now)
    if entry.same_as is not None:
        return entry
    confirms, joins = mail.case.confirms, mail.case.joins
    if mail.rule.name == "confirm" and confirms is not None:
        return _confirmed(session, mail, confirms, entry, now)
    if joins is None:
        raise ValueError("they ask for nothing")
    sender, chapter = mail.case.sender, joins.chapter
    language = (
        "es" if joins.is_spanish else base_language(chapter.language if chapter else settings.organization.language)
    )
    wanted = Wanted(
        "email",
        sender.address,
        "mail",
        WORDS.say(language, "join.agrees", organization=settings.organization.name),
        name=stored(sender.name or sender.address.partition("@")[0]),
        language=language,
        chapter_id=chapter.id if chapter is not None else None,
        received_id=mail.received.id,
    )
    wake_on_commit(session, ASK_TO_CONFIRM, ask_to_join(session, wanted, now).id)
    return replace(entry, effect="join")


def _confirmed(session: Session, mail: Mail, confirms: Confirms, entry: Entry, now: datetime) -> Entry:
    row = confirms.row
    if confirms.heard.name != "yes":
        row.state = "over" if row.state == "asked" else row.state
        return entry
    words = f"They answered: “{stored(mail.reading.text.strip())[:200]}”."
    member_id = confirm(session, row, words, now, received_id=mail.received.id)
    if member_id is None:
        return entry
    if entry.thread is not None and entry.thread.member_id is None:
        make_theirs(session, entry.thread, member_id)
    return replace(entry, member_id=member_id, effect="joined")


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
