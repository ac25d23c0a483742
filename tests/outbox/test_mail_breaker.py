"""A relay that can be used by nobody is left alone for a while, and whoever runs us reads what to do."""

from dataclasses import replace

import pytest

from engine.channels.email import SmtpRelay
from engine.outbox import breaker
from engine.outbox.courier import send_due
from tests.channels.relay import PASSWORD, USER, Relay
from tests.outbox.conftest import House


def sends(house: House, relay: Relay, **settings: object) -> int:
    """The courier has done what it can by this relay; how many deliveries it was given."""
    mail = house.services.settings.mail.model_copy(
        update={"host": "127.0.0.1", "port": relay.port, "security": "none", **settings}
    )
    channel = SmtpRelay(mail)
    try:
        count = 0
        while taken := send_due(replace(house.services, mail=channel)):
            count += taken
        return count
    finally:
        channel.close()


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_a_relay_that_refuses_our_password_is_left_alone_and_tried_once_a_minute(house: House) -> None:
    names = [f"Neighbor{number} Vega" for number in range(breaker.FAILURES)]
    for name in names:
        house.person(name)
        house.letter(name.split()[0])
    with Relay(login=True) as relay:
        assert sends(house, relay, user=USER, password="wrong") == len(names)
        with house.read() as session:
            [trouble] = breaker.troubles(session, breaker.MAIL)
            assert breaker.troubles(session) == []
        assert (trouble.ends, trouble.reason) == (
            "by itself",
            "The relay did not take our user name and password: set both anew under [mail] (while connecting).",
        )
        house.person("Rosa Marin")
        rosas = house.letter("Rosa")
        assert sends(house, relay, user=USER, password="wrong") == 0
        assert house.delivery(rosas).attempts == 0

        house.later(seconds=61)
        assert sends(house, relay, user=USER, password="wrong") == 1
        house.later(seconds=61)
        assert sends(house, relay, user=USER, password=PASSWORD) > 1
        with house.read() as session:
            assert breaker.troubles(session, breaker.MAIL) == []
        house.later(minutes=5)
        sends(house, relay, user=USER, password=PASSWORD)
        assert len(relay.taken) == len(names) + 1


def test_what_a_relay_says_of_one_letter_shuts_no_way(house: House) -> None:
    with Relay() as relay:
        relay.rcpt_replies.extend(["451 4.7.1 greylisted, come again"] * 30)
        for number in range(breaker.FAILURES + 5):
            house.person(f"Neighbor{number} Vega")
            house.letter(f"Neighbor{number}")
        assert sends(house, relay) == breaker.FAILURES + 5
    with house.read() as session:
        assert breaker.troubles(session, breaker.MAIL) == []
