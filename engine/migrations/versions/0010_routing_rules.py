"""Routing rules: staff's own, and an index of what people said by time, against which a new one is tried"""

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big, Json
from engine.base.stored_time import UTCDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""
    op.create_table(
        "routing_rule",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("by_id", Big, nullable=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("position", Big, nullable=False),
        sa.Column("words", Json, nullable=False),
        sa.Column("address", sa.String(320), server_default="", nullable=False),
        sa.Column("from_number", sa.String(40), server_default="", nullable=False),
        sa.Column("to_number", sa.String(40), server_default="", nullable=False),
        sa.Column("language", sa.String(2), server_default="", nullable=False),
        sa.Column("chapter_id", Big, nullable=True),
        sa.Column("to_chapter_id", Big, nullable=True),
        sa.Column("to_member_id", Big, nullable=True),
        sa.Column("paused_at", UTCDateTime(), nullable=True),
        sa.Column("paused_by_id", Big, nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("ended_by_id", Big, nullable=True),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_routing_rule_{column}"))
            for column, table in (
                ("by_id", "member"), ("chapter_id", "chapter"), ("to_chapter_id", "chapter"),
                ("to_member_id", "member"), ("paused_by_id", "member"), ("ended_by_id", "member"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routing_rule")),
    )  # fmt: skip
    op.create_index("ix_routing_rule_ended_at", "routing_rule", ["ended_at"])
    live = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_routing_rule_live", "routing_rule", ["position", "id"], sqlite_where=live, postgresql_where=live
    )
    said = sa.text("kind = 'in'")
    op.create_index("ix_message_in", "message", ["at", "id"], sqlite_where=said, postgresql_where=said)


def downgrade() -> None:
    """The shape of the revision before."""
    op.drop_index("ix_message_in", table_name="message")
    op.drop_table("routing_rule")
