"""A head of a quoted letter is known in every language, and what people write like one stays."""

from pathlib import Path

import pytest

from reply_router.reading import read_text

TABLE = (Path(__file__).parent / "copied_headers.txt").read_text(encoding="utf-8")
HEADS = TABLE.strip().split("\n\n")[1:]

#: What people write that looks like a program's head, between their own words.
TALK = (
    "From: the mill\nTo: the library\nDate: Saturday\nCan somebody drive me?",
    "On Monday at 10:30 she said:\ncome over, there is soup.",
    "On March 3, 2026 at 9:12 we will do the following:\nfirst the chairs, then the tables.",
    "Here is who comes:\nTed\nJune",
    "The original message was kind.\nI answered it.",
    "Time: six\nPlace: the mill\nBring: soup",
    "To: do\n- chairs\n- tables",
    "Subject: rent\nIt rises again.",
    "I forwarded the message to Ted.\nHe will answer.",
    "My mother wrote:\nbring soup.",
    "Write to ted@harbor.example:\nhe has the key.",
    "He said 10:30, she wrote 11:15.\nI do not know.",
    "Please reply above all to Ted, who has waited longest.\nThank you.",
    "2026 will be our year!\nMarch is early.",
)


@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["Unix lines", "Windows lines"])
def test_a_copied_head_goes_with_the_letter_below_it(ending: str) -> None:
    for head in HEADS:
        for own in ("I bring chairs.", "I bring chairs\nand a table"):
            for gap in ("\n", "\n\n"):
                letter = f"{own}\n\n{head}{gap}Will you come on Saturday?\nThere is soup."
                assert read_text(letter.replace("\n", ending)).text == own, head


def test_what_people_write_like_a_head_stays() -> None:
    for talk in TALK:
        letter = f"Hello Maya.\n\n{talk}\n\nSee you."
        assert read_text(letter).text == letter, talk


def test_a_letter_that_begins_with_a_head_keeps_its_words() -> None:
    for head in HEADS:
        assert "Yes, gladly." in read_text(f"{head}\nWill you come?\n\nYes, gladly.").text, head


def test_answers_that_stand_in_an_unmarked_quote_are_kept_when_the_person_says_so() -> None:
    letter = (
        "Hi Maya, my answers are inline.\n\nFrom: Maya <maya@nfp.example>\nSent: Tuesday, March 3, 2026 9:12 AM\n"
        "To: Ted\nSubject: Potluck\n\nWill you come?\nYES, WITH CHAIRS"
    )
    assert "YES, WITH CHAIRS" in read_text(letter).text


def test_words_below_the_end_of_a_forwarded_letter_stay() -> None:
    letter = (
        "Look at this.\n\n----- Forwarded message from Ted <ted@harbor.example> -----\n\nThe rent rises.\n\n"
        "----- End forwarded message -----\n\nWhat shall we do?"
    )
    assert read_text(letter).text == "Look at this.\n\nWhat shall we do?"
