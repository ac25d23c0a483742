"""What a person wrote is found, whatever program sent it, and nothing of the rest is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reply_router.reading import read, read_html, read_text
from tests.reply_router.reading.cases import Case, cases

REPLIES = cases("replies")


@pytest.mark.parametrize("case", REPLIES, ids=lambda case: case.name)
def test_the_words_a_person_wrote_are_found(case: Case) -> None:
    reading = read(case.raw)
    assert reading.kind == "human"
    assert reading.text == case.expected


@pytest.mark.parametrize("case", REPLIES, ids=lambda case: case.name)
def test_what_is_cut_stands_in_the_folded_parts(case: Case) -> None:
    reading = read(case.raw)
    kept = "".join("".join([reading.text, *(part.text for part in reading.folded)]).split())
    for word in reading.body.split():
        assert word in kept


def test_a_folded_part_knows_where_it_stood() -> None:
    reading = read_text("Hello.\n\n> Can you come?\n\nYes.\n\n> Can you cook?\n\nRice.")
    assert reading.text == "Hello.\n\nYes.\n\nRice."
    assert [part.text for part in reading.folded] == ["> Can you come?", "> Can you cook?"]
    assert reading.text[: reading.folded[0].at].strip() == "Hello."
    assert reading.text[: reading.folded[1].at].strip() == "Hello.\n\nYes."


OURS = """Hi Rosa,

What brought you to the porch? A few of us meet at the mill on Saturday,
and somebody always brings soup.

Would you like to come along with your neighbor?

Maya"""


def test_our_own_words_are_the_quote_even_without_any_mark() -> None:
    reading = read_text(f"I moved here in May.\n\n{OURS}", sent=OURS)
    assert reading.text == "I moved here in May."


def test_our_own_words_are_found_when_a_program_wrapped_them_anew() -> None:
    again = OURS.replace("Saturday,\nand", "Saturday, and\n").replace("along with", "along\nwith")
    assert read_text(f"I moved here in May.\n\n{again}", sent=OURS).text == "I moved here in May."


def test_answers_between_our_unmarked_words_stay_in_their_places() -> None:
    answered = OURS.replace("soup.", "soup.\n\nI can bring bread!").replace("neighbor?", "neighbor?\n\nShe is away.")
    assert read_text(answered, sent=OURS).text == "I can bring bread!\n\nShe is away."


def test_a_short_answer_that_takes_up_our_words_stays() -> None:
    answer = "Yes, on Saturday, and somebody"
    quote = "\n".join(f"> {line}" for line in OURS.splitlines())
    assert read_text(quote.replace("> Would you", f"{answer}\n> Would you"), sent=OURS).text == answer


def test_an_answer_below_our_unmarked_words_is_found() -> None:
    letter = f"On Tue, Mar 3, 2026 at 9:12 AM Maya <maya@nfp.example> wrote:\n{OURS}\n\nYes, gladly."
    assert read_text(letter, sent=OURS).text == "Yes, gladly."


HEADER = """From: Maya <maya@nfp.example>
Sent: Tuesday, March 3, 2026 9:12 AM
To: Rosa <rosa@valley.example>
Subject: Hello

"""
OLDER = """

From: Rosa <rosa@valley.example>
Sent: Monday, March 2, 2026 8:00 PM
To: Maya <maya@nfp.example>
Subject: Hello

How do I join?"""


def test_below_a_copied_header_only_our_words_and_older_letters_are_folded() -> None:
    answered = OURS.replace("soup.", "soup.\n\nI can bring bread!")
    assert read_text(f"See below.\n\n{HEADER}{answered}{OLDER}", sent=OURS).text == "See below.\n\nI can bring bread!"
    assert read_text(f"{HEADER}{OURS}\n\nYes, gladly.{OLDER}", sent=OURS).text == "Yes, gladly."
    assert read_text(f"{HEADER}{OURS}", sent=OURS).text == ""


def test_a_person_who_repeats_a_few_of_our_words_keeps_them() -> None:
    text = "What brought you to the porch? Well, my grandmother did, and I stayed for the soup."
    assert read_text(text, sent=OURS).text == text


def test_an_answer_we_offered_stays_when_they_choose_it_in_our_words() -> None:
    sent = f"{OURS}\n\nWrite back with one of these: Meet neighbors nearby. Lend a hand. Just read for now."
    quoted = "\n".join(f"> {line}" for line in sent.splitlines())
    for below in (f"On Monday, March 2, 2026 at 9:00, Maya wrote:\n{quoted}", f"{HEADER}{sent}", quoted):
        assert read_text(f"Just read for now\n\n{below}", sent=sent).text == "Just read for now"


def test_without_our_words_an_unmarked_quote_at_the_top_is_kept_rather_than_the_answer_lost() -> None:
    letter = "On Tue, Mar 3, 2026 at 9:12 AM Maya <maya@nfp.example> wrote:\nWill you come?\n\nYes, gladly."
    assert "Yes, gladly." in read_text(letter).text


def test_html_is_shown_without_pictures_styles_forms_and_scripts() -> None:
    reading = read_html(
        '<p style="color:red">Hi <img src="https://spy.example/x.gif"><script>alert(1)</script>'
        '<form action="/x"><input name=a></form><a href="javascript:x()">a</a> <a href="https://mill.example">b</a></p>'
    )
    assert reading.html is not None
    for bad in ("<img", "<script", "style=", "<form", "<input", "javascript:", "alert"):
        assert bad not in reading.html
    assert 'href="https://mill.example"' in reading.html
    assert "noopener" in reading.html


def test_markup_that_a_person_typed_is_words() -> None:
    letter = b"Subject: x\n\n{{7*7}} <script>alert(1)</script>"
    assert read(letter).text == "{{7*7}} <script>alert(1)</script>"


@given(st.text(alphabet="ab \n>:@.-_1O", max_size=300), st.text(max_size=60))
def test_no_word_of_any_text_is_lost(text: str, sent: str) -> None:
    reading = read_text(text, sent=sent)
    kept = "".join("".join([reading.text, *(part.text for part in reading.folded)]).split())
    assert sorted(kept) == sorted("".join(reading.body.split()))
