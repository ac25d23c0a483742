"""The way out of topics: how much comes to a member, posts on their way to a chapter, digests, pictures passed on"""

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big, Json
from engine.base.stored_time import UTCDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""
    op.add_column("membership", sa.Column("topics_by_mail", sa.String(8), server_default="each", nullable=False))
    op.add_column("membership", sa.Column("topics_by_text", sa.String(8), server_default="none", nullable=False))
    op.create_table(
        "topic_digest",
        sa.Column("member_id", Big, nullable=False),
        sa.Column("chapter_id", Big, nullable=False),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("every", sa.String(8), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("since_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_topic_digest_member_id")),
        sa.ForeignKeyConstraint(["chapter_id"], ["chapter.id"], name=op.f("fk_topic_digest_chapter_id")),
        sa.PrimaryKeyConstraint("member_id", "chapter_id", "channel", name=op.f("pk_topic_digest")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_topic_digest_due_at_member_id", "topic_digest", ["due_at", "member_id"])
    _fan_out()


def downgrade() -> None:
    """The shape of the revision before."""
    for table in ("relayed_picture", "fan_out_key", "fan_out", "topic_digest"):
        op.drop_table(table)
    # A plain DROP COLUMN: a copy of the table would lose that it is clustered by member.
    op.drop_column("membership", "topics_by_text")
    op.drop_column("membership", "topics_by_mail")


def _fan_out() -> None:
    op.create_table(
        "fan_out",
        sa.Column("message_id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("thread_id", Big, nullable=False),
        sa.Column("chapter_id", Big, nullable=False),
        sa.Column("author_id", Big, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("cursor_id", Big, server_default="0", nullable=False),
        sa.Column("people", Big, server_default="0", nullable=False),
        sa.Column("named", Json, nullable=False),
        sa.Column("done_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_fan_out")),
    )
    op.create_index("ix_fan_out_chapter_id_created_at", "fan_out", ["chapter_id", "created_at"])
    op.create_index("ix_fan_out_thread_id_created_at", "fan_out", ["thread_id", "created_at"])
    op.create_index(
        "ix_fan_out_due",
        "fan_out",
        ["created_at", "message_id"],
        sqlite_where=sa.text("state != 'done'"),
        postgresql_where=sa.text("state != 'done'"),
    )
    op.create_table(
        "fan_out_key",
        sa.Column("message_id", Big, nullable=False),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("member_id", Big, nullable=False),
        sa.Column("delivery_id", Big, nullable=False),
        sa.PrimaryKeyConstraint("message_id", "channel", "member_id", name=op.f("pk_fan_out_key")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "relayed_picture",
        sa.Column("message_id", Big, nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("content_type", sa.String(40), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "place", name=op.f("pk_relayed_picture")),
    )
