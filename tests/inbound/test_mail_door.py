"""The mail door with senders who behave: what they say is on the disk before they hear 250."""

import hashlib
import smtplib
import threading
from collections.abc import Callable

import pytest

from tests.inbound.conftest import DOMAIN, House
from tests.inbound.wire import Wire, letter


def test_a_row_is_readable_by_another_connection_when_250_arrives(house: House) -> None:
    with Wire(house.smtp) as wire:
        assert wire.begin().startswith(b"354")
        assert wire.say(letter() + b".").startswith(b"250 2.0.0")
        rows = house.ask("select door, peer, helo, mail_from, rcpt_to, size, outcome from received")
    assert rows == [("smtp", "127.0.0.1", "sender.example", "dana@mail.example", f"r-1@{DOMAIN}", len(letter()), None)]


def test_the_bytes_are_kept_exactly_as_they_came(house: House) -> None:
    body = b"Subject: caf\xc3\xa9\r\nX-Odd: \xff\xfe\r\n\r\n" + bytes(range(1, 10)) + b" and \x80\x00 too\r\n\r\n"
    with Wire(house.smtp) as wire:
        wire.begin()
        wire.say(body + b".")
    assert house.bodies() == [body]
    ((sha,),) = house.ask("select sha256 from received")
    assert sha == hashlib.sha256(body).digest()


def test_dots_are_taken_off_again(house: House) -> None:
    with Wire(house.smtp) as wire:
        wire.begin()
        wire.say(b"..\r\n.. two\r\n...three\r\nend.\r\n.single\r\n.")
    assert house.bodies() == [b".\r\n. two\r\n..three\r\nend.\r\nsingle\r\n"]


def test_an_empty_message_is_a_message(house: House) -> None:
    with Wire(house.smtp) as wire:
        wire.begin()
        assert wire.say(b".").startswith(b"250")
    assert house.bodies() == [b""]


def test_two_recipients_are_two_rows_and_the_bytes_stand_once(house: House) -> None:
    with smtplib.SMTP(*house.smtp) as client:
        client.sendmail("dana@mail.example", [f"r-1@{DOMAIN}", f"r-2@{DOMAIN}"], letter())
    assert house.recipients() == [f"r-1@{DOMAIN}", f"r-2@{DOMAIN}"]
    assert len(house.bodies()) == 1
    assert len(house.ask("select distinct bytes_id from received")) == 1


def test_the_router_is_woken_for_each_row(house: House) -> None:
    with smtplib.SMTP(*house.smtp) as client:
        client.sendmail("dana@mail.example", [f"r-1@{DOMAIN}", f"r-2@{DOMAIN}"], letter())
    house.acceptor.stop()
    house.broker.settle()
    assert sorted(house.woken, key=str) == [id for (id,) in house.ask("select id from received order by id")]


def test_lmtp_answers_once_per_recipient(house: House) -> None:
    with Wire(house.lmtp, b"LHLO relay.example") as wire:
        assert b"PIPELINING" in wire.offers
        wire.begin(f"r-1@{DOMAIN}", f"r-2@{DOMAIN}", f"r-3@{DOMAIN}")
        wire.send(letter() + b".\r\n")
        assert [wire.reply()[:3] for _ in range(3)] == [b"250"] * 3
        assert wire.say(b"NOOP").startswith(b"250")
        assert wire.say(b"EHLO x.example").startswith(b"500")
    assert house.ask("select distinct door from received") == [("lmtp",)]


def test_lmtp_answers_a_refused_recipient_at_once_and_the_others_after_the_body(house: House) -> None:
    with Wire(house.lmtp, b"LHLO relay.example") as wire:
        wire.say(b"MAIL FROM:<dana@mail.example>")
        assert wire.say(b"RCPT TO:<someone@elsewhere.example>").startswith(b"550")
        assert wire.say(f"RCPT TO:<r-1@{DOMAIN}>".encode()).startswith(b"250")
        wire.say(b"DATA")
        assert wire.say(letter() + b".").startswith(b"250")
        assert wire.say(b"NOOP").startswith(b"250")


def test_python_s_own_lmtp_client_is_served(house: House) -> None:
    with smtplib.LMTP(*house.lmtp) as client:
        assert client.sendmail("dana@mail.example", [f"r-1@{DOMAIN}"], letter()) == {}
    assert house.recipients() == [f"r-1@{DOMAIN}"]


