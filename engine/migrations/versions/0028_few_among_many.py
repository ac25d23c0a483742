"""Open conversations and topics are found in a page's order, however many are closed"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_OPEN, _TOPIC = "closure_id IS NULL", "kind = 'topic'"
_INDEXES = {
    "ix_thread_open": (_OPEN, ["last_at", "id"]),
    "ix_thread_open_chapter": (_OPEN, ["chapter_id", "last_at", "id"]),
    "ix_thread_open_responsible": (_OPEN, ["responsible_id", "last_at", "id"]),
    "ix_thread_topic": (_TOPIC, ["last_at", "id"]),
    "ix_thread_topic_chapter": (_TOPIC, ["chapter_id", "last_at", "id"]),
    "ix_thread_topic_responsible": (_TOPIC, ["responsible_id", "last_at", "id"]),
}


def upgrade() -> None:
    """The shape of this revision."""
    op.drop_index("ix_thread_open", "thread")
    for name, (condition, columns) in _INDEXES.items():
        where = sa.text(condition)
        op.create_index(name, "thread", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """The shape of the revision before."""
    for name in _INDEXES:
        op.drop_index(name, "thread")
    where = sa.text(_OPEN)
    op.create_index("ix_thread_open", "thread", ["responsible_id"], sqlite_where=where, postgresql_where=where)
