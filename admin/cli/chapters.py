"""`hearthline chapters`: the groups that members belong to."""

from pathlib import Path

import click

from admin.cli.options import data_option, json_option, opened, say_json


@click.group(short_help="Add chapters.")
def chapters() -> None:
    """Add chapters.

    Example: hearthline chapters add "Atlanta" --zone America/New_York
    """


@chapters.command()
@click.argument("name")
@click.option("--short", "slug", default=None, help="Its short name, also its mail address; else made of the name.")
@click.option("--zone", default=None, help="Its time zone, such as America/Chicago; else the organization's.")
@click.option("--language", type=click.Choice(["en", "es"]), default=None, help="The language it mostly speaks.")
@data_option
@json_option
def add(name: str, slug: str | None, zone: str | None, language: str | None, data_dir: Path, as_json: bool) -> None:
    """Add a chapter, so that members can belong to it and organizers answer for it.

    Example: hearthline chapters add "Lehigh Valley" --short lehigh-valley --zone America/New_York
    """
    from engine.base.errors import Invalid
    from engine.base.settings import is_zone
    from engine.chapters.chapter import add_chapter, short_name
    from engine.outbox.mailbox import is_taken

    if zone is not None and not is_zone(zone):
        raise Invalid(f"{zone!r} is not a time zone name such as America/Chicago.")
    with opened(data_dir) as services, services.db.write() as session:
        short = short_name(name) if slug is None else slug.strip().lower()
        settings = services.settings
        if is_taken(session, short, settings.mail.desk):
            raise Invalid(f"{short}@{settings.mail.domain} is somebody else's address; choose another with --short.")
        chapter_id, new = add_chapter(
            session,
            name,
            short,
            services.clock.now(),
            zone=zone or settings.organization.zone,
            language=language or settings.organization.language,
        )
    if as_json:
        say_json({"chapter": chapter_id, "short": short, "new": new})
    else:
        click.echo(
            f"{name} is a chapter; its short name is {short}, its address {short}@{settings.mail.domain}."
            if new
            else f"{short} was a chapter already; nothing was changed."
        )
