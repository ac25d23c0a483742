"""`hearthline journeys walk`: one member's way through a journey, chosen at the terminal."""

import sys
from pathlib import Path

import click


@click.command(short_help="Walk one member through a journey, reading what they read.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--letters",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    help="A folder with letters of your own, beside the library's; again for several.",
)
@click.option("--language", default="en", show_default=True, help="The language they read.")
@click.option("--zone", default="America/New_York", show_default=True, help="Where they live, as an IANA name.")
@click.option("--phone/--no-phone", default=True, help="Whether texts may reach them.")
@click.option("--email/--no-email", default=True, help="Whether letters may reach them.")
@click.option("--chapter/--no-chapter", default=True, help="Whether they belong to a chapter.")
def walk(
    file: Path, letters: tuple[Path, ...], language: str, zone: str, phone: bool, email: bool, chapter: bool
) -> None:
    """Walk one member through a journey: read what they would read, reply or stay silent, and choose how tasks end.

    Nothing is sent. Words are recognized as a real reply's are; Enter lets time go on to whatever comes next. Answers
    may come from standard input, a line each; when it ends, time goes on until the journey is over.

    Example: hearthline journeys walk journeys/library/welcome.yaml --language es --zone America/Puerto_Rico
    """
    from admin.cli.simulate import checked
    from admin.trying.place import a_place, publish
    from admin.trying.walk import Walk, Walker
    from engine.base.errors import Invalid
    from engine.base.local_time import zone_named

    if zone_named(zone) is None:
        raise Invalid(f"{zone!r} is not a time zone name such as America/Chicago.")
    if not phone and not email:
        raise Invalid("Somebody without a phone and without an address gets nothing; leave one of them.")
    ((path, script),), catalog = checked((file,), letters)
    interactive = sys.stdin.isatty()

    def ask(prompt: str) -> str | None:
        click.echo(prompt, nl=False)
        line = sys.stdin.readline()
        if not interactive:
            click.echo(line.rstrip("\r\n"))
        return line.rstrip("\r\n") if line else None

    with a_place() as place:
        (journey,) = publish(place, [(path.read_text("utf-8"), script)], catalog)
        walker = Walker(language, zone, has_phone=phone, has_email=email, has_chapter=chapter)
        click.echo(Walk(place, journey, walker, ask, click.echo).run())
