"""Trouble of ours: nothing is lost, nothing is doubled, and it goes on by itself afterwards."""

import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress

import pytest

from admin.process import Embedded
from admin.sandbox.pen import bare_address
from engine.base.errors import AlreadyRunning
from engine.base.stored_time import to_microseconds
from reply_router.budget.readers import readers
from tests.inbound.wire import Wire, letter
from tests.reply_router.budget.hostile import readers_of
from tests.stories.town import DOMAIN, Town
from tests.waiting import soon

SCALED: tuple[str, ...] = ()

NewTown = Callable[..., Town]


def test_the_relay_is_away_for_an_hour_and_everything_leaves_afterwards_once(new_town_either_way: NewTown) -> None:
    town = new_town_either_way()
    here = town.joins("Rosa Marin", organizer=town.denise)
    here.writes("I'd love to come but I don't drive anymore.")
    town.relay_goes_away()
    people = [town.joins(f"Neighbor Number{n:02}", organizer=town.denise) for n in range(5)]
    town.denise.answers(here, "I will fetch you at nine.")
    town.passes("1h")
    assert not any(each.letters for each in people)
    assert town.ask("select count(*) from delivery where state not in ('sent', 'queued')") == [(0,)]
    town.relay_comes_back()
    town.passes("2h")
    assert [len(each.letters) for each in people] == [1] * 5
    assert here.has_had("I will fetch you at nine.") == 1
    assert town.doubled == 0
    ((next_at,),) = town.ask("select min(send_at) from outbox_due")
    assert next_at is None or next_at > to_microseconds(town.now), "nothing is left behind"


def test_a_letter_whose_yes_we_could_not_note_goes_again_and_stands_in_the_mailbox_once(new_town: NewTown) -> None:
    """Between the relay's yes and our note of it a crash leaves us not knowing (law 5)."""
    town = new_town()
    with closing(sqlite3.connect(town.folder / "hearthline.db", isolation_level=None)) as other:
        other.execute(
            "create trigger no_note before update of state on delivery when new.state = 'sent' begin"
            " select raise(abort, 'the disk is full'); end"
        )
        rosa = town.joins("Rosa Marin", organizer=town.denise, settles=False)
        soon(lambda: rosa.letters)
        town.process_ends()
        assert town.ask("select state from delivery") == [("calling",)]
        other.execute("drop trigger no_note")
    town.process_starts()
    town.passes("1h")
    assert town.ask("select state from delivery") == [("sent",)]
    assert len(rosa.letters) == 1
    assert town.store.handed_over_again() >= 1
    assert town.doubled == 0


