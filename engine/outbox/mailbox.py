"""Mailbox: the name at our domain under which a person signs, so that mail to it finds them and nobody else.

A letter From `Maya Torres at Neighbors for Progress <maya@domain>` is answered at its Reply-To; but people also type
the From address into their address book, and such mail is that person's.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base
from engine.base.setting_groups.mail import is_no_reply
from engine.chapters.chapter import Chapter
from engine.people.member import Member

#: Names at a domain that belong to everybody (RFC 2142) or that we use ourselves.
RESERVED = frozenset(
    """abuse admin administrator bounce bounces contact desk dmarc events help hello hostmaster info join list mail
    mailer-daemon member members news no-reply noreply office organizer organizers owner postmaster press privacy probe
    propose root security staff start steward stewards stop subscribe support team unsubscribe webmaster welcome
    www""".split()
)
LONGEST = 40


class Mailbox(Base):
    """One member's own local part. It is never given to anybody else, so that old letters stay answerable."""

    __tablename__ = "mailbox"

    local_part: Mapped[str] = mapped_column(String(LONGEST), primary_key=True)
    created_at: Mapped[datetime]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), unique=True)


def mailboxes_of(session: Session, member_ids: Collection[int], now: datetime, *, desk: str) -> dict[int, str]:
    """The local part of each of these members, made now for those who have none. `desk` is the team's own."""
    known = known_mailboxes(session, member_ids)
    missing = [member_id for member_id in dict.fromkeys(member_ids) if member_id not in known]
    if missing:
        names = session.execute(select(Member.id, Member.name).where(Member.id.in_(missing)).order_by(Member.id))
        for member_id, name in names.all():
            known[member_id] = _give(session, member_id, name, now, desk.partition("@")[0].lower())
    return known


def known_mailboxes(session: Session, member_ids: Collection[int]) -> dict[int, str]:
    """The local parts of those of these members who have one."""
    rows = session.execute(select(Mailbox.member_id, Mailbox.local_part).where(Mailbox.member_id.in_(member_ids)))
    return dict(rows.tuples().all())


def person_at(session: Session, local_part: str) -> int | None:
    """Whose mailbox this local part is, or None."""
    return session.scalar(select(Mailbox.member_id).where(Mailbox.local_part == local_part.strip().lower()))


def is_taken(session: Session, local_part: str, desk: str) -> bool:
    """Whether the local part is a person's, the desk's or everybody's, so that no chapter can have it."""
    return local_part in RESERVED | {desk.partition("@")[0].lower()} or person_at(session, local_part) is not None


def local_parts(name: str) -> Iterator[str]:
    """Local parts for a person of this name, the best first, without end: maya, maya.torres, maya.torres2, ..."""
    words = [_plain(word) for word in name.split()]
    words = [word for word in words if word] or ["person"]
    first, whole = words[0][:LONGEST], ".".join(words)[: LONGEST - 4].rstrip(".-")
    yield first
    if whole != first:
        yield whole
    if is_no_reply(whole):
        whole = f"person.{whole}"[: LONGEST - 4]
        yield whole
    number = 2
    while True:
        yield f"{whole}{number}"
        number += 1


def _give(session: Session, member_id: int, name: str, now: datetime, desk: str) -> str:
    taken = RESERVED | {desk} | set(session.scalars(select(Chapter.slug)))
    for local_part in local_parts(name):
        # One letter would read like a typing error, and r-, b- and s- begin our own signed addresses.
        # And whoever is called Noreply still reads what is written to them.
        if local_part in taken or len(local_part) < 2 or local_part[1] == "-" or is_no_reply(local_part):
            continue
        if person_at(session, local_part) is not None:
            continue
        try:
            with session.begin_nested():
                session.add(Mailbox(local_part=local_part, created_at=now, member_id=member_id))
                session.flush()
        except IntegrityError:
            # Another process gave this name, or this person another name, meanwhile.
            theirs = known_mailboxes(session, [member_id])
            if theirs:
                return theirs[member_id]
            continue
        return local_part
    raise AssertionError("local parts never end")


def _plain(word: str) -> str:
    folded = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode("ascii").lower()
    return re.sub(r"[^a-z0-9-]", "", folded).strip("-")
