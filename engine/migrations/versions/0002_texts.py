"""Texts: our numbers, stops by phone, pictures, joining by text, and what a delivery and a question by text know"""

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big
from engine.base.stored_time import UTCDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""
    op.create_table(
        "breaker",
        sa.Column("way", sa.String(length=20), nullable=False),
        sa.Column("counted_since", UTCDateTime(), nullable=False),
        sa.Column("failures", Big, nullable=False),
        sa.Column("opened_at", UTCDateTime(), nullable=True),
        sa.Column("probe_at", UTCDateTime(), nullable=True),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.PrimaryKeyConstraint("way", name=op.f("pk_breaker")),
    )
    op.create_table(
        "number_pace",
        sa.Column("our_number", sa.String(length=40), nullable=False),
        sa.Column("next_at", UTCDateTime(), nullable=False),
        sa.Column("tail_at", UTCDateTime(), nullable=True),
        sa.Column("slowed_until", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("our_number", name=op.f("pk_number_pace")),
    )
    op.create_table(
        "received_picture",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("received_id", Big, nullable=False),
        sa.Column("message_id", Big, nullable=True),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("content_type", sa.String(length=80), nullable=False),
        sa.Column("size", Big, nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("refusal", sa.String(length=200), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_picture")),
    )
    with op.batch_alter_table("received_picture", schema=None) as batch_op:
        batch_op.create_index(
            "ix_received_picture_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("due_at IS NOT NULL"),
            postgresql_where=sa.text("due_at IS NOT NULL"),
        )
        batch_op.create_index("uq_received_picture", ["received_id", "place"], unique=True)

    op.create_table(
        "text_look",
        sa.Column("our_number", sa.String(length=40), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("looked_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("our_number", name=op.f("pk_text_look")),
    )
    op.create_table(
        "text_line",
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("our_number", sa.String(length=40), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("introduced_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("phone", name=op.f("pk_text_line")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "text_stop",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("how", sa.String(length=20), nullable=False),
        sa.Column("evidence", sa.String(length=400), nullable=False),
        sa.Column("received_id", Big, nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text_stop")),
    )
    with op.batch_alter_table("text_stop", schema=None) as batch_op:
        batch_op.create_index(
            "uq_text_stop_phone",
            ["phone"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "text_sign_up",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("our_number", sa.String(length=40), nullable=False),
        sa.Column("chapter_id", Big, nullable=True),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("received_id", Big, nullable=True),
        sa.Column("member_id", Big, nullable=True),
        sa.Column("until_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["chapter_id"], ["chapter.id"], name=op.f("fk_text_sign_up_chapter_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_text_sign_up_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text_sign_up")),
    )
    with op.batch_alter_table("text_sign_up", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_text_sign_up_phone_created_at"), ["phone", "created_at"], unique=False)

    with op.batch_alter_table("address", schema=None) as batch_op:
        batch_op.add_column(sa.Column("line_type", sa.String(length=20), server_default="", nullable=False))
        batch_op.add_column(sa.Column("carrier", sa.String(length=80), server_default="", nullable=False))
        batch_op.add_column(sa.Column("looked_up_at", UTCDateTime(), nullable=True))

    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.add_column(sa.Column("our_number", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("body", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("segments", sa.SmallInteger(), nullable=True))
        batch_op.add_column(sa.Column("provider_status", sa.String(length=12), nullable=True))
        batch_op.add_column(sa.Column("tried_since", UTCDateTime(), nullable=True))
        batch_op.create_index(
            "ix_delivery_sid",
            ["provider_id"],
            unique=False,
            sqlite_where=sa.text("channel = 'sms' AND provider_id IS NOT NULL"),
            postgresql_where=sa.text("channel = 'sms' AND provider_id IS NOT NULL"),
        )

    for name, column in (("ix_delivery_text_waits", "member_id"), ("ix_delivery_text_waits_for", "to_address")):
        op.create_index(
            name,
            "delivery",
            [column],
            unique=False,
            sqlite_where=sa.text("channel = 'sms' AND state = 'queued'"),
            postgresql_where=sa.text("channel = 'sms' AND state = 'queued'"),
        )

    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.add_column(sa.Column("channel", sa.String(length=8), server_default="email", nullable=False))
        batch_op.add_column(sa.Column("our_number", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("numbered", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    """The shape of the revision before."""
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.drop_column("numbered")
        batch_op.drop_column("our_number")
        batch_op.drop_column("channel")

    for name in ("ix_delivery_text_waits_for", "ix_delivery_text_waits"):
        op.drop_index(name, "delivery")

    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_sid")
        batch_op.drop_column("tried_since")
        batch_op.drop_column("provider_status")
        batch_op.drop_column("segments")
        batch_op.drop_column("body")
        batch_op.drop_column("our_number")

    with op.batch_alter_table("address", schema=None) as batch_op:
        batch_op.drop_column("looked_up_at")
        batch_op.drop_column("carrier")
        batch_op.drop_column("line_type")

    with op.batch_alter_table("text_sign_up", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_text_sign_up_phone_created_at"))

    op.drop_table("text_sign_up")
    with op.batch_alter_table("text_stop", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_text_stop_phone", sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL")
        )

    op.drop_table("text_stop")
    op.drop_table("text_look")
    op.drop_table("text_line")
    with op.batch_alter_table("received_picture", schema=None) as batch_op:
        batch_op.drop_index("uq_received_picture")
        batch_op.drop_index(
            "ix_received_picture_due",
            sqlite_where=sa.text("due_at IS NOT NULL"),
            postgresql_where=sa.text("due_at IS NOT NULL"),
        )

    op.drop_table("received_picture")
    op.drop_table("number_pace")
    op.drop_table("breaker")
