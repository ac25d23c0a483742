"""Organizers without a browser: notices, alerts, drafts, absences, and promised times that went by"""

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big
from engine.base.stored_time import UTCDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _id(name: str = "id", **more: bool) -> sa.Column[int]:
    return sa.Column(name, Big, autoincrement=False, nullable=more.get("nullable", False))


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, UTCDateTime(), nullable=nullable)


def upgrade() -> None:
    """The shape of this revision."""
    op.create_table(
        "absence",
        _id(),
        _at("created_at"),
        _id("member_id"),
        _at("until_at", nullable=True),
        _at("ended_at", nullable=True),
        _id("by_id", nullable=True),
        sa.Column("how", sa.String(10), nullable=False),
        _at("given_back_at", nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_absence_by_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_absence_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    op.create_index(op.f("ix_absence_member_id_created_at"), "absence", ["member_id", "created_at"])
    op.create_table(
        "handed_member",
        _id("absence_id"),
        _id("member_id"),
        _id("to_id"),
        sa.ForeignKeyConstraint(["absence_id"], ["absence.id"], name=op.f("fk_handed_member_absence_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_handed_member_member_id")),
        sa.ForeignKeyConstraint(["to_id"], ["member.id"], name=op.f("fk_handed_member_to_id")),
        sa.PrimaryKeyConstraint("absence_id", "member_id", name=op.f("pk_handed_member")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "notice_choice",
        _id("member_id"),
        _at("created_at"),
        sa.Column("by_mail", sa.String(8), nullable=False),
        sa.Column("by_text", sa.Boolean(), nullable=False),
        sa.Column("opens", sa.SmallInteger(), nullable=False),
        sa.Column("closes", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_notice_choice")),
    )
    op.create_table(
        "notice",
        _id("thread_id"),
        _id("member_id"),
        sa.Column("way", sa.String(8), nullable=False),
        _at("created_at"),
        _at("due_at"),
        sa.Column("why", sa.String(12), nullable=False),
        sa.PrimaryKeyConstraint("thread_id", "member_id", "way", name=op.f("pk_notice")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_notice_due_at"), "notice", ["due_at"])
    op.create_table(
        "told",
        _id("thread_id"),
        _id("member_id"),
        _at("created_at"),
        _at("told_at"),
        _id("message_id"),
        sa.PrimaryKeyConstraint("thread_id", "member_id", name=op.f("pk_told")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_told_member_id_told_at"), "told", ["member_id", "told_at"])
    op.create_table(
        "overdue",
        _id("thread_id"),
        _at("due_at"),
        _at("created_at"),
        _at("returns_at", nullable=True),
        _at("returned_at", nullable=True),
        sa.PrimaryKeyConstraint("thread_id", "due_at", name=op.f("pk_overdue")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_overdue_unreturned",
        "overdue",
        ["returns_at"],
        sqlite_where=sa.text("returned_at IS NULL"),
        postgresql_where=sa.text("returned_at IS NULL"),
    )
    op.create_table(
        "draft",
        _id(),
        _at("created_at"),
        _id("author_id"),
        _id("thread_id", nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("verb", sa.String(12), nullable=False),
        sa.Column("argument", sa.Text(), nullable=False),
        sa.Column("why", sa.String(16), nullable=False),
        _id("received_id", nullable=True),
        _id("message_id", nullable=True),
        _at("settled_at", nullable=True),
        _id("delivery_id", nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["member.id"], name=op.f("fk_draft_author_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_draft_thread_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
    )
    op.create_index(op.f("ix_draft_author_id_settled_at"), "draft", ["author_id", "settled_at"])
    op.create_index(op.f("ix_draft_thread_id"), "draft", ["thread_id"])
    op.create_table(
        "alert",
        _id(),
        _at("created_at"),
        _id("member_id"),
        sa.Column("phone", sa.String(20), nullable=False),
        _id("thread_id"),
        _id("delivery_id"),
        _at("until_at"),
        _at("ended_at", nullable=True),
        _at("answered_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    op.create_index(op.f("ix_alert_phone_until_at"), "alert", ["phone", "until_at"])
    op.create_index(op.f("ix_alert_member_id_created_at"), "alert", ["member_id", "created_at"])
    op.create_index(
        "ix_thread_open",
        "thread",
        ["responsible_id"],
        sqlite_where=sa.text("closure_id IS NULL"),
        postgresql_where=sa.text("closure_id IS NULL"),
    )


def downgrade() -> None:
    """The shape of the revision before."""
    op.drop_index("ix_thread_open", "thread")
    for table in ("alert", "draft", "overdue", "told", "notice", "notice_choice", "handed_member", "absence"):
        op.drop_table(table)
