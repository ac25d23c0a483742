"""Joining: a person becomes a member, with what they agreed to, and journeys hear of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.audit.entry import record
from engine.base.errors import Invalid
from engine.chapters.chapter import Chapter
from engine.chapters.membership import join
from engine.enrollments.signal import signal
from engine.people.address import add_email, add_phone, members_with, normal_email
from engine.people.consent import EVERYTHING, Said, record_consent
from engine.people.member import Member, add_member
from engine.people.path import BELONGING, move
from engine.people.place import place_of


@dataclass(frozen=True, slots=True)
class Joined:
    """Who joined, and whether they were new."""

    member_id: int
    email: str
    new: bool


def welcome(
    session: Session,
    name: str,
    email: str,
    now: datetime,
    *,
    chapters: Sequence[str] = (),
    language: str = "en",
    zone: str | None = None,
    postal_code: str = "",
    source: str = "",
    consent: Said | None = None,
    organizer_id: int | None = None,
    proven: bool = False,
) -> Joined:
    """The person is a member, curious, in these chapters, and journeys begin; a known address changes nothing.

    `proven`: they have shown that the mailbox is theirs. Raises Invalid for an address, zone or chapter that cannot be
    used.
    """
    value = normal_email(email)
    if not name.strip():
        raise Invalid("A member needs a name; a first name is enough.")
    if zone is not None and zone not in available_timezones():
        raise Invalid(f"{zone!r} is not a time zone name such as America/Chicago.")
    rooms = [chapter_of(session, slug) for slug in chapters]
    known = members_with(session, "email", value)
    if known:
        return Joined(known[0], value, new=False)
    member = _somebody_new(
        session,
        name,
        now,
        zone=zone,
        language=language,
        postal_code=postal_code,
        source=source,
        organizer_id=organizer_id,
    )
    address = add_email(session, member.id, value, now, proven=proven)
    for rank, chapter in enumerate(rooms):
        join(session, member.id, chapter.id, now, rank=rank)
    said = consent or Said(how="added by hand", evidence=source)
    if proven:
        said = replace(said, address_id=address.id, by_id=member.id)
    record_consent(session, member.id, "email", EVERYTHING, True, said, now)
    _joined(session, member, source or "by hand", rooms[0] if rooms else None, now)
    return Joined(member.id, value, new=True)


def welcome_by_phone(
    session: Session,
    name: str,
    phone: str,
    now: datetime,
    *,
    chapter: Chapter | None,
    language: str,
    postal_code: str,
    source: str,
    consent: Said,
) -> int:
    """The person whose phone that proved to be is a member, curious, in this chapter, and journeys begin; their id.

    `phone` is in E.164; `consent`: what they were shown before they said yes to texts.
    """
    member = _somebody_new(session, name, now, language=language, postal_code=postal_code, source=source)
    address = add_phone(session, member.id, phone, now, proven=True)
    if chapter is not None:
        join(session, member.id, chapter.id, now)
    said = replace(consent, address_id=address.id, by_id=member.id)
    record_consent(session, member.id, "sms", EVERYTHING, True, said, now)
    _joined(session, member, source, chapter, now)
    return member.id


def chapter_of(session: Session, slug: str) -> Chapter:
    """The chapter with that short name. Raises Invalid, naming those there are."""
    chapter = session.scalar(select(Chapter).where(Chapter.slug == slug.strip().lower()))
    if chapter is None:
        names = ", ".join(session.scalars(select(Chapter.slug).order_by(Chapter.slug).limit(20)))
        raise Invalid(
            f"There is no chapter {slug!r}."
            + (f" There are: {names}." if names else " There are none yet; `hearthline chapters add` makes one.")
        )
    return chapter


def _somebody_new(
    session: Session, name: str, now: datetime, *, postal_code: str, zone: str | None = None, **columns: Any
) -> Member:
    """The member, with the zone, town and state of their ZIP code where nothing better is known."""
    place = place_of(postal_code)
    return add_member(
        session,
        name,
        now,
        zone=zone or (place.zone if place else None),
        postal_code=postal_code.strip(),
        locality=place.locality if place else "",
        region=place.region if place else "",
        **columns,
    )


def _joined(session: Session, member: Member, how: str, chapter: Chapter | None, now: datetime) -> None:
    """Their path begins, and whoever waits for somebody to join hears of it."""
    move(session, member.id, BELONGING, "curious", f"Joined ({how}).", now)
    record(session, None, "member_added", "member", member.id, now, chapter_id=chapter.id if chapter else None)
    signal(session, "joined", member.id, now)
