"""What our doors missed: probes of the way in, storms, and how often a machine answered somebody"""

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big
from engine.base.stored_time import UTCDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""
    op.create_table(
        "probe",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("sent_at", UTCDateTime(), nullable=True),
        sa.Column("came_at", UTCDateTime(), nullable=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("says", sa.String(400), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_probe")),
    )
    op.create_index(op.f("ix_probe_created_at"), "probe", ["created_at"])
    op.create_table(
        "storm",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("thread_id", Big, nullable=False),
        sa.Column("member_id", Big, nullable=True),
        sa.Column("last_at", UTCDateTime(), nullable=False),
        sa.Column("most", Big, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_storm")),
    )
    op.create_index(op.f("ix_storm_last_at"), "storm", ["last_at"])
    op.create_index(op.f("ix_storm_thread_id_last_at"), "storm", ["thread_id", "last_at"])
    op.create_table(
        "machine_answer",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("to_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("thread_id", Big, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_machine_answer")),
    )
    op.create_index(op.f("ix_machine_answer_to_hash_created_at"), "machine_answer", ["to_hash", "created_at"])
    op.create_index(op.f("ix_machine_answer_thread_id_created_at"), "machine_answer", ["thread_id", "created_at"])
    op.create_index(op.f("ix_machine_answer_created_at"), "machine_answer", ["created_at"])


def downgrade() -> None:
    """The shape of the revision before."""
    for name in ("machine_answer", "storm", "probe"):
        op.drop_table(name)
