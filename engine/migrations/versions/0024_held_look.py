"""A look at the provider's list: since when texts wait for the provider to say where their pictures are"""

import sqlalchemy as sa
from alembic import op

from engine.base.stored_time import UTCDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""
    op.add_column("text_look", sa.Column("held_since_at", UTCDateTime(), nullable=True))


def downgrade() -> None:
    """The shape of the revision before."""
    op.drop_column("text_look", "held_since_at")
