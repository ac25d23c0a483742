"""`hearthline read`: what is found in a mail or a text, without an installation."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from admin.cli.options import json_option, say_json

if TYPE_CHECKING:
    from reply_router.reading import Reading

KINDS = ("mail", "text", "html", "sms", "calendar")


@click.command(short_help="Say what is found in a mail or a text.")
@click.argument("files", nargs=-1, required=True)
@click.option("--as", "kind", type=click.Choice(KINDS), default="mail", show_default=True, help="What the files are.")
@json_option
def read(files: tuple[str, ...], kind: str, as_json: bool) -> None:
    """Say what is found in each file: the words a person wrote, what kind of message it is, and why.

    `-` takes the files' names from standard input, one a line. `sms` is one webhook's fields as a JSON object, `text`
    and `html` are the bare words of a mail. With --json, one object a line: file, kind (human, auto_reply, bounce,
    complaint, calendar_reply, machine, unreadable), subject, text, signature, body, recipients (of a bounce: address,
    class, status), calendar (method, uid, attendees: address, partstat), sms (class: stop, stop_lenient, start,
    start_or_answer, help, wrong_number, human_flag, empty, human), attachments (name, type, size), seconds.

    Example: hearthline read reply.eml
    """
    broken = False
    for name in _names(files):
        try:
            found = _READERS[kind](Path(name).read_bytes())
        except OSError as error:
            click.echo(f"{name}: it cannot be read ({error.strerror}).", err=True)
            broken = True
            continue
        if as_json:
            say_json({"file": name, **found})
        else:
            _show(name, found)
    if broken:
        sys.exit(1)


def _names(files: tuple[str, ...]) -> list[str]:
    if files != ("-",):
        return list(files)
    return [line for line in (each.rstrip("\r\n") for each in sys.stdin) if line]


def _mail(raw: bytes) -> dict[str, Any]:
    from reply_router.reading import read as read_mail

    return _of(read_mail(raw))


def _text(raw: bytes) -> dict[str, Any]:
    from reply_router.reading import read_text

    return _of(read_text(raw.decode("utf-8", "replace")))


def _html(raw: bytes) -> dict[str, Any]:
    from reply_router.reading import read_html

    return _of(read_html(raw.decode("utf-8", "replace")))


def _calendar(raw: bytes) -> dict[str, Any]:
    from reply_router.reading import read_calendar

    return _of(read_calendar(raw))


def _sms(raw: bytes) -> dict[str, Any]:
    from reply_router.reading.text_message import message_of
    from reply_router.reading.texts import TextKind

    began = time.perf_counter()
    try:
        given = json.loads(raw)
    except ValueError:
        given = {}
    form = {str(name): str(value) for name, value in given.items()} if isinstance(given, dict) else {}
    text = message_of(form)
    # Joining, leaving and taps need to know our chapters and words: by themselves they are somebody's words.
    known = text.kind not in (TextKind.JOIN, TextKind.LEAVE, TextKind.TAPBACK)
    return {
        "kind": "human",
        "subject": None,
        "text": text.body,
        "signature": "",
        "body": text.body,
        "recipients": [],
        "calendar": None,
        "sms": {"class": str(text.kind) if known else "human"},
        "attachments": [{"name": "", "type": each.content_type, "size": 0} for each in text.pictures],
        "seconds": time.perf_counter() - began,
    }


_READERS: dict[str, Callable[[bytes], dict[str, Any]]] = {
    "mail": _mail,
    "text": _text,
    "html": _html,
    "sms": _sms,
    "calendar": _calendar,
}


def _of(reading: "Reading") -> dict[str, Any]:
    return {
        "kind": str(reading.kind),
        "subject": reading.subject,
        "text": reading.text,
        "signature": reading.signature,
        "body": reading.body,
        "recipients": [
            {"address": each.address, "class": str(each.failure), "status": each.status} for each in reading.recipients
        ],
        "calendar": asdict(reading.calendar) if reading.calendar else None,
        "sms": None,
        "attachments": [
            {name: value for name, value in asdict(each).items() if name != "index"} for each in reading.attachments
        ],
        "seconds": reading.seconds,
    }


def _show(name: str, found: dict[str, Any]) -> None:
    what = f"{found['kind']}, {found['sms']['class']}" if found["sms"] else found["kind"]
    click.echo(f"{name}: {what}")
    for line in str(found["text"]).splitlines():
        click.echo(f"  {line}")
    for each in found["recipients"]:
        click.echo(f"  {each['address']}: {each['class']} {each['status']}".rstrip())
