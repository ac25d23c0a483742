"""Journeys, whole: what their new steps, rules and versions remember"""

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big, Json
from engine.base.stored_time import UTCDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The shape of this revision."""
    # Which expected answers somebody saw who lent their name; null: given before that was kept.
    op.add_column("approval", sa.Column("seen", Json, nullable=True))
    _pauses()
    _paces()
    _tasks_and_paths()
    _entries()


def downgrade() -> None:
    """The shape of the revision before."""
    _no_entries()
    _no_tasks_and_paths()
    op.drop_column("approval", "seen")
    op.drop_index("ix_delivery_claimed", "delivery")
    op.drop_table("member_pace")
    with op.batch_alter_table("journey_pause", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_journey_pause_journey_id_id"))
    op.drop_table("journey_pause")


def _entries() -> None:
    """Whom an audience brought in, who waits for room, and how fast a journey sends."""
    with op.batch_alter_table("enrollment") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_enrollment_journey_id_created_at"), ["journey_id", "created_at"], unique=False
        )
    op.create_table(
        "audience_watch",
        sa.Column("journey_id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("version_id", Big, nullable=False),
        sa.Column("upto_id", Big, nullable=False),
        sa.Column("first_at", UTCDateTime(), nullable=True),
        sa.Column("due_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["journey_id"], ["journey.id"], name=op.f("fk_audience_watch_journey_id")),
        sa.PrimaryKeyConstraint("journey_id", name=op.f("pk_audience_watch")),
    )
    op.create_table(
        "in_audience",
        sa.Column("journey_id", Big, autoincrement=False, nullable=False),
        sa.Column("member_id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["journey_id"], ["journey.id"], name=op.f("fk_in_audience_journey_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_in_audience_member_id")),
        sa.PrimaryKeyConstraint("journey_id", "member_id", name=op.f("pk_in_audience")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "waiting_entry",
        sa.Column("journey_id", Big, autoincrement=False, nullable=False),
        sa.Column("member_id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("trigger", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["journey_id"], ["journey.id"], name=op.f("fk_waiting_entry_journey_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_waiting_entry_member_id")),
        sa.PrimaryKeyConstraint("journey_id", "member_id", name=op.f("pk_waiting_entry")),
    )
    with op.batch_alter_table("waiting_entry") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_waiting_entry_journey_id_created_at_member_id"),
            ["journey_id", "created_at", "member_id"],
            unique=False,
        )
    op.create_table(
        "journey_rate",
        sa.Column("journey_id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("free_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["journey_id"], ["journey.id"], name=op.f("fk_journey_rate_journey_id")),
        sa.PrimaryKeyConstraint("journey_id", name=op.f("pk_journey_rate")),
    )


def _no_entries() -> None:
    for table in ("journey_rate", "waiting_entry", "in_audience", "audience_watch"):
        op.drop_table(table)
    with op.batch_alter_table("enrollment") as batch_op:
        batch_op.drop_index(batch_op.f("ix_enrollment_journey_id_created_at"))


def _pauses() -> None:
    op.create_table(
        "journey_pause",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("journey_id", Big, nullable=False),
        sa.Column("by_id", Big, nullable=True),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.Column("resumed_at", UTCDateTime(), nullable=True),
        sa.Column("resumed_by_id", Big, nullable=True),
        sa.Column("rule", sa.String(length=10), nullable=False),
        sa.Column("overdue", Big, nullable=False),
        sa.Column("judged_at", UTCDateTime(), nullable=True),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.Column("decided_by_id", Big, nullable=True),
        sa.Column("task_id", Big, nullable=True),
        sa.ForeignKeyConstraint(["journey_id"], ["journey.id"], name=op.f("fk_journey_pause_journey_id")),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_journey_pause_by_id")),
        sa.ForeignKeyConstraint(["resumed_by_id"], ["member.id"], name=op.f("fk_journey_pause_resumed_by_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["member.id"], name=op.f("fk_journey_pause_decided_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journey_pause")),
    )
    with op.batch_alter_table("journey_pause", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_journey_pause_journey_id_id"), ["journey_id", "id"], unique=False)


def _paces() -> None:
    op.create_index(
        "ix_delivery_claimed",
        "delivery",
        ["member_id"],
        unique=False,
        sqlite_where=sa.text("state = 'claimed'"),
        postgresql_where=sa.text("state = 'claimed'"),
    )
    op.create_table(
        "member_pace",
        sa.Column("member_id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("halvings", sa.SmallInteger(), nullable=False),
        sa.Column("per_week", sa.SmallInteger(), nullable=True),
        sa.Column("paused_until_at", UTCDateTime(), nullable=True),
        sa.Column("set_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_pace_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_member_pace")),
    )


def _tasks_and_paths() -> None:
    """Tasks with outcomes that are handed on; paths with what each move rests on; who somebody is to us."""
    with op.batch_alter_table("task") as batch_op:
        batch_op.add_column(sa.Column("step", sa.String(length=60), server_default="", nullable=False))
        batch_op.add_column(sa.Column("choice", sa.String(length=60), nullable=True))
        batch_op.add_column(sa.Column("hand_on_at", UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column("withdrawn", sa.String(length=80), server_default="", nullable=False))
        batch_op.create_index(
            "ix_task_open",
            ["due_at", "id"],
            unique=False,
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
        )
    op.create_table(
        "handing",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("task_id", Big, nullable=False),
        sa.Column("from_id", Big, nullable=True),
        sa.Column("to_id", Big, nullable=True),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.Column("by_id", Big, nullable=True),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_handing_task_id")),
        sa.ForeignKeyConstraint(["from_id"], ["member.id"], name=op.f("fk_handing_from_id")),
        sa.ForeignKeyConstraint(["to_id"], ["member.id"], name=op.f("fk_handing_to_id")),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_handing_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handing")),
    )
    with op.batch_alter_table("handing") as batch_op:
        batch_op.create_index(batch_op.f("ix_handing_task_id_created_at"), ["task_id", "created_at"], unique=False)
    op.create_table(
        "talk",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("member_id", Big, nullable=False),
        sa.Column("by_id", Big, nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_talk_member_id")),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_talk_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_talk")),
    )
    with op.batch_alter_table("talk") as batch_op:
        batch_op.create_index(batch_op.f("ix_talk_member_id_at"), ["member_id", "at"], unique=False)
    with op.batch_alter_table("stage_change") as batch_op:
        batch_op.add_column(sa.Column("talk_id", Big, nullable=True))
        batch_op.add_column(sa.Column("task_id", Big, nullable=True))
    op.create_table(
        "assessment",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("member_id", Big, nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("by_id", Big, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_assessment_member_id")),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_assessment_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
    )
    with op.batch_alter_table("assessment") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_assessment_member_id_created_at"), ["member_id", "created_at"], unique=False
        )
    op.create_table(
        "wish",
        sa.Column("member_id", Big, autoincrement=False, nullable=False),
        sa.Column("path", sa.String(length=60), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("furthest", sa.String(length=40), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_wish_member_id")),
        sa.PrimaryKeyConstraint("member_id", "path", name=op.f("pk_wish")),
    )
    with op.batch_alter_table("member") as batch_op:
        batch_op.add_column(sa.Column("engagement", sa.SmallInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("last_contact_at", UTCDateTime(), nullable=True))
        batch_op.create_index(batch_op.f("ix_member_engagement_id"), ["engagement", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_member_locality_id"), ["locality", "id"], unique=False)
    op.create_index("ix_member_in_contact", "member", [sa.text("coalesce(last_contact_at, created_at)"), "id"])
    # Words between people count as contact; letters sent to everybody do not.
    op.execute(
        "UPDATE member SET last_contact_at = (SELECT max(message.at) FROM message "
        "WHERE message.member_id = member.id AND message.kind IN ('in', 'out'))"
    )


def _no_tasks_and_paths() -> None:
    op.drop_index("ix_member_in_contact", "member")
    with op.batch_alter_table("member") as batch_op:
        batch_op.drop_index(batch_op.f("ix_member_locality_id"))
        batch_op.drop_index(batch_op.f("ix_member_engagement_id"))
        batch_op.drop_column("last_contact_at")
        batch_op.drop_column("engagement")
    op.drop_table("wish")
    op.drop_table("assessment")
    with op.batch_alter_table("stage_change") as batch_op:
        batch_op.drop_column("task_id")
        batch_op.drop_column("talk_id")
    op.drop_table("talk")
    op.drop_table("handing")
    with op.batch_alter_table("task") as batch_op:
        batch_op.drop_index("ix_task_open")
        batch_op.drop_column("withdrawn")
        batch_op.drop_column("hand_on_at")
        batch_op.drop_column("choice")
        batch_op.drop_column("step")
