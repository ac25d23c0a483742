"""Brake notice: whoever is responsible hears by mail that a chapter's letters to many rest, once a brake and person.

It is posted in the transaction that puts the brake on, so there is no brake without it and none without a brake. A
brake that was lifted and comes again is another brake. Where a national letter went wrong, many chapters' brakes come
at once: then each chapter's own people hear, and staff of the whole organization about the first ones alone.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.errors import NotFound
from engine.base.log import logger
from engine.chapters.chapter import Chapter
from engine.chapters.membership import ANSWERING_ROLES, Role
from engine.outbox.notices import MOST_AN_HOUR, MOST_AT_DESK
from engine.outbox.post import staff_notice
from engine.people.absence import away_among
from engine.people.member import Member

if TYPE_CHECKING:
    from engine.outbox.brakes import Brake, Limit
    from engine.outbox.mail_tally import Sum

#: The letter, by its name in the library.
BRAKE = "brake"

log = logger(__name__)


def tell_of_brake(
    session: Session,
    brake: "Brake",
    limit: "Limit",
    had: "Sum",
    span: str,
    chapter: Chapter | None,
    now: datetime,
    *,
    within_an_hour: int,
) -> None:
    """Each of the chapter's people who answer, and of the organization's staff, has one mail on its way.

    `span`: `day` or `week`, what the figures are of. `within_an_hour`: how many brakes came, this one among them.
    """
    staff = _here(session, None, ("staff",), now)
    theirs = _here(session, chapter.id, ANSWERING_ROLES, now) if chapter is not None else []
    many = within_an_hour > MOST_AN_HOUR
    if many:
        log.warning("many brakes came within an hour; only each chapter's people hear of each by mail", brake=brake.id)
    is_complaint = brake.kind == "complained"
    count, of = (had.complained, had.delivered) if is_complaint else (had.bounced, max(1, had.sent))
    about: dict[str, object] = {
        "id": str(brake.id), "is_stop": brake.until_at is None, "is_complaint": is_complaint,
        "is_week": span == "week", "count": f"{count:,}", "of": f"{of:,}", "sent": f"{had.sent:,}",
        "share": f"{100 * count / of:.2f} %" if is_complaint else f"{100 * count / of:.1f} %",
        "limit": f"{100 * limit.share:g} %", "fewest": str(limit.fewest),
    }  # fmt: skip
    for member_id in dict.fromkeys([*theirs, *(() if many else staff)]):
        data: dict[str, object] = {"brake": {**about, "may_lift": member_id in staff}}
        if chapter is not None:
            data["chapter"] = {"name": chapter.name, "is_local": True}
        try:
            staff_notice(session, member_id, BRAKE, data, now, key=f"brake:{brake.id}:{member_id}")
        except NotFound:
            log.warning("the letter that tells of a brake is not published; its task and every page say so")
            return


def _here(session: Session, chapter_id: int | None, roles: tuple[str, ...], now: datetime) -> list[int]:
    """Whoever has one of these roles there; who is away is told only where everybody is."""
    found = session.scalars(
        select(Role.member_id)
        .join(Member, Member.id == Role.member_id)
        .where(
            Role.chapter_id.is_(None) if chapter_id is None else Role.chapter_id == chapter_id,
            Role.role.in_(roles), Role.ended_at.is_(None), Member.erased_at.is_(None),
        )
        .order_by(Role.created_at, Role.id)
    ).all()  # fmt: skip
    people = list(dict.fromkeys(found))
    away = away_among(session, people, now)
    return ([each for each in people if each not in away] or people)[:MOST_AT_DESK]
