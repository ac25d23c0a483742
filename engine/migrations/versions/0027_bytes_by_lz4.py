"""What came in is compressed by LZ4 where PostgreSQL has it: its own old way took longer than all else of accepting"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

#: A partition made later takes it over from its table; those that stand do not.
_TABLES = sa.text(
    "SELECT 'received_bytes'::regclass::text UNION ALL "
    "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'received_bytes'::regclass"
)
_HAS_LZ4 = sa.text("SELECT 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'default_toast_compression'")


def upgrade() -> None:
    """The shape of this revision."""
    _compress("lz4")


def downgrade() -> None:
    """The shape of the revision before."""
    _compress("default")


def _compress(way: str) -> None:
    """New rows are compressed that way (PostgreSQL 14 and later, if it was built with LZ4); old ones stay readable."""
    bind = op.get_bind()
    if bind.dialect.name == "postgresql" and bind.scalar(_HAS_LZ4):
        for table in bind.scalars(_TABLES).all():
            op.execute(f"ALTER TABLE {table} ALTER COLUMN body SET COMPRESSION {way}")