@pytest.mark.parametrize(
    "recipient",
    [
        "someone@elsewhere.example",
        f"someone%elsewhere.example@sub.{DOMAIN}",
        "someone",
        f"@{DOMAIN}",
        f"a@{DOMAIN}.elsewhere.example",
        f"{DOMAIN}!someone@elsewhere.example",
        f"@{DOMAIN}:someone@elsewhere.example",
        f"someone@elsewhere.example@not{DOMAIN}",
        "",
    ],
)
def test_it_is_never_a_relay(house: House, recipient: str) -> None:
    with Wire(house.smtp) as wire:
        wire.say(b"MAIL FROM:<dana@mail.example>")
        assert wire.say(f"RCPT TO:<{recipient}>".encode()).startswith(b"550 5.7.1 Relaying denied")
        assert wire.say(b"DATA").startswith(b"503")
    assert house.recipients() == []


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (f"<R-AbC@{DOMAIN}>", f"R-AbC@{DOMAIN}"),
        (f"<r-1@{DOMAIN.upper()}>", f"r-1@{DOMAIN}"),
        (f"<r-1@{DOMAIN}.>", f"r-1@{DOMAIN}"),
        (f"<@relay.example:r-1@{DOMAIN}>", f"r-1@{DOMAIN}"),
        ("<postmaster>", f"postmaster@{DOMAIN}"),
        (f"r-1@{DOMAIN}", f"r-1@{DOMAIN}"),
        (f'<"odd @ name"@{DOMAIN}>', f'"odd @ name"@{DOMAIN}'),
        (f"<josé@{DOMAIN}>", f"josé@{DOMAIN}"),
        (f"<a..b.@{DOMAIN}>", f"a..b.@{DOMAIN}"),
    ],
)
def test_an_address_of_ours_is_taken_however_it_is_written(house: House, said: str, kept: str) -> None:
    with Wire(house.smtp) as wire:
        assert wire.say(b"MAIL FROM:<dana@mail.example>").startswith(b"250")
        assert wire.say(f"RCPT TO:{said}".encode()).startswith(b"250 2.1.5")
        wire.say(b"DATA")
        wire.say(letter() + b".")
    assert house.recipients() == [kept]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (b"<>", ""),
        (b"<> SIZE=100", ""),
        (b"<dana@mail.example> BODY=8BITMIME SMTPUTF8", "dana@mail.example"),
        ("<josé@mail.example>".encode(), "josé@mail.example"),
        (b"<dots..in..a..row.@docomo.example>", "dots..in..a..row.@docomo.example"),
        (b"<caf\xe9@mail.example>", "caf\\udce9@mail.example"),
        (b" <dana@mail.example>", "dana@mail.example"),
    ],
)
def test_a_sender_is_kept_as_it_said_itself(house: House, said: bytes, kept: str) -> None:
    with Wire(house.smtp) as wire:
        assert wire.say(b"MAIL FROM:" + said).startswith(b"250")
        wire.say(f"RCPT TO:<r-1@{DOMAIN}>".encode())
        wire.say(b"DATA")
        assert wire.say(letter() + b".").startswith(b"250")
    assert house.ask("select mail_from from received") == [(kept,)]


def test_a_line_of_two_megabytes_is_a_line(house: House) -> None:
    body = b"Subject: long\r\n\r\n" + b"x" * 2_000_000 + b"\r\n"
    with Wire(house.smtp) as wire:
        wire.begin()
        assert wire.say(body + b".").startswith(b"250")
    assert house.bodies() == [body]


