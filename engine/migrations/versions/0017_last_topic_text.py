"""The last text of a topic that a member had: what a text of theirs answers"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_WHERE = "channel = 'sms' AND message_class = 'chapter'"


def upgrade() -> None:
    """The shape of this revision."""
    op.create_index(
        "ix_delivery_topic_text",
        "delivery",
        ["member_id", "id"],
        sqlite_where=sa.text(_WHERE),
        postgresql_where=sa.text(_WHERE),
    )


def downgrade() -> None:
    """The shape of the revision before."""
    op.drop_index("ix_delivery_topic_text", "delivery")
