"""`hearthline organizers`: the people who answer: invited, told, away, back, gone."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from admin.cli.options import data_option, json_option, opened, organizer_at, say_json
from admin.cli.organizer_notes import notes

if TYPE_CHECKING:
    from engine.conversations.handing_over import Passed


@click.group(short_help="Invite the people who answer; notices, time off.")
def organizers() -> None:
    """Invite the people who answer, and say how they hear of words and when they are away.

    Example: hearthline organizers invite "Denise Okafor" denise@mail.example --chapter atlanta
    """


organizers.add_command(notes)


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


@organizers.command()
@click.argument("email")
@click.option("--mail", type=click.Choice(["each", "hourly", "off"]), default=None, help="Notices by mail.")
@click.option("--texts/--no-texts", default=None, help="Alerts by text, three a day at most.")
@click.option("--hours", default=None, help="Hours for texts on their own clock, such as 9-20.")
@data_option
@json_option
def notices(email: str, mail: str | None, texts: bool | None, hours: str | None, data_dir: Path, as_json: bool) -> None:
    """Show or change how somebody hears that words wait for them.

    Example: hearthline organizers notices denise@mail.example --mail hourly --texts --hours 9-18
    """
    from engine.people.notice_choice import choice_of, choose

    with opened(data_dir) as services, services.db.write() as session:
        member_id = organizer_at(session, email)
        known = choice_of(session, member_id)
        opens, closes = _hours(hours) if hours else (known.opens, known.closes)
        if mail is not None or texts is not None or hours is not None:
            known = choose(
                session, member_id, services.clock.now(), by_mail=mail or known.by_mail,
                by_text=known.by_text if texts is None else texts, opens=opens, closes=closes,
            )  # fmt: skip
        told: dict[str, Any] = {"mail": known.by_mail, "texts": known.by_text, "hours": f"{known.opens}-{known.closes}"}
    if as_json:
        say_json(told)
    else:
        by_text = f"by text from {told['hours'].replace('-', ' to ')} o'clock" if told["texts"] else "not by text"
        click.echo(f"Notices by mail: {told['mail']}; {by_text}.")


@organizers.command()
@click.argument("email")
@click.option("--until", default=None, help="The day they are back: 2026-06-02, or `monday`, or 5d.")
@data_option
@json_option
def away(email: str, until: str | None, data_dir: Path, as_json: bool) -> None:
    """Somebody is away: their conversations and people go to others meanwhile.

    Example: hearthline organizers away denise@mail.example --until 2026-06-02
    """
    from engine.base.errors import Invalid
    from engine.base.spoken_time import moment_said
    from engine.conversations.handing_over import leave
    from engine.outbox.notices import zone_of
    from engine.people.absence import goes_away
    from engine.people.member import Member

    with opened(data_dir) as services, services.db.write() as session:
        now, member_id = services.clock.now(), organizer_at(session, email)
        zone = zone_of(session, session.get_one(Member, member_id), services.settings)
        back = moment_said(until, now, zone) if until else None
        if until and back is None:
            raise Invalid(f"{until!r} is no day that is still to come. Write 2026-06-02, monday, or 5d.")
        passed = leave(session, goes_away(session, member_id, back, None, "command", now), now)
    _say_passed(passed, as_json)


@organizers.command()
@click.argument("email")
@data_option
def back(email: str, data_dir: Path) -> None:
    """Somebody is back: their people are theirs again.

    Example: hearthline organizers back denise@mail.example
    """
    from engine.conversations.handing_over import give_back
    from engine.people.absence import comes_back

    with opened(data_dir) as services, services.db.write() as session:
        was_away = comes_back(session, organizer_at(session, email), None, services.clock.now())
        count = give_back(session, services.clock.now())
    click.echo(f"They are back, and {count} of their people are theirs again." if was_away else "They were not away.")


@organizers.command()
@click.argument("email")
@data_option
@json_option
def leaves(email: str, data_dir: Path, as_json: bool) -> None:
    """Somebody answers here no more: their roles end, and others have their conversations and people.

    Example: hearthline organizers leaves denise@mail.example
    """
    from engine.conversations.handing_over import end_roles

    with opened(data_dir) as services, services.db.write() as session:
        passed = end_roles(session, organizer_at(session, email), None, services.clock.now())
    _say_passed(passed, as_json)


def _say_passed(passed: "Passed", as_json: bool) -> None:
    if as_json:
        say_json(
            {
                "conversations": passed.threads, "people": passed.members, "notes": passed.notes,
                "notes_kept": passed.notes_kept,
            }
        )  # fmt: skip
        return
    click.echo(f"Conversations that went to others: {passed.threads}; people: {passed.members}.")
    if passed.notes or passed.notes_kept:
        click.echo(
            f"Of their notes {passed.notes} are read by others, without what was confided; {passed.notes_kept} stay "
            "theirs alone. `hearthline organizers notes` shows and changes that."
        )


def _hours(words: str) -> tuple[int, int]:
    from engine.base.errors import Invalid

    first, _, last = words.partition("-")
    if not (first.strip().isdecimal() and last.strip().isdecimal()):
        raise Invalid("Write the hours as 9-20.")
    return int(first), int(last)
