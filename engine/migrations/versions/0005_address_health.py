"""Address health: when an address is tried again, and who set it right"""

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big
from engine.base.stored_time import UTCDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

#: For how long an address rests (engine.people.health.QUIET, as it was when this was written).
_QUIET = timedelta(days=30)


def upgrade() -> None:
    """The shape of this revision."""
    op.add_column("address", sa.Column("resting_until_at", UTCDateTime(), nullable=True))
    op.add_column("address", sa.Column("backs_off_until_at", UTCDateTime(), nullable=True))
    op.create_index(
        "ix_address_resting_until",
        "address",
        ["resting_until_at", "id"],
        sqlite_where=sa.text("resting_until_at IS NOT NULL"),
        postgresql_where=sa.text("resting_until_at IS NOT NULL"),
    )
    op.create_table(
        "address_reset",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("address_id", Big, nullable=False),
        sa.Column("by_id", Big, nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name=op.f("fk_address_reset_address_id")),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_address_reset_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_reset")),
    )
    with op.batch_alter_table("address_reset", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_address_reset_address_id_created_at"), ["address_id", "created_at"], unique=False
        )
    _let_them_end()


def downgrade() -> None:
    """The shape of the revision before."""
    op.drop_table("address_reset")
    op.drop_index("ix_address_resting_until", "address")
    with op.batch_alter_table("address", schema=None) as batch_op:
        batch_op.drop_column("backs_off_until_at")
        batch_op.drop_column("resting_until_at")


def _let_them_end() -> None:
    """Mail addresses that rest already are tried again as those that rest from now on."""
    address = sa.table(
        "address",
        sa.column("id", Big),
        sa.column("kind", sa.String),
        sa.column("resting_since", UTCDateTime()),
        sa.column("resting_until_at", UTCDateTime()),
    )
    connection = op.get_bind()
    resting = connection.execute(
        sa.select(address.c.id, address.c.resting_since).where(
            address.c.kind == "email", address.c.resting_since.is_not(None)
        )
    ).all()
    if resting:
        connection.execute(
            sa.update(address)
            .where(address.c.id == sa.bindparam("of"))
            .values(resting_until_at=sa.bindparam("until", type_=UTCDateTime())),
            [{"of": row_id, "until": since + _QUIET} for row_id, since in resting],
        )
