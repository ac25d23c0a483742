"""`hearthline migrate`: the database's shape."""

from pathlib import Path

import click

from admin.cli.options import data_option


@click.command(short_help="Bring the database to this version's shape.")
@data_option
@click.option("--to", "target", default="head", help="A revision to go up to.")
@click.option("--down-to", "down", default=None, help="Go back to a revision instead; newer data is dropped.")
def migrate(data_dir: Path, target: str, down: str | None) -> None:
    """Bring the database to this version's shape. Run again, it changes nothing.

    Example: hearthline migrate --data /srv/hearthline
    """
    from admin.process import build, publish
    from engine.base.settings_file import load
    from engine.migrations import migrate as shape

    services = build(load(data_dir))
    before = shape.current(services.db)
    if down is not None:
        click.confirm(f"Go back from {before} to {down}? What only newer versions know is lost.", abort=True)
        shape.downgrade(services.db, down)
    else:
        shape.upgrade(services.db, target)
        if shape.current(services.db) == shape.newest():
            publish(services)
    after = shape.current(services.db)
    services.db.close()
    click.echo(
        f"The database is at {after}." if before == after else f"The database went from {before or 'new'} to {after}."
    )
