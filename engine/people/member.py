"""Member: a person in the community."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, SmallInteger, String, bindparam, delete, insert, or_, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base, Id, table_of
from engine.base.foreseen import write_soon
from engine.base.ids import new_id
from engine.base.stored_time import UTCDateTime


class Member(Base):
    """A person in the community; field names follow OSDI people where it has one."""

    __tablename__ = "member"
    __table_args__ = (
        Index(None, "name"),
        Index(None, "organizer_id"),
        # What lists of people are ordered by.
        Index(None, "engagement", "id"),
        Index("ix_member_in_contact", text("coalesce(last_contact_at, created_at)"), "id"),
        Index(None, "locality", "id"),
    )

    id: Mapped[Id]
    created_at: Mapped[datetime]
    name: Mapped[str] = mapped_column(String(200), default="")
    first_name: Mapped[str] = mapped_column(String(100), default="")
    pronouns: Mapped[str] = mapped_column(String(60), default="")
    #: BCP 47; the language we write in.
    language: Mapped[str] = mapped_column(String(12), default="en")
    languages_spoken: Mapped[list[str]] = mapped_column(default=list)
    #: IANA name; None: not known, and then the strictest of the possible ones counts.
    zone: Mapped[str | None] = mapped_column(String(60))
    postal_code: Mapped[str] = mapped_column(String(16), default="")
    locality: Mapped[str] = mapped_column(String(120), default="")
    region: Mapped[str] = mapped_column(String(60), default="")
    country: Mapped[str] = mapped_column(String(2), default="US")
    #: The one person responsible for the relationship.
    organizer_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    #: Where they came from: a word, and the evidence's details.
    source: Mapped[str] = mapped_column(String(120), default="")
    custom: Mapped[dict[str, Any]] = mapped_column(default=dict)
    erased_at: Mapped[datetime | None]
    #: How much they take part, as a person last judged it (engine.people.engagement); 0: nobody did yet.
    engagement: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    #: When they and a person here last exchanged words, in either direction; letters to everybody do not count.
    last_contact_at: Mapped[datetime | None]

    @property
    def called(self) -> str:
        """How we speak of them when we say one name."""
        return called(self.first_name, self.name)


class MemberTag(Base):
    """A word somebody put on a member, since when and by whom."""

    __tablename__ = "member_tag"
    __table_args__ = (Index(None, "tag", "member_id"),)

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(60), primary_key=True)
    created_at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))


def called(first_name: str, name: str) -> str:
    """How we speak of somebody when we say one name."""
    return first_name or name or "a neighbor"


def first_name_of(name: str) -> str:
    """The first word of a name, as a greeting uses it."""
    return name.split()[0] if name.split() else ""


def add_member(session: Session, name: str, now: datetime, **fields: Any) -> Member:
    """A new member, flushed."""
    member = Member(id=new_id(), created_at=now, name=name.strip(), **{"first_name": first_name_of(name), **fields})
    session.add(member)
    session.flush()
    return member


_MEMBER_TAG = table_of(MemberTag)


def tag_many(
    session: Session, tags: Sequence[tuple[int, str]], now: datetime, *, by_id: int | None = None
) -> list[tuple[int, str]]:
    """Each (member, tag) is there; those that were not there before are returned."""
    wanted = list(dict.fromkeys(tags))
    if not wanted:
        return []
    there = set(
        session.execute(
            select(MemberTag.member_id, MemberTag.tag).where(
                MemberTag.member_id.in_({member_id for member_id, _ in wanted}),
                MemberTag.tag.in_({tag for _, tag in wanted}),
            )
        ).tuples()
    )
    fresh = [pair for pair in wanted if pair not in there]
    if fresh:
        session.execute(
            insert(_MEMBER_TAG),
            [{"member_id": member_id, "tag": tag, "created_at": now, "by_id": by_id} for member_id, tag in fresh],
        )
    return fresh


def untag_many(session: Session, tags: Sequence[tuple[int, str]]) -> None:
    """None of these (member, tag) is there any more."""
    if tags:
        session.execute(
            delete(_MEMBER_TAG).where(_MEMBER_TAG.c.member_id == bindparam("m"), _MEMBER_TAG.c.tag == bindparam("t")),
            [{"m": member_id, "t": tag} for member_id, tag in dict.fromkeys(tags)],
        )


def names_of(session: Session, ids: Iterable[int | None]) -> dict[int | None, str]:
    """The names of these members; whom we do not know is absent."""
    known = {member_id for member_id in ids if member_id is not None}
    names: dict[int | None, str] = {}
    if known:
        names.update(session.execute(select(Member.id, Member.name).where(Member.id.in_(known))).tuples().all())
    return names


def in_contact(session: Session, member_id: int | None, at: datetime) -> None:
    """The member and a person here exchanged words at that time, if not later too."""
    if member_id is not None:
        write_soon(session, _IN_CONTACT, {"whose": member_id, "moment": at})


_IN_CONTACT = (
    update(table_of(Member))
    .where(
        Member.id == bindparam("whose"),
        or_(Member.last_contact_at.is_(None), Member.last_contact_at < bindparam("moment", type_=UTCDateTime())),
    )
    .values(last_contact_at=bindparam("moment", type_=UTCDateTime()))
)
