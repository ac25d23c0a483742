"""`hearthline rules`: tried, kept, listed, ended and taken back by the command line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from admin.cli.__main__ import hearthline
from engine.base.db import Database
from engine.chapters.chapter import add_chapter
from engine.chapters.membership import give_role
from engine.conversations.message import Words, file_words_in
from engine.conversations.thread import open_thread
from engine.people.address import add_email
from engine.people.member import add_member


@pytest.fixture
def peopled(data: Path) -> Path:
    """Maya at the desk, Atlanta, and one message of this morning."""
    db, now = Database(f"sqlite:///{data}/hearthline.db"), datetime.now(UTC) - timedelta(hours=5)
    with db.write() as session:
        atlanta, _ = add_chapter(session, "Atlanta", "atlanta", now, zone="America/New_York", language="en")
        maya = add_member(session, "Maya Torres", now)
        add_email(session, maya.id, "maya@mail.example", now)
        give_role(session, maya.id, None, "staff", now)
        thread = open_thread(session, now, member_id=None, chapter_id=atlanta, subject="", reason="They wrote.")
        words = Words("Who gives me a ride?", author_name="Ana")
        file_words_in(session, thread, words, now, waits=True, answer_within=timedelta(days=1))
    db.close()
    return data


def _runs(*words: object) -> tuple[int, str]:
    ran = CliRunner().invoke(hearthline, [str(word) for word in words])
    return ran.exit_code, ran.output


def test_a_rule_is_tried_kept_listed_ended_and_taken_back(peopled: Path) -> None:
    asks = ("--word", "ride", "--to", "maya@mail.example", "--data", peopled)
    code, said = _runs("rules", "try", *asks)
    assert code == 0 and "It is for 1 of them. Conversations that would have begun elsewhere: 1." in said
    assert "Ana: Who gives me a ride?  (Atlanta -> Maya Torres)" in said
    assert "No rules yet" in _runs("rules", "list", "--data", peopled)[1]
    code, said = _runs("rules", "add", "rides", *asks, "--yes")
    assert code == 0 and "rides holds from now on: ride goes to Maya Torres." in said
    assert '"words": ["ride"]' in _runs("rules", "list", "--json", "--data", peopled)[1]
    assert "rides is over" in _runs("rules", "remove", "rides", "--data", peopled)[1]
    assert "(over)" in _runs("rules", "list", "--ended", "--data", peopled)[1]
    assert "rides holds again." in _runs("rules", "restore", "rides", "--data", peopled)[1]
