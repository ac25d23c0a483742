"""Pending: what was asked in a member's name without proof waits for their own word"""

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big
from engine.base.stored_time import UTCDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""
    op.create_table(
        "pending",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("member_id", Big, nullable=False),
        sa.Column("given", sa.Text(), nullable=False),
        sa.Column("received_id", Big, nullable=True),
        sa.Column("thread_id", Big, nullable=True),
        sa.Column("asked_at_address", sa.String(length=320), nullable=False),
        sa.Column("asked_at", UTCDateTime(), nullable=True),
        sa.Column("delivery_id", Big, nullable=True),
        sa.Column("until_at", UTCDateTime(), nullable=False),
        sa.Column("done_at", UTCDateTime(), nullable=True),
        sa.Column("refused_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_pending_member_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_pending_thread_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending")),
    )
    op.create_index(op.f("ix_pending_member_id_kind"), "pending", ["member_id", "kind"])
    op.create_index(op.f("ix_pending_thread_id"), "pending", ["thread_id"])
    op.create_index(op.f("ix_pending_asked_at_address_asked_at"), "pending", ["asked_at_address", "asked_at"])
    op.create_index(op.f("ix_pending_delivery_id"), "pending", ["delivery_id"])


def downgrade() -> None:
    """The shape of the revision before."""
    op.drop_table("pending")
