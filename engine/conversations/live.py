"""Live: what changed in the conversations somebody may see, since they last looked."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import Session

from engine.conversations.feed import FeedEntry
from engine.conversations.scope import Scope
from engine.conversations.thread_chapter import also_seen_by

#: Two writers may commit in another order than their ids: how far back to look again, in ids (5 seconds of them).
LOOK_BACK = 5_000 << 22
#: Changes told at once; a page that was away for longer sees it all when it asks for itself again.
MOST = 100


def latest_change(session: Session) -> int:
    """The id of the newest change there is; 0 when nothing has changed yet."""
    return session.scalar(select(func.max(FeedEntry.id))) or 0


def changes_since(session: Session, scope: Scope, last: int, told: Collection[int]) -> list[FeedEntry]:
    """The changes in sight after `last`, in order; those in `told` are left out."""
    recent = session.scalars(
        select(FeedEntry)
        .where(FeedEntry.id > (last - LOOK_BACK if told else last), _feed_in(scope))
        .order_by(FeedEntry.id)
        .limit(MOST + len(told))
    )
    return [entry for entry in recent if entry.id not in told][:MOST]


def _feed_in(scope: Scope) -> ColumnElement[bool]:
    if scope.everything:
        return true()
    return or_(
        FeedEntry.responsible_id == scope.member_id,
        FeedEntry.chapter_id.in_(scope.chapters),
        FeedEntry.thread_id.in_(also_seen_by(scope.chapters)),
    )
