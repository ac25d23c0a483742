"""Whoever is staff of the whole organization pauses everything by a mail that answers no notice, and lets it go on."""

import smtplib
import threading
import time
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from engine.base.broker import Broker
from engine.conversations.draft import Draft
from engine.conversations.message import Message
from engine.conversations.received import Received
from engine.conversations.thread import Thread
from engine.outbox.courier import send_due
from engine.outbox.delivery import Delivery
from engine.outbox.fate import fates
from engine.outbox.orders import press
from engine.outbox.post import answer
from engine.outbox.sending_pause import SendingPause, open_pause
from engine.outbox.waiting import waiting
from inbound.mail.server import MailDoor
from inbound.receive import Acceptor
from reply_router import jobs
from reply_router.routing import route_due
from tests.database import on_both_databases
from tests.outbox.broadcast import broadcast_to
from tests.outbox.conftest import text_of
from tests.reply_router.conversation import Town

DESK = "hello@nfp.example"
MAYA = "Maya Torres <maya@home.example>"
ANA = "Ana Ruiz <ana@home.example>"
DENISE = "Denise Okafor <denise@home.example>"
WITHIN, MANY = 5.0, 600


def pause_of(town: Town) -> SendingPause | None:
    with town.house.read() as session:
        return open_pause(session)


def drafts(town: Town) -> list[Draft]:
    with town.house.read() as session:
        return list(session.scalars(select(Draft).order_by(Draft.id)))


def responsible(town: Town, row: Received) -> int | None:
    return town.thread(row).responsible_id


@on_both_databases
def test_staff_pause_everything_by_a_fresh_mail_and_lift_it_by_another(town: Town) -> None:
    row = town.writes(MAYA, DESK, "#pause everything: the link\nin it is wrong.\n\n-- \nMaya")
    assert (row.outcome, row.effect) == ("command", "sending_paused"), row.reason
    pause = pause_of(town)
    assert pause is not None and (pause.why, pause.how) == ("the link in it is wrong", "mail")
    assert pause.by_id == town.person_id("Maya")
    assert (row.member_id, town.thread(row).member_id) == (town.person_id("Maya"), town.person_id("Maya"))
    assert town.thread(row).waits_since is None and town.thread(row).closure_id is not None
    assert town.house.send() == 1
    row = town.writes(MAYA, DESK, "#resume everything")
    assert (row.outcome, row.effect) == ("command", "sending_resumed"), row.reason
    assert pause_of(town) is None
    town.house.send()
    said = [text_of(each) for each in town.house.mails("Maya")]
    assert ["Done: nothing leaves any more" in each for each in said] == [True, False]
    assert "Done: messages leave again." in said[1]
    assert town.is_balanced()


@on_both_databases
def test_while_everything_is_paused_the_receipts_of_these_orders_leave_at_once_and_nothing_else(town: Town) -> None:
    town.organizer("Ana Ruiz", None, "staff")
    asked = town.writes("Rosa Marin <rosa@home.example>", DESK, "Is the link right?")
    with town.house.services.db.write() as session:
        thread = session.get_one(Thread, asked.thread_id)
        held = answer(session, thread, town.person_id("Maya"), "No.", town.house.now, key="answer").id
    assert town.writes(MAYA, DESK, "#pause everything").effect == "sending_paused"
    assert town.house.send() == 1
    assert "Done: nothing leaves any more" in text_of(town.house.mails("Maya")[-1])
    # Whoever sees it too hears that it was done; whom nothing proves gets the one press that lets it go on.
    town.writes(ANA, DESK, "#pause everything, I see it too")
    town.writes(ANA, DESK, "#resume everything", dmarc="")
    assert town.house.send() == 2
    before, press_it = town.house.mails("Ana")
    assert "Everything was paused already." in text_of(before)
    assert "/press/" in press_it.as_string().replace("=\n", "")
    assert town.house.send() == 0
    with town.house.read() as session:
        assert fates(session, [held])[held].says.startswith("Everything is paused since")
        assert {each.message_class: each.due for each in waiting(session, town.house.now)}["answer"] == 1
    assert town.writes(MAYA, DESK, "#resume everything").effect == "sending_resumed"
    town.house.send()
    assert town.house.delivery(held).state == "sent" and town.is_balanced()


@on_both_databases
def test_the_same_mail_again_pauses_once_even_after_it_was_lifted_and_at_another_address(town: Town) -> None:
    raw = town.mail(MAYA, DESK, "Stop it", "#pause everything the link is wrong")
    rows = [town.hears(raw, DESK), town.hears(raw, DESK)]
    assert [each.outcome for each in rows] == ["command", "duplicate"]
    assert town.writes(MAYA, DESK, "#resume everything").effect == "sending_resumed"
    for to in (DESK, "atlanta@nfp.example", "press@nfp.example"):
        row = town.hears(raw, to)
        assert (row.outcome, row.effect) == ("duplicate", ""), to
    assert pause_of(town) is None
    with town.house.read() as session:
        assert session.scalar(select(func.count()).select_from(SendingPause)) == 1
        said = select(func.count()).where(Message.text.startswith("#pause"))
        assert session.scalar(said) == 1, "it stands in one conversation, once"
    assert town.is_balanced()


