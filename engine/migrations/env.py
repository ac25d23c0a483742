"""Alembic's entry: it runs on the connection that engine.migrations.migrate hands it."""

from alembic import context

from engine.tables import metadata


def run() -> None:
    """The wanted migrations have run in one transaction."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


run()
