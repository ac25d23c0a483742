"""Topics: a chapter's conversations, their posts, locks, mutes and blocks, and what a chapter chose for them"""

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big
from engine.base.stored_time import UTCDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""
    with op.batch_alter_table("chapter", schema=None) as batch_op:
        batch_op.add_column(sa.Column("default_to", sa.String(8), server_default="desk", nullable=False))
        batch_op.add_column(sa.Column("moderates", sa.String(8), server_default="first", nullable=False))
        batch_op.add_column(sa.Column("topics_old_after_days", Big, nullable=True))
        batch_op.add_column(sa.Column("old_topics", sa.String(8), server_default="lock", nullable=False))
    _posts()
    _locks()
    op.create_table(
        "topic_mute",
        sa.Column("member_id", Big, nullable=False),
        sa.Column("thread_id", Big, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_topic_mute_member_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_topic_mute_thread_id")),
        sa.PrimaryKeyConstraint("member_id", "thread_id", name=op.f("pk_topic_mute")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_topic_mute_thread_id_member_id", "topic_mute", ["thread_id", "member_id"])
    op.create_table(
        "member_block",
        sa.Column("member_id", Big, nullable=False),
        sa.Column("from_id", Big, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_block_member_id")),
        sa.ForeignKeyConstraint(["from_id"], ["member.id"], name=op.f("fk_member_block_from_id")),
        sa.PrimaryKeyConstraint("member_id", "from_id", name=op.f("pk_member_block")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_member_block_from_id_member_id", "member_block", ["from_id", "member_id"])


def downgrade() -> None:
    """The shape of the revision before."""
    for table in ("member_block", "topic_mute", "topic_lock", "topic_post"):
        op.drop_table(table)
    with op.batch_alter_table("chapter", schema=None) as batch_op:
        for column in ("old_topics", "topics_old_after_days", "moderates", "default_to"):
            batch_op.drop_column(column)


def _posts() -> None:
    op.create_table(
        "topic_post",
        sa.Column("message_id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("thread_id", Big, nullable=False),
        sa.Column("chapter_id", Big, nullable=False),
        sa.Column("author_id", Big, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("why_held", sa.String(16), server_default="", nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("verdict", sa.Text(), server_default="", nullable=False),
        sa.Column("release_at", UTCDateTime(), nullable=True),
        sa.Column("decided_by_id", Big, nullable=True),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.Column("only_to_id", Big, nullable=True),
        sa.Column("fanned_out_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_topic_post_message_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_topic_post_thread_id")),
        sa.ForeignKeyConstraint(["chapter_id"], ["chapter.id"], name=op.f("fk_topic_post_chapter_id")),
        sa.ForeignKeyConstraint(["author_id"], ["member.id"], name=op.f("fk_topic_post_author_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["member.id"], name=op.f("fk_topic_post_decided_by_id")),
        sa.ForeignKeyConstraint(["only_to_id"], ["member.id"], name=op.f("fk_topic_post_only_to_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_topic_post")),
    )
    op.create_index("ix_topic_post_thread_id_created_at", "topic_post", ["thread_id", "created_at"])
    op.create_index(
        "ix_topic_post_chapter_id_author_id_created_at", "topic_post", ["chapter_id", "author_id", "created_at"]
    )
    _partial("ix_topic_post_held", ["release_at", "message_id"], "state = 'held'")
    _partial("ix_topic_post_to_fan_out", ["created_at", "message_id"], "state = 'out' AND fanned_out_at IS NULL")


def _locks() -> None:
    op.create_table(
        "topic_lock",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("thread_id", Big, nullable=False),
        sa.Column("by_id", Big, nullable=True),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("lifted_at", UTCDateTime(), nullable=True),
        sa.Column("lifted_by_id", Big, nullable=True),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_topic_lock_thread_id")),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_topic_lock_by_id")),
        sa.ForeignKeyConstraint(["lifted_by_id"], ["member.id"], name=op.f("fk_topic_lock_lifted_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic_lock")),
    )
    op.create_index("ix_topic_lock_thread_id_created_at", "topic_lock", ["thread_id", "created_at"])


def _partial(name: str, columns: list[str], where: str) -> None:
    op.create_index(name, "topic_post", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