@on_both_databases
def test_of_a_group_of_mails_each_order_counts_in_its_turn(town: Town) -> None:
    mails = [
        town.mail("Rosa Marin <rosa@home.example>", DESK, "Soup", "Who cooks on Saturday?"),
        town.mail(MAYA, DESK, "Stop", "#pause everything"),
        town.mail("Kei Sato <kei@home.example>", DESK, "Chairs", "I have nine chairs."),
        town.mail(MAYA, DESK, "Go on", "#resume everything"),
        town.mail(MAYA, DESK, "Stop once more", "#pause everything, it is still wrong"),
        town.mail("Walt Brandt <walt@home.example>", DESK, "Van", "I have a van."),
    ]
    ids = [town.accepts(each, DESK)[0] for each in mails]
    assert len(route_due(town.house.services, ids[0])) == len(mails)
    rows = [town.row(each) for each in ids]
    assert [each.effect for each in rows] == ["", "sending_paused", "", "sending_resumed", "sending_paused", ""]
    assert {rows[at].outcome for at in (0, 2, 5)} == {"thread"}
    pause = pause_of(town)
    assert pause is not None and pause.why == "it is still wrong"
    assert town.is_balanced()


@on_both_databases
def test_unproven_nothing_is_paused_and_one_press_at_their_own_address_does_it(town: Town) -> None:
    row = town.writes(MAYA, DESK, "#pause everything the link is wrong", dmarc="")
    assert (row.outcome, row.effect) == ("thread", "drafted"), row.reason
    assert pause_of(town) is None
    town.house.send()
    [asked] = town.house.mails("Maya")
    assert "#pause everything the link is wrong" in text_of(asked)
    assert "/press/" in asked.as_string().replace("=\n", "")
    [draft] = drafts(town)
    assert (draft.verb, draft.argument, draft.why) == ("pause", "everything the link is wrong", "unproven")
    assert "#pause everything the link is wrong" in town.message(row).text
    for _ in range(2):
        with town.house.services.db.write() as session:
            press(session, session.get_one(Draft, draft.id), town.house.services.settings, town.house.now)
    pause = pause_of(town)
    assert pause is not None and pause.by_id == town.person_id("Maya")
    assert (pause.why, pause.how) == ("the link is wrong", "page")
    # A paused installation is not let go by a borrowed name either, nor by one that its own domain disowns.
    for dmarc in ("", "fail"):
        assert town.writes(MAYA, DESK, "#resume everything", dmarc=dmarc).effect == "drafted"
    assert pause_of(town) is not None
    assert town.is_balanced()


def test_an_address_that_several_share_proves_none_of_them(town: Town) -> None:
    town.shares("Walt", "maya@home.example")
    row = town.writes(MAYA, DESK, "#pause everything")
    assert row.effect == "drafted" and drafts(town)[0].author_id == town.person_id("Maya")
    assert pause_of(town) is None


@on_both_databases
def test_a_chapters_steward_is_told_kindly_whose_it_is_and_staff_read_why(town: Town) -> None:
    row = town.writes(DENISE, DESK, "#pause everything the link goes to a shop")
    assert (row.outcome, row.effect) == ("thread", ""), row.reason
    assert pause_of(town) is None and drafts(town) == []
    thread = town.thread(row)
    assert (thread.chapter_id, thread.responsible_id) == (None, town.person_id("Maya"))
    assert thread.waits_since is not None and "the link goes to a shop" in town.message(row).text
    town.house.send()
    [told] = town.house.mails("Denise")
    assert "is for staff of the whole organization, so nothing was changed. Your words stand at their desk" in text_of(
        told
    )
    back = town.answers("Denise", told, "I called Maya.")
    assert back.thread_id == row.thread_id, "what they answer stands where their words do"
    # Unproven, theirs is a mail like any other: a person reads it, and no machine answers.
    before = len(town.house.mails())
    row = town.writes(DENISE, DESK, "#pause everything now", dmarc="")
    town.house.send()
    assert row.outcome in ("thread", "needs_person") and row.effect == ""
    assert len(town.house.mails("Denise")) == 1 and len(town.house.mails()) == before
    assert town.thread(row).waits_since is not None and pause_of(town) is None


def test_who_has_no_role_writes_a_mail_like_any_other(town: Town) -> None:
    for who in ("Rosa Marin <rosa@home.example>", "Somebody <somebody@else.example>"):
        row = town.writes(who, DESK, "#pause everything")
        assert row.effect == "" and town.message(row).text == "#pause everything"
        assert town.thread(row).waits_since is not None
    assert pause_of(town) is None


