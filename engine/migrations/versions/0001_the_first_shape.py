"""The first shape"""

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big, Json
from engine.base.stored_time import UTCDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

#: Tables cut by time on PostgreSQL; rows of no named partition go to the default one, so that none is ever refused.
PARTITIONED = ("delivery", "received", "received_bytes", "visit")


def upgrade() -> None:
    """The shape of this revision."""
    op.create_table(
        "audit_entry",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("actor_id", Big, nullable=True),
        sa.Column("verb", sa.String(length=40), nullable=False),
        sa.Column("subject_kind", sa.String(length=40), nullable=False),
        sa.Column("subject_id", Big, nullable=False),
        sa.Column("chapter_id", Big, nullable=True),
        sa.Column("detail", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_audit_entry_chapter_id_created_at"), ["chapter_id", "created_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_audit_entry_subject_kind_subject_id"), ["subject_kind", "subject_id"], unique=False
        )

    op.create_table(
        "chapter",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("gathering", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("zone", sa.String(length=60), nullable=True),
        sa.Column("parent_id", Big, nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["chapter.id"], name=op.f("fk_chapter_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chapter")),
        sa.UniqueConstraint("slug", name=op.f("uq_chapter_slug")),
    )
    op.create_table(
        "clock",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("offset_microseconds", Big, nullable=False),
        sa.Column("held_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock")),
    )
    op.create_table(
        "delivery",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("message_class", sa.String(length=12), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("member_id", Big, nullable=True),
        sa.Column("to_address", sa.String(length=320), nullable=True),
        sa.Column("chapter_id", Big, nullable=True),
        sa.Column("thread_id", Big, nullable=True),
        sa.Column("template_version_id", Big, nullable=True),
        sa.Column("enrollment_id", Big, nullable=True),
        sa.Column("version_id", Big, nullable=True),
        sa.Column("step", sa.SmallInteger(), nullable=True),
        sa.Column("visit_at", UTCDateTime(), nullable=True),
        sa.Column("author_id", Big, nullable=True),
        sa.Column("subject", sa.String(length=400), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("data", Json, nullable=True),
        sa.Column("in_reply_to", sa.String(length=400), nullable=True),
        sa.Column("reference_ids", sa.Text(), nullable=True),
        sa.Column("send_at", UTCDateTime(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("state_at", UTCDateTime(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("error_code", sa.String(length=40), nullable=True),
        sa.Column("error_says", sa.String(length=400), nullable=True),
        sa.Column("refusal", sa.String(length=300), nullable=True),
        sa.Column("internet_message_id", sa.String(length=200), nullable=True),
        sa.Column("provider_id", sa.String(length=200), nullable=True),
        sa.Column("sent_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        postgresql_partition_by="RANGE (id)",
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delivery_thread_id"), ["thread_id"], unique=False)

    op.create_table(
        "delivery_key",
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("enrollment_id", Big, nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("delivery_id", Big, nullable=False),
        sa.PrimaryKeyConstraint("due_at", "enrollment_id", "channel", name=op.f("pk_delivery_key")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "due",
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("enrollment_id", Big, nullable=False),
        sa.Column("member_id", Big, nullable=False),
        sa.Column("version_id", Big, nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("phase", sa.SmallInteger(), nullable=False),
        sa.Column("prev_at", UTCDateTime(), nullable=True),
        sa.Column("wanted_at", UTCDateTime(), nullable=True),
        sa.Column("heard", sa.String(length=80), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("due_at", "enrollment_id", name=op.f("pk_due")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "feed_entry",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("thread_id", Big, nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("chapter_id", Big, nullable=True),
        sa.Column("responsible_id", Big, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_entry")),
    )
    with op.batch_alter_table("feed_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_feed_entry_created_at"), ["created_at"], unique=False)

    op.create_table(
        "filed_key",
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("received_id", Big, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_filed_key")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "held_delivery",
        sa.Column("member_id", Big, nullable=False),
        sa.Column("delivery_id", Big, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("until_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("member_id", "delivery_id", name=op.f("pk_held_delivery")),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("holder", sa.String(length=60), nullable=False),
        sa.Column("until_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "link_request",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("network_address", sa.String(length=45), nullable=False),
        sa.Column("settled_at", UTCDateTime(), nullable=True),
        sa.Column("answered_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_request")),
    )
    with op.batch_alter_table("link_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_link_request_address_created_at"), ["address", "created_at"], unique=False)
        batch_op.create_index(
            "ix_link_request_unsettled",
            ["id"],
            unique=False,
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        )

    op.create_table(
        "login_failure",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("network_address", sa.String(length=45), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_failure")),
    )
    with op.batch_alter_table("login_failure", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_login_failure_account_network_address_created_at"),
            ["account", "network_address", "created_at"],
            unique=False,
        )

    op.create_table(
        "member",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("first_name", sa.String(length=100), nullable=False),
        sa.Column("pronouns", sa.String(length=60), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("languages_spoken", Json, nullable=False),
        sa.Column("zone", sa.String(length=60), nullable=True),
        sa.Column("postal_code", sa.String(length=16), nullable=False),
        sa.Column("locality", sa.String(length=120), nullable=False),
        sa.Column("region", sa.String(length=60), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("organizer_id", Big, nullable=True),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("custom", Json, nullable=False),
        sa.Column("erased_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["organizer_id"], ["member.id"], name=op.f("fk_member_organizer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
    )
    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_member_name"), ["name"], unique=False)
        batch_op.create_index(batch_op.f("ix_member_organizer_id"), ["organizer_id"], unique=False)

    op.create_table(
        "outbox_due",
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("send_at", UTCDateTime(), nullable=False),
        sa.Column("delivery_id", Big, nullable=False),
        sa.Column("leased_until_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("rank", "send_at", "delivery_id", name=op.f("pk_outbox_due")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "posting_key",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("delivery_id", Big, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_posting_key")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "receipt",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("delivery_id", Big, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("says", sa.String(length=400), nullable=False),
        sa.Column("provider_key", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
    )
    with op.batch_alter_table("receipt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_receipt_delivery_id"), ["delivery_id"], unique=False)
        batch_op.create_index("uq_receipt_provider_key", ["provider_key"], unique=True)

    op.create_table(
        "received",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("door", sa.String(length=8), nullable=False),
        sa.Column("peer", sa.String(length=64), nullable=False),
        sa.Column("helo", sa.String(length=255), nullable=False),
        sa.Column("mail_from", sa.String(length=320), nullable=False),
        sa.Column("rcpt_to", sa.String(length=320), nullable=False),
        sa.Column("bytes_id", Big, nullable=False),
        sa.Column("size", Big, nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("effect", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("settled_at", UTCDateTime(), nullable=True),
        sa.Column("thread_id", Big, nullable=True),
        sa.Column("message_id", Big, nullable=True),
        sa.Column("member_id", Big, nullable=True),
        sa.Column("duplicate_of", Big, nullable=True),
        sa.Column("attempts", Big, nullable=False),
        sa.Column("leased_until_at", UTCDateTime(), nullable=True),
        sa.Column("reading_version", Big, nullable=True),
        sa.Column("detail", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received")),
        postgresql_partition_by="RANGE (id)",
    )
    with op.batch_alter_table("received", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_received_outcome_id"), ["outcome", "id"], unique=False)
        batch_op.create_index(
            "ix_received_unsettled",
            ["id"],
            unique=False,
            sqlite_where=sa.text("outcome IS NULL"),
            postgresql_where=sa.text("outcome IS NULL"),
        )

    op.create_table(
        "received_bytes",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("size", Big, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_bytes")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_table(
        "signal",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("member_id", Big, nullable=False),
        sa.Column("enrollment_id", Big, nullable=True),
        sa.Column("detail", Json, nullable=False),
        sa.Column("handled_at", UTCDateTime(), nullable=True),
        sa.Column("effect", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signal")),
    )
    with op.batch_alter_table("signal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_signal_member_id_created_at"), ["member_id", "created_at"], unique=False)
        batch_op.create_index(
            "ix_signal_pending",
            ["id"],
            unique=False,
            sqlite_where=sa.text("handled_at IS NULL"),
            postgresql_where=sa.text("handled_at IS NULL"),
        )

    op.create_table(
        "template",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template")),
        sa.UniqueConstraint("name", name=op.f("uq_template_name")),
    )
    op.create_table(
        "visit",
        sa.Column("visit_at", UTCDateTime(), nullable=False),
        sa.Column("enrollment_id", Big, nullable=False),
        sa.Column("version_id", Big, nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("phase", sa.SmallInteger(), nullable=False),
        sa.Column("acted_at", UTCDateTime(), nullable=False),
        sa.Column("outcome", sa.String(length=80), nullable=False),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.Column("next_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("visit_at", "enrollment_id", name=op.f("pk_visit")),
        postgresql_partition_by="RANGE (visit_at)",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "address",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("member_id", Big, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=320), nullable=False),
        sa.Column("rank", Big, nullable=False),
        sa.Column("proven_at", UTCDateTime(), nullable=True),
        sa.Column("resting_since", UTCDateTime(), nullable=True),
        sa.Column("resting_reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_address_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address")),
    )
    with op.batch_alter_table("address", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_address_kind_value"), ["kind", "value"], unique=False)
        batch_op.create_index("uq_address_member_kind_value", ["member_id", "kind", "value"], unique=True)

    op.create_table(
        "consent_standing",
        sa.Column("member_id", Big, nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("scope", sa.String(length=60), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("opted_in", sa.Boolean(), nullable=False),
        sa.Column("consent_id", Big, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_consent_standing_member_id")),
        sa.PrimaryKeyConstraint("member_id", "channel", "scope", name=op.f("pk_consent_standing")),
    )
    op.create_table(
        "journey",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("current_version_id", Big, nullable=True),
        sa.Column("paused_at", UTCDateTime(), nullable=True),
        sa.Column("paused_by_id", Big, nullable=True),
        sa.ForeignKeyConstraint(["paused_by_id"], ["member.id"], name=op.f("fk_journey_paused_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journey")),
        sa.UniqueConstraint("slug", name=op.f("uq_journey_slug")),
    )
    op.create_table(
        "login",
        sa.Column("member_id", Big, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("epoch", Big, nullable=False),
        sa.Column("signed_in_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_login_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_login")),
        sa.UniqueConstraint("email", name=op.f("uq_login_email")),
    )
    op.create_table(
        "mailbox",
        sa.Column("local_part", sa.String(length=40), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("member_id", Big, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_mailbox_member_id")),
        sa.PrimaryKeyConstraint("local_part", name=op.f("pk_mailbox")),
        sa.UniqueConstraint("member_id", name=op.f("uq_mailbox_member_id")),
    )
    op.create_table(
        "member_tag",
        sa.Column("member_id", Big, nullable=False),
        sa.Column("tag", sa.String(length=60), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("by_id", Big, nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_member_tag_by_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_tag_member_id")),
        sa.PrimaryKeyConstraint("member_id", "tag", name=op.f("pk_member_tag")),
    )
    with op.batch_alter_table("member_tag", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_member_tag_tag_member_id"), ["tag", "member_id"], unique=False)

    op.create_table(
        "membership",
        sa.Column("member_id", Big, nullable=False),
        sa.Column("chapter_id", Big, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("rank", Big, nullable=False),
        sa.Column("left_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["chapter_id"], ["chapter.id"], name=op.f("fk_membership_chapter_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_membership_member_id")),
        sa.PrimaryKeyConstraint("member_id", "chapter_id", name=op.f("pk_membership")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_membership_chapter_id_member_id"), ["chapter_id", "member_id"], unique=False
        )

    op.create_table(
        "question",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("member_id", Big, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject_kind", sa.String(length=20), nullable=False),
        sa.Column("subject_id", Big, nullable=False),
        sa.Column("step", sa.String(length=60), nullable=False),
        sa.Column("answers", Json, nullable=False),
        sa.Column("delivery_id", Big, nullable=False),
        sa.Column("until_at", UTCDateTime(), nullable=False),
        sa.Column("answered_at", UTCDateTime(), nullable=True),
        sa.Column("answer", sa.String(length=60), nullable=True),
        sa.Column("message_id", Big, nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_question_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question")),
    )
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_question_member_id_answered_at_until_at"),
            ["member_id", "answered_at", "until_at"],
            unique=False,
        )
        batch_op.create_index("uq_question_delivery_id", ["delivery_id"], unique=True)

    op.create_table(
        "role",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("member_id", Big, nullable=False),
        sa.Column("chapter_id", Big, nullable=True),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("by_id", Big, nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_role_by_id")),
        sa.ForeignKeyConstraint(["chapter_id"], ["chapter.id"], name=op.f("fk_role_chapter_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_role_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role")),
    )
    with op.batch_alter_table("role", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_role_chapter_id_role"), ["chapter_id", "role"], unique=False)
        batch_op.create_index(batch_op.f("ix_role_member_id"), ["member_id"], unique=False)

    op.create_table(
        "sign_in",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("member_id", Big, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("epoch", Big, nullable=False),
        sa.Column("until_at", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_sign_in_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in")),
    )
    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_member_id_created_at"), ["member_id", "created_at"], unique=False)

    op.create_table(
        "stage",
        sa.Column("member_id", Big, nullable=False),
        sa.Column("path", sa.String(length=60), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("change_id", Big, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_stage_member_id")),
        sa.PrimaryKeyConstraint("member_id", "path", name=op.f("pk_stage")),
    )
    with op.batch_alter_table("stage", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stage_path_stage_member_id"), ["path", "stage", "member_id"], unique=False)

    op.create_table(
        "stage_change",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("member_id", Big, nullable=False),
        sa.Column("path", sa.String(length=60), nullable=False),
        sa.Column("from_stage", sa.String(length=40), nullable=True),
        sa.Column("to_stage", sa.String(length=40), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("by_id", Big, nullable=True),
        sa.Column("enrollment_id", Big, nullable=True),
        sa.Column("message_id", Big, nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_stage_change_by_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_stage_change_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stage_change")),
    )
    with op.batch_alter_table("stage_change", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_stage_change_member_id_created_at"), ["member_id", "created_at"], unique=False
        )

    op.create_table(
        "template_version",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("template_id", Big, nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("number", Big, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("speaks", sa.String(length=8), nullable=False),
        sa.Column("compiled", Json, nullable=False),
        sa.Column("by_id", Big, nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_template_version_by_id")),
        sa.ForeignKeyConstraint(["template_id"], ["template.id"], name=op.f("fk_template_version_template_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template_version")),
    )
    with op.batch_alter_table("template_version", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_template_version_template_id_language_sha256"),
            ["template_id", "language", "sha256"],
            unique=False,
        )
        batch_op.create_index("uq_template_version_number", ["template_id", "language", "number"], unique=True)

    op.create_table(
        "thread",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=400), nullable=False),
        sa.Column("member_id", Big, nullable=True),
        sa.Column("correspondent", sa.String(length=320), nullable=False),
        sa.Column("correspondent_name", sa.String(length=200), nullable=False),
        sa.Column("chapter_id", Big, nullable=True),
        sa.Column("assignment_id", Big, nullable=True),
        sa.Column("responsible_id", Big, nullable=True),
        sa.Column("closure_id", Big, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("marks", Json, nullable=False),
        sa.Column("last_at", UTCDateTime(), nullable=False),
        sa.Column("last_words", sa.String(length=200), nullable=False),
        sa.Column("last_in_at", UTCDateTime(), nullable=True),
        sa.Column("last_out_at", UTCDateTime(), nullable=True),
        sa.Column("waits_since", UTCDateTime(), nullable=True),
        sa.Column("answer_due_at", UTCDateTime(), nullable=True),
        sa.Column("hold_until_at", UTCDateTime(), nullable=True),
        sa.Column("detail", Json, nullable=False),
        sa.ForeignKeyConstraint(["chapter_id"], ["chapter.id"], name=op.f("fk_thread_chapter_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_thread_member_id")),
        sa.ForeignKeyConstraint(["responsible_id"], ["member.id"], name=op.f("fk_thread_responsible_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thread")),
    )
    with op.batch_alter_table("thread", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_thread_answer_due_at"), ["answer_due_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_thread_chapter_id_last_at_id"), ["chapter_id", "last_at", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_thread_correspondent_last_at"), ["correspondent", "last_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_thread_last_at_id"), ["last_at", "id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_thread_member_id_hold_until_at"), ["member_id", "hold_until_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_thread_member_id_last_at"), ["member_id", "last_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_thread_responsible_id_last_at_id"), ["responsible_id", "last_at", "id"], unique=False
        )

    op.create_table(
        "address_strike",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("address_id", Big, nullable=False),
        sa.Column("permanent", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("received_id", Big, nullable=True),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name=op.f("fk_address_strike_address_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_strike")),
    )
    with op.batch_alter_table("address_strike", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_address_strike_address_id_created_at"), ["address_id", "created_at"], unique=False
        )

    op.create_table(
        "approval",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("template_version_id", Big, nullable=False),
        sa.Column("member_id", Big, nullable=False),
        sa.Column("revoked_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_approval_member_id")),
        sa.ForeignKeyConstraint(
            ["template_version_id"], ["template_version.id"], name=op.f("fk_approval_template_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
    )
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_approval_template_version_id_member_id"), ["template_version_id", "member_id"], unique=False
        )

    op.create_table(
        "assignment",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("thread_id", Big, nullable=False),
        sa.Column("member_id", Big, nullable=True),
        sa.Column("by_id", Big, nullable=True),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_assignment_by_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_assignment_member_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_assignment_thread_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
    )
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_assignment_member_id_created_at"), ["member_id", "created_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_assignment_thread_id_created_at"), ["thread_id", "created_at"], unique=False
        )

    op.create_table(
        "closure",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("thread_id", Big, nullable=False),
        sa.Column("by_id", Big, nullable=True),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("waits_since", UTCDateTime(), nullable=True),
        sa.Column("answer_due_at", UTCDateTime(), nullable=True),
        sa.Column("hold_until_at", UTCDateTime(), nullable=True),
        sa.Column("reopened_at", UTCDateTime(), nullable=True),
        sa.Column("reopened_by_id", Big, nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_closure_by_id")),
        sa.ForeignKeyConstraint(["reopened_by_id"], ["member.id"], name=op.f("fk_closure_reopened_by_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_closure_thread_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closure")),
    )
    with op.batch_alter_table("closure", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_closure_thread_id_created_at"), ["thread_id", "created_at"], unique=False)

    op.create_table(
        "consent",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("member_id", Big, nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("scope", sa.String(length=60), nullable=False),
        sa.Column("opted_in", sa.Boolean(), nullable=False),
        sa.Column("how", sa.String(length=40), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("address_id", Big, nullable=True),
        sa.Column("received_id", Big, nullable=True),
        sa.Column("by_id", Big, nullable=True),
        sa.Column("network_address", sa.String(length=45), nullable=False),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name=op.f("fk_consent_address_id")),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_consent_by_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_consent_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consent_member_id_created_at"), ["member_id", "created_at"], unique=False)

    op.create_table(
        "journey_version",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("journey_id", Big, nullable=False),
        sa.Column("number", Big, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("compiled", Json, nullable=False),
        sa.Column("templates", Json, nullable=False),
        sa.Column("by_id", Big, nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_journey_version_by_id")),
        sa.ForeignKeyConstraint(["journey_id"], ["journey.id"], name=op.f("fk_journey_version_journey_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journey_version")),
    )
    with op.batch_alter_table("journey_version", schema=None) as batch_op:
        batch_op.create_index("uq_journey_version_journey_id_number", ["journey_id", "number"], unique=True)

    op.create_table(
        "message",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("thread_id", Big, nullable=True),
        sa.Column("member_id", Big, nullable=True),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("author_id", Big, nullable=True),
        sa.Column("author_name", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=400), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("folded", Json, nullable=False),
        sa.Column("attachments", Json, nullable=False),
        sa.Column("received_id", Big, nullable=True),
        sa.Column("delivery_id", Big, nullable=True),
        sa.Column("internet_message_id", sa.String(length=400), nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["member.id"], name=op.f("fk_message_author_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_message_member_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_message_thread_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_message_delivery_id"), ["delivery_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_message_internet_message_id"), ["internet_message_id"], unique=False)
        batch_op.create_index(
            "ix_message_machine",
            ["at", "id"],
            unique=False,
            sqlite_where=sa.text("kind = 'machine'"),
            postgresql_where=sa.text("kind = 'machine'"),
        )
        batch_op.create_index(batch_op.f("ix_message_member_id_at_id"), ["member_id", "at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_message_thread_id_at_id"), ["thread_id", "at", "id"], unique=False)

    op.create_table(
        "task",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("script", sa.Text(), nullable=False),
        sa.Column("member_id", Big, nullable=True),
        sa.Column("chapter_id", Big, nullable=True),
        sa.Column("assignee_id", Big, nullable=True),
        sa.Column("thread_id", Big, nullable=True),
        sa.Column("enrollment_id", Big, nullable=True),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("done_at", UTCDateTime(), nullable=True),
        sa.Column("done_by_id", Big, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.ForeignKeyConstraint(["assignee_id"], ["member.id"], name=op.f("fk_task_assignee_id")),
        sa.ForeignKeyConstraint(["chapter_id"], ["chapter.id"], name=op.f("fk_task_chapter_id")),
        sa.ForeignKeyConstraint(["done_by_id"], ["member.id"], name=op.f("fk_task_done_by_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_task_member_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_task_thread_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
    )
    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_task_assignee_id_done_at_due_at"), ["assignee_id", "done_at", "due_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_task_chapter_id_done_at_due_at"), ["chapter_id", "done_at", "due_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_task_member_id_created_at"), ["member_id", "created_at"], unique=False)

    op.create_table(
        "enrollment",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("member_id", Big, nullable=False),
        sa.Column("journey_id", Big, nullable=False),
        sa.Column("version_id", Big, nullable=False),
        sa.Column("trigger", sa.String(length=80), nullable=False),
        sa.Column("first_at", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("end_reason", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["journey_id"], ["journey.id"], name=op.f("fk_enrollment_journey_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_enrollment_member_id")),
        sa.ForeignKeyConstraint(["version_id"], ["journey_version.id"], name=op.f("fk_enrollment_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrollment")),
    )
    with op.batch_alter_table("enrollment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_enrollment_journey_id_ended_at"), ["journey_id", "ended_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_enrollment_member_id_journey_id"), ["member_id", "journey_id"], unique=False
        )
        batch_op.create_index(
            "uq_enrollment_live",
            ["member_id", "journey_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    _default_partitions()


def _default_partitions() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in PARTITIONED:
            op.execute(f"CREATE TABLE {table}_rest PARTITION OF {table} DEFAULT")


def downgrade() -> None:
    """The shape of the revision before."""
    with op.batch_alter_table("enrollment", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_enrollment_live", sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL")
        )
        batch_op.drop_index(batch_op.f("ix_enrollment_member_id_journey_id"))
        batch_op.drop_index(batch_op.f("ix_enrollment_journey_id_ended_at"))

    op.drop_table("enrollment")
    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_task_member_id_created_at"))
        batch_op.drop_index(batch_op.f("ix_task_chapter_id_done_at_due_at"))
        batch_op.drop_index(batch_op.f("ix_task_assignee_id_done_at_due_at"))

    op.drop_table("task")
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_message_thread_id_at_id"))
        batch_op.drop_index(batch_op.f("ix_message_member_id_at_id"))
        batch_op.drop_index(
            "ix_message_machine", sqlite_where=sa.text("kind = 'machine'"), postgresql_where=sa.text("kind = 'machine'")
        )
        batch_op.drop_index(batch_op.f("ix_message_internet_message_id"))
        batch_op.drop_index(batch_op.f("ix_message_delivery_id"))

    op.drop_table("message")
    with op.batch_alter_table("journey_version", schema=None) as batch_op:
        batch_op.drop_index("uq_journey_version_journey_id_number")

    op.drop_table("journey_version")
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_consent_member_id_created_at"))

    op.drop_table("consent")
    with op.batch_alter_table("closure", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_closure_thread_id_created_at"))

    op.drop_table("closure")
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_assignment_thread_id_created_at"))
        batch_op.drop_index(batch_op.f("ix_assignment_member_id_created_at"))

    op.drop_table("assignment")
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_approval_template_version_id_member_id"))

    op.drop_table("approval")
    with op.batch_alter_table("address_strike", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_address_strike_address_id_created_at"))

    op.drop_table("address_strike")
    with op.batch_alter_table("thread", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_thread_responsible_id_last_at_id"))
        batch_op.drop_index(batch_op.f("ix_thread_member_id_last_at"))
        batch_op.drop_index(batch_op.f("ix_thread_member_id_hold_until_at"))
        batch_op.drop_index(batch_op.f("ix_thread_last_at_id"))
        batch_op.drop_index(batch_op.f("ix_thread_correspondent_last_at"))
        batch_op.drop_index(batch_op.f("ix_thread_chapter_id_last_at_id"))
        batch_op.drop_index(batch_op.f("ix_thread_answer_due_at"))

    op.drop_table("thread")
    with op.batch_alter_table("template_version", schema=None) as batch_op:
        batch_op.drop_index("uq_template_version_number")
        batch_op.drop_index(batch_op.f("ix_template_version_template_id_language_sha256"))

    op.drop_table("template_version")
    with op.batch_alter_table("stage_change", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_stage_change_member_id_created_at"))

    op.drop_table("stage_change")
    with op.batch_alter_table("stage", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_stage_path_stage_member_id"))

    op.drop_table("stage")
    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_in_member_id_created_at"))

    op.drop_table("sign_in")
    with op.batch_alter_table("role", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_role_member_id"))
        batch_op.drop_index(batch_op.f("ix_role_chapter_id_role"))

    op.drop_table("role")
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.drop_index("uq_question_delivery_id")
        batch_op.drop_index(batch_op.f("ix_question_member_id_answered_at_until_at"))

    op.drop_table("question")
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_membership_chapter_id_member_id"))

    op.drop_table("membership")
    with op.batch_alter_table("member_tag", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_member_tag_tag_member_id"))

    op.drop_table("member_tag")
    op.drop_table("mailbox")
    op.drop_table("login")
    op.drop_table("journey")
    op.drop_table("consent_standing")
    with op.batch_alter_table("address", schema=None) as batch_op:
        batch_op.drop_index("uq_address_member_kind_value")
        batch_op.drop_index(batch_op.f("ix_address_kind_value"))

    op.drop_table("address")
    op.drop_table("visit")
    op.drop_table("template")
    with op.batch_alter_table("signal", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_signal_pending",
            sqlite_where=sa.text("handled_at IS NULL"),
            postgresql_where=sa.text("handled_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_signal_member_id_created_at"))

    op.drop_table("signal")
    op.drop_table("received_bytes")
    with op.batch_alter_table("received", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_received_unsettled",
            sqlite_where=sa.text("outcome IS NULL"),
            postgresql_where=sa.text("outcome IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_received_outcome_id"))

    op.drop_table("received")
    with op.batch_alter_table("receipt", schema=None) as batch_op:
        batch_op.drop_index("uq_receipt_provider_key")
        batch_op.drop_index(batch_op.f("ix_receipt_delivery_id"))

    op.drop_table("receipt")
    op.drop_table("posting_key")
    op.drop_table("outbox_due")
    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_member_organizer_id"))
        batch_op.drop_index(batch_op.f("ix_member_name"))

    op.drop_table("member")
    with op.batch_alter_table("login_failure", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_login_failure_account_network_address_created_at"))

    op.drop_table("login_failure")
    with op.batch_alter_table("link_request", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_link_request_unsettled",
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_link_request_address_created_at"))

    op.drop_table("link_request")
    op.drop_table("lease")
    op.drop_table("held_delivery")
    op.drop_table("filed_key")
    with op.batch_alter_table("feed_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_feed_entry_created_at"))

    op.drop_table("feed_entry")
    op.drop_table("due")
    op.drop_table("delivery_key")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_delivery_thread_id"))

    op.drop_table("delivery")
    op.drop_table("clock")
    op.drop_table("chapter")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_entry_subject_kind_subject_id"))
        batch_op.drop_index(batch_op.f("ix_audit_entry_chapter_id_created_at"))

    op.drop_table("audit_entry")
