"""`hearthline route`: what would become of files, in fields and drawn, on both databases, and nothing is done."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.base.db import Database
from engine.chapters.chapter import add_chapter
from engine.chapters.membership import give_role, join
from engine.people.address import add_email
from engine.people.member import add_member
from tests.cli.shell import Ran, hearthline
from tests.database import postgres_database

MAIL = "From: Rosa Marin <rosa@home.example>\nTo: {to}\nSubject: Saturday\n\nCan I get a ride?\n"
TEXT = {"From": "+14045550142", "To": "+14045550100", "Body": "STOP", "MessageSid": "SM1"}


def _told(ran: Ran) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ran.out.splitlines()]


def _peopled(url: str) -> None:
    """Atlanta with Denise, its steward, and Rosa, a member."""
    db, now = Database(url), datetime.now(UTC)
    with db.write() as session:
        atlanta, _ = add_chapter(session, "Atlanta", "atlanta", now, zone="America/New_York", language="en")
        give_role(session, add_member(session, "Denise Okafor", now).id, atlanta, "steward", now)
        rosa = add_member(session, "Rosa Marin", now)
        add_email(session, rosa.id, "rosa@home.example", now)
        join(session, rosa.id, atlanta, now)
    db.close()


def _files(folder: Path) -> list[Path]:
    mail, text, words = folder / "mail.eml", folder / "text.json", folder / "words.txt"
    mail.write_text(MAIL.format(to="else@far.example, Atlanta <atlanta@nfp.example>"))
    text.write_text(json.dumps(TEXT))
    words.write_text("Can I get a ride?\n")
    return [mail, folder / "nothing.eml", text, words]


def test_each_file_has_its_line_and_the_database_file_is_what_it_was(data: Path, tmp_path: Path) -> None:
    _peopled(f"sqlite:///{data}/hearthline.db")
    before = (data / "hearthline.db").read_bytes()
    ran = hearthline("route", *_files(tmp_path), "--from", "rosa@home.example", "--json", "--data", data)
    assert ran.code == 1, "one of the files is not there"
    mail, nothing, text, words = _told(ran)
    assert (mail["outcome"], mail["rule"], mail["chapter"], mail["assignee"]) == (
        "thread", "chapter", "atlanta", "Denise Okafor",
    )  # fmt: skip
    assert mail["why"] == "Rosa wrote to Atlanta without answering anything of ours."
    assert (mail["effect"], mail["thread"], mail["opens_thread"], mail["kind"]) == (None, None, True, "human")
    assert nothing["outcome"] is None and nothing["kind"] == "unreadable" and "No such file" in nothing["error"]
    assert (text["outcome"], text["effect"], text["sms"]) == ("command", "opt_out", {"class": "stop"})
    assert (words["outcome"], words["rule"], words["assignee"]) == ("thread", "chapter", "Denise Okafor")
    assert (data / "hearthline.db").read_bytes() == before
    assert not os.path.exists(data / "hearthline.db-wal")


def test_on_postgresql_it_says_the_same_and_people_see_it_drawn(data: Path, tmp_path: Path) -> None:
    with postgres_database() as url:
        env = {"HEARTHLINE_DATABASE_URL": url}
        _peopled(url)
        mail = _files(tmp_path)[0]
        ran = hearthline("route", mail, "--to", "hello@nfp.example", "--data", data, env=env)
    assert ran.code == 0, ran.err
    assert "Can I get a ride?" in ran.said
    assert "to a conversation" in ran.said and "Rosa wrote to us without answering anything of ours." in ran.said
    assert "a new conversation Atlanta" in ran.said and "Denise Okafor" in ran.said
