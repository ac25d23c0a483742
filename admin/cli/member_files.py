"""`hearthline members import`: a file of people becomes members."""

import gc
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from admin.cli.options import data_option, json_option, opened, say_json

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from engine.base.services import Services
    from engine.people.importing.entry import Terms
    from engine.people.importing.recipe import Layout
    from engine.people.importing.sheet import Sheet

#: Refused rows shown; all of them stand in a file.
SHOWN = 10
KINDS = ("new", "update", "same", "refused")


@click.command("import", short_help="Bring in a file of people.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--recipe", default=None, help="plain, action-network or mobilize; else it is found by the header.")
@click.option("--map", "maps", multiple=True, metavar="COLUMN=FIELD", help="What a column means; again for several.")
@click.option("--chapter", "chapters", multiple=True, help="Everybody of the file joins it; again for several.")
@click.option("--source", default="", help="Where these people come from, in words; else the file's name.")
@click.option("--country", default=None, help="Of phones written without one, such as US; else as in the settings.")
@click.option("--journey", default=None, help="The journey that says hello, or none; else the one that newcomers get.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@click.option("--skip-refused", is_flag=True, help="Bring in the others when some rows are refused.")
@data_option
@json_option
def import_(
    file: Path,
    recipe: str | None,
    maps: tuple[str, ...],
    chapters: tuple[str, ...],
    source: str,
    country: str | None,
    journey: str | None,
    dry_run: bool,
    skip_refused: bool,
    data_dir: Path,
    as_json: bool,
) -> None:
    """Bring in a file of people: an export of Action Network or Mobilize, or any sheet with a header.

    All of the file or nothing: one refused row stops it, unless --skip-refused is given. Run again, it doubles nobody.
    With --json, one line for each row {row, verdict, why}, numbered as a spreadsheet shows them, then the totals.

    Example: hearthline members import people.csv --chapter atlanta --source "Sign-up table, May fair" --dry-run
    """
    from engine.people.importing.recipe import lay_out
    from engine.people.importing.sheet import open_sheet

    sheet = open_sheet(file)
    layout = lay_out(sheet.header, recipe=recipe, mapping=_mapping(maps))
    with opened(data_dir) as services:
        with services.db.read() as session:
            terms = _terms(session, services, file, source, country, chapters)
            hello = _hello(session, journey)
        if not as_json:
            _say_how(sheet, layout, hello)
        totals = _run(services, sheet, layout, terms, hello, dry_run=dry_run, skip=skip_refused, as_json=as_json)
    if not (totals["imported"] or dry_run):
        click.echo(
            f"hearthline: nothing was brought in, because {_rows(totals['refused'])} refused. What is refused "
            f"stands in {totals['refused_file']} with the reason. Mend it, or bring in the others with --skip-refused.",
            err=True,
        )
        sys.exit(1)


def _run(
    services: "Services",
    sheet: "Sheet",
    layout: "Layout",
    terms: "Terms",
    hello: tuple[int, str] | None,
    *,
    dry_run: bool,
    skip: bool,
    as_json: bool,
) -> dict[str, Any]:
    """Both passes over the file; the totals, which have been said."""
    from admin.cli.refused_rows import RefusedRows
    from engine.base.errors import Invalid
    from engine.enrollments.importing.bring_in import Plan, bring_in
    from engine.enrollments.importing.examine import examine
    from engine.people.importing.staging import Staging

    counts: Counter[str] = Counter()
    shown: list[str] = []
    with ExitStack() as stack, _rare_collections():
        staging = stack.enter_context(Staging())
        refused = stack.enter_context(RefusedRows(sheet.path, layout.header, services.settings.data_dir))
        with _bar("Reading", sheet.about_rows, quiet=as_json) as advance:
            for judged in examine(services.db, sheet.rows(), layout, terms, staging):
                for row, verdict in judged.rows:
                    counts[verdict.kind] += 1
                    if verdict.kind == "refused":
                        shown += [f"row {row.number}: {verdict.why}"] if len(shown) < SHOWN else []
                        if not dry_run:
                            refused.add(row.cells, verdict.why)
                if as_json:
                    _say_verdicts(judged.rows)
                advance(len(judged.rows))
        if not counts:
            raise Invalid(f"{sheet.path} has a header and nobody under it.")
        goes_in = not dry_run and (skip or not counts["refused"])
        totals = {"total": counts.total(), **{kind: counts[kind] for kind in KINDS}}
        news = counts["new"] + counts["update"]
        if goes_in and news:
            plan = Plan(
                terms.file_name, layout.recipe, terms.source, layout.header, news, totals, hello[0] if hello else None
            )
            with _bar("Bringing in", news, quiet=as_json) as advance:
                bring_in(services.db, staging, plan, terms, services.clock.now(), progress=advance)
    answer = {
        **totals,
        "imported": goes_in,
        "dry_run": dry_run,
        "recipe": layout.recipe,
        "hello": hello[1] if hello else None,
        "refused_file": str(refused.path) if refused.path else None,
    }
    if as_json:
        say_json(answer)
    else:
        _say_totals(answer, shown)
    return answer


def _mapping(maps: tuple[str, ...]) -> dict[str, str]:
    from engine.base.errors import Invalid

    found = {}
    for each in maps:
        column, equals, field = each.rpartition("=")
        if not equals or not column.strip():
            raise Invalid(f'--map {each!r} is not COLUMN=FIELD, such as --map "Contact=email".')
        found[column.strip()] = field
    return found


def _terms(
    session: "Session", services: "Services", file: Path, source: str, country: str | None, chapters: tuple[str, ...]
) -> "Terms":
    from engine.base.errors import Invalid
    from engine.enrollments.importing.facts import chapters_by_key
    from engine.enrollments.joining import chapter_of
    from engine.people.importing.entry import Terms, country_of

    if len(source) > 120:
        raise Invalid("The source is longer than 120 letters.")
    return Terms(
        file.name,
        source or f"the file {file.name}"[:120],
        country_of(country or services.settings.sms.country),
        services.settings.organization.language,
        chapters_by_key(session),
        [chapter_of(session, slug).id for slug in chapters],
    )


def _hello(session: "Session", journey: str | None) -> tuple[int, str] | None:
    from engine.enrollments.importing.hello import NONE, hello_journey

    found = hello_journey(session, journey)
    if found is None and journey != NONE:
        click.echo(
            "hearthline: no journey begins when somebody joins, so nobody of this file will be written to. Publish one "
            "first if they are to get a hello, such as `hearthline journeys publish journeys/library/welcome.yaml`.",
            err=True,
        )
    return found


def _say_how(sheet: "Sheet", layout: "Layout", hello: tuple[int, str] | None) -> None:
    recipes = {"plain": "a plain sheet", "action-network": "an Action Network export", "mobilize": "a Mobilize export"}
    click.echo(f"{sheet.path.name} is read as {recipes[layout.recipe]} ({sheet.encoding}).")
    if layout.unread:
        click.echo(f"Not read: {', '.join(layout.unread)}. To keep a column, say --map COLUMN=custom.NAME.")
    if hello:
        click.echo(
            f"The first they hear is the hello of the journey {hello[1]}, by mail; no texts until they ask for them."
        )


def _say_verdicts(rows: Any) -> None:
    sys.stdout.write(
        "".join(
            json.dumps({"row": each.row, "verdict": each.kind, "why": each.why}, ensure_ascii=False) + "\n"
            for _, each in rows
        )
    )
    sys.stdout.flush()


def _say_totals(totals: Mapping[str, Any], shown: list[str]) -> None:
    for line in shown:
        click.echo(f"Refused: {line}")
    if totals["refused"] > len(shown):
        click.echo(f"Refused: and {totals['refused'] - len(shown):,} more.")
    if totals["imported"] and totals["refused_file"]:
        click.echo(f"The refused rows stand in {totals['refused_file']}, each with its reason.")
    what = "Would be" if totals["dry_run"] else "Brought in" if totals["imported"] else "Found"
    click.echo(
        f"{what}: {totals['new']:,} new, {totals['update']:,} updated, {totals['same']:,} the same, "
        f"{totals['refused']:,} refused, of {totals['total']:,} rows."
    )


def _rows(count: int) -> str:
    return "one row is" if count == 1 else f"{count:,} rows are"


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Garbage is looked for seldom: a batch is some hundred thousand objects that die by themselves all at once.

    Walking through them again and again took half of the time.
    """
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(1_000_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


@contextmanager
def _bar(title: str, total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal; nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda _rows: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=total)
        yield lambda rows: progress.advance(task, rows)
