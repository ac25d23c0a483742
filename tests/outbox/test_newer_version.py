"""A newer version with letters in flight: the database gets its new shape, and nobody gets none or another."""

from collections import defaultdict

import pytest
from sqlalchemy import func, select

from engine.migrations import migrate
from engine.outbox.delivery import Delivery, OutboxDue
from tests.database import on_both_databases
from tests.outbox.broadcast import broadcast_to
from tests.outbox.conftest import House
from tests.outbox.test_crashes import die

#: A shape of some versions ago: what stood there is what an installation brings along.
BEFORE = "0020"


@pytest.mark.parametrize(("killed_after", "arrivals"), [("claim", 1), ("sending", 2)])
@on_both_databases
def test_letters_in_flight_are_neither_lost_nor_doubled_by_a_newer_version(
    house: House, killed_after: str, arrivals: int
) -> None:
    db = house.services.db
    broadcast_to(house, 5, "email")
    die(house, killed_after)  # five are with a courier of the old version, which is killed there
    broadcast_to(house, 5, "email", host="elsewhere.example")  # and five wait

    migrate.downgrade(db, BEFORE)
    with db.read() as session:
        assert session.connection().exec_driver_sql("select count(*) from outbox_due").scalar() == 10
    assert migrate.upgrade(db) == migrate.newest()

    house.leases_end()
    house.send()
    by_person: dict[str, list[str]] = defaultdict(list)
    for each in house.relay.taken:
        by_person[each.rcpt_to].append(str(each.mail["Message-ID"]))
    assert len(by_person) == 10
    for recipient, ids in by_person.items():
        expected = arrivals if recipient.endswith("@home.example") else 1
        assert (len(ids), len(set(ids))) == (expected, 1), "what went again is known by its Message-ID"
    with house.read() as session:
        assert session.scalar(select(func.count()).where(Delivery.state != "sent")) == 0
        assert session.scalar(select(func.count()).select_from(OutboxDue)) == 0
