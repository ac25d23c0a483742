"""The database's shape over time (Alembic), up and down, on SQLite and PostgreSQL."""
