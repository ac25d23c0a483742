"""`hearthline members`: add members by hand, or from a file."""

from pathlib import Path

import click

from admin.cli.member_files import import_
from admin.cli.options import data_option, json_option, opened, say_json


@click.group(short_help="Add members, by hand or from a file.")
def members() -> None:
    """Add members, by hand or from a file.

    Example: hearthline members import people.csv --chapter atlanta --dry-run
    """


members.add_command(import_)


@members.command()
@click.argument("name")
@click.argument("email")
@click.option("--chapter", "chapters", multiple=True, help="A chapter's short name; again for several.")
@click.option("--language", type=click.Choice(["en", "es"]), default=None, help="The language we write in.")
@click.option("--zone", default=None, help="Their time zone, such as America/Chicago.")
@click.option(
    "--zip", "postal_code", default="", help="Their postal code; the zone is taken from it where it is plain."
)
@click.option("--source", default="added by hand", help="Where they came from.")
@data_option
@json_option
def add(
    name: str,
    email: str,
    chapters: tuple[str, ...],
    language: str | None,
    zone: str | None,
    postal_code: str,
    source: str,
    data_dir: Path,
    as_json: bool,
) -> None:
    """Add a member; journeys that begin when somebody joins begin for them.

    Example: hearthline members add "Rosa Marin" rosa@mail.example --chapter atlanta --language es
    """
    from engine.enrollments.joining import welcome

    with opened(data_dir) as services, services.db.write() as session:
        joined = welcome(
            session,
            name,
            email,
            services.clock.now(),
            chapters=chapters,
            language=language or services.settings.organization.language,
            zone=zone,
            postal_code=postal_code,
            source=source,
        )
        answer = {"member": joined.member_id, "new": joined.new, "email": joined.email}
    if as_json:
        say_json(answer)
    else:
        click.echo(
            f"{name} is a member." if joined.new else f"{joined.email} was a member already; nothing was doubled."
        )
