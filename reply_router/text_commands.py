"""Commands by text: stop, start, help, a wrong number, leaving a chapter. Each is done at once, and shown."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.chapters.topic_choice import choose_topics
from engine.conversations.task import give_task
from engine.conversations.thread import IN_STORM, mark
from engine.enrollments.choice import choose, choose_pace
from engine.outbox import limits
from engine.outbox.leaving import leave_chapter
from engine.outbox.moderating import Back, tell_member
from engine.outbox.post import consent_text, service_text
from engine.outbox.stopping import start_texts, stop_texts
from engine.people.address import SOMEBODY_ELSES, Address
from engine.people.consent import Said
from engine.people.member_pace import Wish
from reply_router.filing import Entry
from reply_router.mail_commands import pace_words
from reply_router.mail_words import stored
from reply_router.not_coming import cancelled, tell_host
from reply_router.reading.texts import HELP_WORDS, START_WORDS, TextKind
from reply_router.text_filing import Incoming, stand

WRONG_NUMBER = "somebody else has this phone"
#: By when somebody should have found another way to a member whose phone is not theirs.
LOOK_WITHIN = timedelta(days=3)


def file_stop(session: Session, incoming: Incoming, now: datetime) -> Entry:
    """No text goes to the phone any more; one last confirms it, unless the provider does or did.

    CANCEL soon after a question of ours reaches whoever asked it as well (reply_router.not_coming).
    """
    place, text = incoming.place, incoming.text
    fresh = stop_texts(session, place.phone, "text", stored(text.body), now, received_id=incoming.received.id)
    if place.sign_up is not None:
        place.sign_up.state = "over"
    if place.confirming is not None:
        place.confirming.state = "over"
    by_us = text.kind is TextKind.STOP_LENIENT or incoming.settings.sms.stop_reply == "hearthline"
    if fresh and by_us and _may_have_receipt(session, incoming, now):
        consent_text(
            session, place.phone, _member_id(incoming), "sms/stopped", now,
            key=f"stopped:{incoming.received.id}", our_number=place.our_number or None, language=language_of(incoming),
        )  # fmt: skip
    meant = cancelled(session, incoming) if fresh else None
    thread, message = stand(session, incoming, now, waits=meant is not None)
    if meant is not None:
        tell_host(session, incoming, meant, thread, now)
    return Entry(thread, message, thread.member_id, "opt_out" if fresh else "")


def file_start(session: Session, incoming: Incoming, now: datetime) -> Entry:
    """Texts may come again, by the member's own word."""
    place, text = incoming.place, incoming.text
    fresh = start_texts(session, place.phone, stored(text.body), now, received_id=incoming.received.id)
    carriers = text.body.strip().casefold() in (*START_WORDS, "yes") or bool(text.opt_out_type)
    told = carriers and incoming.settings.sms.stop_reply == "provider"
    if fresh and not told and _may_have_receipt(session, incoming, now):
        consent_text(
            session, place.phone, _member_id(incoming), "sms/started", now,
            key=f"started:{incoming.received.id}", our_number=place.our_number or None, language=language_of(incoming),
        )  # fmt: skip
    thread, message = stand(session, incoming, now, waits=False)
    return Entry(thread, message, thread.member_id, "opt_in" if fresh else "")


def file_help(session: Session, incoming: Incoming, now: datetime) -> Entry:
    """They hear who we are, how to reach a person and how to stop: once a day, unless the provider says it."""
    place, text = incoming.place, incoming.text
    carriers = text.body.strip().casefold() in HELP_WORDS or bool(text.opt_out_type)
    if not (carriers and incoming.settings.sms.stop_reply == "provider"):
        consent_text(
            session, place.phone, _member_id(incoming), "sms/help", now,
            key=f"help:{place.phone}:{now:%Y-%m-%d}", our_number=place.our_number or None,
            language=language_of(incoming),
        )  # fmt: skip
    thread, message = stand(session, incoming, now, waits=False)
    return Entry(thread, message, thread.member_id)


def file_wrong_number(session: Session, incoming: Incoming, now: datetime) -> Entry:
    """Nothing goes to the phone any more. Whoever has it now hears nothing, and sees nothing said before."""
    place = incoming.place
    rows = session.scalars(
        select(Address).where(Address.kind == "phone", Address.value == place.phone, Address.resting_since.is_(None))
    )
    for address in rows:
        address.resting_since = now
        address.resting_reason = SOMEBODY_ELSES
    thread, message = stand(session, incoming, now, waits=False)
    mark(thread, WRONG_NUMBER)
    # They are not the member: nothing they write is the member's word.
    message.author_id, message.author_name = None, ""
    for member in place.household:
        give_task(
            session,
            f"{member.called} has another phone now: find it out another way",
            now + LOOK_WITHIN,
            now,
            script="Whoever answers at their old number said that it is a wrong number. Write them a mail, or ask "
            "somebody who knows them. Do not text the old number.",
            member_id=member.id,
            chapter_id=thread.chapter_id,
            assignee_id=member.organizer_id or thread.responsible_id,
            thread_id=thread.id if thread.member_id == member.id else None,
            detail={"why": "wrong_number"},
        )
    return Entry(thread, message, thread.member_id, "number_off")


