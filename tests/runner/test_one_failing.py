"""One message that fails is that one's trouble alone: whoever was sent theirs is not sent it again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from engine.base.db import table_of
from engine.outbox.delivery import DeliveryKey
from tests.runner.life.beginning import MEMBERS, mailbox
from tests.runner.life.outside import NOT_NOW
from tests.runner.life.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Three members whose first letter is due in one batch."""
    world = World(tmp_path)
    for who in range(3):
        world.happens("joins", who=who)
    yield world
    world.close()


def heard(world: World) -> list[str]:
    """Whose mailbox took a letter, once for each time."""
    return sorted(each.address for each in world.outside.heard)


@pytest.mark.parametrize("mood", ["not now", "we die in the call", "never"])
def test_one_failing_send_never_sends_the_batch_again_for_enrollment_visit_and_channel_are_a_unique_key(
    world: World, mood: str
) -> None:
    failing, *others = (mailbox(member_id) for member_id in MEMBERS)
    world.happens("is_in_a_mood", who=0, channel="email", mood=mood)
    world.happens("works")
    for _ in range(3):
        world.happens("time_passes", minutes=NOT_NOW.total_seconds() / 60)
        world.happens("works", dies_after=9)
    assert heard(world) == sorted(others if mood == "never" else [failing, *others])
    keys = table_of(DeliveryKey)
    with world.db.read() as session:
        known = session.execute(select(keys)).mappings().all()
    assert len(known) == 3
    with pytest.raises(IntegrityError), world.db.write() as session:
        session.execute(insert(keys), [{**known[0], "delivery_id": 1}])
