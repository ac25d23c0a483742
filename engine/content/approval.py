"""Approval: that a person lends their name to one text in one version (law 2).

A name stands for whoever reads the answers: so it is lent only by somebody who answers people here, and only until
they no longer do, whatever they approved before.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import ForeignKey, Index, and_, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.audit.entry import record
from engine.base.db import Base, Id, changed_by
from engine.base.errors import Invalid, NotFound
from engine.base.ids import new_id
from engine.chapters.membership import ANSWERING_ROLES, Role
from engine.content.template import TemplateVersion
from engine.conversations.assignment import answers_anywhere
from engine.conversations.scope import SEES_ALL
from engine.people.member import Member

#: For each version of a text, who lends their name to it now, with the marks of the questions whose expected answers
#: they saw (`engine.content.expected`); None: given before those were kept, and good for all of them.
Lenders = Mapping[int, Mapping[int, frozenset[str] | None]]


class Approval(Base):
    """The person read this version and its expected answers and lets it go out in their name, until revoked."""

    __tablename__ = "approval"
    __table_args__ = (Index(None, "template_version_id", "member_id"),)

    id: Mapped[Id]
    created_at: Mapped[datetime]
    template_version_id: Mapped[int] = mapped_column(ForeignKey("template_version.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    revoked_at: Mapped[datetime | None]
    #: Marks of the questions with named answers that stood beside the text when they approved it.
    seen: Mapped[list[str] | None]


def approve(
    session: Session, template_version_id: int, member_id: int, now: datetime, *, seen: Collection[str] = ()
) -> Approval:
    """The person lends their name to this version, having seen the answers to the questions `seen`.

    Given twice, it is the same approval. Raises NotFound, and Invalid for somebody who answers nobody here.
    """
    if session.get(TemplateVersion, template_version_id) is None:
        raise NotFound("There is no such version of a letter.")
    if not answers_anywhere(session, member_id):
        raise Invalid("Only somebody who answers people here can lend their name: every answer comes to a person.")
    marks = sorted(set(seen))
    live = session.scalar(
        select(Approval).where(
            Approval.template_version_id == template_version_id,
            Approval.member_id == member_id,
            Approval.revoked_at.is_(None),
        )
    )
    if live is not None:
        if live.seen is None or set(marks) <= set(live.seen):
            return live
        # They read it again beside other questions: what they said before ends, and stays as it was said.
        live.revoked_at = now
        marks = sorted({*marks, *live.seen})
    row = Approval(
        id=new_id(), created_at=now, template_version_id=template_version_id, member_id=member_id, seen=marks
    )
    session.add(row)
    session.flush()
    record(session, member_id, "approved", "template_version", template_version_id, now)
    return row


def revoke(session: Session, template_version_id: int, member_id: int, now: datetime) -> bool:
    """The version no longer goes out in their name, from the next letter on; False when it did not anyway.

    What is posted and not yet handed over goes out from the desk too.
    """
    revoked = changed_by(
        session,
        update(Approval)
        .where(
            Approval.template_version_id == template_version_id,
            Approval.member_id == member_id,
            Approval.revoked_at.is_(None),
        )
        .values(revoked_at=now),
    )
    if not revoked:
        return False
    record(session, member_id, "revoked", "template_version", template_version_id, now)
    return True


def lenders_of(session: Session, template_version_ids: Collection[int]) -> Lenders:
    """Who lends their name to each of these versions now; versions without anybody are absent.

    Somebody who was erased, or has no role any more in which people are answered, lends it to nothing.
    """
    found: dict[int, dict[int, frozenset[str] | None]] = {}
    if not template_version_ids:
        return found
    answers = or_(
        and_(Role.chapter_id.is_(None), Role.role.in_(SEES_ALL)),
        and_(Role.chapter_id.is_not(None), Role.role.in_(ANSWERING_ROLES)),
    )
    rows = session.execute(
        select(Approval.template_version_id, Approval.member_id, Approval.seen)
        .join(Member, Member.id == Approval.member_id)
        .where(
            Approval.template_version_id.in_(template_version_ids),
            Approval.revoked_at.is_(None),
            Member.erased_at.is_(None),
            select(Role.id).where(Role.member_id == Approval.member_id, Role.ended_at.is_(None), answers).exists(),
        )
    )
    for version_id, member_id, seen in rows:
        found.setdefault(version_id, {})[member_id] = None if seen is None else frozenset(seen)
    return found


def lent(lenders: Lenders, template_version_id: int, mark: str = "") -> frozenset[int]:
    """Who lends their name to this version where it asks the question of this mark (empty: none with answers)."""
    people = lenders.get(template_version_id, {})
    return frozenset(person for person, seen in people.items() if not mark or seen is None or mark in seen)
