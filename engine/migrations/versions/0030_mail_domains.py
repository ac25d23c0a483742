"""At which provider's servers a domain of its own has its mailboxes, as the name servers said, with its age"""

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big
from engine.base.stored_time import UTCDateTime

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""
    op.create_table(
        "mail_domain",
        sa.Column("domain", sa.String(length=253), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("host", sa.String(length=253), nullable=False),
        sa.Column("asked_at", UTCDateTime(), nullable=True),
        sa.Column("ask_at", UTCDateTime(), nullable=True),
        sa.Column("tries", Big, nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_mail_domain")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_mail_domain_ask_at"), "mail_domain", ["ask_at"])


def downgrade() -> None:
    """The shape of the revision before."""
    op.drop_table("mail_domain")
