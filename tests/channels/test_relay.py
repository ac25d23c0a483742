"""Mail out through a real relay on loopback, kind and unkind."""

import ssl
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base.services import NotSent, OutgoingMail, Sent
from engine.base.setting_groups.mail import Mail
from engine.channels.email import SmtpRelay
from tests.channels.relay import PASSWORD, USER, Relay, certificate

MESSAGE = b"From: a@nfp.example\r\nTo: rosa@home.example\r\nSubject: Hi\r\n\r\nHello\r\n.one dot\r\n..two dots\r\n"


@pytest.fixture
def relay() -> Iterator[Relay]:
    with Relay() as relay:
        yield relay


def client(relay: Relay, tls: ssl.SSLContext | None = None, **settings: object) -> SmtpRelay:
    values = {"host": "localhost", "port": relay.port, "security": relay.security, "timeout_seconds": 5.0}
    return SmtpRelay(Mail.model_validate({**values, **settings}), tls=tls)


def send(channel: SmtpRelay, message: bytes = MESSAGE) -> Sent | NotSent:
    return channel.send("b-token@nfp.example", "rosa@home.example", message)


def refused(outcome: Sent | NotSent) -> NotSent:
    assert isinstance(outcome, NotSent)
    return outcome


def test_a_mail_arrives_byte_for_byte_with_its_envelope(relay: Relay) -> None:
    outcome = send(client(relay))
    assert outcome == Sent("2.0.0 taken as 1")
    [taken] = relay.taken
    assert (taken.mail_from, taken.rcpt_to, taken.raw) == ("b-token@nfp.example", "rosa@home.example", MESSAGE)


def test_many_mails_share_one_connection(relay: Relay) -> None:
    channel = client(relay)
    for _ in range(20):
        send(channel)
    channel.close()
    assert (len(relay.taken), relay.connections) == (20, 1)


def test_a_connection_is_not_used_for_ever(relay: Relay) -> None:
    channel = client(relay)
    for _ in range(100):
        send(channel)
    channel.close()
    assert (len(relay.taken), relay.connections) == (100, 2)


