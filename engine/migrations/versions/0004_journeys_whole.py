"""Journeys, whole: what their new steps, rules and versions remember"""

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""


def downgrade() -> None:
    """The shape of the revision before."""
