"""Voicemails: what callers said after the tone, fetched from the provider"""

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big
from engine.base.stored_time import UTCDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""
    op.create_table(
        "voicemail",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("received_id", Big, nullable=False),
        sa.Column("message_id", Big, nullable=True),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("seconds", Big, nullable=False),
        sa.Column("content_type", sa.String(length=80), nullable=False),
        sa.Column("size", Big, nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("refusal", sa.String(length=200), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voicemail")),
    )
    op.create_index("uq_voicemail_received", "voicemail", ["received_id"], unique=True)
    op.create_index(op.f("ix_voicemail_message_id"), "voicemail", ["message_id"])
    op.create_index(
        "ix_voicemail_due",
        "voicemail",
        ["due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )


def downgrade() -> None:
    """The shape of the revision before."""
    op.drop_table("voicemail")
