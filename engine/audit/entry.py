"""Audit: who did what to whom. Ids only, never words; rows are only ever added."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.base.db import Base, Id
from engine.base.ids import new_id


class AuditEntry(Base):
    """One thing somebody did. Subjects are named by kind and id, without foreign keys: an entry outlives them."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index(None, "subject_kind", "subject_id"), Index(None, "chapter_id", "created_at"))

    id: Mapped[Id]
    created_at: Mapped[datetime]
    #: None: Hearthline itself, by a rule.
    actor_id: Mapped[int | None]
    verb: Mapped[str] = mapped_column(String(40))
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int]
    chapter_id: Mapped[int | None]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


#: Every verb of the audit log, so that a page can say each in words.
VERBS = frozenset(
    {
        "answered", "assigned", "closed", "reopened", "responded", "noted", "revealed", "opened_original",
        "approved", "revoked", "published", "invited", "role_given", "member_added", "signed_in", "signed_out",
        "task_done", "chapter_added", "imported", "consent_changed", "member_changed", "rescued", "retried",
        "texts_go_on", "left_chapter", "paused", "resumed", "people_moved", "finishers_reached", "pace_set",
        "journeys_joined", "joined_chapter", "thread_moved", "home_chosen", "note_deleted",
        "task_handed", "organizer_changed", "outlook_erased", "talk_logged", "assessed", "address_reset",
        "went_away", "came_back", "handed_over", "snoozed", "opened_by_link", "role_ended",
        "rule_added", "rule_changed", "rule_paused", "rule_resumed", "rule_ended", "rule_taken_back", "rule_moved",
        "routed_again",
        "chapter_talks", "locked", "unlocked", "post_out", "post_rejected", "post_unsent", "post_private",
        "topics_chosen", "erased", "confirmed", "refused",
        "sending_paused", "sending_resumed", "brake_put_on", "brake_lifted",
    }
)  # fmt: skip


def record(
    session: Session,
    actor_id: int | None,
    verb: str,
    subject_kind: str,
    subject_id: int,
    now: datetime,
    *,
    chapter_id: int | None = None,
    **detail: Any,
) -> None:
    """The log has one more entry. Raises ValueError for a verb that is not in VERBS."""
    if verb not in VERBS:
        raise ValueError(f"{verb!r} is not a verb of the audit log")
    session.add(
        AuditEntry(
            id=new_id(),
            created_at=now,
            actor_id=actor_id,
            verb=verb,
            subject_kind=subject_kind,
            subject_id=subject_id,
            chapter_id=chapter_id,
            detail=detail,
        )
    )
