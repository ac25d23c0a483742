"""Sign-ups: somebody asked to be with us, and the address has yet to say yes itself"""

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big
from engine.base.stored_time import UTCDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""
    op.create_table(
        "sign_up",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("way", sa.String(length=8), nullable=False),
        sa.Column("chapter_id", Big, nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("postal_code", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("texts_shown", sa.Text(), nullable=False),
        sa.Column("network_address", sa.String(length=45), nullable=False),
        sa.Column("received_id", Big, nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("asked_at", UTCDateTime(), nullable=True),
        sa.Column("delivery_id", Big, nullable=True),
        sa.Column("confirmed_at", UTCDateTime(), nullable=True),
        sa.Column("member_id", Big, nullable=True),
        sa.Column("until_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["chapter_id"], ["chapter.id"], name=op.f("fk_sign_up_chapter_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_sign_up_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_up")),
    )
    op.create_index(op.f("ix_sign_up_address_created_at"), "sign_up", ["address", "created_at"])
    op.create_index(op.f("ix_sign_up_network_address_asked_at"), "sign_up", ["network_address", "asked_at"])
    op.create_index(op.f("ix_sign_up_delivery_id"), "sign_up", ["delivery_id"])
    op.create_index(
        "ix_sign_up_new",
        "sign_up",
        ["id"],
        sqlite_where=sa.text("state = 'new'"),
        postgresql_where=sa.text("state = 'new'"),
    )


def downgrade() -> None:
    """The shape of the revision before."""
    op.drop_table("sign_up")