def test_forty_megabytes_are_taken_and_one_byte_more_is_said_to_be_too_much(new_house: Callable[..., House]) -> None:
    house = new_house(max_message_mb=40)
    limit = 40 * 2**20
    with Wire(house.smtp) as wire:
        assert f"SIZE {limit}".encode() in wire.offers
        wire.begin()
        assert wire.say((b"y" * 1022 + b"\r\n") * (limit // 1024) + b".").startswith(b"250")
        wire.begin()
        assert wire.say((b"y" * 1022 + b"\r\n") * (limit // 1024 - 1) + b"y" * 1023 + b"\r\n.").startswith(b"552 5.3.4")
        assert wire.say(f"MAIL FROM:<a@b.example> SIZE={limit + 1}".encode()).startswith(b"552 5.3.4")
        wire.begin()
        assert wire.say(letter() + b".").startswith(b"250")
    assert [size for (size,) in house.ask("select size from received order by id")] == [limit, len(letter())]


def test_dots_added_on_the_way_do_not_count_towards_the_size(new_house: Callable[..., House]) -> None:
    house = new_house(max_message_mb=1)
    body = b".\r\n" * (2**20 // 3)
    with Wire(house.smtp) as wire:
        wire.begin()
        assert wire.say(body.replace(b".", b"..") + b".").startswith(b"250")
    assert house.bodies() == [body]


def test_a_message_that_is_far_too_large_is_read_to_its_end_and_not_kept(new_house: Callable[..., House]) -> None:
    house = new_house(max_message_mb=1)
    with Wire(house.lmtp, b"LHLO relay.example") as wire:
        wire.begin(f"r-1@{DOMAIN}", f"r-2@{DOMAIN}")
        wire.send(b"MAIL FROM:<never@run.example>\r\n" * 200_000 + b".\r\n")
        assert [wire.reply()[:9] for _ in range(2)] == [b"552 5.3.4"] * 2
        wire.begin()
        assert wire.say(letter() + b".").startswith(b"250")
    assert len(house.bodies()) == 1


def test_twenty_sessions_at_once_are_all_kept(house: House) -> None:
    def send(number: int) -> None:
        with smtplib.SMTP(*house.smtp) as client:
            for part in range(5):
                client.sendmail("dana@mail.example", [f"r-{number}-{part}@{DOMAIN}"], letter(f"{number} {part}"))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(house.recipients()) == sorted(f"r-{n}-{p}@{DOMAIN}" for n in range(20) for p in range(5))


def test_small_talk_is_sane(house: House) -> None:
    with Wire(house.smtp) as wire:
        assert wire.greeting.startswith(f"220 {DOMAIN} SMTP Hearthline".encode())
        assert b"AUTH" not in wire.offers
        assert b"8BITMIME" in wire.offers
        assert b"SMTPUTF8" in wire.offers
        assert b"STARTTLS" not in wire.offers
        assert wire.say(b"NOOP").startswith(b"250 2.0.0")
        assert wire.say(f"VRFY dana@{DOMAIN}".encode()).startswith(b"252 2.5.2")
        assert wire.say(b"EXPN members").startswith(b"502")
        assert wire.say(b"AUTH PLAIN AGEAYg==").startswith(b"502")
        assert wire.say(b"XCLIENT ADDR=1.2.3.4").startswith(b"500")
        assert wire.say(b"STARTTLS").startswith(b"454")
        wire.say(b"MAIL FROM:<dana@mail.example>")
        assert wire.say(b"RSET").startswith(b"250")
        assert wire.say(f"RCPT TO:<r-1@{DOMAIN}>".encode()).startswith(b"503")
        assert wire.say(b"QUIT").startswith(b"221 2.0.0")


def test_a_helo_of_the_old_kind_is_enough(house: House) -> None:
    with Wire(house.smtp, b"HELO old.example") as wire:
        assert wire.offers == f"250 {DOMAIN}\r\n".encode()
        wire.begin()
        assert wire.say(letter() + b".").startswith(b"250")


def test_without_a_greeting_nothing_is_taken(house: House) -> None:
    with Wire(house.smtp, None) as wire:
        assert wire.say(b"MAIL FROM:<dana@mail.example>").startswith(b"503 5.5.1")


def test_more_recipients_than_agreed_are_asked_to_come_in_another_message(new_house: Callable[..., House]) -> None:
    house = new_house(recipients_per_message=2)
    with Wire(house.smtp) as wire:
        wire.say(b"MAIL FROM:<dana@mail.example>")
        replies = [wire.say(f"RCPT TO:<r-{n}@{DOMAIN}>".encode())[:9] for n in range(3)]
        assert replies == [b"250 2.1.5", b"250 2.1.5", b"452 4.5.3"]
        wire.say(b"DATA")
        assert wire.say(letter() + b".").startswith(b"250")
    assert len(house.recipients()) == 2
