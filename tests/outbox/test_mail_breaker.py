"""A relay that can be used by nobody is left alone for a while, and whoever runs us reads what to do."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from engine.base.setting_groups.mail import Mail
from engine.base.setting_groups.warm_up import WarmUp
from engine.channels.email import SmtpRelay
from engine.channels.failures import IN_A_ROW
from engine.conversations.message import Message
from engine.outbox import breaker, warm_up
from engine.outbox.courier import send_due
from engine.outbox.jobs import SWEEPS
from engine.people.address import AddressStrike
from tests.channels.relay import PASSWORD, USER, Relay
from tests.database import on_both_databases
from tests.outbox.conftest import House
from tests.outbox.faulty_relay import FaultyRelay, by_way_of

MANY = 20
#: Until it is clear that nobody gets through: on a slow machine as many carriers more are at the door as may be.
MOST = IN_A_ROW + Mail().connections


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


def letters(house: House, many: int = MANY, step: str = "hello") -> list[int]:
    """One letter to each of so many neighbors is due."""
    for number in range(many):
        house.person(f"Neighbor{number} Vega")
    return [house.letter(f"Neighbor{number}", step) for number in range(many)]


def tries(house: House, ids: list[int]) -> int:
    return sum(house.delivery(each).attempts for each in ids)


def is_looked_for(house: House) -> bool:
    """Whether a sweep finds letters that may be tried now."""
    [sweep] = [each for each in SWEEPS if each.name == "outbox.send"]
    with house.read() as session:
        return bool(sweep.due(session, house.now))


def troubles(house: House) -> list[breaker.Trouble]:
    with house.read() as session:
        assert breaker.troubles(session) == []  # texts have a way of their own
        return breaker.troubles(session, breaker.MAIL)


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_a_relay_that_refuses_our_password_is_left_alone_and_tried_once_a_minute(house: House) -> None:
    ids = letters(house)
    with Relay(login=True) as relay:
        assert sends(house, relay, user=USER, password="wrong") == len(ids)
        asked = relay.connections
        assert IN_A_ROW <= asked <= MOST
        [trouble] = troubles(house)
        assert (trouble.ends, trouble.reason) == (
            "by itself",
            "The relay did not take our user name and password: set both anew under [mail] (while connecting).",
        )
        house.person("Rosa Marin")
        rosas = house.letter("Rosa")
        assert sends(house, relay, user=USER, password="wrong") == 0

        house.later(seconds=61)
        assert sends(house, relay, user=USER, password="wrong") == 1
        assert (relay.connections, tries(house, [*ids, rosas])) == (asked + 1, 0)
        house.later(seconds=61)
        assert sends(house, relay, user=USER, password=PASSWORD) > 1
        assert troubles(house) == []
        house.later(minutes=5)
        sends(house, relay, user=USER, password=PASSWORD)
        assert len(relay.taken) == len(ids) + 1
        assert tries(house, [*ids, rosas]) == len(ids) + 1


@on_both_databases
def test_a_relay_that_greets_everybody_with_421_is_left_alone_and_no_letter_loses_a_try(house: House) -> None:
    ids = letters(house)
    with FaultyRelay(seed=1, shares={}, turned_away=100) as relay, by_way_of(house, relay):
        house.send()
        turned_away = relay.faults["421 at the greeting"]
        assert IN_A_ROW <= turned_away <= MOST
        [trouble] = troubles(house)
        assert trouble.reason == "the relay is busy: 4.7.0 relay.example has too many connections"
        assert {(each.state, each.attempts) for each in map(house.delivery, ids)} == {("queued", 0)}
        for probe in range(3):
            assert not is_looked_for(house)
            house.later(seconds=61)
            assert is_looked_for(house)
            assert house.send() == 1
            assert relay.faults["421 at the greeting"] == turned_away + probe + 1
        relay.turned_away = 0
        house.later(seconds=61)
        house.send()
        house.later(seconds=75)
        house.send()
        assert troubles(house) == []
        assert {(each.state, each.attempts) for each in map(house.delivery, ids)} == {("sent", 1)}
        assert len(relay.accepted) == len(ids)


def test_a_relay_at_which_nobody_listens_stops_us_after_five_and_a_day_of_it_costs_no_letter_a_try(
    house: House,
) -> None:
    ids = letters(house, 8)
    with Relay() as relay:
        pass
    assert sends(house, relay) == 8
    [trouble] = troubles(house)
    assert trouble.reason.startswith("Nobody listens at the relay's port")
    for _ in range(24):
        house.later(hours=1)
        assert sends(house, relay) == 1
    assert tries(house, ids) == 0
    with Relay(port=relay.port) as back:
        house.later(minutes=2)
        assert sends(house, back) == 8
        assert len(back.taken) == 8


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        ("421 4.3.2 going down", "the relay is busy: 4.3.2 going down"),
        ("451 4.3.0 out of order", "the relay is busy: 4.3.0 out of order"),
        ("550 5.7.1 account suspended", "the relay does not accept us yet; its settings or ours need mending: 5.7.1 "),
    ],
)
def test_a_relay_that_refuses_whatever_we_send_is_left_alone_and_others_are_tried_each_minute(
    house: House, reply: str, says: str
) -> None:
    ids = letters(house)
    with Relay() as relay:
        relay.mail_replies.extend([reply] * 100)
        sends(house, relay)
        [trouble] = troubles(house)
        assert trouble.reason.startswith(says)
        tried = tries(house, ids)
        assert IN_A_ROW <= tried <= MOST
        # Should it have been about those letters after all, it is another that is tried each minute.
        for _ in range(3):
            house.later(seconds=61)
            assert sends(house, relay) == 1
        assert [house.delivery(each).attempts for each in ids].count(1) == tried + 3
        relay.mail_replies.clear()
        house.later(seconds=61)
        sends(house, relay)
        assert troubles(house) == []
        house.later(minutes=10)
        sends(house, relay)
        assert len(relay.taken) == len(ids)


@pytest.mark.parametrize(
    "reply", ["530 5.7.0 Authentication required", "554 5.7.1 <rosa@home.example>: Relay access denied"]
)
def test_a_relay_that_minds_only_a_readers_name_that_we_are_not_signed_in_is_left_alone_too(
    house: House, reply: str
) -> None:
    letters(house, IN_A_ROW)
    with Relay() as relay:
        relay.rcpt_replies.extend([reply] * IN_A_ROW)
        sends(house, relay)
    [trouble] = troubles(house)
    assert trouble.reason.startswith("the relay wants us to sign in, which is ours to mend: ")
    with house.read() as session:
        assert session.scalars(select(AddressStrike)).all() == []


def test_what_a_relay_says_of_one_letter_shuts_no_way(house: House) -> None:
    ids = letters(house, breaker.FAILURES + 5)
    with Relay() as relay:
        relay.rcpt_replies.extend(["451 4.7.1 greylisted, come again"] * 30)
        assert sends(house, relay) == len(ids)
    assert troubles(house) == []
    assert tries(house, ids) == len(ids)


def test_failures_far_apart_count_as_well_and_a_letter_that_leaves_between_them_begins_anew(house: House) -> None:
    for name in ("Rosa Marin", "Walt Berg"):
        house.person(name)
    with Relay() as relay:
        for name, times in (("Rosa", IN_A_ROW - 1), ("Walt", IN_A_ROW)):
            house.letter(name)
            for _ in range(times):
                assert troubles(house) == []
                relay.mail_replies.append("550 5.7.1 account suspended")
                sends(house, relay)
                house.later(hours=1)
            if name == "Rosa":
                sends(house, relay)
        assert [each.rcpt_to for each in relay.taken] == ["rosa@home.example"]
    assert len(troubles(house)) == 1


def test_a_letter_too_long_for_the_relay_is_that_letters_trouble_whenever_it_is_said(house: House) -> None:
    ids = letters(house, IN_A_ROW + 1)
    with Relay() as relay:
        relay.mail_replies.extend(["552 5.3.4 Message size exceeds fixed limit"] * IN_A_ROW)
        sends(house, relay)
        assert len(relay.taken) == 1
    assert troubles(house) == []
    assert sorted(house.delivery(each).state for each in ids) == ["failed"] * IN_A_ROW + ["sent"]


def test_a_letter_that_may_not_leave_any_more_does_not_use_up_the_one_that_is_tried(house: House) -> None:
    letters(house)
    with Relay() as relay:
        pass
    sends(house, relay)
    for number in range(MANY - 1):
        house.stop(f"Neighbor{number}")
    house.later(minutes=2)
    with Relay(port=relay.port) as back:
        assert sends(house, back) == MANY
        assert [each.rcpt_to for each in back.taken] == [f"neighbor{MANY - 1}@home.example"]
    assert troubles(house) == []


def test_letters_that_nobody_was_asked_to_take_are_not_counted_in_a_warm_up(house: House) -> None:
    object.__setattr__(house.services.settings, "warm_up", WarmUp(began=date(2026, 3, 2), days=(15, 30)))
    with house.services.db.write() as session:
        assert warm_up.today(session, house.services.settings, house.now) is not None
    letters(house, 10)
    with Relay() as relay:
        pass

    def used() -> int:
        with house.read() as session:
            row = warm_up.row_of(session, house.now)
            assert row is not None
            return row.used

    assert sends(house, relay) == 10 and used() == 0
    house.later(minutes=2)
    assert sends(house, relay) == 1 and used() == 0
    with Relay(port=relay.port) as back:
        house.later(minutes=2)
        assert sends(house, back) == 10 and used() == len(back.taken) == 10


def test_what_waited_for_the_relay_was_said_when_it_left(house: House) -> None:
    house.person("Rosa Marin")
    house.letter("Rosa")
    with Relay() as relay:
        pass
    sends(house, relay)
    house.later(hours=3)
    with Relay(port=relay.port) as back:
        sends(house, back)
    with house.read() as session:
        assert session.scalars(select(Message.at).where(Message.kind == "journey")).all() == [house.now]
