"""R8, mail: a relay that fails in every way. None is lost, and none comes again but where its yes was not heard."""

from collections import Counter
from dataclasses import dataclass
from random import Random

import pytest
from sqlalchemy import func, select

from engine.outbox import queue
from engine.outbox.courier import send_due
from engine.outbox.delivery import Delivery, OutboxDue
from engine.outbox.mail_pace import MailHost
from engine.outbox.post import service_letter
from engine.people.address import Address, AddressStrike, add_email
from engine.people.health import STRIKES
from engine.people.member import add_member
from tests.database import on_both_databases
from tests.figures import note
from tests.outbox.conftest import START, House
from tests.outbox.faulty_relay import BUSY_HOST, FAULTS, HARMLESS, UNHEARD, FaultyRelay, by_way_of

#: To each reader so many letters: as many refusals as make an address rest.
LETTERS = STRIKES
HOSTS = ("home.example", "creek.example", BUSY_HOST)


def post(house: House, many: int, dice: Random) -> list[str]:
    """So many letters stand in the outbox; returns their readers' addresses."""
    addresses: list[str] = []
    left, now = many, house.now
    while left > 0:
        with house.services.db.write() as session:
            for _ in range(min(100, -(-left // LETTERS))):
                member = add_member(session, f"Neighbor {len(addresses)}", now)
                address = f"nb{len(addresses)}@{dice.choice(HOSTS)}"
                add_email(session, member.id, address, now)
                for letter in range(min(LETTERS, left)):
                    which = {"which": {"questions": [f"{letter + 1}. Soup at six?"]}}
                    service_letter(session, None, member.id, "which", which, now, key=f"{address} {letter}")
                left -= LETTERS
                addresses.append(address)
    return addresses


def drain(house: House, looks: int) -> None:
    """Couriers work, and time goes on to when there is more to do, until nothing is due; at most so many times."""
    for _ in range(looks):
        while send_due(house.services):
            pass
        with house.read() as session:
            due = queue.next_due(session, "email")
        if due is None:
            return
        # A breaker that is open lets one through a minute later.
        house.later(seconds=max(60.0, (due - house.now).total_seconds()))
    raise AssertionError(f"after {looks} looks mail is still due")


@dataclass(frozen=True)
class Fate:
    """What we noted of one letter."""

    message_class: str
    message_id: str | None
    to_address: str | None
    state: str
    attempts: int
    error_code: str | None


def fates(house: House) -> list[Fate]:
    columns = (
        Delivery.message_class, Delivery.internet_message_id, Delivery.to_address, Delivery.state, Delivery.attempts,
        Delivery.error_code,
    )  # fmt: skip
    with house.read() as session:
        return [Fate(*row) for row in session.execute(select(*columns)).tuples()]


@pytest.mark.parametrize("many", [150, pytest.param(10_000, marks=pytest.mark.long)])
@on_both_databases
def test_through_thirty_faults_in_a_hundred_mails_none_is_lost_and_none_comes_again_that_was_confirmed(
    house: House, many: int
) -> None:
    addresses = post(house, many, Random(many))
    refuses = frozenset(Random(f"{many} refused").sample(addresses, max(2, many // 200)))
    with FaultyRelay(seed=many, refuses=refuses) as relay, by_way_of(house, relay):
        drain(house, looks=many)
    letters = fates(house)
    failed = {each.message_id for each in letters if each.to_address in refuses}
    sent = {each.message_id for each in letters} - failed

    # The dice did what they should: every fault was played, three in ten of all messages.
    assert relay.faults.keys() == {*FAULTS, "421 at the greeting"}
    assert 0.25 < sum(relay.faults[fault] for fault in FAULTS) / relay.messages < 0.35

    # None is lost, and nothing is left to do.
    assert len(sent | failed) == len(letters) and failed
    # Beside what was posted there may be a notice to staff of what came back.
    assert [each.message_class for each in letters].count("service") == many
    assert {(each.state, each.error_code) for each in letters if each.message_id in sent} == {("sent", None)}
    assert {(each.state, each.error_code) for each in letters if each.message_id in failed} == {("failed", "554 5.7.1")}
    with house.read() as session:
        assert session.scalar(select(func.count()).select_from(OutboxDue)) == 0

    # Each came to its own reader, by one Message-ID however often; again only where nobody heard the yes.
    assert {(each.message_id, each.recipient) for each in relay.accepted} == {
        (each.message_id, each.to_address) for each in letters if each.message_id in sent
    }
    heard = Counter(each.message_id for each in relay.accepted if each.heard)
    assert heard == dict.fromkeys(sent, 1)
    again = len(relay.accepted) - len(sent)
    assert again == sum(relay.faults[fault] for fault in UNHEARD) > 0

    # No try without a reason: a fault costs one, or two where another letter was on its way behind it.
    faults = sum(count for fault, count in relay.faults.items() if fault not in HARMLESS)
    tries = sum(each.attempts for each in letters)
    assert len(relay.accepted) + len(failed) <= tries <= len(letters) + 2 * faults
    assert max(each.attempts for each in letters) <= 20

    # Refused for good, an address has a strike for each letter; nobody else has one for what befell the relay.
    with house.read() as session:
        query = select(Address.value, AddressStrike.status, AddressStrike.permanent)
        strikes = Counter(session.execute(query.join(AddressStrike, AddressStrike.address_id == Address.id)).tuples())
        rest = set(session.scalars(select(Address.value).where(Address.resting_since.is_not(None))))
        slow = set(session.scalars(select(MailHost.host)))
    assert strikes == {(each, "554 5.7.1", True): count for each, count in relay.refused.items()}
    assert relay.refused == Counter(each.to_address for each in letters if each.to_address in refuses)
    assert rest == {each for each, count in relay.refused.items() if count >= STRIKES}
    assert slow <= {BUSY_HOST}
    if many > 1000:
        on = "SQLite" if house.services.db.is_sqlite else "PostgreSQL"
        most, hours = max(each.attempts for each in letters), (house.now - START).total_seconds() / 3600
        note(
            f"{many:,} letters by a relay of which 30 answers in a hundred are faults, on {on}",
            f"none lost: {len(sent):,} sent, {len(failed)} refused for good; {again} came again as the same"
            f" where the yes broke off; {relay.messages:,} messages begun, {sum(relay.faults.values()):,}"
            f" faults, at most {most} tries of one, {hours:.1f} hours by our clock",
            "none lost; again only where the relay had it and its yes was not heard, as the same Message-ID",
        )


@on_both_databases
def test_where_every_fault_comes_before_the_yes_no_mail_comes_twice(house: House) -> None:
    post(house, 60, Random(1))
    before = {fault: 6 for fault in FAULTS if fault not in (*UNHEARD, *HARMLESS)}
    with FaultyRelay(seed=1, shares=before, turned_away=30) as relay, by_way_of(house, relay):
        drain(house, looks=60)
    assert relay.faults.keys() == {*before, "421 at the greeting"}
    assert Counter(each.message_id for each in relay.accepted) == {each.message_id: 1 for each in fates(house)}
    assert len(relay.accepted) == 60


@pytest.mark.parametrize("ahead", [0, 100], ids=["one at a time", "pipelining"])
def test_a_relay_with_room_for_two_connections_gets_all_over_these_and_no_letter_is_tried_in_vain(
    house: House, ahead: int
) -> None:
    assert house.services.settings.mail.connections > 2
    post(house, 24, Random(1))
    relay = FaultyRelay(seed=1, shares={"slow": 100}, turned_away=0, ahead=ahead, room=2)
    with relay, by_way_of(house, relay):
        send_due(house.services)
    # A third was asked for, and a fourth at most while it was on its way.
    assert 1 <= relay.faults["421 at the greeting"] <= 2
    assert {(each.state, each.attempts) for each in fates(house)} == {("sent", 1)}
    assert len(relay.accepted) == 24


@pytest.mark.parametrize("ahead", [0, 100], ids=["one at a time", "pipelining"])
@pytest.mark.parametrize("fault", UNHEARD)
def test_a_yes_that_nobody_heard_leaves_us_unsure_and_the_mail_goes_again_as_the_same(
    house: House, fault: str, ahead: int
) -> None:
    [address] = post(house, 1, Random(1))
    with FaultyRelay(seed=1, shares={fault: 100}, turned_away=0, ahead=ahead) as relay:
        with by_way_of(house, relay, timeout_seconds=0.5 if fault.startswith("silence") else 30.0):
            send_due(house.services)
        [waits] = fates(house)
        assert (waits.state, waits.attempts) == ("queued", 1)
        assert str(waits.error_code).startswith("unsure: ")
        relay.recovers()
        with by_way_of(house, relay):
            drain(house, looks=3)
    [letter] = fates(house)
    assert (letter.state, letter.attempts) == ("sent", 2)
    assert [(each.message_id, each.recipient, each.heard) for each in relay.accepted] == [
        (letter.message_id, address, False), (letter.message_id, address, True),
    ]  # fmt: skip
