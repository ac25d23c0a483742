"""Journeys, whole: what their new steps, rules and versions remember"""

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big, Json, UTCDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""
    # Which expected answers somebody saw who lent their name; null: given before that was kept.
    op.add_column("approval", sa.Column("seen", Json, nullable=True))
    _pauses()
    _paces()


def downgrade() -> None:
    """The shape of the revision before."""
    op.drop_column("approval", "seen")
    op.drop_table("member_pace")
    with op.batch_alter_table("journey_pause", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_journey_pause_journey_id_id"))
    op.drop_table("journey_pause")


def _pauses() -> None:
    op.create_table(
        "journey_pause",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("journey_id", Big, nullable=False),
        sa.Column("by_id", Big, nullable=True),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.Column("resumed_at", UTCDateTime(), nullable=True),
        sa.Column("resumed_by_id", Big, nullable=True),
        sa.Column("rule", sa.String(length=10), nullable=False),
        sa.Column("overdue", Big, nullable=False),
        sa.Column("judged_at", UTCDateTime(), nullable=True),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.Column("decided_by_id", Big, nullable=True),
        sa.Column("task_id", Big, nullable=True),
        sa.ForeignKeyConstraint(["journey_id"], ["journey.id"], name=op.f("fk_journey_pause_journey_id")),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_journey_pause_by_id")),
        sa.ForeignKeyConstraint(["resumed_by_id"], ["member.id"], name=op.f("fk_journey_pause_resumed_by_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["member.id"], name=op.f("fk_journey_pause_decided_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journey_pause")),
    )
    with op.batch_alter_table("journey_pause", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_journey_pause_journey_id_id"), ["journey_id", "id"], unique=False)


def _paces() -> None:
    op.create_table(
        "member_pace",
        sa.Column("member_id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("halvings", sa.SmallInteger(), nullable=False),
        sa.Column("per_week", sa.SmallInteger(), nullable=True),
        sa.Column("paused_until_at", UTCDateTime(), nullable=True),
        sa.Column("set_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_pace_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_member_pace")),
    )