@pytest.mark.parametrize(
    ("subject", "text", "effect", "why"),
    [
        ("#pause everything the link is wrong", "", "sending_paused", "the link is wrong"),
        ("#Pausa todo: el enlace está mal", "Va a una tienda.", "sending_paused", "el enlace está mal Va a una tienda"),
        ("Ayuda", "#pausar todo", "sending_paused", ""),
        ("Hello", "Please #pause everything", "", None),
        ("Hello", "#pause", "", None),
        ("Re: #pause everything", "I think we should not.", "", None),
        ("Hello", "> #pause everything\n\nwas a good idea.", "", None),
    ],
)
def test_the_order_is_a_line_of_its_own_or_the_subject_in_either_language(
    town: Town, subject: str, text: str, effect: str, why: str | None
) -> None:
    assert town.writes(MAYA, DESK, text, subject).effect == effect
    pause = pause_of(town)
    assert (pause.why if pause is not None else None) == why
    if effect:
        assert town.writes(MAYA, DESK, "#reanuda todo").effect == "sending_resumed"


def test_it_may_answer_the_very_letter_that_is_wrong_or_a_chapters_topic(town: Town) -> None:
    letter = town.letter("Rosa")
    row = town.answers("Maya", letter, "#pause everything")
    assert (row.effect, row.member_id) == ("sending_paused", town.person_id("Maya")), row.reason
    assert [each.text for each in town.timeline(row)] == ["#pause everything"], "it stands in no talk of Rosa's"
    assert town.writes(MAYA, "atlanta@nfp.example", "#resume everything").effect == "sending_resumed"


def test_words_below_an_order_that_lifts_are_read_by_a_person(town: Town) -> None:
    town.organizer("Ana Ruiz", None, "staff")
    assert town.writes(MAYA, DESK, "#pause everything").effect == "sending_paused"
    row = town.writes(MAYA, DESK, "#resume everything\n\nCould somebody tell Atlanta?")
    assert row.effect == "sending_resumed" and "tell Atlanta" in town.message(row).text
    assert town.thread(row).waits_since is not None and responsible(town, row) == town.person_id("Ana")


@on_both_databases
def test_by_a_real_mail_nothing_leaves_later_than_five_seconds_after_our_door_took_it(town: Town) -> None:
    house = town.house
    broadcast_to(house, MANY, "email")
    house.relay.slow_seconds = 0.02
    broker = Broker()
    services = replace(house.services, broker=broker)
    jobs.register(broker, services)
    acceptor = Acceptor(services.db, services.clock, broker)
    door = MailDoor(services, acceptor, port=0, lmtp=True)
    before, services.db.waker = services.db.waker, broker.wake
    ends, taken = time.monotonic() + 120.0, threading.Event()

    def taken_now() -> int:
        """Whatever left but the receipt."""
        return sum(each.rcpt_to != "maya@home.example" for each in list(house.relay.taken))

    def courier() -> None:
        while time.monotonic() < ends:
            was_paused = pause_of(town) is not None
            if not send_due(services):
                if was_paused:
                    return  # nothing is taken any more
                house.later(seconds=1)

    couriers = [threading.Thread(target=courier) for _ in range(2)]
    broker.start()
    acceptor.start()
    door.start()
    try:
        for one in couriers:
            one.start()
        while len(house.relay.taken) < 60 and time.monotonic() < ends:
            time.sleep(0.01)
        mark = b"Authentication-Results: mx.nfp.example; dmarc=pass\r\n"
        raw = town.mail(MAYA, DESK, "Stop", "#pause everything the link is wrong").replace(b"\n", b"\r\n")
        with smtplib.LMTP("127.0.0.1", door.port) as mta:
            mta.sendmail("maya@home.example", [DESK], mark + raw)
            since = last = time.monotonic()
            taken.set()
        seen = taken_now()
        # Until every courier has come to its end: what was on its way leaves, and nothing more.
        while any(one.is_alive() for one in couriers):
            if (now := taken_now()) != seen:
                last, seen = time.monotonic(), now
            time.sleep(0.005)
        if (now := taken_now()) != seen:
            last, seen = time.monotonic(), now
        assert last - since < WITHIN
        assert 60 <= seen < MANY
        pause = pause_of(town)
        assert pause is not None and (pause.by_id, pause.how) == (town.person_id("Maya"), "mail")
        with house.read() as session:
            to_many = select(Delivery.state, func.count()).where(Delivery.message_class == "broadcast")
            states = dict(session.execute(to_many.group_by(Delivery.state)).tuples().all())
        assert states == {"sent": seen, "queued": MANY - seen}
        for _ in range(3):
            house.later(minutes=5)
            assert send_due(services) == 0
        # The lifting mail comes by the same door, and everything that waited leaves.
        house.relay.slow_seconds = 0.0
        raw = town.mail(MAYA, DESK, "Go on", "#resume everything").replace(b"\n", b"\r\n")
        with smtplib.LMTP("127.0.0.1", door.port) as mta:
            mta.sendmail("maya@home.example", [DESK], mark + raw)
        while pause_of(town) is not None and time.monotonic() < ends:
            time.sleep(0.01)
        house.later(minutes=5)
        while send_due(services):
            pass
        had = [each.rcpt_to for each in house.relay.taken if each.rcpt_to != "maya@home.example"]
        assert len(set(had)) == len(had) == MANY
    finally:
        ends = time.monotonic()
        for one in couriers:
            one.join(60.0)
        services.db.waker = before
        door.stop(grace_seconds=1)
        acceptor.stop()
        broker.stop()
