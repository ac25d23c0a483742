"""Invitation: somebody is asked to answer people, and chooses a password by a link that expires."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.audit.entry import record
from engine.base.errors import Invalid
from engine.base.tokens import Purpose, TokenRing
from engine.chapters.chapter import Chapter
from engine.chapters.membership import CHAPTER_ROLES, ORGANIZATION_ROLES, give_role, join, roles_of
from engine.people.address import add_email, members_with, normal_email
from engine.people.login import Login
from engine.people.member import add_member

#: How long an invitation's link is good.
GOOD_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Invitation:
    """Who was invited, and the link's token."""

    member_id: int
    token: str
    until: datetime


def invite(
    session: Session,
    name: str,
    email: str,
    now: datetime,
    *,
    chapter: str | None,
    role: str,
    tokens: TokenRing,
    by_id: int | None = None,
) -> Invitation:
    """The person is a member with this role and a login without password; invited again, they get a new link.

    Raises Invalid for an address or chapter that cannot be used, or a role that does not fit.
    """
    value = normal_email(email)
    chapter_id: int | None = None
    if role in CHAPTER_ROLES:
        if chapter is None:
            raise Invalid("Say which chapter they answer for (--chapter), or that they are staff (--staff).")
        chapter_id = session.scalar(select(Chapter.id).where(Chapter.slug == chapter.strip().lower()))
        if chapter_id is None:
            raise Invalid(f"There is no chapter {chapter!r}. Make one with `hearthline chapters add`.")
    elif role not in ORGANIZATION_ROLES:
        raise Invalid(f"{role!r} is not a role.")
    known = members_with(session, "email", value)
    member_id = known[0] if known else add_member(session, name, now, source="invited to answer").id
    add_email(session, member_id, value, now)
    if chapter_id is not None:
        join(session, member_id, chapter_id, now)
    if (chapter_id, role) not in roles_of(session, member_id):
        give_role(session, member_id, chapter_id, role, now, by_id=by_id)
        record(session, by_id, "role_given", "member", member_id, now, chapter_id=chapter_id, role=role)
    login = session.get(Login, member_id)
    if login is None:
        login = Login(member_id=member_id, created_at=now, email=value)
        session.add(login)
        session.flush()
    record(session, by_id, "invited", "member", member_id, now, chapter_id=chapter_id)
    until = now + GOOD_FOR
    # The login's epoch is the token's subject: choosing a password raises it, and the link is used up.
    return Invitation(member_id, tokens.sign_link(Purpose.INVITATION, login.epoch, member_id, until), until)
