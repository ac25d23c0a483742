"""DKIM keys: what our mail is signed with, and whether their records were seen"""

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big
from engine.base.stored_time import UTCDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""
    op.create_table(
        "dkim_key",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("selector", sa.String(length=63), nullable=False),
        sa.Column("algorithm", sa.String(length=16), nullable=False),
        sa.Column("public", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("looked_at", UTCDateTime(), nullable=True),
        sa.Column("published_at", UTCDateTime(), nullable=True),
        sa.Column("published_by", sa.String(length=8), nullable=False),
        sa.Column("trouble", sa.String(length=400), nullable=False),
        sa.Column("replaced_at", UTCDateTime(), nullable=True),
        sa.Column("keep_until_at", UTCDateTime(), nullable=True),
        sa.Column("retired_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dkim_key")),
    )
    op.create_index("uq_dkim_key_domain_selector", "dkim_key", ["domain", "selector"], unique=True)


def downgrade() -> None:
    """The shape of the revision before."""
    op.drop_table("dkim_key")
