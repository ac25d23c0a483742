"""Fresh codes: six digits to an address on file, before a passed-on link may change more than stop things"""

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big
from engine.base.stored_time import UTCDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""
    op.create_table(
        "fresh_code",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("member_id", Big, nullable=False),
        sa.Column("address_id", Big, nullable=False),
        sa.Column("mark", sa.String(length=32), nullable=False),
        sa.Column("until_at", UTCDateTime(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("used_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_fresh_code_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fresh_code")),
    )
    op.create_index(op.f("ix_fresh_code_member_id_created_at"), "fresh_code", ["member_id", "created_at"])


def downgrade() -> None:
    """The shape of the revision before."""
    op.drop_table("fresh_code")
