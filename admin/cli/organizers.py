"""`hearthline organizers`: invite the people who answer."""

from pathlib import Path

import click

from admin.cli.options import data_option, json_option, opened, say_json


@click.group(short_help="Invite the people who answer.")
def organizers() -> None:
    """Invite the people who answer.

    Example: hearthline organizers invite "Denise Okafor" denise@mail.example --chapter atlanta
    """


@organizers.command()
@click.argument("name")
@click.argument("email")
@click.option("--chapter", default=None, help="The chapter they answer for, by its short name.")
@click.option("--steward", is_flag=True, help="They are the chapter's steward.")
@click.option("--staff", is_flag=True, help="They work for the whole organization.")
@data_option
@json_option
def invite(
    name: str, email: str, chapter: str | None, steward: bool, staff: bool, data_dir: Path, as_json: bool
) -> None:
    """Give somebody a role and a link by which they choose their password.

    Example: hearthline organizers invite "Denise Okafor" denise@mail.example --chapter atlanta --steward
    """
    from engine.chapters.invitation import invite as invite_organizer

    with opened(data_dir) as services, services.db.write() as session:
        invitation = invite_organizer(
            session,
            name,
            email,
            services.clock.now(),
            chapter=chapter,
            role="staff" if staff else "steward" if steward else "organizer",
            tokens=services.tokens,
        )
        link = f"{services.settings.doors.admin_url}/invitation/{invitation.token}"
    if as_json:
        say_json({"member": invitation.member_id, "link": link, "until": invitation.until.isoformat()})
    else:
        click.echo(
            f"{name} answers people now. Give them this link; it is good until {invitation.until:%d %B, %H:%M} UTC:"
        )
        click.echo(f"  {link}")
