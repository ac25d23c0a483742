"""The mail door with commands that no good server sends: each has its answer, and none smuggles or leaves anything."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.channels.relay import certificate
from tests.inbound.conftest import DOMAIN, House
from tests.inbound.wire import Wire, letter
from tests.waiting import PATIENCE, soon

MAIL = b"MAIL FROM:<dana@mail.example>\r\n"
RCPT = f"RCPT TO:<r-1@{DOMAIN}>\r\n".encode()
OTHER = f"RCPT TO:<r-2@{DOMAIN}>\r\n".encode()
BODY = letter() + b".\r\n"

#: What is sent in one piece after the greeting, the codes that are heard, and whom something is kept for.
SAID: list[tuple[str, bytes, list[str], list[str]]] = [
    ("RSET forgets whom it was for", MAIL + RCPT + b"RSET\r\n" + MAIL + OTHER + b"DATA\r\n" + BODY,
        ["250", "250", "250", "250", "250", "354", "250"], ["r-2"]),
    ("RSET before DATA leaves nothing to send", MAIL + RCPT + b"RSET\r\nDATA\r\n",
        ["250", "250", "250", "503"], []),
    ("a greeting begins anew", MAIL + RCPT + b"EHLO again.example\r\nDATA\r\n", ["250", "250", "250", "503"], []),
    ("a second sender is refused and the first stays",
        MAIL + b"MAIL FROM:<b@mail.example>\r\n" + RCPT + b"DATA\r\n" + BODY,
        ["250", "503", "250", "354", "250"], ["r-1"]),
    ("one that was answered is not sent again", MAIL + RCPT + b"DATA\r\n" + BODY + b"DATA\r\n" + RCPT,
        ["250", "250", "354", "250", "503", "503"], ["r-1"]),
    ("recipients come after a sender", RCPT + b"DATA\r\n", ["503", "503"], []),
    ("DATA takes no words", MAIL + RCPT + b"DATA now\r\nNOOP\r\n", ["250", "250", "501", "250"], []),
    ("BDAT is not offered and brings nothing in", MAIL + RCPT + b"BDAT 6 LAST\r\nhello.\r\nNOOP\r\n",
        ["250", "250", "500", "500", "250"], []),
    ("BINARYMIME needs BDAT", b"MAIL FROM:<dana@mail.example> BODY=BINARYMIME\r\n" + RCPT, ["501", "503"], []),
    ("eight bits and letters of all languages", b"MAIL FROM:<dana@mail.example> BODY=8BITMIME SMTPUTF8\r\n" + RCPT
        + b"DATA\r\nSubject: \xc3\xa9\r\n\r\n\xe2\x82\xac \xff\x00\r\n.\r\n", ["250", "250", "354", "250"], ["r-1"]),
    ("an unknown parameter is said to be one", b"MAIL FROM:<dana@mail.example> BY=120;R\r\n", ["555"], []),
    ("a size that is none", b"MAIL FROM:<dana@mail.example> SIZE=lots\r\n", ["501"], []),
    ("a lone CR does not part two commands", b"NOOP\rMAIL FROM:<a@mail.example>\r\n" + RCPT, ["500", "503"], []),
    ("a path with a line end in it", b"MAIL FROM:<dana\r@mail.example>\r\n" + RCPT, ["553", "503"], []),
    ("letters that are no letters", b"\x80\x81\r\n\x00\r\n \r\n\r\nNOOP\r\n", ["500", "500", "500", "500", "250"], []),
    ("a command of two megabytes", b"MAIL FROM:<" + b"a" * 2**21 + b"@mail.example>\r\n" + RCPT, ["500", "503"], []),
    ("small letters are letters", MAIL.lower() + RCPT.lower() + b"data\r\n" + BODY,
        ["250", "250", "354", "250"], ["r-1"]),
    ("TURN and its like", b"TURN\r\nETRN x\r\nXFORWARD NAME=a\r\nNOOP\r\n", ["500", "500", "500", "250"], []),
]  # fmt: skip


@pytest.mark.parametrize(("said", "heard", "kept"), [each[1:] for each in SAID], ids=[each[0] for each in SAID])
def test_it_hears_its_codes_and_keeps_what_was_meant(
    house: House, said: bytes, heard: list[str], kept: list[str]
) -> None:
    with Wire(house.smtp) as wire:
        wire.send(said)
        replies = [wire.reply() for _ in heard]
        assert [each[:3].decode() for each in replies] == heard
        assert wire.say(b"QUIT").startswith(b"221")
    assert house.recipients() == [f"{name}@{DOMAIN}" for name in kept]


@pytest.mark.parametrize("said", [b"N", b"NOOP", b"MAIL FROM:<", b"\x00"])
def test_a_command_that_trickles_buys_no_time(new_house: Callable[..., House], said: bytes) -> None:
    house = new_house(command_seconds=0.3)
    with Wire(house.smtp) as wire:
        began = time.monotonic()
        wire.socket.settimeout(0.05)
        answer = b""
        while not answer and time.monotonic() - began < 30:
            try:
                wire.socket.sendall(said)
                answer = wire.socket.recv(1000)
            except TimeoutError:
                continue
        assert answer.startswith(b"421 4.4.2")
        assert time.monotonic() - began > 0.25


def test_a_body_that_goes_on_trickling_buys_no_time_and_holds_no_memory(new_house: Callable[..., House]) -> None:
    house = new_house(body_seconds=0.4)
    with Wire(house.smtp) as wire:
        wire.begin()
        wire.socket.settimeout(0.05)
        began, answer = time.monotonic(), b""
        while not answer and time.monotonic() - began < 30:
            try:
                wire.socket.sendall(b"more\r\n" * 20_000)
                answer = wire.socket.recv(1000)
            except TimeoutError:
                continue
        assert answer.startswith(b"421 4.4.2")
    assert alone(house)
    assert house.bodies() == []


def test_whoever_speaks_has_the_whole_time_again_after_each_command(new_house: Callable[..., House]) -> None:
    house = new_house(command_seconds=1.0)
    with Wire(house.smtp) as wire:
        for _ in range(3):
            time.sleep(0.4)
            assert wire.say(b"NOOP").startswith(b"250")
        wire.begin()
        time.sleep(1.1)  # the body has a clock of its own
        assert wire.say(letter() + b".").startswith(b"250")


def test_a_seal_that_is_asked_for_and_never_put_on_is_waited_for_no_longer_than_a_command(
    new_house: Callable[..., House], tmp_path: Path
) -> None:
    certificate(tmp_path)
    house = new_house(command_seconds=0.3, tls_certificate=tmp_path / "relay.pem", tls_key=tmp_path / "relay.pem")
    with Wire(house.smtp) as wire:
        assert wire.say(b"STARTTLS please").startswith(b"501")
        assert wire.say(b"STARTTLS").startswith(b"220")
        wire.rest()
    assert alone(house)


def test_connections_opened_and_dropped_by_the_hundred_leave_nothing_behind(new_house: Callable[..., House]) -> None:
    house = new_house(connections=40, connections_per_peer=40)
    refused = 0
    with ExitStack() as stack:
        open_ones = [stack.enter_context(Wire(house.smtp, None)) for _ in range(40)]
        for _ in range(60):
            with Wire(house.smtp, None) as one_too_many:
                refused += one_too_many.greeting.startswith(b"421 4.7.0")
        assert all(wire.greeting.startswith(b"220") for wire in open_ones)
    assert refused == 60
    assert alone(house)
    for _ in range(200):
        socket.create_connection(house.smtp, timeout=60).close()
    with let_in(house) as wire:
        wire.say(b"EHLO sender.example")
        wire.begin()
        assert wire.say(letter() + b".").startswith(b"250")
    assert alone(house)


@pytest.mark.parametrize("door", ["smtp", "lmtp"])
def test_a_sender_that_says_no_more_after_its_last_dot_hears_that_its_mail_is_kept(house: House, door: str) -> None:
    greeting = b"EHLO sender.example" if door == "smtp" else b"LHLO sender.example"
    with Wire(getattr(house, door), greeting) as wire:
        wire.begin("r-1@nfp.example", "r-2@nfp.example")
        wire.send(BODY)
        wire.socket.shutdown(socket.SHUT_WR)
        answers = wire.rest().splitlines()
    assert len(answers) == (1 if door == "smtp" else 2)
    assert all(each.startswith(b"250 2.0.0 OK, kept as ") for each in answers)
    assert house.recipients() == ["r-1@nfp.example", "r-2@nfp.example"]
    assert alone(house)


def test_a_sender_that_says_everything_at_once_and_no_more_hears_every_answer(house: House) -> None:
    with Wire(house.smtp) as wire:
        wire.send((MAIL + RCPT + b"DATA\r\n" + BODY) * 2 + b"NOOP\r\nNO")
        wire.socket.shutdown(socket.SHUT_WR)
        codes = [each[:3].decode() for each in wire.rest().splitlines()]
    assert codes == ["250", "250", "354", "250"] * 2 + ["250"]
    assert len(house.bodies()) == 2
    assert alone(house)


def test_an_answer_that_takes_its_time_is_waited_for_though_the_sender_says_no_more(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    takes_it = house.acceptor.take

    def later(*args: Any) -> None:
        threading.Timer(0.3, takes_it, args).start()

    monkeypatch.setattr(house.acceptor, "take", later)
    with Wire(house.smtp) as wire:
        wire.begin()
        wire.send(BODY)
        wire.socket.shutdown(socket.SHUT_WR)
        assert wire.rest().startswith(b"250 2.0.0 OK, kept as ")
    assert len(house.bodies()) == 1


def test_a_body_that_ends_without_its_dot_is_not_kept_and_its_sender_told_to_come_again(house: House) -> None:
    with Wire(house.smtp) as wire:
        wire.begin()
        wire.send(letter())
        wire.socket.shutdown(socket.SHUT_WR)
        assert wire.rest().startswith(b"421 4.3.0")
    assert house.bodies() == []
    assert alone(house)


def let_in(house: House) -> Wire:
    """A connection that was let in, within a minute: those dropped before it may still wait to be accepted, and a
    machine that is slow to accept them rightly answers that there are too many."""
    deadline = time.monotonic() + PATIENCE
    while True:
        wire = Wire(house.smtp, None)
        if wire.greeting.startswith(b"220") or time.monotonic() > deadline:
            return wire
        wire.close()
        time.sleep(0.05)


def alone(house: House) -> bool:
    """Whether no address is remembered either, once nobody is connected and no memory is counted for a body."""
    shared = house.door._shared
    soon(lambda: not shared.conversations and shared.connections._all == 0 and shared.memory._used == 0)
    return not shared.connections._open
