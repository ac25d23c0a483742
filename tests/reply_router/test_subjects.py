"""Which subjects are still the same one, whatever mail programs put before them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reply_router.subject import bare, is_changed

HELLO = "What brought you up the steps, Rosa?"
SAME = (
    HELLO, f"Re: {HELLO}", f"RE: Re: re: {HELLO}", f"AW: {HELLO}", f"SV: {HELLO}", f"RV: {HELLO}", f"RE[3]: {HELLO}",
    f"Re(2): {HELLO}", f"Antw.: {HELLO}".replace(".", ""), f"Fwd: {HELLO}", f"[External] Re: {HELLO}", f"回复：{HELLO}",
    f"Отв: {HELLO}", f"RE : {HELLO}", "re: what brought you up the steps, rosa", f"The soup (was: {HELLO})", "", "Re:",
    "Re: What brought you up the st", "(no subject)", "[EXT] [SPAM?] Re: " + HELLO,
)  # fmt: skip
OTHER = ("the ramp at the rec center", "Re: the ramp", "Help!", "Roofs on Pearl Street", "What")


@pytest.mark.parametrize("subject", SAME)
def test_it_is_the_same_subject(subject: str) -> None:
    assert not is_changed(subject, [HELLO])


@pytest.mark.parametrize("subject", OTHER)
def test_it_is_another_subject(subject: str) -> None:
    assert is_changed(subject, [HELLO])


def test_with_nothing_known_nothing_has_changed() -> None:
    assert not is_changed("Roofs", []) and not is_changed("Roofs", ["", "Re:"]) and not is_changed(None, [HELLO])


@given(st.text(max_size=2000))
def test_no_subject_has_changed_from_itself(subject: str) -> None:
    assert not is_changed(f"Re: {subject}", [subject])
    assert bare(f"AW: {subject}") == bare(subject)
