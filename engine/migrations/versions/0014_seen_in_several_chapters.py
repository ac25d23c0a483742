"""Conversations that further chapters see, because the words were for several"""

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big
from engine.base.stored_time import UTCDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""
    op.create_table(
        "thread_chapter",
        sa.Column("thread_id", Big, nullable=False),
        sa.Column("chapter_id", Big, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_thread_chapter_thread_id")),
        sa.ForeignKeyConstraint(["chapter_id"], ["chapter.id"], name=op.f("fk_thread_chapter_chapter_id")),
        sa.PrimaryKeyConstraint("thread_id", "chapter_id", name=op.f("pk_thread_chapter")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_thread_chapter_chapter_id_thread_id", "thread_chapter", ["chapter_id", "thread_id"])


def downgrade() -> None:
    """The shape of the revision before."""
    op.drop_table("thread_chapter")
