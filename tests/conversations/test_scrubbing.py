"""Scrubbing: what was confided to one person is not in what the next one reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.conversations.scrubbing import scrub

GOES_ON = [
    ("Prefers calls after six. Ran the lunch line for 22 years.", None),
    ("Loves soup. She has cancer. It is getting worse. Wants to host!", "Loves soup. […] Wants to host!"),
    ("Reach her at (404) 555-0190 or rosa@home.example, not before noon.", "Reach her at ••• or •••, not before noon."),
    ("Lives at 12 Oak Street apt 4. Back on 2026-03-02, at 10.30.", "Lives at •••. Back on 2026-03-02, at 10.30."),
    ("Cocina los domingos. Está enfermo desde marzo.", "Cocina los domingos. […]"),
    ("Vive en la calle Sol 14. No tiene papeles: está indocumentada.", "Vive en la •••. […]"),
    ("Her page is https://rosa.example/me.", "Her page is •••"),
    ("He was arrested last year. Brings chairs.", "[…] Brings chairs."),
    ("Going through a divorce\nWants to host in May", "[…] Wants to host in May"),
    ("St. Mark's church on 3/4/2026; the meeting is at 6.", None),
    ("I'll bring the chairs. Dragging them is still fine.", None),
]  # fmt: skip


@pytest.mark.parametrize(("note", "goes"), GOES_ON)
def test_a_note_goes_on_without_what_was_confided(note: str, goes: str | None) -> None:
    found = scrub(note)
    assert " ".join(found.text.split()) == (goes or note) and found.is_whole == (goes is None)
    assert not found.confided


@pytest.mark.parametrize(
    "note",
    [
        "Told me in confidence that the treasurer drinks.",
        "Between us: he wants to run next year.",
        "No le digas a nadie, pero piensa mudarse.",
        "Me lo contó en confianza.",
    ],
)
def test_a_note_that_says_it_was_told_in_confidence_is_known_as_that(note: str) -> None:
    assert scrub(note).confided


@given(
    before=st.text("abcdefg .!?\n,", max_size=30),
    number=st.from_regex(r"\(?[2-9]\d{2}\)?[ .-]?[2-9]\d{2}[ .-]?\d{4}", fullmatch=True),
    after=st.text("abcdefg .!?\n,", max_size=30),
)
def test_no_phone_number_ever_goes_on(before: str, number: str, after: str) -> None:
    assert number not in scrub(f"{before} {number} {after}").text


@given(note=st.text(max_size=300))
def test_any_words_can_be_scrubbed_and_scrubbing_twice_is_scrubbing_once(note: str) -> None:
    once = scrub(note).text
    assert scrub(once).text == once
