"""Junk: strangers' mail that nobody has to look at, in a lane of its own"""

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big
from engine.base.stored_time import UTCDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""
    op.create_table(
        "junk",
        sa.Column("received_id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("chapter_id", Big, nullable=True),
        sa.Column("from_address", sa.String(length=320), nullable=False),
        sa.Column("from_name", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=400), nullable=False),
        sa.Column("words", sa.String(length=400), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["chapter_id"], ["chapter.id"], name=op.f("fk_junk_chapter_id")),
        sa.PrimaryKeyConstraint("received_id", name=op.f("pk_junk")),
    )
    op.create_index(op.f("ix_junk_chapter_id_received_id"), "junk", ["chapter_id", "received_id"])
    op.create_index(op.f("ix_junk_created_at"), "junk", ["created_at"])


def downgrade() -> None:
    """The shape of the revision before."""
    op.drop_table("junk")
