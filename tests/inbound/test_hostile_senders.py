"""The mail door with senders who do not behave: at most the one message honestly sent, never a smuggled one."""

import random
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.base.errors import SettingsError
from tests.channels.relay import certificate
from tests.inbound.conftest import DOMAIN, House
from tests.inbound.wire import Wire, letter

SMUGGLED = (
    f"MAIL FROM:<forged@bank.example>\r\nRCPT TO:<r-9@{DOMAIN}>\r\nDATA\r\nFrom: forged\r\n\r\nSmuggled.\r\n".encode()
)


#: Ends that other servers took for the end of a message, and that are none (postfix.org/smtp-smuggling.html).
ENDS = [
        b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\n.\r", b"\r\n\x00.\r\n",
        b"\r\n.\x00\r\n",
        b"\n\n.\n\n", b"\r\r\n.\r\r\n", b"\r\n. \r\n", b"\r\n .\r\n", b"\r\n.\r\r\n", b"\n\r.\n\r",
]  # fmt: skip


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("at_once", [True, False])
def test_nothing_but_crlf_dot_crlf_ends_a_message(house: House, end: bytes, at_once: bool) -> None:
    wire_form = letter("Honest.")[:-2] + end + SMUGGLED + b".\r\n"
    with Wire(house.smtp) as wire:
        wire.begin()
        if at_once:
            wire.send(wire_form)
        else:
            for start in range(0, len(wire_form), 7):
                wire.send(wire_form[start : start + 7])
                time.sleep(0.0005)
        assert wire.reply().startswith(b"250")
        assert wire.say(b"QUIT").startswith(b"221")
    assert house.recipients() == [f"r-1@{DOMAIN}"]
    (kept,) = house.bodies()
    assert b"Smuggled." in kept


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ends=st.lists(st.sampled_from(ENDS), min_size=1, max_size=3),
    borders=st.lists(st.integers(0, 400), max_size=8),
    real=st.sampled_from([b"\r\n.\r\n", b".\r\n"]),
    by_lmtp=st.booleans(),
)
def test_wherever_a_body_is_cut_into_pieces_no_false_end_ends_it_and_the_real_one_does(
    house: House, ends: list[bytes], borders: list[int], real: bytes, by_lmtp: bool
) -> None:
    before = len(house.bodies())
    body = letter("Honest.")[:-2] + b"".join(end + SMUGGLED for end in ends)
    wire_form = body + real
    door, greet = (house.lmtp, b"LHLO sender.example") if by_lmtp else (house.smtp, b"EHLO sender.example")
    with Wire(door, greet) as wire:
        wire.begin()
        # A border near the end is where a reader may lose count: half of them are counted from there.
        cuts = sorted(
            {min(each, len(wire_form)) for each in borders} | {max(0, len(wire_form) - each % 9) for each in borders}
        )
        for start, end in zip([0, *cuts], [*cuts, len(wire_form)], strict=True):
            wire.send(wire_form[start:end])
            time.sleep(0.0004)
        assert wire.reply().startswith(b"250")
        assert wire.say(b"QUIT").startswith(b"221")
    kept = house.bodies()[before:]
    whole = (b"\r\n" + body).replace(b"\r\n.", b"\r\n")[2:] + real[: -len(b".\r\n")]
    assert kept == [whole]


def test_any_body_in_any_pieces_arrives_as_it_was_written(house: House) -> None:
    chance = random.Random(7)
    parts = [b"\r\n", b".", b"\r", b"\n", b"..", b"\r\n.", b"x", b"\x00", b"\xff", b"y" * 70_000, b"QUIT\r\n"]
    bodies = [b"".join(chance.choices(parts, k=chance.randrange(12))) + b"\r\n" for _ in range(150)]
    with Wire(house.smtp) as wire:
        for body in bodies:
            wire.begin()
            stuffed = (b"\r\n" + body).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"
            while stuffed:
                cut = chance.choice([1, 2, 3, 5] if len(stuffed) < 60 else [1000, 65_536, len(stuffed)])
                wire.send(stuffed[:cut])
                stuffed = stuffed[cut:]
            assert wire.reply().startswith(b"250")
    assert house.bodies() == bodies


