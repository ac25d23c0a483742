"""An index of what came in and could not be filed"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

#: There should be no such row, so the index is empty.
UNFILED = sa.text("outcome = 'needs_person' AND thread_id IS NULL")


def upgrade() -> None:
    """The shape of this revision."""
    op.create_index("ix_received_unfiled", "received", ["id"], sqlite_where=UNFILED, postgresql_where=UNFILED)


def downgrade() -> None:
    """The shape of the revision before."""
    op.drop_index("ix_received_unfiled", table_name="received")
