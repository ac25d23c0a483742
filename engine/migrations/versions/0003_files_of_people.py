"""Files of people: which were brought in, and which row of which a member came from"""

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big, Json
from engine.base.stored_time import UTCDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""
    op.create_table(
        "file_import",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("recipe", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("header", Json, nullable=False),
        sa.Column("rows", Big, nullable=False),
        sa.Column("done_rows", Big, nullable=False),
        sa.Column("totals", Json, nullable=False),
        sa.Column("finished_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_import")),
    )
    with op.batch_alter_table("file_import", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_file_import_file_name"), ["file_name"], unique=False)
    op.create_table(
        "origin",
        sa.Column("member_id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("import_id", Big, nullable=False),
        sa.Column("row", Big, nullable=False),
        sa.Column("said", Json, nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["file_import.id"], name=op.f("fk_origin_import_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_origin_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_origin")),
    )


def downgrade() -> None:
    """The shape of the revision before."""
    op.drop_table("origin")
    with op.batch_alter_table("file_import", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_file_import_file_name"))
    op.drop_table("file_import")
