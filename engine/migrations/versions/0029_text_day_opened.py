"""A day of the brand's that was full knows when a raised cap opened it again"""

import sqlalchemy as sa
from alembic import op

from engine.base.stored_time import UTCDateTime

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""
    with op.batch_alter_table("text_day") as batch_op:
        batch_op.add_column(sa.Column("opened_at", UTCDateTime(), nullable=True))


def downgrade() -> None:
    """The shape of the revision before."""
    with op.batch_alter_table("text_day") as batch_op:
        batch_op.drop_column("opened_at")
