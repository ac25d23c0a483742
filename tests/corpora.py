"""The shared set of real mails, texts and calendars, which is not ours and so not in the project: where it is.

`HEARTHLINE_CORPORA` names its folder; else it is looked for beside the checkout. Whoever uses it says so when it is not
there: nothing is passed over in silence.
"""

import json
import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
#: As what each kind of file is read; the rest are mails.
READ_AS = {
    "reply_text": "text", "signature": "text", "forward_text": "text", "unwrap_text": "text",
    "reply_html": "html", "html": "html", "sms_in": "sms", "ics": "calendar", "ics_rsvp": "calendar",
}  # fmt: skip
#: What is no letter, text or calendar of a member's: a provider's call, an SMTP dialogue.
NOT_READ = {"sms_status", "smtp_smuggling", "unsubscribe"}


def folder() -> Path | None:
    """Where the set is; None when it is nowhere."""
    named = os.environ.get("HEARTHLINE_CORPORA")
    places = [Path(named)] if named else [up / "shared" / "corpora" for up in (ROOT.parent, *ROOT.parent.parents)]
    return next((place / "dev" for place in places if (place / "dev" / "manifest.jsonl").is_file()), None)


def rows() -> list[dict[str, Any]]:
    """The set's list, each row with its `path`; empty without the set."""
    place = folder()
    if place is None:
        return []
    listed = [json.loads(line) for line in (place / "manifest.jsonl").read_text("utf-8").splitlines()]
    return [{**row, "path": place / row["file"]} for row in listed if row["kind"] not in NOT_READ]


def files_of(read_as: str) -> list[Path]:
    """The files that are read as this."""
    return [row["path"] for row in rows() if READ_AS.get(row["kind"], "mail") == read_as]


def said_absent() -> str:
    """The sentence for a run without the set."""
    return "The shared set of mails is not here (HEARTHLINE_CORPORA names its folder): nothing was read from it."
