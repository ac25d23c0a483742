"""Pending: out of which chapter somebody is asked whether they want to go"""

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""
    with op.batch_alter_table("pending") as pending:
        pending.add_column(sa.Column("chapter_id", Big, nullable=True))
        pending.create_foreign_key(op.f("fk_pending_chapter_id"), "chapter", ["chapter_id"], ["id"])


def downgrade() -> None:
    """The shape of the revision before."""
    with op.batch_alter_table("pending") as pending:
        pending.drop_constraint(op.f("fk_pending_chapter_id"), type_="foreignkey")
        pending.drop_column("chapter_id")
