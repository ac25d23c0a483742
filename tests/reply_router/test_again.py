"""What could not be read or filed goes the whole way once more, by somebody's press."""

from email.utils import parseaddr

import pytest

from engine.conversations.message import Message
from engine.conversations.received import Received
from reply_router import route
from reply_router.again import route_again, unfiled
from reply_router.routing import route_one
from reply_router.taken import MOST_TRIES
from tests.database import on_both_databases
from tests.reply_router.conversation import DOMAIN, Town

ROSA = "Rosa Marin <rosa@home.example>"


def _breaks(*_: object, **__: object) -> None:
    raise RuntimeError("something of ours")


def _rested(town: Town, received_id: int) -> None:
    with town.house.services.db.write() as session:
        session.get_one(Received, received_id).leased_until_at = None


@on_both_databases
def test_a_mail_that_broke_our_filing_is_listed_with_what_broke_and_filed_once_when_sent_again(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = parseaddr(str(town.letter("Rosa")["Reply-To"]))[1]
    (received_id,) = town.accepts(town.mail(ROSA, to, "Re: hi", "Can my kids come?"), to)
    with monkeypatch.context() as broken:
        broken.setattr(route, "judge", _breaks)
        for _ in range(MOST_TRIES):
            with pytest.raises(RuntimeError):
                route_one(town.house.services, received_id)
            _rested(town, received_id)
        assert route_one(town.house.services, received_id) == "needs_person"
    row = town.row(received_id)
    assert row.thread_id is None and row.detail["broke"] == ["RuntimeError"] * MOST_TRIES
    with town.house.read() as session:
        assert [each.id for each in unfiled(session)] == [received_id]
    maya = town.person_id("Maya")
    with town.house.services.db.write() as session:
        assert route_again(session, received_id, maya, town.house.now)
    assert not town.is_balanced(), "it waits for its outcome"
    assert route_one(town.house.services, received_id) == "thread"
    assert [each.text for each in town.timeline(town.row(received_id)) if each.kind == "in"] == ["Can my kids come?"]
    with town.house.services.db.write() as session:
        assert not route_again(session, received_id, maya, town.house.now), "it is filed"
    assert town.is_balanced()


def test_an_unreadable_mail_is_read_again_in_place_of_what_stood_there(town: Town) -> None:
    to = parseaddr(str(town.letter("Rosa")["Reply-To"]))[1]
    row = town.hears(b"", to)
    first = town.thread(row)
    assert "open the original" in first.marks
    with town.house.services.db.write() as session:
        assert route_again(session, row.id, town.person_id("Maya"), town.house.now)
    with town.house.read() as session:
        assert session.get(Message, row.message_id) is None
    assert town.thread(row).closure_id is None or len(town.timeline(row)) == 0
    assert route_one(town.house.services, row.id) == "needs_person"
    assert len([each for each in town.timeline(town.row(row.id)) if each.kind == "in"]) == 1
    assert town.is_balanced()


def test_what_was_filed_well_is_not_sent_on_its_way_again(town: Town) -> None:
    row = town.writes("Somebody <who@far.example>", f"hello@{DOMAIN}", "Hello.")
    with town.house.services.db.write() as session:
        assert not route_again(session, row.id, town.person_id("Maya"), town.house.now)
    assert town.row(row.id).outcome == "needs_person"
