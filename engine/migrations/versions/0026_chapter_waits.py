"""A chapter's news that waits for a member is found at once when they leave"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_WHERE = "message_class = 'chapter' AND state = 'queued'"


def upgrade() -> None:
    """The shape of this revision."""
    op.create_index(
        "ix_delivery_chapter_waits",
        "delivery",
        ["member_id"],
        sqlite_where=sa.text(_WHERE),
        postgresql_where=sa.text(_WHERE),
    )


def downgrade() -> None:
    """The shape of the revision before."""
    op.drop_index("ix_delivery_chapter_waits", "delivery")
