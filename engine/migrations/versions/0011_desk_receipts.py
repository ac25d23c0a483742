"""Receipts to organizers, so that they come no oftener than is good"""

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big
from engine.base.stored_time import UTCDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""
    op.create_table(
        "desk_receipt",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("member_id", Big, nullable=False),
        sa.Column("thread_id", Big, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_receipt")),
    )
    op.create_index(op.f("ix_desk_receipt_member_id_created_at"), "desk_receipt", ["member_id", "created_at"])


def downgrade() -> None:
    """The shape of the revision before."""
    op.drop_table("desk_receipt")
