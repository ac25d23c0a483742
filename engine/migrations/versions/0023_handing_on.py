"""Handing on: what of a note passes to whoever answers next, and whether replies reach them"""

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big
from engine.base.stored_time import UTCDateTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""
    op.create_table(
        "note_passing",
        sa.Column("message_id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("author_id", Big, nullable=False),
        sa.Column("choice", sa.String(length=4), nullable=False),
        sa.Column("chosen_at", UTCDateTime(), nullable=True),
        sa.Column("whole", sa.Text(), nullable=True),
        sa.Column("passed_at", UTCDateTime(), nullable=True),
        sa.Column("forget_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["member.id"], name=op.f("fk_note_passing_author_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_note_passing")),
    )
    op.create_index(op.f("ix_note_passing_author_id"), "note_passing", ["author_id"])
    op.create_index(op.f("ix_note_passing_forget_at"), "note_passing", ["forget_at"])
    op.create_table(
        "reply_test",
        sa.Column("thread_id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("to_id", Big, nullable=False),
        sa.Column("tested_at", UTCDateTime(), nullable=True),
        sa.Column("reached", sa.Boolean(), nullable=True),
        sa.Column("says", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_reply_test_thread_id")),
        sa.ForeignKeyConstraint(["to_id"], ["member.id"], name=op.f("fk_reply_test_to_id")),
        sa.PrimaryKeyConstraint("thread_id", name=op.f("pk_reply_test")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_reply_test_due", "reply_test", ["created_at"],
        sqlite_where=sa.text("tested_at IS NULL"), postgresql_where=sa.text("tested_at IS NULL"),
    )  # fmt: skip
    op.create_index(
        "ix_message_note", "message", ["author_id", "id"],
        sqlite_where=sa.text("kind = 'note'"), postgresql_where=sa.text("kind = 'note'"),
    )  # fmt: skip


def downgrade() -> None:
    """The shape of the revision before."""
    op.drop_index("ix_message_note", table_name="message")
    op.drop_table("reply_test")
    op.drop_table("note_passing")