def test_a_database_that_cannot_be_written_is_451_and_the_mail_is_taken_when_it_can(
    new_town: NewTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = new_town()
    rosa = town.joins("Rosa Marin", organizer=town.denise)
    to = bare_address(rosa.last.reply_to)
    monkeypatch.setattr("engine.base.db.BUSY_TIMEOUT_MS", 200)
    with closing(sqlite3.connect(town.folder / "hearthline.db", isolation_level=None)) as other:
        town.services.db.close()  # new connections wait less long
        other.execute("begin immediate")
        with Wire(town.smtp) as wire:
            wire.begin(to, sender=rosa.mailbox)
            assert wire.say(letter("It is locked.") + b".").startswith(b"451")
        other.execute("rollback")
    assert town.counts().received == 0
    with Wire(town.smtp) as wire:
        wire.begin(to, sender=rosa.mailbox)
        assert wire.say(letter("It is open again.") + b".").startswith(b"250")
    town.settles()
    counts = town.counts()
    assert (counts.received, counts.unsettled) == (1, 0)


def test_a_read_only_database_is_451_and_nothing_is_lost(new_town: NewTown) -> None:
    town = new_town()
    rosa = town.joins("Rosa Marin", organizer=town.denise)
    to = bare_address(rosa.last.reply_to)
    with closing(sqlite3.connect(town.folder / "hearthline.db", isolation_level=None)) as other:
        other.execute(
            "create trigger read_only before insert on received begin"
            " select raise(abort, 'attempt to write a readonly database'); end"
        )
        with Wire(town.smtp) as wire:
            wire.begin(to, sender=rosa.mailbox)
            assert wire.say(letter("First try.") + b".").startswith(b"451 4.3.0")
        other.execute("drop trigger read_only")
    rosa.writes("Second try.")
    town.denise.sees("Second try.", from_=rosa)
    assert town.counts().received == 1


def test_a_second_process_on_one_folder_says_so_and_changes_nothing(new_town: NewTown) -> None:
    town = new_town()
    with pytest.raises(AlreadyRunning, match=r"is running on .* already"):
        Embedded(town.settings).start()
    rosa = town.joins("Rosa Marin", organizer=town.denise)
    assert len(rosa.letters) == 1


def test_lmtp_answers_for_each_of_two_recipients_and_both_chapters_hear(new_town_either_way: NewTown) -> None:
    town = new_town_either_way()
    assert town.ports.lmtp is not None
    raw = letter("Can both of you come on Saturday?", subject="Saturday", message_id="<both@mail.example>")
    with Wire(("127.0.0.1", town.ports.lmtp), b"LHLO relay.example") as wire:
        wire.begin("atlanta@nfp.example", "duluth@nfp.example", sender="dana@mail.example")
        wire.send(raw + b".\r\n")
        assert [wire.reply()[:3] for _ in range(2)] == [b"250", b"250"]
    town.settles()
    counts = town.counts()
    assert (counts.received, counts.unsettled) == (2, 0)
    assert town.ask("select count(*) from received_bytes") == [(1,)]
    dana = town.stranger("Dana", "dana@mail.example")
    town.denise.sees("Can both of you come on Saturday?", from_=dana)
    town.ingrid.sees("Can both of you come on Saturday?", from_=dana)
    assert town.denise.thread_with(dana) == town.ingrid.thread_with(dana)


def test_the_same_mail_again_is_a_duplicate_and_stands_once(town: Town) -> None:
    before = town.counts()
    rosa = town.joins("Rosa Marin", organizer=town.denise)
    for _ in range(3):
        rosa.writes("Sent more than once.", key="same")
    assert town.counts().since(before) == {"thread": 1, "duplicate": 2}
    assert town.ask("select count(*) from message where kind = 'in' and member_id = ?", rosa.member_id) == [(1,)]


def test_mail_that_is_no_mail_is_kept_and_goes_to_a_person(town: Town) -> None:
    before = town.counts()
    maud = town.joins("Maud Lindqvist", organizer=town.denise)
    to = bare_address(maud.last.reply_to)
    for raw in (b"\x00\xff\xfe" * 50, b"\r\n\r\n", b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" * 200):
        maud.sends_raw(raw, maud.mailbox, to)
    counts = town.counts()
    assert counts.received == before.received + 3
    assert counts.unsettled == 0
    outcomes = counts.since(before)
    assert sum(outcomes.values()) == 3
    assert set(outcomes) <= {"thread", "needs_person"}


def test_a_reply_arrives_though_the_process_that_reads_it_stands_still_or_is_killed(town: Town) -> None:
    ray = town.joins("Ray Bergstrom", organizer=town.denise)
    ray.writes("I have a ladder.")
    read_by = readers_of(os.getpid())
    for each in read_by:
        os.kill(each, signal.SIGSTOP)
    ray.writes("And a truck.")
    town.denise.sees("And a truck.", from_=ray)
    tries = town.ask("select attempts, outcome from received where member_id = ? order by id", ray.member_id)
    assert tries == [(1, "thread"), (2, "thread")], "the second was beyond its two seconds, once"
    for each in (*read_by, *readers_of(os.getpid())):
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
    ray.writes("And two hands.")
    town.denise.sees("And two hands.", from_=ray)


def test_what_was_waiting_when_the_process_ended_goes_on_in_the_next(new_town_either_way: NewTown) -> None:
    readers.close()
    of_others = set(readers_of(os.getpid()))
    town = new_town_either_way()
    town.relay_goes_away()
    rosa = town.joins("Rosa Marin", organizer=town.denise)
    town.stranger("Ana Lima", "ana@elsewhere.example").writes("Is the hall open?", to=f"atlanta@{DOMAIN}")
    assert set(readers_of(os.getpid())) - of_others
    town.process_ends()
    assert not rosa.letters and not set(readers_of(os.getpid())) - of_others
    town.process_starts()
    town.relay_comes_back()
    town.passes("3h")
    assert len(rosa.letters) == 1
    rosa.writes("Here I am.")
    town.denise.sees("Here I am.", from_=rosa)
