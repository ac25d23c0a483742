"""Machines that answer machines: whatever they write to each other, it ends by itself (RELIABILITY, S8)."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base.db import Database
from tests.database import postgres_database
from tests.outbox.conftest import FURNISHED
from tests.stories.loop_lab import Lab, away, bounces, letter, two_hearthlines

MACHINES = {
    "sea.example": away(honest=True),
    "rude.example": away(honest=False),
    "garbled.example": away(honest=False, garbles=True),
    "gone.example": bounces(honest=True),
    "rubble.example": bounces(honest=False),
}


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """One of the two lives on SQLite, the other on PostgreSQL."""
    with postgres_database(FURNISHED) as url, two_hearthlines((None, Database(url)), tmp_path, MACHINES) as lab:
        yield lab


def test_two_hearthlines_a_responder_and_a_bouncing_host_write_for_a_day_with_one_courtesy_a_pair(lab: Lab) -> None:
    for one, other in ((lab.a, lab.b), (lab.b, lab.a)):
        for name, address in (
            ("Sam Sea", "sam@sea.example"),
            ("Ruth Rude", "ruth@rude.example"),
            ("Gil Garbled", "gil@garbled.example"),
            ("Gus Gone", "gus@gone.example"),
            ("Rob Rubble", "rob@rubble.example"),
            ("Dee There", f"hello@{other.domain}"),
            ("Pat There", f"porch@{other.domain}"),
        ):
            one.member(name, address)
            one.house.letter(name.split()[0])
    lab.settles()
    for one, other in ((lab.a, lab.b), (lab.b, lab.a)):
        lab.sends("kim@far.example", f"hello@{one.domain}", letter("kim@far.example", f"hello@{one.domain}", "Hello?"))
        # Who answers at one writes to the other's desk, and to a reply address there that was made by nobody.
        for to in (f"hello@{other.domain}", f"porch@{other.domain}", f"r-{'b' * 48}@{other.domain}"):
            lab.sends(f"hello@{one.domain}", to, letter(f"hello@{one.domain}", to, f"Who is there, {to}?"))
    lab.settles()
    for one in (lab.a, lab.b):
        for thread in one.threads():
            one.answers(thread, "Thank you. I read this, and I am here.")
    lab.settles()
    lab.hours(1, 1, 1, 5, 8, 9)

    courtesies = Counter(
        (each.mail_from.rpartition("@")[2], each.rcpt_to) for each in lab.post if _is_courtesy(each.mail["Subject"])
    )
    assert courtesies, "somebody was thanked, or nothing was tried"
    assert max(courtesies.values()) == 1, courtesies
    by_machine = Counter(
        (each.mail_from.rpartition("@")[2], each.rcpt_to)
        for each in lab.post
        if each.mail["Auto-Submitted"] == "auto-replied"
    )
    assert max(by_machine.values()) <= 2, by_machine
    for one in (lab.a, lab.b):
        outcomes = one.outcomes()
        assert None not in outcomes and one.waiting() < 40
        assert outcomes["machine"] and outcomes["bounce"]
    assert len(lab.post) < 400, Counter((each.mail_from.rpartition("@")[2], each.rcpt_to) for each in lab.post)


def _is_courtesy(subject: str) -> bool:
    return subject in ("We got your mail", "Recibimos tu correo")


def test_two_chapters_that_are_in_each_others_lists_send_a_post_round_once(lab: Lab) -> None:
    for one, other in ((lab.a, lab.b), (lab.b, lab.a)):
        one.is_a_group()
        one.member("Pat There", f"porch@{other.domain}")
        one.member("Kim Far", "kim@far.example")
        one.member("Sam Sea", "sam@sea.example")
    for one in (lab.a, lab.b):
        to = f"porch@{one.domain}"
        lab.sends("kim@far.example", to, letter("kim@far.example", to, "Who brings chairs on Saturday, neighbors?"))
    lab.settles()
    lab.hours(1, 1, 22)
    to_lists = Counter(each.rcpt_to for each in lab.post if each.rcpt_to.startswith("porch@"))
    assert set(to_lists) == {"porch@a.example", "porch@b.example"}, "each list is in the other"
    assert max(to_lists.values()) <= 2, to_lists
    for one in (lab.a, lab.b):
        assert None not in one.outcomes() and one.outcomes()["machine"]
        assert one.waiting() < 20
