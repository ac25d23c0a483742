"""A mail beyond its budget goes to a person with the original after three tries, whatever is restarted between them."""

from email.utils import parseaddr

import pytest

from engine.base.errors import Unavailable, Unread
from engine.conversations.received import ReceivedBytes
from reply_router import jobs, understanding
from reply_router.budget.readers import Readers
from reply_router.routing import route_one
from reply_router.taken import MOST_TRIES, take
from tests.database import on_both_databases
from tests.reply_router.budget.hostile import SHORT, large, only, readers_with, slow, stopped
from tests.reply_router.conversation import DOMAIN, Town

ROSA = "Rosa Marin <rosa@home.example>"


def _tried(town: Town, received_id: int) -> str | None:
    """What became of one more try, by a process that found the row when it started."""
    with town.house.services.db.write() as session:
        jobs.free(session)
    try:
        return route_one(town.house.services, received_id)
    except Unread as trouble:
        return str(trouble)


def _original(town: Town, received_id: int) -> bytes:
    with town.house.read() as session:
        return bytes(session.get_one(ReceivedBytes, town.row(received_id).bytes_id).body)


@on_both_databases
def test_a_mail_that_stalls_its_reader_three_times_goes_to_a_person_with_the_original(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = parseaddr(str(town.letter("Rosa")["Reply-To"]))[1]
    raw = slow()
    (received_id,) = town.accepts(raw, to, dmarc="")
    stalls = "Reading it took longer than 0.5 seconds."
    for tries in range(1, MOST_TRIES + 1):
        with readers_with(seconds=SHORT) as readers:
            monkeypatch.setattr(understanding, "readers", readers)
            outcome = _tried(town, received_id)
        assert outcome == (stalls if tries < MOST_TRIES else "needs_person")
        assert town.row(received_id).attempts == tries
    row = town.row(received_id)
    assert row.reason.startswith("unreadable:") and row.detail["broke"] == [stalls] * (MOST_TRIES - 1)
    thread = town.thread(row)
    assert thread.member_id == town.person_id("Rosa") and thread.answer_due_at is not None
    assert "open the original" in thread.marks
    (message,) = [each for each in town.timeline(row) if each.kind == "in"]
    assert message.subject == "Photos from Saturday" and message.author_name == "Rosa Marin"
    assert message.detail["trouble"] == [stalls] and message.received_id == received_id
    assert _original(town, received_id) == raw and town.is_balanced()


def test_a_mail_that_bursts_its_readers_memory_goes_to_a_person_and_the_queue_goes_on(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = f"hello@{DOMAIN}"
    bomb, plain = town.accepts(large(), to)[0], town.accepts(town.mail(ROSA, to, "Hi", "Hello."), to)[0]
    with readers_with(memory=8 << 20) as readers:
        monkeypatch.setattr(understanding, "readers", readers)
        bursts = "Reading it took more than 8 MB of memory."
        assert _tried(town, bomb) == bursts
        assert route_one(town.house.services, plain) == "thread"
        assert [_tried(town, bomb), _tried(town, bomb)] == [bursts, "needs_person"]
    said = [each.subject for each in town.timeline(town.row(bomb)) if each.received_id == bomb]
    assert said == ["Photos from Saturday"] and town.is_balanced()


def test_a_mail_whose_reader_was_ended_by_chance_is_read_at_the_next_try(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = f"hello@{DOMAIN}"
    (received_id,) = town.accepts(town.mail(ROSA, to, "Hi", "Hello."), to)
    with readers_with(seconds=SHORT) as readers:
        monkeypatch.setattr(understanding, "readers", readers)
        with stopped(only(readers)):
            assert "longer than" in str(_tried(town, received_id))
        assert _tried(town, received_id) == "thread"
    row = town.row(received_id)
    assert row.attempts == 2 and not town.thread(row).marks


def test_no_reader_at_all_is_our_own_trouble_and_not_counted_against_the_mail(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = f"hello@{DOMAIN}"
    (received_id,) = town.accepts(town.mail(ROSA, to, "Hi", "Hello."), to)
    with monkeypatch.context() as patched:
        patched.setattr(understanding, "readers", Readers())
        patched.setattr("sys.executable", "/nowhere/python")
        for _ in range(MOST_TRIES + 2):
            with pytest.raises(Unavailable):
                route_one(town.house.services, received_id)
    assert town.row(received_id).attempts == 0
    assert route_one(town.house.services, received_id) == "thread"


def test_a_mail_that_ended_the_router_itself_three_times_is_not_read_again(town: Town) -> None:
    to = f"hello@{DOMAIN}"
    (received_id,) = town.accepts(town.mail(ROSA, to, "Hi", "Hello."), to)
    for _ in range(MOST_TRIES):
        assert take(town.house.services, received_id) is not None
        with town.house.services.db.write() as session:
            jobs.free(session)
    assert _tried(town, received_id) == "needs_person"
    thread = town.thread(town.row(received_id))
    assert thread.subject == "Hi" and "open the original" in thread.marks