def file_leave(session: Session, incoming: Incoming, now: datetime) -> Entry:
    """The member is in that chapter no more, and hears that it is so."""
    place, chapter = incoming.place, incoming.case.chapter
    if place.member is None or chapter is None:
        raise ValueError("only a member leaves a chapter")
    member = place.member
    said = Said("text", stored(incoming.text.body), received_id=incoming.received.id, by_id=member.id)
    leave_chapter(session, member.id, chapter.id, "sms", said, now)
    told = _may_have_receipt(session, incoming, now)
    thread, message = stand(session, incoming, now, waits=not told)
    if told:
        service_text(
            session, place.phone, member.id, "sms/left", {}, now,
            key=f"left:{incoming.received.id}", our_number=place.our_number or None, thread_id=thread.id,
            chapter_id=chapter.id,
        )  # fmt: skip
    return Entry(thread, message, thread.member_id, "left")


def file_pace(session: Session, incoming: Incoming, now: datetime) -> Entry:
    """We write to the member as often as they asked, and they hear that it is so."""
    place, wish = incoming.place, Wish(incoming.case.pace)
    if place.member is None:
        raise ValueError("only a member has a pace")
    choose_pace(session, place.member.id, wish, now)
    told = _may_have_receipt(session, incoming, now)
    thread, message = stand(session, incoming, now, waits=not told)
    if told:
        service_text(
            session, place.phone, place.member.id, "sms/pace", pace_words(wish), now,
            key=f"pace:{incoming.received.id}", our_number=place.our_number or None, thread_id=thread.id,
            chapter_id=thread.chapter_id,
        )  # fmt: skip
    return Entry(thread, message, thread.member_id, "pace")


def file_choice(session: Session, incoming: Incoming, now: datetime) -> Entry:
    """Topics come to the phone as they chose, which is a yes to such texts, and they hear of which chapter it is so;
    where that is not plain, they are asked and nothing is changed."""
    place, choice = incoming.place, incoming.case.choice
    if place.member is None or choice is None:
        raise ValueError("only a member chooses")
    member, chapter = place.member, choice.chapter
    told = _may_have_receipt(session, incoming, now)
    thread, message = stand(session, incoming, now, waits=not told)
    if chapter is not None:
        if choice.wanted != "none":
            said = Said("text", stored(incoming.text.body), received_id=incoming.received.id, by_id=member.id)
            choose(session, member.id, "sms", f"chapter:{chapter.id}", True, said, now)
        zone = incoming.settings.organization.zone
        choose_topics(session, member.id, chapter.id, now, by_text=choice.wanted, how="text", home_zone=zone)
    if told:
        back, key = Back("sms", place.phone, place.our_number or None), f"text-choice:{incoming.received.id}"
        if chapter is not None:
            name = chapter.name.upper()
            tell_member(session, member, chapter.id, f"text_{choice.wanted}", back, key, now, name=name)
        else:
            words = " / ".join(f"{choice.word} {each.name}" for each in choice.chapters[:6])
            tell_member(session, member, choice.chapters[0].id, "text_which", back, key, now, words=words)
    return Entry(thread, message, thread.member_id, "topics" if chapter is not None else "")


def language_of(incoming: Incoming) -> str | None:
    """The language of a stranger's own command, where it is plain; a member's is known."""
    if incoming.place.member is not None:
        return None
    return "es" if is_spanish(incoming.text.body) else None


def is_spanish(body: str) -> bool:
    """Whether a command was given in Spanish words."""
    words = body.casefold().replace("ú", "u").replace("ó", "o").split()
    return bool(words) and words[0].strip("¡!.,") in _SPANISH


_SPANISH = frozenset(
    "alto parar detener cancelar baja basta ayuda informacion empezar comenzar iniciar reanudar unirme unete unir "
    "unirse apuntarme sumarme sumate no dejen deje deja quitenme quitame quiero ya por".split()
)


def _may_have_receipt(session: Session, incoming: Incoming, now: datetime) -> bool:
    """Whether they are told by machine what was done, which then counts; beyond the limits a person sees it."""
    thread, phone = incoming.place.thread, incoming.place.phone
    if thread is not None and IN_STORM in thread.marks:
        return False
    if not limits.may_have_receipt(session, phone, thread.id if thread is not None else None, now):
        return False
    limits.note(session, limits.RECEIPT, phone, thread.id if thread is not None else None, now)
    return True


def _member_id(incoming: Incoming) -> int | None:
    return incoming.place.member.id if incoming.place.member is not None else None
