"""Confirming: a sign-up whose address said yes itself, and what follows: a member, or one more way to reach one."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine.audit.entry import record
from engine.base.broker import wake_on_commit
from engine.chapters.chapter import Chapter
from engine.chapters.membership import join
from engine.enrollments.choice import came_back, choose
from engine.enrollments.joining import welcome, welcome_by_phone
from engine.enrollments.signal import signal
from engine.people.address import add_phone, members_with
from engine.people.consent import EVERYTHING, Channel, Said
from engine.people.member import Member
from engine.people.sign_up import ASK_TO_CONFIRM, SignUp, Wanted, ask_to_join, is_open

#: How the ledger calls it.
HOW = "sign-up"


def confirm(
    session: Session, row: SignUp, words: str, now: datetime, *, received_id: int | None = None, network: str = ""
) -> int | None:
    """Whoever holds the address is with us, by their own yes: their member's id. None when it is not awaited any more.

    `words`: what they did or said, as the ledger keeps it after what they were shown. Given twice, it is one yes. A
    member who is reached at the address already is in the chapter too, and what they agreed to comes. A phone given
    beside a mail address, with its own box ticked, is asked now.
    """
    # The same button pressed twice at once: the second waits here, and finds the first.
    session.refresh(row, with_for_update=True)
    if row.state == "confirmed":
        return row.member_id
    if not is_open(row, now):
        return None
    said = Said(
        HOW,
        f"Shown: “{row.shown}” {words}",
        received_id=received_id or row.received_id,
        network_address=network or row.network_address,
    )
    known = _known(session, row)
    chapter = session.get(Chapter, row.chapter_id) if row.chapter_id is not None else None
    if known is not None:
        member_id = _more_of(session, known, row, chapter, said, now)
    elif row.channel == "sms":
        member_id = welcome_by_phone(
            session, row.name, row.address, now, chapter=chapter, language=row.language, postal_code=row.postal_code,
            source="signed up", consent=said,
        )  # fmt: skip
    else:
        member_id = welcome(
            session, row.name, row.address, now, chapters=[chapter.slug] if chapter is not None else [],
            language=row.language, postal_code=row.postal_code, source="signed up", consent=said, proven=True,
        ).member_id  # fmt: skip
    row.state, row.confirmed_at, row.member_id = "confirmed", now, member_id
    session.flush()
    if row.phone and row.texts_shown:
        _ask_phone(session, row, member_id, now)
    return member_id


def _known(session: Session, row: SignUp) -> Member | None:
    """The member it is about already: whose page asked for it, else the oldest who is reached there."""
    if row.member_id is not None:
        ids = [row.member_id]
    else:
        ids = members_with(session, "email" if row.channel == "email" else "phone", row.address)
    people = (session.get(Member, each) for each in ids)
    return next((each for each in people if each is not None and each.erased_at is None), None)


def _more_of(session: Session, member: Member, row: SignUp, chapter: Chapter | None, said: Said, now: datetime) -> int:
    """The member is reached there, by their own yes; nothing of what is known of them is written over."""
    channel: Channel = "sms" if row.channel == "sms" else "email"
    address_id: int | None = None
    if channel == "sms":
        address = add_phone(session, member.id, row.address, now, proven=True)
        address.proven_at = address.proven_at or now
        address_id = address.id
    yes = Said(
        said.how, said.evidence, address_id=address_id, received_id=said.received_id, by_id=member.id,
        network_address=said.network_address,
    )  # fmt: skip
    choose(session, member.id, channel, EVERYTHING, True, yes, now)
    if chapter is not None:
        came_back(session, member.id, chapter.id, yes, now)
        join(session, member.id, chapter.id, now, rank=1)
        record(session, member.id, "joined_chapter", "member", member.id, now, chapter_id=chapter.id)
        signal(session, "joined", member.id, now)
    return member.id


def _ask_phone(session: Session, row: SignUp, member_id: int, now: datetime) -> None:
    """One text asks whether the phone is theirs, now that the mailbox is."""
    more = Wanted(
        "sms", row.phone, row.way, row.texts_shown, name=row.name, postal_code=row.postal_code, language=row.language,
        network_address=row.network_address, member_id=member_id,
    )  # fmt: skip
    wake_on_commit(session, ASK_TO_CONFIRM, ask_to_join(session, more, now).id)
