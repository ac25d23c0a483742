"""`hearthline rules`: staff's own word on where new words go."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from admin.cli.options import data_option, json_option, opened, say_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from engine.base.settings import Settings
    from engine.conversations.routing_rule import RoutingRule, RuleDraft
    from reply_router.rule_trial import RuleTrial


@click.group(short_help="Say where new words go.")
def rules() -> None:
    """Say where new words go: which chapter, and who answers.

    Example: hearthline rules add rides --word ride --word lift --to maya@mail.example
    """


def asked(command: "Callable[..., Any]") -> "Callable[..., Any]":
    """The command takes what a rule asks for, and whereto it sends."""
    for option in reversed(
        (
            click.option("--word", "words", multiple=True, help="A word or saying; several: one is enough."),
            click.option("--address", default="", help="From this address; @school.example: from anybody there."),
            click.option("--from-number", default="", help="From this phone."),
            click.option("--to-number", default="", help="To this number of ours."),
            click.option("--language", type=click.Choice(["en", "es"]), default=None, help="In this language."),
            click.option("--chapter", default=None, help="In this chapter, by its short name."),
            click.option("--to", default=None, help="Who answers: their address, phone or id."),
            click.option("--to-chapter", default=None, help="In which chapter, by its short name."),
        )
    ):
        command = option(command)
    return command


@rules.command(name="list")
@click.option("--ended", is_flag=True, help="Those that are over too.")
@data_option
@json_option
def list_rules(ended: bool, data_dir: Path, as_json: bool) -> None:
    """List the rules in the order in which they are asked.

    Example: hearthline rules list
    """
    from sqlalchemy import select

    from engine.conversations.routing_rule import RoutingRule, live_rules

    with opened(data_dir) as services, services.db.read() as session:
        rows = list(live_rules(session))
        if ended:
            over = select(RoutingRule).where(RoutingRule.ended_at.is_not(None)).order_by(RoutingRule.ended_at)
            rows += session.scalars(over.limit(200))
        told = [_told(session, each) for each in rows]
    if as_json:
        for each in told:
            say_json(each)
    elif not told:
        click.echo("No rules yet: every new message goes to the member's own organizer, or to the chapter.")
    else:
        for each in told:
            state = " (over)" if each["ended_at"] else " (paused)" if each["paused_at"] else ""
            click.echo(f"{each['id']}  {each['name']}{state}: {each['says']}")


@rules.command(name="try")
@click.argument("name", default="a rule")
@asked
@data_option
@json_option
def try_rule(name: str, data_dir: Path, as_json: bool, **asks: Any) -> None:
    """Say what a rule would have done with last month's messages. Nothing is kept.

    Example: hearthline rules try --word ride --to maya@mail.example
    """
    from engine.conversations.routing_rule import checked

    with opened(data_dir) as services, services.db.read() as session:
        draft = checked(session, _draft(session, services.settings, name, **asks))
        trial = _tried(session, draft, services.clock.now())
    _say_trial(trial, as_json)


@rules.command()
@click.argument("name")
@asked
@click.option("--by", default=None, help="Whose rule it is: the address, phone or id of somebody who answers here.")
@click.option("--yes", is_flag=True, help="Keep it without asking, after it was tried.")
@data_option
@json_option
def add(name: str, by: str | None, yes: bool, data_dir: Path, as_json: bool, **asks: Any) -> None:
    """Try a rule against last month's messages, and keep it. It is asked after all others.

    Example: hearthline rules add rides --word ride --word lift --to maya@mail.example --yes
    """
    from admin.cli.why import member_named
    from engine.conversations.routing_rule import add_rule, checked

    with opened(data_dir) as services:
        with services.db.read() as session:
            draft = checked(session, _draft(session, services.settings, name, **asks))
            by_id = member_named(session, by, services.settings) if by is not None else None
            trial = _tried(session, draft, services.clock.now())
        _say_trial(trial, as_json)
        if not yes:
            click.confirm("Keep this rule?", abort=True, err=True)
        with services.db.write() as session:
            told = _told(session, add_rule(session, draft, by_id, services.clock.now()))
    if as_json:
        say_json(told)
    else:
        click.echo(f"{draft.name} holds from now on: {told['says']}")


@rules.command()
@click.argument("rule")
@data_option
@json_option
def remove(rule: str, data_dir: Path, as_json: bool) -> None:
    """End a rule, by its id or name. `hearthline rules restore` takes that back.

    Example: hearthline rules remove rides
    """
    from engine.conversations.routing_rule import end_rule

    _done(rule, data_dir, as_json, end_rule, "{name} is over; `hearthline rules restore {id}` takes that back.")


@rules.command()
@click.argument("rule")
@data_option
@json_option
def restore(rule: str, data_dir: Path, as_json: bool) -> None:
    """Take back that a rule ended: it holds again, where it stood.

    Example: hearthline rules restore rides
    """
    from engine.conversations.routing_rule import take_back_end

    _done(rule, data_dir, as_json, take_back_end, "{name} holds again.")


def _done(name: str, data_dir: Path, as_json: bool, does: "Callable[..., bool]", says: str) -> None:
    with opened(data_dir) as services, services.db.write() as session:
        row = _named(session, name)
        changed = does(session, row, None, services.clock.now())
        told = _told(session, row)
    if as_json:
        say_json({**told, "changed": changed})
    else:
        click.echo(says.format(**told) if changed else f"{told['name']} was so already; nothing was changed.")


def _named(session: "Session", name: str) -> "RoutingRule":
    """The rule of that id, or the latest of that name. Raises NotFound."""
    from sqlalchemy import func, select

    from engine.base.errors import NotFound
    from engine.conversations.routing_rule import RoutingRule

    found = session.get(RoutingRule, int(name)) if name.isdecimal() and len(name) < 19 else None
    if found is None:
        same = select(RoutingRule).where(func.lower(RoutingRule.name) == name.strip().lower())
        found = session.scalar(same.order_by(RoutingRule.ended_at.is_not(None), RoutingRule.id.desc()).limit(1))
    if found is None:
        raise NotFound(f"There is no rule {name!r}. `hearthline rules list --ended` shows all.")
    return found


def _draft(
    session: "Session", settings: "Settings", name: str, words: tuple[str, ...], address: str, from_number: str,
    to_number: str, language: str | None, chapter: str | None, to: str | None, to_chapter: str | None,
) -> "RuleDraft":  # fmt: skip
    from admin.cli.why import member_named
    from engine.conversations.routing_rule import RuleDraft
    from engine.people.phone import normal_phone

    country = settings.sms.country
    return RuleDraft(
        name=name,
        words=words,
        address=address,
        from_number=normal_phone(from_number, country) if from_number else "",
        to_number=normal_phone(to_number, country) if to_number else "",
        language=language or "",
        chapter_id=_chapter(session, chapter),
        to_chapter_id=_chapter(session, to_chapter),
        to_member_id=member_named(session, to, settings) if to is not None else None,
    )


def _chapter(session: "Session", slug: str | None) -> int | None:
    from sqlalchemy import select

    from engine.base.errors import NotFound
    from engine.chapters.chapter import Chapter

    if slug is None:
        return None
    found = session.scalar(select(Chapter.id).where(Chapter.slug == slug.strip().lower()))
    if found is None:
        raise NotFound(f"There is no chapter {slug!r}. `hearthline chapters add` makes one.")
    return found


def _tried(session: "Session", draft: "RuleDraft", now: Any) -> "RuleTrial":
    from engine.conversations.scope import Scope
    from reply_router.rule_trial import try_draft

    # Whoever has the data folder sees everything anyway.
    everything = Scope(0, frozenset(), everything=True, roles=frozenset({"staff"}))
    return try_draft(session, everything, draft, None, now)


def _say_trial(trial: "RuleTrial", as_json: bool) -> None:
    from admin.cli.options import plain_json

    if as_json:
        say_json(plain_json(trial))
        return
    looked = f"{trial.looked_at:,} messages" if trial.whole else f"the newest {trial.looked_at:,} messages"
    click.echo(
        f"Looked at {looked} since {trial.since:%d %B}. It is for {trial.said:,} of them. Conversations that "
        f"would have begun elsewhere: {trial.moved:,}."
    )
    for each in trial.shown:
        words = each.words if len(each.words) <= 60 else f"{each.words[:59]}…"
        before, after = each.person or each.chapter or "nobody yet", each.to_person or each.to_chapter
        click.echo(f"  {each.at:%d %b}  {each.who}: {words}  ({before} -> {after})")


def _told(session: "Session", row: "RoutingRule") -> dict[str, Any]:
    from engine.chapters.chapter import Chapter
    from engine.people.member import Member

    def chapter(row_id: int | None) -> str:
        found = session.get(Chapter, row_id) if row_id is not None else None
        return found.slug if found is not None else ""

    person = session.get(Member, row.to_member_id) if row.to_member_id is not None else None
    name, lane, at = person.name if person is not None else "", chapter(row.to_chapter_id), chapter(row.chapter_id)
    asks = [*row.words, *(each for each in (row.address, row.from_number, row.to_number, row.language) if each)]
    whereto = " in ".join(each for each in (name, lane) if each)
    return {
        "id": row.id,
        "name": row.name,
        "words": list(row.words),
        "address": row.address or None,
        "from_number": row.from_number or None,
        "to_number": row.to_number or None,
        "language": row.language or None,
        "chapter": at or None,
        "to": name or None,
        "to_chapter": lane or None,
        "paused_at": row.paused_at.isoformat() if row.paused_at else None,
        "ended_at": row.ended_at.isoformat() if row.ended_at else None,
        "says": f"{', '.join(asks) or 'everything'}{f' in {at}' if at else ''} goes to {whereto}.",
    }
