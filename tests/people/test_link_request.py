"""Asking for a link: one answer per address and while, whoever is or is not reached there."""

from datetime import UTC, datetime, timedelta

from engine.base.db import Database
from engine.people.link_request import LinkRequest, ask_for_link, open_link_requests, settle_link_request

NOW = datetime(2026, 3, 4, 17, tzinfo=UTC)


def ask(db: Database, minutes: int, address: str = "rosa@mail.example") -> bool:
    """Whether an asking so many minutes later is answered."""
    now = NOW + timedelta(minutes=minutes)
    with db.write() as session:
        return settle_link_request(session, ask_for_link(session, address, "192.0.2.1", now), now)


def test_an_address_is_answered_once_in_five_minutes(db: Database) -> None:
    assert [ask(db, minutes) for minutes in (0, 1, 4, 6, 8, 12)] == [True, False, False, True, False, True]
    assert ask(db, 1, "jo@mail.example")


def test_askings_that_wait_together_are_answered_once(db: Database) -> None:
    with db.write() as session:
        rows = [ask_for_link(session, "rosa@mail.example", "", NOW) for _ in range(3)]
        assert len(open_link_requests(session, NOW)) == 3
        assert [settle_link_request(session, row, NOW) for row in rows] == [True, False, False]
        assert open_link_requests(session, NOW) == []


def test_what_was_settled_is_forgotten_after_a_day(db: Database) -> None:
    ask(db, 0)
    ask(db, 60 * 25)
    with db.read() as session:
        assert session.query(LinkRequest).count() == 1
