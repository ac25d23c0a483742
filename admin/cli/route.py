"""`hearthline route`: what would become of mails and texts here, with nothing done."""

import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from admin.cli.file_names import FileNames
from admin.cli.options import data_option, json_option, opened

if TYPE_CHECKING:
    from admin.cli.arriving import Envelope
    from admin.cli.drawing import Look
    from engine.base.services import Services

#: Sentences for what stands in the way of one file; the rest go on.
_OUR_TROUBLE: Final = "It could not be tried: {}"


@click.command(short_help="Say what would become of a mail or a text here.")
@click.argument("paths", nargs=-1, required=True)
@click.option("--as", "kind", type=click.Choice(("auto", "mail", "text", "html", "sms", "calendar")), default="auto",
              show_default=True, help="What the files are.")  # fmt: skip
@click.option("--to", default=None, help="The address or number it came to; else the first of ours in To or Cc.")
@click.option("--from", "from_", default=None, help="Whose words bare text or HTML is: an address.")
@click.option("--mail-from", default=None, help="The envelope's sender, empty for none; else Return-Path.")
@click.option("--from-peer", default="", help="The network address that brought it, for what its sender is proven by.")
@click.option("--whole", is_flag=True, help="Draw all that was folded, however long.")
@data_option
@json_option
def route(
    paths: tuple[str, ...], kind: str, to: str | None, from_: str | None, mail_from: str | None, from_peer: str,
    whole: bool, data_dir: Path, as_json: bool,
) -> None:  # fmt: skip
    """Say what would become of each file if it came in now: which rule decides, why, in which conversation it would
    stand, and who would answer. It takes the real way, staff's own rules too, and changes nothing.

    `-` takes the files' names from standard input, one a line. A mail's envelope is its To and Return-Path unless you
    say otherwise; `sms` is one webhook's fields, which name both phones.

    With --json, one object a line, in order: all that `hearthline read` says of it, and outcome, effect, rule, why,
    thread (the conversation's id; null where it would open one, and then opens_thread is true), chapter (its short
    name), assignee (their name), proof. null where there is none. What read calls why is read_why here.

    Ends with 0 when all were routed, 1 when one could not be read or tried, 2 when it was asked wrongly.

    Example: hearthline route reply.eml --data hearthline-data
    """
    from admin.cli.arriving import Envelope
    from admin.cli.read import json_line, look_at, write_any_character

    names = FileNames([each for each in paths if each != "-"], sys.stdin.fileno() if "-" in paths else None)
    look = None if as_json else look_at(whole)
    write_any_character(as_json)
    envelope = Envelope(None if kind == "auto" else kind, to, from_, mail_from, from_peer)
    told: Counter[str] = Counter()
    well = True
    try:
        with opened(data_dir) as services:
            for path in _each(names):
                answer = _one(services, path, envelope)
                sys.stdout.write(json_line(answer.found) if look is None else _drawn(answer.found, look))
                sys.stdout.flush()
                told[answer.found["outcome"] or "not tried"] += 1
                well = well and answer.well
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    if look is not None and told.total() > 1:
        counted = ", ".join(f"{count:,} {outcome.replace('_', ' ')}" for outcome, count in told.most_common())
        click.echo(f"{told.total():,} files: {counted}.")
    if not well:
        sys.exit(1)


@dataclass(frozen=True, slots=True)
class _Answer:
    found: dict[str, Any]
    well: bool


#: What a file has that could not be tried.
_NOTHING: Final[dict[str, Any]] = {
    "outcome": None, "effect": None, "rule": None, "why": None, "thread": None, "opens_thread": False,
    "chapter": None, "chapter_name": None, "assignee": None, "proof": None,
}  # fmt: skip


def _one(services: "Services", path: str, envelope: "Envelope") -> _Answer:
    from admin.cli.arriving import arriving
    from admin.cli.found import found_of, unreadable
    from engine.base.errors import HearthlineError
    from reply_router.trial import try_out

    began = time.perf_counter()
    arrived = arriving(path, envelope, services.settings)
    if isinstance(arrived, dict):
        return _Answer({**_renamed(arrived), **_NOTHING}, well=False)
    try:
        reading, trial = try_out(services, arrived.arrived)
    except MemoryError:
        raise
    except Exception as trouble:  # a batch goes on, whatever one file does
        says = str(trouble) if isinstance(trouble, HearthlineError) else f"{type(trouble).__name__}."
        found = unreadable(path, _OUR_TROUBLE.format(says), arrived.kind, time.perf_counter() - began)
        return _Answer({**_renamed(found), **_NOTHING}, well=False)
    found = found_of(path, arrived.kind, reading, time.perf_counter() - began)
    return _Answer(
        {
            **_renamed(found),
            "outcome": trial.outcome,
            "effect": trial.effect or None,
            "rule": trial.rule,
            "why": trial.why,
            "thread": trial.thread_id,
            "opens_thread": trial.opens,
            "chapter": trial.chapter or None,
            "chapter_name": trial.chapter_name or None,
            "assignee": trial.assignee or None,
            "proof": trial.proof or None,
        },
        well=found["kind"] != "unreadable",
    )


def _renamed(found: dict[str, Any]) -> dict[str, Any]:
    """What was read, with the reader's own reasons beside the rule's."""
    return {**found, "read_why": found["why"]}


def _each(names: FileNames) -> Iterator[str]:
    while True:
        name = names.take()
        if name is not None:
            yield name
        elif names.more:
            names.fill()
        else:
            return


def _drawn(found: dict[str, Any], look: "Look") -> str:
    from admin.cli.drawing import drawn_route

    return drawn_route(found, look)
