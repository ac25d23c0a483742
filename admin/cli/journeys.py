"""`hearthline journeys`: check, publish, export, schema."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from admin.cli.forecast import forecast
from admin.cli.moving import move_people
from admin.cli.options import data_option, json_option, opened, say_json
from admin.cli.pausing import pause, resume
from admin.cli.simulate import simulate
from admin.cli.walk import walk
from admin.cli.why import why

if TYPE_CHECKING:
    from collections.abc import Iterable

    from admin.publishing import NotLent
    from journeys.findings import Finding
    from journeys.model import Journey
    from journeys.read import Draft
    from templates.catalog import Catalog

letters_option = click.option(
    "--letters",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    help="A folder with letters of your own, beside the library's; again for several.",
)
files_argument = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))


@click.group(short_help="Check, publish and export journeys.")
def journeys() -> None:
    """Check, publish and export journeys.

    Example: hearthline journeys check journeys/library/welcome.yaml
    """


def _catalog(letters: tuple[Path, ...]) -> "Catalog":
    """The library's letters and those of the given folders; what is wrong in a letter is said on standard error."""
    from templates.catalog import library

    catalog = library(*letters)
    for finding in catalog.findings:
        click.echo(f"{finding.file}:{finding.line}:{finding.column}: {finding.what} {finding.fix}", err=True)
    return catalog


def _examined(file: Path, catalog: "Catalog") -> "Draft":
    from journeys.check import check as check_journey
    from journeys.findings import errors
    from journeys.read import read_file

    draft = read_file(file)
    if draft.journey is None:
        return draft
    findings = check_journey(draft.journey, catalog, draft.source)
    return replace(draft, journey=None if errors(findings) else draft.journey, findings=findings)


def _tell(found: "Iterable[Finding]") -> None:
    for finding in found:
        click.echo(str(finding))


@journeys.command()
@files_argument
@letters_option
@json_option
def check(files: tuple[Path, ...], letters: tuple[Path, ...], as_json: bool) -> None:
    """Say what is wrong in journey files, where, and what to write instead. Exit code 1 on an error.

    Example: hearthline journeys check journeys/library/*.yaml --json
    """
    catalog = _catalog(letters)
    bad = False
    for file in files:
        draft = _examined(file, catalog)
        bad = bad or draft.journey is None
        if as_json:
            say_json({"file": str(file), "findings": [finding.as_json() for finding in draft.findings]})
        elif draft.findings:
            _tell(draft.findings)
        else:
            click.echo(f"{file}: nothing to mend.")
    sys.exit(1 if bad else 0)


@journeys.command()
@files_argument
@letters_option
@data_option
@json_option
@click.option(
    "--reach-finishers",
    "new_step",
    metavar="STEP",
    help="Those who finished the journey before it had this step come to it now, each once. Of one journey only.",
)
def publish(
    files: tuple[Path, ...], letters: tuple[Path, ...], data_dir: Path, as_json: bool, new_step: str | None
) -> None:
    """Publish journeys and the letters they send, all or none. What was published before stays as it was.

    Whoever is on an earlier version stays on it; `hearthline journeys move-people` moves them.

    Example: hearthline journeys publish journeys/library/welcome.yaml --data /srv/hearthline
    """
    from admin.publishing import not_lent, publish_checked
    from engine.enrollments.finishers import reach_finishers

    catalog = _catalog(letters)
    ready: list[tuple[Path, Journey]] = []
    for file in files:
        draft = _examined(file, catalog)
        if draft.journey is None:
            _tell(draft.findings)
            click.echo(f"{file} was not published, nor was anything else; what was published before stays.", err=True)
            sys.exit(1)
        ready.append((file, draft.journey))
    if new_step is not None and (len(ready) != 1 or new_step not in ready[0][1].ids):
        raise click.BadParameter(
            f"--reach-finishers names a step of the one journey that is published, and {new_step!r} is none of it."
        )
    reached = 0
    with opened(data_dir) as services:
        now = services.clock.now()
        with services.db.write() as session:
            done = [
                (file, publish_checked(session, file.read_text("utf-8"), journey, catalog, now))
                for file, journey in ready
            ]
            waiting = [
                each
                for (_, version), (_, journey) in zip(done, ready, strict=True)
                for each in not_lent(session, version.version_id, journey, services.settings.mail.domain)
            ]
        if new_step is not None:
            reached = reach_finishers(services.db, done[0][1].slug, new_step, now)
        letters_url = f"{services.settings.doors.admin_url}/letters"
    for file, version in done:
        if as_json:
            say_json(
                {
                    "file": str(file), "journey": version.slug, "version": version.number, "new": version.new,
                    **({"reached": reached} if new_step is not None else {}),
                }
            )  # fmt: skip
        else:
            word = "is published" if version.new else "was published already"
            click.echo(f"{version.title}, version {version.number}, {word}.")
            if new_step is not None:
                people = "1 person who" if reached == 1 else f"{reached} people who"
                click.echo(f"{people} had finished it before come to {new_step} now.")
    for each in dict.fromkeys(waiting):
        click.echo(_for_now(each, letters_url), err=True)


def _for_now(each: "NotLent", letters_url: str) -> str:
    """What a letter without a name waits for, in one sentence."""
    if not each.known:
        return (
            f"{each.letter} goes out from the desk: nobody here has the address {each.signer}. "
            "Invite them, or let somebody else sign."
        )
    who = "somebody's organizer" if each.signer is None else each.signer
    return f"{each.letter} goes out from the desk until {who} lends it their name, at {letters_url}/{each.version_id}."


@journeys.command()
@click.argument("slug")
@data_option
def export(slug: str, data_dir: Path) -> None:
    """Write a published journey's YAML to standard output, exactly as it was published.

    Example: hearthline journeys export welcome > welcome.yaml
    """
    from engine.enrollments.journey import export_journey

    with opened(data_dir) as services, services.db.read() as session:
        click.echo(export_journey(session, slug), nl=False)


@journeys.command()
@json_option
def rules(as_json: bool) -> None:
    """Say every rule that `check` holds a journey to, and what to write instead.

    Example: hearthline journeys rules
    """
    from journeys.rules import RULES

    for name, rule in RULES.items():
        if as_json:
            say_json({"rule": name, "level": rule.level, "holds": rule.holds, "instead": rule.instead})
        else:
            click.echo(f"{name} ({rule.level}): {rule.holds} {rule.instead}")


@journeys.command()
def reference() -> None:
    """Write every key of journey files, in Markdown, to standard output.

    Example: hearthline journeys reference > reference.md
    """
    from journeys.reference import reference as journey_reference

    click.echo(journey_reference(), nl=False)


@journeys.command()
def schema() -> None:
    """Write the JSON Schema of journey files to standard output.

    Example: hearthline journeys schema > journey.schema.json
    """
    import json

    from journeys.schema import schema as journey_schema

    click.echo(json.dumps(journey_schema(), indent=2, ensure_ascii=False))


journeys.add_command(forecast)
journeys.add_command(simulate)
journeys.add_command(walk)
journeys.add_command(why)
journeys.add_command(move_people)
journeys.add_command(pause)
journeys.add_command(resume)
