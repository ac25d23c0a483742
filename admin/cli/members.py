"""`hearthline members`: add members by hand, or from a file."""

from pathlib import Path

import click

from admin.cli.member_files import import_
from admin.cli.member_words import consents, erase
from admin.cli.options import data_option, json_option, opened, say_json


@click.group(short_help="Add members, by hand or from a file.")
def members() -> None:
    """Add members, by hand or from a file.

    Example: hearthline members import people.csv --chapter atlanta --dry-run
    """


members.add_command(import_)
members.add_command(consents)
members.add_command(erase)


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
@click.option("--phone", default=None, help="Their phone, such as 404 555 0142.")
@click.option(
    "--texts-ok", default=None, help="How they said yes to texts, in words that are kept; without it, no texts."
)
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
    phone: str | None,
    texts_ok: str | None,
    data_dir: Path,
    as_json: bool,
) -> None:
    """Add a member; journeys that begin when somebody joins begin for them.

    Example: hearthline members add "Rosa Marin" rosa@mail.example --chapter atlanta --language es
    """
    from engine.enrollments.joining import welcome
    from engine.people.address import add_phone
    from engine.people.consent import EVERYTHING, Said, record_consent
    from engine.people.phone import normal_phone

    if texts_ok is not None and (phone is None or not texts_ok.strip()):
        raise click.UsageError("--texts-ok needs --phone, and words: how they said that texts are welcome.")
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
        if phone is not None:
            number = normal_phone(phone, services.settings.sms.country)
            address = add_phone(session, joined.member_id, number, services.clock.now())
            if texts_ok is not None:
                said = Said("added by hand", texts_ok.strip(), address_id=address.id)
                record_consent(session, joined.member_id, "sms", EVERYTHING, True, said, services.clock.now())
        answer = {"member": joined.member_id, "new": joined.new, "email": joined.email}
    if as_json:
        say_json(answer)
    else:
        click.echo(
            f"{name} is a member." if joined.new else f"{joined.email} was a member already; nothing was doubled."
        )
