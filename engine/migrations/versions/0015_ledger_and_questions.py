"""The ledger holds, forgotten addresses stay marked, and one digit answers one question"""

import sqlalchemy as sa
from alembic import op

from engine.base.db import Big
from engine.base.stored_time import UTCDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_SAYS = "The consent ledger is only added to."
#: Only what a forgotten member said may lose its words.
_FORGOTTEN = "(SELECT erased_at FROM member WHERE id = OLD.member_id) IS NULL"


def upgrade() -> None:
    """The shape of this revision."""
    op.create_table(
        "suppression",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("mark", sa.String(length=32), nullable=False),
        sa.Column("stopped_at", UTCDateTime(), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppression")),
    )
    op.create_index(
        "uq_suppression_mark",
        "suppression",
        ["mark"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    # Of several questions that a digit could answer, the latest is the one it does.
    op.execute(
        "UPDATE question SET numbered = false WHERE numbered AND answered_at IS NULL AND id NOT IN ("
        "SELECT max(id) FROM question WHERE numbered AND answered_at IS NULL "
        "GROUP BY member_id, coalesce(our_number, ''))"
    )
    op.execute(
        "CREATE UNIQUE INDEX uq_question_numbered ON question (member_id, coalesce(our_number, '')) "
        "WHERE numbered AND answered_at IS NULL"
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER consent_holds_{verb.lower()} BEFORE {verb} ON consent WHEN {_FORGOTTEN} "
                f"BEGIN SELECT RAISE(ABORT, '{_SAYS}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION consent_holds() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {_FORGOTTEN} THEN RAISE EXCEPTION '{_SAYS}'; END IF; "
        "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER consent_holds BEFORE UPDATE OR DELETE ON consent FOR EACH ROW EXECUTE FUNCTION consent_holds()"
    )


def downgrade() -> None:
    """The shape of the revision before."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER consent_holds_update")
        op.execute("DROP TRIGGER consent_holds_delete")
    else:
        op.execute("DROP TRIGGER consent_holds ON consent")
        op.execute("DROP FUNCTION consent_holds()")
    op.execute("DROP INDEX uq_question_numbered")
    op.drop_index("uq_suppression_mark", "suppression")
    op.drop_table("suppression")
