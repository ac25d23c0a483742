"""The database's history, forwards and back, by Alembic."""
