"""Sender: who a mail says it is from, and the members reached there. It proves nothing."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.chapters.membership import Membership
from engine.people.address import members_with
from engine.people.member import Member
from reply_router.addresses import normal
from reply_router.reading import Reading


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a mail says it is from, and the members reached at that address, oldest first. It proves nothing."""

    address: str
    name: str
    member_ids: tuple[int, ...] = ()


def sender_of(session: Session, reading: Reading) -> Sender:
    """Who the From line names."""
    if not reading.from_:
        return Sender("", "")
    address, name = box_of(reading)
    return Sender(address, name, tuple(dict.fromkeys(members_with(session, "email", address))))


def box_of(reading: Reading) -> tuple[str, str]:
    """The address and the name in the From line, as they are compared and kept; empty where it names nobody."""
    box = next(iter(reading.from_), None)
    return (normal(box.address)[:320], box.name.strip()[:200]) if box is not None else ("", "")


def living(session: Session, member_id: int | None) -> Member | None:
    """The member, unless there is none or they were erased."""
    member = session.get(Member, member_id) if member_id else None
    return member if member is not None and member.erased_at is None else None


def sender_member(session: Session, sender: Sender, chapter_id: int | None) -> Member | None:
    """The member with the sender's address; of several the oldest in that chapter, else the oldest."""
    people = [person for each in sender.member_ids if (person := living(session, each)) is not None]
    if len(people) > 1 and chapter_id is not None:
        there = set(
            session.scalars(
                select(Membership.member_id).where(
                    Membership.chapter_id == chapter_id,
                    Membership.member_id.in_([person.id for person in people]),
                    Membership.left_at.is_(None),
                )
            )
        )
        people = [person for person in people if person.id in there] or people
    return people[0] if people else None
