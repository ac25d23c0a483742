"""Many mails over few connections, a step ahead of a relay that is kind, unkind, or gone."""

import smtplib
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence

import pytest

from engine.base.services import NotSent, OutgoingMail, Sent
from engine.channels import pipeline
from tests.channels.relay import Relay
from tests.channels.test_relay import client


@pytest.fixture(params=[True, False], ids=["pipelining", "one at a time"])
def relay(request: pytest.FixtureRequest) -> Iterator[Relay]:
    with Relay(pipelining=request.param) as relay:
        yield relay


def mail(number: int, words: str = "Hello") -> OutgoingMail:
    body = f"From: a@nfp.example\r\nSubject: {number}\r\n\r\n{words} {number}\r\n.a dot\r\n"
    return OutgoingMail(f"b-{number}@nfp.example", f"r{number}@home.example", body.encode())


def send(relay: Relay, mails: Sequence[OutgoingMail], seconds: float = 20.0, **settings: object) -> list[str]:
    """What became of each, in a word."""
    channel = client(relay, None, **settings)
    outcomes = channel.send_many(mails, time.monotonic() + seconds)
    channel.close()
    return [word(each) for each in outcomes]


def word(outcome: Sent | NotSent | None) -> str:
    match outcome:
        case None:
            return "not begun"
        case Sent():
            return "sent"
        case NotSent(unknown=True):
            return "unknown"
        case NotSent(permanent=True):
            return "refused"
    return f"later ({outcome.code})"


def arrived(relay: Relay) -> list[tuple[str, str, bytes]]:
    return sorted((each.mail_from, each.rcpt_to, each.raw) for each in relay.taken)


def test_each_arrives_once_byte_for_byte_and_in_its_own_envelope(relay: Relay) -> None:
    mails = [mail(number) for number in range(200)]
    assert send(relay, mails) == ["sent"] * 200
    assert arrived(relay) == sorted((each.return_path, each.recipient, each.message) for each in mails)
    if relay.pipelining:
        assert relay.connections <= 3 + 3  # a hundred each; a relay busy elsewhere may have others added


def test_one_refused_among_twenty_is_refused_alone(relay: Relay) -> None:
    relay.rcpt_replies = deque(["250"] * 7 + ["550 5.1.1 nobody here"] + ["250"] * 5 + ["450 4.2.0 later"])
    said = send(relay, [mail(number) for number in range(20)], connections=1)
    assert said == ["sent"] * 7 + ["refused"] + ["sent"] * 5 + ["later (450 4.2.0)"] + ["sent"] * 6
    assert len(relay.taken) == 18


def test_a_sender_refused_or_a_body_refused_spoils_no_other(relay: Relay) -> None:
    relay.mail_replies = deque(["451 4.3.0 busy"])
    relay.data_replies = deque(["250", "554 5.6.0 no such words"])
    said = send(relay, [mail(number) for number in range(6)], connections=1)
    assert said == ["later (451 4.3.0)", "sent", "refused", "sent", "sent", "sent"]


def test_a_relay_that_hangs_up_after_a_body_leaves_one_unsure_and_the_rest_go_over_another(relay: Relay) -> None:
    relay.hang_up_after_body = 1
    said = send(relay, [mail(number) for number in range(10)], connections=1)
    assert said == ["unknown"] + ["sent"] * 9
    assert len(relay.taken) == 10  # it had taken the first


def test_a_relay_that_tires_in_mid_pipeline_gets_the_next_over_a_fresh_connection(relay: Relay) -> None:
    relay.rcpt_replies = deque(["250"] * 4 + ["421 4.7.0 enough for now"])
    said = send(relay, [mail(number) for number in range(10)], connections=1)
    assert said == ["sent"] * 10
    assert len(arrived(relay)) == len({each[0] for each in arrived(relay)}) == 10


def test_what_a_relay_says_of_one_mail_before_it_closes_is_not_said_of_the_next() -> None:
    waiting, settled = deque([(1, mail(1))]), dict[int, Sent | NotSent]()
    with Relay() as relay, smtplib.SMTP("127.0.0.1", relay.port) as smtp:
        relay.data_replies = deque(["421 4.7.28 too much for this host"])
        smtp.ehlo()
        ended = pipeline.run(
            smtp, (0, mail(0)), lambda: waiting.popleft() if waiting else None, settled.__setitem__, 5.0
        )  # fmt: skip
    said = settled[0]
    assert isinstance(said, NotSent) and said.of_recipient and said.code == "421 4.7.28"
    assert ended.left is not None and ended.left[0] == 1
    assert ended.reason is not None and ended.reason.code == "421 4.7.28" and not ended.reason.of_recipient


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_relay_that_is_gone_is_told_of_each_and_none_is_lost(pipelining: bool) -> None:
    with Relay(pipelining=pipelining) as gone:
        channel = client(gone)
        assert [word(each) for each in channel.send_many([mail(0), mail(1)], time.monotonic() + 60)] == ["sent"] * 2
    said = [word(each) for each in channel.send_many([mail(2), mail(3)], time.monotonic() + 60)]
    assert all(each.startswith("later (") for each in said), said


def test_what_time_does_not_allow_is_not_begun(relay: Relay) -> None:
    relay.slow_seconds = 0.25
    said = send(relay, [mail(number) for number in range(30)], seconds=0.8, connections=2)
    assert set(said) == {"sent", "not begun"}
    assert said.count("sent") == len(relay.taken) < 20


def test_a_relay_that_is_slow_gets_more_connections(relay: Relay) -> None:
    relay.slow_seconds = 0.05
    assert send(relay, [mail(number) for number in range(24)], connections=4) == ["sent"] * 24
    assert relay.connections == 4


def test_a_relay_that_asks_for_the_body_of_what_it_refused_gets_an_empty_one() -> None:
    """RFC 2920 3.1 allows a 354 with no recipient; what follows must be a lone dot, which it then refuses."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            taken, _ = server.accept()
            with taken, taken.makefile("rwb") as talk:

                def say(line: str) -> None:
                    talk.write(f"{line}\r\n".encode())
                    talk.flush()

                say("220 odd")
                for line in talk:
                    heard.append(line.strip())
                    match line[:4].upper():
                        case b"EHLO":
                            say("250-odd\r\n250 PIPELINING")
                        case b"RCPT":
                            say("550 5.1.1 nobody" if b"r0@" in line else "250 OK")
                        case b"DATA":
                            say("354 go on")
                            body = b""
                            while not body.endswith(b"\r\n.\r\n") and body != b".\r\n":
                                body += talk.readline()
                            heard.append(body)
                            say("554 5.5.1 no recipients" if body == b".\r\n" else "250 2.0.0 taken")
                        case b"QUIT":
                            say("221 bye")
                            return
                        case _:
                            say("250 OK")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        relay = Relay(port=server.getsockname()[1])
        assert send(relay, [mail(0), mail(1)], connections=1) == ["refused", "sent"]
        thread.join(5)
    assert heard.count(b".\r\n") == 1
    assert sum(b"Hello 1" in each for each in heard) == 1 and not any(b"Hello 0" in each for each in heard)
