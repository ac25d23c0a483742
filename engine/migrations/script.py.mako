"""${message}"""

import sqlalchemy as sa
from alembic import op

import engine.base.db
import engine.base.stored_time
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """The shape of the revision before."""
    ${downgrades if downgrades else "pass"}