def test_what_follows_the_real_end_is_commands(house: House) -> None:
    with Wire(house.smtp) as wire:
        wire.begin()
        wire.send(letter("One.") + b".\r\n" + SMUGGLED.replace(b"Smuggled.", b"Two.") + b".\r\nQUIT\r\n")
        assert [wire.reply()[:3] for _ in range(6)] == [b"250", b"250", b"250", b"354", b"250", b"221"]
    assert [b"One." in house.bodies()[0], b"Two." in house.bodies()[1]] == [True, True]


def test_a_body_sent_before_it_was_asked_for_is_one_body(house: House) -> None:
    with Wire(house.smtp) as wire:
        wire.send(
            b"MAIL FROM:<dana@mail.example>\r\nRCPT TO:<r-1@nfp.example>\r\nDATA\r\n" + letter() + b".\r\nQUIT\r\n"
        )
        assert [wire.reply()[:3] for _ in range(5)] == [b"250", b"250", b"354", b"250", b"221"]
    assert house.bodies() == [letter()]


def test_a_body_for_refused_recipients_is_not_taken(house: House) -> None:
    with Wire(house.smtp) as wire:
        wire.send(b"MAIL FROM:<a@mail.example>\r\nRCPT TO:<b@elsewhere.example>\r\nDATA\r\n" + letter() + b".\r\n")
        said = wire.rest()
    assert b"354" not in said
    assert house.bodies() == []


def test_a_sender_gone_in_the_middle_leaves_nothing(house: House) -> None:
    for cut in (0, 10, 500_000):
        wire = Wire(house.smtp)
        wire.begin()
        wire.send((letter() + b"x" * 500_000)[:cut])
        wire.close()
    with Wire(house.smtp) as wire:
        wire.begin()
        assert wire.say(letter() + b".").startswith(b"250")
    assert house.bodies() == [letter()]


def test_a_sender_gone_after_saying_all_may_leave_one_message_at_most(house: House) -> None:
    for _ in range(10):
        wire = Wire(house.smtp)
        wire.begin()
        wire.send(letter() + b".\r\n")
        wire.close()
    with Wire(house.smtp) as wire:
        wire.begin()
        assert wire.say(letter("last") + b".").startswith(b"250")
    assert set(house.bodies()) <= {letter(), letter("last")}
    assert house.ask("select count(*) from received where bytes_id not in (select id from received_bytes)") == [(0,)]


def test_a_body_that_trickles_is_told_to_come_again(new_house: Callable[..., House]) -> None:
    house = new_house(body_seconds=0.3)
    with Wire(house.smtp) as wire:
        wire.begin()
        wire.send(letter())
        assert wire.reply().startswith(b"421 4.4.2")
        assert wire.reply() == b""
    assert house.bodies() == []


def test_a_silent_sender_is_told_goodbye(new_house: Callable[..., House]) -> None:
    house = new_house(command_seconds=0.3)
    with Wire(house.smtp) as wire:
        assert wire.reply().startswith(b"421 4.4.2")
        assert wire.reply() == b""


def test_one_network_has_so_many_connections_and_no_more(new_house: Callable[..., House]) -> None:
    house = new_house(connections_per_peer=2)
    with Wire(house.smtp) as first, Wire(house.smtp):
        with Wire(house.smtp, None) as third:
            assert third.greeting.startswith(b"421 4.7.0")
            assert third.reply() == b""
        first.say(b"QUIT")
        assert first.reply() == b""
        with Wire(house.smtp) as again:
            assert again.greeting.startswith(b"220")


