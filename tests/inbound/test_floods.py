"""Floods and guessing (E15, RELIABILITY 1.3): told to come again or answered slowly, and never a permanent no."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from engine.base.tokens import Purpose
from inbound.mail.allowance import Disk, PerMinute
from inbound.mail.server import MailDoor
from inbound.network import wide_network_of
from tests.inbound.conftest import DOMAIN, House
from tests.inbound.wire import Wire, letter

FORGED = f"r-{'a' * 48}@{DOMAIN}"


def counted(house: House) -> MailDoor:
    """A door that counts this machine's messages as it does everybody's."""
    door = MailDoor(house.services, house.acceptor, port=0)
    door._terms = replace(door._terms, uncounted=())
    door.start()
    return door


def test_a_network_that_floods_is_told_to_come_again_and_nothing_it_was_told_yes_for_is_lost(
    new_house: Callable[..., House],
) -> None:
    house = new_house(messages_per_network=3)
    door = counted(house)
    try:
        answers = []
        for _ in range(5):
            with Wire(("127.0.0.1", door.port)) as wire:
                begun = wire.begin()
                answers.append(begun[:3] if not begun.startswith(b"354") else wire.say(letter() + b".")[:3])
        assert answers == [b"250"] * 3 + [b"451"] * 2
        assert len(house.bodies()) == 3
        with Wire(house.lmtp, greet=b"LHLO mx.nfp.example") as ours:
            assert ours.begin().startswith(b"354"), "what our own mail server brings is everybody's"
            assert ours.say(letter() + b".").startswith(b"250")
    finally:
        door.stop()


def test_a_full_disk_puts_mail_off_before_it_is_full(new_house: Callable[..., House]) -> None:
    house = new_house(keep_free_mb=10**9)
    for where, greet in ((house.smtp, b"EHLO sender.example"), (house.lmtp, b"LHLO mx.nfp.example")):
        with Wire(where, greet=greet) as wire:
            assert wire.begin().startswith(b"452 4.3.1")
    assert house.bodies() == []


def test_whoever_tries_reply_addresses_is_answered_slowly_for_good_and_bad_alike_and_all_is_kept(
    new_house: Callable[..., House],
) -> None:
    house = new_house(bad_addresses_per_minute=3, slow_seconds=1.0)
    good = f"r-{house.services.tokens.sign(Purpose.REPLY_TO_THREAD, 5, 6)}@{DOMAIN}"

    def asks(wire: Wire, address: str) -> tuple[bytes, bool]:
        began = time.monotonic()
        said = wire.say(f"RCPT TO:<{address}>".encode())
        return said, time.monotonic() - began >= 1.0

    with Wire(house.smtp) as wire:
        wire.say(b"MAIL FROM:<dana@mail.example>")
        assert [asks(wire, FORGED.replace("aaaa", f"aaa{n}", 1)) for n in "bc"] == [(b"250 2.1.5 OK\r\n", False)] * 2
        assert asks(wire, good) == (b"250 2.1.5 OK\r\n", False)
        assert asks(wire, FORGED) == (b"250 2.1.5 OK\r\n", True)
        assert asks(wire, good) == (b"250 2.1.5 OK\r\n", True), "the same answer, as slowly"
        assert wire.say(b"DATA").startswith(b"354") and wire.say(letter() + b".").startswith(b"250")
    assert len(house.recipients()) == 5, "still kept"
    with Wire(house.lmtp, greet=b"LHLO mx.nfp.example") as ours:
        ours.say(b"MAIL FROM:<dana@mail.example>")
        assert not any(asks(ours, FORGED)[1] for _ in range(6)), "our own mail server brings everybody's"


def test_counts_are_of_one_minute_and_of_a_network() -> None:
    now = 0.0
    counts = PerMinute(2, lambda: now)
    for _ in range(2):
        assert not counts.is_over("192.0.2.0/24")
        counts.add("192.0.2.0/24")
    assert counts.is_over("192.0.2.0/24") and not counts.is_over("198.51.100.0/24")
    now = 61.0
    assert not counts.is_over("192.0.2.0/24")
    assert not PerMinute(0).is_over("192.0.2.0/24")
    assert wide_network_of("192.0.2.77") == wide_network_of("::ffff:192.0.2.1") == "192.0.2.0/24"
    assert wide_network_of("2001:db8:0:12ff::1") == "2001:db8:0:1200::/56"
    assert wide_network_of("somewhere") == "somewhere"


def test_a_disk_that_cannot_be_asked_has_room(tmp_path: Path) -> None:
    assert not Disk(tmp_path / "gone" / "away", 1).is_short and not Disk(tmp_path, 0).is_short
    assert Disk(tmp_path, 2**80).is_short