def test_several_threads_have_a_connection_each_and_no_more_than_allowed(relay: Relay) -> None:
    channel = client(relay, connections=3)
    relay.slow_seconds = 0.02
    threads = [threading.Thread(target=send, args=(channel,)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    channel.close()
    assert len(relay.taken) == 12
    assert relay.connections <= 3


def test_a_relay_that_restarted_is_connected_to_again_without_anybody_noticing(relay: Relay) -> None:
    channel = client(relay)
    send(channel)
    relay.hang_up_on_everybody()
    assert isinstance(send(channel), Sent)
    assert (len(relay.taken), relay.connections) == (2, 2)


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_goes_through_tls_after_signing_in(tmp_path: Path, security: str) -> None:
    server, trusting = certificate(tmp_path)
    with Relay(security=security, login=True, tls=server) as relay:
        channel = client(relay, tls=trusting, user=USER, password=PASSWORD)
        assert isinstance(send(channel), Sent)
        channel.close()
    assert len(relay.taken) == 1


def test_a_certificate_nobody_trusts_is_not_spoken_to(tmp_path: Path) -> None:
    server, _ = certificate(tmp_path)
    with Relay(security="starttls", tls=server) as relay:
        outcome = refused(send(client(relay)))
    assert (outcome.permanent, outcome.code, outcome.about, relay.taken) == (False, "tls", "way", [])


def test_a_relay_without_starttls_never_gets_the_mail_in_the_clear(relay: Relay) -> None:
    outcome = refused(send(client(relay, security="starttls")))
    assert (outcome.permanent, outcome.code, relay.taken) == (False, "unsupported", [])


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_a_wrong_password_is_our_trouble_and_is_tried_again() -> None:
    with Relay(login=True) as relay:
        outcome = refused(send(client(relay, user=USER, password="wrong")))
    assert (outcome.permanent, outcome.about) == (False, "way")
    assert outcome.code == "sign-in 535"


def test_nobody_listening_is_tried_again() -> None:
    with Relay() as relay:
        gone = client(relay)
    outcome = refused(send(gone))
    assert (outcome.permanent, outcome.code, outcome.unknown) == (False, "refused", False)


@pytest.mark.parametrize(
    ("where", "reply", "permanent", "about", "code"),
    [
        ("mail", "553 5.7.1 sender not owned by you", False, "way", "553 5.7.1"),
        ("mail", "451 4.3.0 later", False, "way", "451 4.3.0"),
        ("rcpt", "550 5.1.1 no such user", True, "address", "550 5.1.1"),
        ("rcpt", "550 no such user", True, "address", "550"),
        ("rcpt", "450 4.2.0 greylisted", False, "way", "450 4.2.0"),
        ("rcpt", "552 5.2.2 mailbox full", False, "address", "552 5.2.2"),
        ("rcpt", "530 sign in first", False, "way", "530"),
        ("data", "554 5.7.1 looks like spam", True, "message", "554 5.7.1"),
        ("data", "550 5.2.1 mailbox disabled", True, "address", "550 5.2.1"),
        ("data", "552 5.3.4 too big", True, "message", "552 5.3.4"),
        ("data", "452 4.3.1 disk full", False, "way", "452 4.3.1"),
        ("data", "554 no", True, "message", "554"),
    ],
)
def test_a_refusal_means_what_the_table_says_and_the_connection_stays_good(
    relay: Relay, where: str, reply: str, permanent: bool, about: str, code: str
) -> None:
    channel = client(relay)
    replies: deque[str] = getattr(relay, f"{where}_replies")
    replies.append(reply)
    outcome = refused(send(channel))
    assert (outcome.permanent, outcome.about, outcome.code, outcome.unknown) == (permanent, about, code, False)
    assert reply.rsplit(" ", 1)[-1] in outcome.says
    assert isinstance(send(channel), Sent)
    channel.close()
    assert (len(relay.taken), relay.connections) == (1, 1)


def test_a_relay_that_tires_of_a_connection_gets_the_mail_over_a_fresh_one(relay: Relay) -> None:
    channel = client(relay)
    send(channel)
    relay.mail_replies.append("421 4.4.2 too many messages on this connection")
    assert isinstance(send(channel), Sent)
    assert (len(relay.taken), relay.connections) == (2, 2)


def test_a_relay_that_is_closing_is_tried_again_later(relay: Relay) -> None:
    relay.mail_replies.append("421 4.3.2 going down")
    outcome = refused(send(client(relay)))
    assert (outcome.permanent, outcome.code) == (False, "421 4.3.2")


def test_a_connection_lost_within_the_body_has_sent_nothing(relay: Relay) -> None:
    relay.hang_up_in_data = 1
    outcome = refused(send(client(relay), MESSAGE + b"One more line\r\n" * 1_000_000))
    assert (outcome.permanent, outcome.unknown, relay.taken) == (False, False, [])


def test_a_connection_lost_after_the_body_may_have_sent_it(relay: Relay) -> None:
    relay.hang_up_after_body = 1
    outcome = refused(send(client(relay)))
    assert (outcome.permanent, outcome.unknown, len(relay.taken)) == (False, True, 1)


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_relay_that_thinks_long_over_a_mail_it_has_whole_is_waited_for(relay: Relay, pipelining: bool) -> None:
    relay.pipelining, relay.slow_seconds = pipelining, 1.0
    mail = OutgoingMail("b-1@nfp.example", "dana@home.example", MESSAGE)
    channel = client(relay, timeout_seconds=0.3, answer_seconds=10.0)
    [outcome] = channel.send_many([mail], time.monotonic() + 5.0)
    channel.close()
    assert isinstance(outcome, Sent) and len(relay.taken) == 1


def test_a_relay_that_says_nothing_is_given_up_on_in_time(relay: Relay) -> None:
    relay.slow_seconds = 5
    outcome = refused(send(client(relay, timeout_seconds=0.3, answer_seconds=0.3)))
    assert (outcome.permanent, outcome.unknown, outcome.code) == (False, True, "time-out")
