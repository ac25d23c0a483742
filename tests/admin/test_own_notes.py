"""Own notes: whoever wrote notes says what of each goes on, before others answer in their place."""

import re

import pytest

from admin.handed_over import replies_reach_who_took_over
from engine.conversations.message import write_note
from engine.conversations.reply_test import ReplyTest, owe_tests
from engine.conversations.thread import Thread
from tests.admin.town import NOON, Town

TOLD = "She has cancer. Call 404-555-0190 after six."


def noted(town: Town, text: str, thread: int) -> int:
    with town.write() as session:
        return write_note(session, session.get_one(Thread, thread), town.people["denise"], text, NOON).id


def test_each_note_is_shown_with_what_goes_on_and_the_choice_holds(town: Town) -> None:
    thread = town.hears("rosa", "Hello?", chapter="atlanta", to="denise")
    first, second, third = (noted(town, each, thread) for each in (TOLD, "Loves soup.", "In confidence: may move."))
    denise, maya = town.signed_in("denise"), town.signed_in("maya")
    page = denise.sees("/me/notes")
    assert TOLD in page and "[…] Call ••• after six." in page and "Left out: health." in page
    assert "it does not go on unless you choose that" in page
    chosen = re.findall(r'name="note-(\d+)" value="(\w+)" checked', page)
    assert chosen == [(str(third), "keep"), (str(second), "pass"), (str(first), "pass")]
    assert "You have written no notes." in maya.sees("/me/notes")
    maya.presses("/me/notes", **{f"note-{first}": "delete"})
    for _ in range(2):
        denise.presses("/me/notes", **{f"note-{first}": "pass", f"note-{second}": "delete", "note-x": "keep"})
    assert "Loves soup." not in denise.sees("/me/notes")
    denise.presses("/me/absence")
    assert "Of your notes 1 are read by whoever answers now" in denise.sees("/me")
    theirs, own = maya.sees(f"/conversations/{thread}"), denise.sees(f"/conversations/{thread}")
    assert "[…] Call ••• after six." in theirs and "cancer" not in theirs and "0190" not in theirs
    assert "Denise Okafor keeps this note." in theirs and "may move" not in theirs
    assert TOLD in own and "In confidence: may move." in own and "Others read:" in own


def test_a_note_kept_to_oneself_is_read_by_nobody_else_and_found_by_no_search(town: Town) -> None:
    thread = town.hears("rosa", "Hello?", chapter="atlanta", to="denise")
    denise, maya = town.signed_in("denise"), town.signed_in("maya")
    denise.presses(f"/conversations/{thread}/notes", text="Worried about her son.", mine="yes")
    assert "Only you read this." in denise.sees(f"/conversations/{thread}")
    for path in (f"/conversations/{thread}", "/all?q=worried", "/people", f"/people/{town.people['rosa']}"):
        assert "Worried about her son." not in maya.sees(path)


@pytest.mark.parametrize("reached", [True, False])
def test_the_doctor_says_where_a_reply_would_not_reach_who_took_over(town: Town, reached: bool) -> None:
    thread = town.hears("rosa", "Hello?", chapter="atlanta", to="denise")
    with town.write() as session:
        owe_tests(session, {thread: town.people["denise"]}, NOON)
    with town.write() as session:
        row = session.get_one(ReplyTest, thread)
        row.tested_at, row.reached, row.says = NOON, reached, "Nobody would hear of it."
    with town.services.db.read() as session:
        check = replies_reach_who_took_over(session, NOON, town.services.settings)
    assert check.ok is reached and (reached or f"/conversations/{thread}: Nobody" in check.says)