def test_bodies_beyond_the_memory_set_aside_are_told_to_come_again(new_house: Callable[..., House]) -> None:
    house = new_house(max_message_mb=4, bodies_mb=4)
    kept = 0
    with Wire(house.smtp) as holder, Wire(house.smtp) as other:
        for _ in range(50):  # the door may read the second body before it has read all of the first
            holder.begin()
            holder.send(b"z" * 3_000_000)
            other.begin()
            second, first = other.say(b"z\r\n" * 700_000 + b"."), holder.say(b"\r\n.")
            kept += first.startswith(b"250") + second.startswith(b"250")
            if second.startswith(b"452"):
                break
        assert second.startswith(b"452 4.3.1")
        assert first.startswith(b"250")
        other.begin()
        assert other.say(b"z\r\n" * 700_000 + b".").startswith(b"250")
    assert len(house.bodies()) == kept + 1


def test_noise_ends_the_conversation_without_a_trace(house: House) -> None:
    with Wire(house.smtp, None) as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nA: b\r\nC: d\r\nE: f\r\n\r\n")
        said = wire.rest()
    assert said.count(b"500 5.5.2") == 4
    assert b"502 5.5.1" in said
    with Wire(house.smtp) as wire:
        assert wire.say(b"MAIL FROM:<" + b"a" * 5000 + b"@mail.example>").startswith(b"500 5.5.2")
        assert wire.say(b"\xff\xfe\x00").startswith(b"500 5.5.2")
        assert wire.say(b"MAIL FROM:<a\x00b@mail.example>").startswith(b"553 5.1.3")
        assert wire.say(b"NOOP").startswith(b"250")


def test_a_command_said_too_often_ends_the_conversation(house: House) -> None:
    with Wire(house.smtp) as wire:
        wire.send(b"NOOP\r\n" * 300)
        said = wire.rest()
    assert said.count(b"250 2.0.0") == 200
    assert b"421 4.7.0" in said


def test_with_a_certificate_the_conversation_can_be_sealed(new_house: Callable[..., House], tmp_path: Path) -> None:
    certificate(tmp_path)
    house = new_house(tls_certificate=tmp_path / "relay.pem", tls_key=tmp_path / "relay.pem")
    with Wire(house.smtp) as wire:
        assert b"STARTTLS" in wire.offers
        seal(wire)
        assert wire.say(b"MAIL FROM:<dana@mail.example>").startswith(b"503")
        offers = wire.say(b"EHLO sender.example")
        assert b"STARTTLS" not in offers
        assert b"AUTH" not in offers
        wire.begin()
        assert wire.say(letter() + b".").startswith(b"250")
        wire.begin()
        assert wire.say(b"w" * 500_000 + b"\r\n.").startswith(b"250")
        assert wire.say(b"QUIT").startswith(b"221")
    assert len(house.bodies()) == 2


def test_a_certificate_that_cannot_be_used_is_said_at_start(new_house: Callable[..., House], tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("nothing")
    with pytest.raises(SettingsError, match="cannot be used"):
        new_house(tls_certificate=tmp_path / "no.pem", tls_key=tmp_path / "no.pem")
    with pytest.raises(SettingsError, match="both"):
        new_house(tls_certificate=tmp_path / "no.pem")


def test_commands_slipped_in_before_the_seal_are_thrown_away(new_house: Callable[..., House], tmp_path: Path) -> None:
    certificate(tmp_path)
    house = new_house(tls_certificate=tmp_path / "relay.pem", tls_key=tmp_path / "relay.pem")
    with Wire(house.smtp) as wire:
        wire.send(b"STARTTLS\r\nEHLO forged.example\r\n" + SMUGGLED + b".\r\n")
        assert wire.reply().startswith(b"220")
        try:
            seal(wire, asked=True)
            assert wire.say(b"NOOP").startswith(b"250")
            assert wire.say(b"MAIL FROM:<dana@mail.example>").startswith(b"503")
        except (ssl.SSLError, ConnectionError):
            pass  # the handshake read the injected words as rubbish: also good
    assert house.bodies() == []


def seal(wire: Wire, *, asked: bool = False) -> None:
    """The connection is under TLS."""
    if not asked:
        assert wire.say(b"STARTTLS").startswith(b"220")
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    wire.file.close()
    sealed: socket.socket = context.wrap_socket(wire.socket)
    wire.socket = sealed
    wire.file = sealed.makefile("rb")
