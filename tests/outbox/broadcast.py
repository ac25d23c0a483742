"""A broadcast to many people at once, written as rows in batches: there is no page for one yet."""

from collections.abc import Callable
from typing import Any

from engine.base.bulk import bulk_insert
from engine.base.db import Base, table_of
from engine.base.ids import new_ids
from engine.base.stored_time import stored_time
from engine.outbox.classes import rank_of
from engine.outbox.delivery import Delivery, OutboxDue
from engine.outbox.line import TextLine
from engine.people.address import Address
from engine.people.consent import ConsentStanding
from engine.people.member import Member
from tests.outbox.conftest import House
from tests.outbox.phones import OURS


def broadcast_to(house: House, count: int, channel: str, host: str = "home.example") -> None:
    """So many new people are due to get it: by mail at `host`, or a text of one segment on a phone that knows us."""
    by_text = channel == "sms"
    letter = house.templates["sms/answer" if by_text else "porch/a_story"]["en"]
    people, deliveries, others = new_ids(count), new_ids(count), new_ids(count)

    def address(number: int) -> str:
        return f"+1404556{number:04}" if by_text else f"nb{people[number]}@{host}"

    with house.services.db.write() as session:
        then = stored_time(session, house.now)

        def write(table: type[Base], columns: tuple[str, ...], row: Callable[[int], tuple[Any, ...]]) -> None:
            bulk_insert(session, table_of(table), columns, [row(number) for number in range(count)])

        write(
            Member,
            ("id", "created_at", "name", "first_name", "pronouns", "language", "languages_spoken", "zone",
             "postal_code", "locality", "region", "country", "source", "custom"),
            lambda n: (people[n], then, f"Neighbor {n}", "Nb", "", "en", "[]", "America/New_York", "", "", "", "US",
                       "test", "{}"),
        )  # fmt: skip
        write(
            Address,
            ("id", "created_at", "member_id", "kind", "value", "rank", "resting_reason", "line_type", "carrier"),
            lambda n: (others[n], then, people[n], "phone" if by_text else "email", address(n), 0, "", "mobile", ""),
        )
        write(
            ConsentStanding, ("member_id", "channel", "scope", "created_at", "opted_in", "consent_id"),
            lambda n: (people[n], channel, "all", then, True, others[n]),
        )  # fmt: skip
        if by_text:
            write(
                TextLine, ("phone", "our_number", "created_at", "introduced_at"),
                lambda n: (address(n), OURS, then, then),
            )  # fmt: skip
        write(
            Delivery,
            ("id", "created_at", "message_class", "channel", "member_id", "template_version_id", "send_at", "state",
             "state_at", "attempts", "text"),
            lambda n: (deliveries[n], then, "broadcast", channel, people[n], letter, then, "queued", then, 0,
                       "Soup at six on the porch." if by_text else None),
        )  # fmt: skip
        write(
            OutboxDue, ("rank", "send_at", "delivery_id"),
            lambda n: (rank_of("broadcast", channel), then, deliveries[n]),
        )  # fmt: skip
