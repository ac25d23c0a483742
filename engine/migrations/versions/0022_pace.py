"""Pace: mail hosts that asked for less, warm-up days, the text brand's days, brakes, and pausing everything"""

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big
from engine.base.stored_time import UTCDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""
    op.create_table(
        "sending_pause",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("by_id", Big, nullable=True),
        sa.Column("how", sa.String(length=10), nullable=False),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("ended_by_id", Big, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sending_pause")),
    )
    _open_index("ix_sending_pause_open", "sending_pause", "created_at", "ended_at IS NULL")
    op.create_table(
        "mail_host",
        sa.Column("host", sa.String(length=253), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("per_minute", sa.Float(), nullable=False),
        sa.Column("at_once", Big, nullable=False),
        sa.Column("next_at", UTCDateTime(), nullable=False),
        sa.Column("tail_at", UTCDateTime(), nullable=True),
        sa.Column("busy_until_at", UTCDateTime(), nullable=True),
        sa.Column("slowed_at", UTCDateTime(), nullable=False),
        sa.Column("grown_at", UTCDateTime(), nullable=False),
        sa.Column("says", sa.String(length=400), nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_mail_host")),
    )
    op.create_table(
        "mail_tally",
        sa.Column("chapter_id", Big, autoincrement=False, nullable=False),
        sa.Column("hour_at", UTCDateTime(), nullable=False),
        *(sa.Column(name, Big, nullable=False) for name in ("sent", "put_off", "bounced", "complained")),
        sa.PrimaryKeyConstraint("chapter_id", "hour_at", name=op.f("pk_mail_tally")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "warm_up_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("ends_at", UTCDateTime(), nullable=False),
        *(sa.Column(name, Big, nullable=False) for name in ("place", "allowance", "used")),
        sa.Column("says", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_warm_up_day")),
    )
    op.create_table(
        "text_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("ends_at", UTCDateTime(), nullable=False),
        sa.Column("zone", sa.String(length=60), nullable=False),
        *(sa.Column(name, Big, nullable=False) for name in ("cap", "kept", "used")),
        sa.Column("full_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_text_day")),
    )
    op.create_table(
        "brake",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("chapter_id", Big, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("until_at", UTCDateTime(), nullable=True),
        sa.Column("says", sa.String(length=300), nullable=False),
        sa.Column("lifted_at", UTCDateTime(), nullable=True),
        sa.Column("lifted_by_id", Big, nullable=True),
        sa.Column("lifted_why", sa.String(length=300), nullable=False),
        sa.Column("released_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brake")),
    )
    _open_index("ix_brake_open", "brake", "chapter_id", "lifted_at IS NULL")
    op.create_index(op.f("ix_brake_chapter_id_lifted_at"), "brake", ["chapter_id", "lifted_at"])


def downgrade() -> None:
    """The shape of the revision before."""
    for name in ("brake", "text_day", "warm_up_day", "mail_tally", "mail_host", "sending_pause"):
        op.drop_table(name)


def _open_index(name: str, table: str, column: str, where: str) -> None:
    op.create_index(name, table, [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))
