"""`hearthline chapters`: the groups that members belong to."""

from pathlib import Path

import click

from admin.cli.options import data_option, json_option, opened, say_json


@click.group(short_help="Add chapters, and say how they talk.")
def chapters() -> None:
    """Add chapters, and say how they talk.

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
    from engine.base.setting_groups.organization import is_zone
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


@chapters.command()
@click.argument("short")
@click.option(
    "--default-to",
    type=click.Choice(["desk", "group", "sender"]),
    default=None,
    help="Whom mail to its address is for: its organizers, everybody in it, or everybody with replies to the "
    "sender alone.",
)
@click.option(
    "--moderates", type=click.Choice(["first", "all", "none"]), default=None, help="Which posts wait for a steward."
)
@click.option(
    "--old-after",
    type=click.IntRange(0, 3650),
    default=None,
    help="Days of silence after which a topic is old; 0: never.",
)
@click.option(
    "--old-topics",
    type=click.Choice(["lock", "moderate"]),
    default=None,
    help="Whether an old topic takes no more posts, or only those a steward lets through.",
)
@data_option
@json_option
def talk(
    short: str,
    default_to: str | None,
    moderates: str | None,
    old_after: int | None,
    old_topics: str | None,
    data_dir: Path,
    as_json: bool,
) -> None:
    """Say how a chapter talks; without an option, show it.

    Example: hearthline chapters talk duluth --default-to group --old-after 60
    """
    from sqlalchemy import select

    from engine.base.errors import NotFound
    from engine.chapters.chapter import Chapter, choose_talk

    with opened(data_dir) as services, services.db.write() as session:
        row = session.scalar(select(Chapter).where(Chapter.slug == short.strip().lower()))
        if row is None:
            raise NotFound(f"There is no chapter {short!r}. Make one with `hearthline chapters add`.")
        choose_talk(
            session, row, services.clock.now(),
            default_to=default_to, moderates=moderates, old_after_days=old_after, old_topics=old_topics,
        )  # fmt: skip
        said = {
            "chapter": row.slug,
            "default_to": row.default_to,
            "moderates": row.moderates,
            "old_after_days": row.topics_old_after_days,
            "old_topics": row.old_topics,
        }
    if as_json:
        say_json(said)
        return
    whom = {
        "desk": "is for its organizers",
        "group": "begins a topic for everybody in it, and replies go to everybody",
        "sender": "begins a topic for everybody in it, and a reply goes only to whoever wrote what it answers",
    }
    waits = {"first": "A member’s first post waits", "all": "Every post waits", "none": "No post waits"}
    click.echo(f"Mail to {said['chapter']} {whom[row.default_to]}. {waits[row.moderates]} for a steward.")
    if row.topics_old_after_days is None:
        click.echo("No topic grows old.")
    else:
        what = "takes no more posts" if row.old_topics == "lock" else "takes only posts that a steward lets through"
        click.echo(f"After {row.topics_old_after_days} days of silence a topic {what}.")
