"""Texts going out: their words, our numbers, hours, stops, errors, and what is not known to have left."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, select, text

from admin.sandbox.carrier.trouble import EVERYBODY, Trouble
from engine.base.db import Database
from engine.base.errors import Invalid
from engine.base.services import OutgoingText
from engine.base.setting_groups.texting import Texting
from engine.chapters.chapter import Chapter
from engine.conversations.message import Message
from engine.conversations.thread import open_thread
from engine.enrollments.signal import Signal
from engine.outbox import breaker, pace, post, queue
from engine.outbox.claim import claim_due
from engine.outbox.classes import rank_of
from engine.outbox.delivery import Delivery, OutboxDue
from engine.outbox.fate import fates
from engine.outbox.stopping import stop_texts
from engine.outbox.text import WrittenText, is_cheaper_as_mms
from engine.outbox.text_courier import calling, hand_over, record, send_due_texts, written_texts
from engine.outbox.text_lines import lines_for
from engine.outbox.text_status import tell_status
from engine.outbox.view import copy_of
from engine.people.address import Address
from engine.people.consent import EVERYTHING, Consent, ConsentStanding, Said, record_consent
from engine.people.text_stop import TextStop, stopped_phones
from templates.segments import measure
from tests.outbox.conftest import START, House
from tests.outbox.phones import ALSO_OURS, ATLANTA, DANA, LANDLINE, OURS, ROSA, SERVICE, Phones, phones_of

WALT = "+14045550144"


@pytest.fixture
def phones(house: House, tmp_path: Path) -> Iterator[Phones]:
    with phones_of(house, tmp_path) as phones:
        yield phones


# Words


def test_an_answer_reaches_the_phone_they_wrote_from_by_the_number_they_wrote_to(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    thread = phones.texted("Rosa", "Is there soup?", to=ALSO_OURS)
    answer = phones.answer(thread, "There is!\nCome at six.")
    phones.send()
    [text] = phones.taken(ROSA)
    assert text.body == "Maya Torres at Neighbors for Progress: There is!\nCome at six.\nReply STOP to stop."
    assert text.sender == ALSO_OURS
    delivery = phones.delivery(answer)
    assert (delivery.state, delivery.segments, delivery.our_number) == ("sent", 1, ALSO_OURS)
    phones.told()
    assert phones.delivery(answer).provider_status == "delivered"


def test_after_the_first_text_an_answer_is_the_words_as_typed_with_plain_signs(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    thread = phones.texted("Rosa", "Is there soup?")
    phones.answer(thread, "There is.", key="1")
    phones.send()
    phones.answer(thread, "“It’s hot” — bring José 🙂", key="2")
    phones.send()
    assert [text.body for text in phones.taken(ROSA)][1:] == ['"It\'s hot" - bring José 🙂']


def test_two_first_texts_in_one_batch_introduce_us_once(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    thread = phones.texted("Rosa", "Is there soup?")
    phones.answer(thread, "There is.", key="1")
    phones.answer(thread, "Really.", key="2")
    phones.send()
    bodies = sorted(text.body for text in phones.taken(ROSA))
    assert sum("Reply STOP" in body for body in bodies) == 1 and len(bodies) == 2


def test_the_same_form_sent_twice_is_one_text(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    thread = phones.texted("Rosa", "Is there soup?")
    assert phones.answer(thread, "There is.") == phones.answer(thread, "There is.")
    phones.send()
    assert len(phones.taken(ROSA)) == 1


def test_words_that_are_too_long_for_a_text_are_refused_when_they_are_written(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    thread = phones.texted("Rosa", "Tell me everything")
    with pytest.raises(Invalid, match="1401"):
        phones.answer(thread, "a" * 1401)


def test_a_journeys_text_stands_in_the_timeline_and_its_copy_is_what_was_sent(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    sent = phones.journey_text("Rosa")
    phones.send()
    [text] = phones.taken(ROSA)
    with phones.house.read() as session:
        message = session.scalars(select(Message).where(Message.delivery_id == sent)).one()
        assert (message.kind, message.channel, message.text) == ("journey", "sms", text.body)
        assert copy_of(session, phones.house.press, sent, phones.house.now).text == text.body
        assert session.scalars(select(OutboxDue)).all() == []


# Our numbers


def test_a_phone_keeps_the_number_it_knows_and_new_ones_get_the_least_used(phones: Phones) -> None:
    for name, phone in (("Rosa Medina", ROSA), ("Dana Lee", DANA), ("Walt Ames", WALT)):
        phones.person(name, phone)
        phones.journey_text(name.split()[0])
        phones.send()
    first = {phone: phones.taken(phone)[0].sender for phone in (ROSA, DANA, WALT)}
    assert first == {ROSA: OURS, DANA: ALSO_OURS, WALT: OURS}
    thread = phones.texted("Dana", "Hello", to=ALSO_OURS)
    phones.answer(thread, "Hello back")
    phones.send()
    assert phones.taken(DANA)[1].sender == ALSO_OURS


def test_a_chapters_own_number_is_its_members_number(house: House, tmp_path: Path) -> None:
    with phones_of(house, tmp_path, chapter_numbers={"atlanta": ATLANTA}) as phones:
        phones.person("Rosa Medina", ROSA)
        with house.services.db.write() as session:
            session.add(Chapter(id=7, created_at=house.now, slug="atlanta", name="Atlanta"))
            session.flush()
            post.service_text(session, ROSA, house.people["Rosa"], "sms/help", {}, house.now, key="1", chapter_id=7)
        phones.send()
        assert phones.taken(ROSA)[0].sender == ATLANTA


def test_without_numbers_the_messaging_service_chooses(house: House, tmp_path: Path) -> None:
    with phones_of(house, tmp_path, numbers=[], messaging_service=SERVICE) as phones:
        phones.person("Rosa Medina", ROSA)
        sent = phones.journey_text("Rosa")
        phones.send()
        [text] = phones.taken(ROSA)
        assert text.service == SERVICE and phones.delivery(sent).our_number == SERVICE


def test_a_number_that_is_ours_no_more_is_replaced(phones: Phones) -> None:
    house = phones.house
    with house.services.db.write() as session:
        sms = house.services.settings.sms
        lines_for(session, [(ROSA, None, None)], sms, house.now)[ROSA].our_number = "+14045550199"
        session.flush()
        assert lines_for(session, [(ROSA, None, None)], sms, house.now)[ROSA].our_number == OURS


# Stops and consent


def test_nothing_but_the_confirmation_goes_to_a_stopped_phone_whoever_holds_it(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    house = phones.house
    thread = phones.texted("Rosa", "Hello")
    answer, journey = phones.answer(thread, "Hello back"), phones.journey_text("Rosa")
    with house.services.db.write() as session:
        session.add(TextStop(id=1, created_at=house.now, phone=ROSA, how="text", evidence="STOP"))
        session.flush()
        post.consent_text(session, ROSA, house.people["Rosa"], "sms/stopped", house.now, key="1", our_number=OURS)
    phones.send()
    assert [text.body for text in phones.taken(ROSA)] == [
        "Neighbors for Progress: you are unsubscribed and get no more texts from us. Reply START to get them again."
    ]
    for refused in (answer, journey):
        assert phones.delivery(refused).state == "refused"
        assert "asked for no texts" in (phones.delivery(refused).refusal or "")
    assert [task.title for task in phones.tasks()] == ["Your answer to Rosa did not arrive"]


def test_a_stop_counts_while_the_provider_is_asked_about_phones(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    phones.person("Dana Cole", DANA)
    texts = [phones.journey_text("Rosa"), phones.journey_text("Dana")]
    house, services = phones.house, phones.house.services
    with services.db.write() as session:
        claimed = claim_due(session, services.settings, house.now, 10, "sms")
        lines = lines_for(session, [(ROSA, None, None), (DANA, None, None)], services.settings.sms, house.now)
    written = written_texts(claimed, lines, house.press, house.now)
    house.later(seconds=5)
    with services.db.write() as session:
        stop_texts(session, ROSA, "text", "STOP", house.now)
        # Not by a text: on the page of preferences.
        record_consent(session, house.people["Dana"], "sms", EVERYTHING, False, Said("page"), house.now)
    with services.db.write() as session:
        assert calling(session, written, {}, lines, claimed, house.press, house.now) == []
    phones.send()
    assert phones.taken(ROSA) == [] == phones.taken(DANA)
    assert [phones.delivery(each).state for each in texts] == ["refused", "refused"]


def test_a_stop_walks_through_no_texts_but_those_of_its_phone(phones: Phones) -> None:
    # A household: several members at one phone.
    phones.person("Rosa Medina", ROSA)
    phones.person("Dana Cole", ROSA)
    phones.journey_text("Rosa")
    plans: list[str] = []

    def explain(connection: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, _m: bool) -> None:
        if statement.startswith("SELECT") and "FROM delivery" in statement and connection.connection is not None:
            found = connection.connection.cursor()
            found.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(row[3] for row in found.fetchall())
            found.close()

    db = phones.house.services.db
    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        with db.write() as session:
            stop_texts(session, ROSA, "text", "STOP", phones.house.now)
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)
    assert plans == [
        "SEARCH delivery USING INDEX ix_delivery_text_waits_for (to_address=?)",
        "SEARCH delivery USING INDEX ix_delivery_text_waits (member_id=?)",
    ]


def test_a_strangers_stopped_phone_is_let_alone_too(phones: Phones) -> None:
    house = phones.house
    with house.services.db.write() as session:
        session.add(TextStop(id=1, created_at=house.now, phone=DANA, how="text"))
        session.flush()
        asked = post.service_text(session, DANA, None, "sms/help", {}, house.now, key="1", our_number=OURS).id
    phones.send()
    assert phones.taken(DANA) == [] and phones.delivery(asked).state == "refused"


def test_a_yes_to_mail_is_no_yes_to_texts(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA, consents=False)
    refused = phones.journey_text("Rosa")
    phones.send()
    assert "never said yes to texts" in (phones.delivery(refused).refusal or "")
    thread = phones.texted("Rosa", "Hello")
    phones.answer(thread, "A stranger's first text allows an answer.")
    phones.send()
    assert len(phones.taken(ROSA)) == 1


def test_a_carriers_stop_is_kept_for_everybody_who_holds_the_phone_and_not_tried_again(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    phones.person("Luis Medina", ROSA)
    phones.wrong(ROSA, Trouble(code=21610))
    refused = phones.journey_text("Rosa")
    phones.send()
    assert (phones.delivery(refused).state, phones.delivery(refused).error_code) == ("failed", "21610")
    with phones.house.read() as session:
        assert list(stopped_phones(session, [ROSA])) == [ROSA]
        assert session.scalars(select(TextStop)).one().how == "carrier"
        for name in ("Rosa", "Luis"):
            standing = session.get(ConsentStanding, (phones.house.people[name], "sms", EVERYTHING))
            assert standing is not None and not standing.opted_in
        assert {row.how for row in session.scalars(select(Consent).where(Consent.opted_in.is_(False)))} == {"carrier"}
        assert len(list(session.scalars(select(Signal).where(Signal.kind == "opted_out")))) == 2
        assert session.scalars(select(Message).where(Message.kind == "journey")).all() == []
    phones.house.later(days=2)
    assert phones.send() == 0


# Phones


def test_a_landline_is_looked_up_once_and_never_texted(phones: Phones) -> None:
    phones.person("Rosa Medina", LANDLINE)
    refused = phones.journey_text("Rosa")
    phones.send()
    assert phones.taken(LANDLINE) == []
    assert phones.delivery(refused).refusal == "No phone of theirs is known."
    assert phones.address(LANDLINE).line_type == "landline"


def test_another_phone_of_theirs_takes_the_landlines_place(phones: Phones) -> None:
    member_id = phones.person("Rosa Medina", LANDLINE)
    with phones.house.services.db.write() as session:
        phones.add_phone(session, member_id, ROSA, rank=1)
    phones.journey_text("Rosa")
    phones.send()
    assert len(phones.taken(ROSA)) == 1 and phones.taken(LANDLINE) == []


def test_what_a_look_up_said_is_good_for_sixty_days(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    phones.journey_text("Rosa")
    phones.send()
    first = phones.address(ROSA)
    assert first.line_type == "mobile" and first.looked_up_at == START
    for days, expected in ((59, START), (2, START + timedelta(days=61))):
        phones.house.later(days=days)
        phones.journey_text("Rosa")
        phones.send()
        assert phones.address(ROSA).looked_up_at == expected


@pytest.mark.parametrize("code", [21211, 21614])
def test_a_number_that_takes_no_texts_rests_and_a_person_is_asked(phones: Phones, code: int) -> None:
    maya = phones.house.people["Maya"]
    phones.person("Rosa Medina", ROSA, organizer="Maya")
    with phones.house.services.db.write() as session:
        session.scalars(select(Address).where(Address.value == ROSA)).one().looked_up_at = phones.house.now
    phones.wrong(ROSA, Trouble(code=code))
    phones.journey_text("Rosa")
    phones.send()
    assert str(code) in phones.address(ROSA).resting_reason
    [task] = phones.tasks()
    assert task.title == "Texts to Rosa do not arrive: try another way" and task.assignee_id == maya
    phones.house.later(minutes=1)
    again = phones.journey_text("Rosa")
    phones.send()
    assert phones.delivery(again).state in ("refused", "failed") and phones.taken(ROSA) == []


# Hours


def test_a_text_waits_for_the_morning_where_they_live(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA, zone="America/Los_Angeles")
    waits = phones.journey_text("Rosa")
    phones.send()
    opens = datetime(2026, 3, 2, 17, tzinfo=UTC)
    assert phones.delivery(waits).send_at == opens and "texting hours" in (phones.delivery(waits).refusal or "")
    phones.house.later(hours=3)
    phones.send()
    assert len(phones.taken(ROSA)) == 1


def test_whoever_lives_we_do_not_know_where_is_texted_when_it_is_decent_everywhere(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA, zone=None)
    waits = phones.journey_text("Rosa")
    phones.send()
    # An Atlanta number proves nothing: nine in Honolulu and on Adak is nineteen hours by UTC.
    assert phones.delivery(waits).send_at == datetime(2026, 3, 2, 19, tzinfo=UTC)


def test_an_answer_goes_at_night_to_whoever_just_wrote_and_waits_for_whoever_sleeps(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    phones.house.later(hours=14)
    thread = phones.texted("Rosa", "Are you awake?")
    phones.answer(thread, "I am.", key="1")
    phones.send()
    assert len(phones.taken(ROSA)) == 1
    phones.house.later(minutes=31)
    waits = phones.answer(thread, "One more thing.", key="2")
    phones.send()
    assert phones.delivery(waits).send_at == datetime(2026, 3, 3, 14, tzinfo=UTC)
    phones.answer(thread, "This cannot wait.", key="3", any_hour=True)
    phones.send()
    assert phones.taken(ROSA)[-1].body == "This cannot wait."


def test_where_no_hour_is_decent_everywhere_a_person_is_asked(house: House, tmp_path: Path) -> None:
    with phones_of(house, tmp_path, opens=time(9), closes=time(9, 30)) as phones:
        phones.person("Rosa Medina", ROSA, zone=None)
        refused = phones.journey_text("Rosa")
        phones.send()
        assert "no hour is decent" in (phones.delivery(refused).refusal or "")
        assert len(phones.tasks()) == 1


# The provider's errors


def test_a_provider_that_asks_for_patience_gets_it_and_the_text_arrives_once(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    phones.wrong(ROSA, Trouble(code=20429, times=2))
    sent = phones.journey_text("Rosa")
    for _ in range(3):
        phones.send()
        phones.house.later(minutes=3)
    assert phones.delivery(sent).state == "sent" and len(phones.taken(ROSA)) == 1
    assert phones.delivery(sent).attempts == 3


def test_after_four_hours_in_vain_a_person_is_asked_and_no_late_text_goes(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA, organizer="Maya")
    phones.wrong(ROSA, Trouble(code=20500))
    late = phones.journey_text("Rosa")
    for _ in range(30):
        phones.send()
        if phones.delivery(late).state == "refused":
            break
        phones.house.later(minutes=15)
    assert "late text is worse" in (phones.delivery(late).refusal or "")
    assert timedelta(hours=4) < phones.house.now - START < timedelta(hours=6)
    assert [task.title for task in phones.tasks()] == ["Texts to Rosa do not arrive: try another way"]
    with phones.house.read() as session:
        assert session.scalars(select(Message).where(Message.kind == "journey")).all() == []


def test_a_phone_that_was_off_gets_the_same_words_once_it_is_on(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    phones.wrong(ROSA, Trouble(code=30003, times=1))
    sent = phones.journey_text("Rosa")
    phones.send()
    phones.told()
    assert (phones.delivery(sent).state, phones.delivery(sent).provider_status) == ("queued", "undelivered")
    phones.house.later(minutes=2)
    phones.send()
    phones.told()
    first, second = phones.taken(ROSA)
    assert first.body == second.body
    delivery = phones.delivery(sent)
    assert (delivery.state, delivery.provider_status, delivery.provider_id) == ("sent", "delivered", second.sid)
    with phones.house.read() as session:
        assert fates(session, [sent])[sent].word == "sent"
        # What the provider said of the first try is old news, however often it says so.
    with phones.house.services.db.write() as session:
        assert not tell_status(session, sent, first.sid, "undelivered", 30003, phones.house.now)


@pytest.mark.parametrize("code", [30005, 30006])
def test_a_number_that_nobody_has_rests_and_an_answers_author_knows(phones: Phones, code: int) -> None:
    phones.person("Rosa Medina", ROSA)
    thread = phones.texted("Rosa", "Hello")
    phones.wrong(ROSA, Trouble(code=code))
    answer = phones.answer(thread, "Hello back")
    phones.send()
    phones.told()
    assert phones.delivery(answer).state == "failed"
    assert phones.address(ROSA).resting_since is not None
    [task] = phones.tasks()
    assert task.title == "Your answer to Rosa did not arrive" and task.assignee_id == phones.house.people["Maya"]


def test_three_failures_without_a_reason_rest_a_phone(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    phones.wrong(ROSA, Trouble(code=30008))
    for number in range(3):
        assert phones.address(ROSA).resting_since is None, number
        phones.house.later(hours=24)
        phones.journey_text("Rosa")
        phones.send()
        phones.told()
    assert "3 times" in phones.address(ROSA).resting_reason


def test_a_carrier_that_filters_us_slows_the_number_down(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    phones.wrong(ROSA, Trouble(code=30007))
    lost = phones.journey_text("Rosa")
    phones.send()
    phones.told()
    assert phones.delivery(lost).state == "failed"
    with phones.house.read() as session:
        assert pace.slowed_numbers(session, phones.house.now) == [OURS]
        assert pace.slowed_numbers(session, phones.house.now + timedelta(hours=2)) == []


def test_an_unregistered_brand_stops_all_texts_until_a_person_lets_them_go_on(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    phones.person("Dana Lee", DANA)
    phones.wrong(ROSA, Trouble(code=30034, times=1))
    lost = phones.journey_text("Rosa")
    phones.send()
    phones.told()
    waits = phones.journey_text("Dana")
    phones.send()
    assert phones.taken(DANA) == [] and "Health" in (phones.delivery(waits).refusal or "")
    with phones.house.services.db.write() as session:
        [trouble] = breaker.troubles(session)
        assert trouble.ends == "by hand" and "30034" in trouble.reason
        assert breaker.let_go_on(session, phones.house.people["Maya"], phones.house.now)
        assert not breaker.let_go_on(session, phones.house.people["Maya"], phones.house.now)
    phones.house.later(minutes=3)
    phones.send()
    assert len(phones.taken(DANA)) == 1
    # What the carrier threw away goes once more.
    phones.told()
    assert phones.delivery(lost).provider_status == "delivered"


def test_a_provider_that_is_down_is_left_alone_and_tried_once_a_minute(phones: Phones) -> None:
    names = [f"Member{chr(65 + number)} Lee" for number in range(24)]
    for number, name in enumerate(names):
        phones.person(name, f"+1404555{1000 + number}")
    with phones.house.services.db.write() as session:
        for address in session.scalars(select(Address).where(Address.kind == "phone")):
            address.looked_up_at = phones.house.now
    phones.wrong(EVERYBODY, Trouble(code=20503))
    for name in names[:21]:
        phones.journey_text(name.split()[0])
    phones.send()
    with phones.house.read() as session:
        [trouble] = breaker.troubles(session)
    assert (trouble.ends == "by itself" and "out of order" in trouble.reason) or "cannot be used" in trouble.reason
    waits = phones.journey_text(names[22].split()[0])
    phones.send()
    assert phones.delivery(waits).attempts == 0
    phones.wrong(EVERYBODY, None)
    phones.house.later(minutes=2)
    assert send_due_texts(phones.house.services) == 1
    with phones.house.read() as session:
        assert breaker.troubles(session) == []
    phones.house.later(minutes=3)
    phones.send()
    assert phones.carrier.texts.created() == 22


# What may have left


@pytest.mark.parametrize("how", ["hang up", "silence"])
def test_a_text_whose_answer_was_lost_is_found_at_the_provider_and_not_sent_again(phones: Phones, how: str) -> None:
    phones.person("Rosa Medina", ROSA)
    phones.wrong(ROSA, Trouble(after_creating=how, times=1, callbacks="never"))  # type: ignore[arg-type]
    sent = phones.journey_text("Rosa")
    phones.send()
    assert phones.delivery(sent).state == "unsure"
    phones.house.later(seconds=21)
    phones.send()
    [text] = phones.taken(ROSA)
    delivery = phones.delivery(sent)
    assert (delivery.state, delivery.provider_id, delivery.attempts) == ("sent", text.sid, 1)
    assert phones.tasks() == []


def test_a_status_callback_settles_it_before_anybody_asks(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    phones.wrong(ROSA, Trouble(after_creating="hang up", times=1))
    sent = phones.journey_text("Rosa")
    phones.send()
    assert phones.delivery(sent).state == "unsure"
    phones.told()
    delivery = phones.delivery(sent)
    assert (delivery.state, delivery.provider_status) == ("sent", "delivered")
    phones.house.later(minutes=30)
    assert phones.send() == 0 and len(phones.taken(ROSA)) == 1


def crash_in_calling(phones: Phones) -> None:
    """The courier dies between noting that it calls and noting what came of it; the provider heard nothing."""
    house = phones.house
    services, press = house.services, house.press
    with services.db.write() as session:
        claimed = claim_due(session, services.settings, house.now, 10, "sms")
        lines = lines_for(session, [(ROSA, None, None)], services.settings.sms, house.now)
    with services.db.write() as session:
        calling(session, written_texts(claimed, lines, press, house.now), {}, lines, claimed, press, house.now)
        queue.free(session)


def test_a_text_that_the_provider_never_got_is_sent_again_after_ten_minutes_and_not_before(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    sent = phones.journey_text("Rosa")
    crash_in_calling(phones)
    assert phones.delivery(sent).state == "calling"
    phones.send()
    assert phones.delivery(sent).state == "unsure"
    phones.house.later(minutes=9)
    phones.send()
    assert phones.taken(ROSA) == [] and phones.delivery(sent).state == "unsure"
    phones.house.later(minutes=2)
    phones.send()
    [text] = phones.taken(ROSA)
    assert text.body == phones.delivery(sent).body and phones.delivery(sent).state == "sent"


def test_a_task_about_a_stranger_shows_no_phone(phones: Phones) -> None:
    house = phones.house
    with house.services.db.write() as session:
        thread = open_thread(
            session, house.now, member_id=None, chapter_id=None, subject="", reason="Texted us.", correspondent=DANA
        )
        thread.last_in_at = house.now
        session.flush()
        answer = post.answer(session, thread, house.people["Maya"], "Hello", house.now, key="1", channel="sms")
        session.add(TextStop(id=1, created_at=house.now, phone=DANA, how="text", evidence="STOP"))
    phones.send()
    assert phones.delivery(answer.id).state == "refused"
    assert [task.title for task in phones.tasks()] == ["Your answer to …43 did not arrive"]


def test_two_texts_with_the_same_words_at_the_provider_are_a_persons_to_decide(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA, organizer="Maya")
    sent = phones.journey_text("Rosa")
    crash_in_calling(phones)
    body = phones.delivery(sent).body or ""
    texts = phones.house.services.texts
    assert texts is not None
    for _ in range(2):
        texts.send(OutgoingText(ROSA, OURS, body))
    phones.send()
    assert phones.delivery(sent).state == "unsure" and len(phones.taken(ROSA)) == 2
    [task] = phones.tasks()
    assert task.title == "Did our text to Rosa arrive?" and "2 texts" in task.script
    with phones.house.read() as session:
        assert session.scalars(select(OutboxDue)).all() == []


def test_the_same_words_said_on_purpose_before_are_not_taken_for_it(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    thread = phones.texted("Rosa", "Hello")
    phones.answer(thread, "Hello", key="0")
    phones.send()
    phones.answer(thread, "Yes", key="1")
    phones.send()
    again = phones.answer(thread, "Yes", key="2")
    phones.wrong(ROSA, Trouble(after_creating="hang up", times=1, callbacks="never"))
    phones.send()
    phones.house.later(seconds=30)
    phones.send()
    texts = phones.taken(ROSA)
    assert phones.delivery(again).provider_id == texts[-1].sid and len(texts) == 3


def test_when_nobody_can_be_asked_for_four_hours_a_person_decides(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    sent = phones.journey_text("Rosa")
    crash_in_calling(phones)
    phones.server.stop()
    for _ in range(6):
        phones.send()
        phones.house.later(hours=1)
    assert phones.delivery(sent).state == "unsure"
    [task] = phones.tasks()
    assert "could not be asked" in task.script


def test_a_courier_that_comes_late_to_record_changes_nothing(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    sent = phones.journey_text("Rosa")
    house, services = phones.house, phones.house.services
    with services.db.write() as session:
        claimed = claim_due(session, services.settings, house.now, 10, "sms")
        lines = lines_for(session, [(ROSA, None, None)], services.settings.sms, house.now)
    with services.db.write() as session:
        calls = calling(
            session, written_texts(claimed, lines, house.press, house.now), {}, lines, claimed, house.press, house.now
        )
    assert services.texts is not None
    outcomes = hand_over(services.texts, calls, 4, services.clock)
    phones.told()
    assert phones.delivery(sent).provider_status == "delivered"
    with services.db.write() as session:
        record(session, list(zip(calls, outcomes, strict=True)), house.now)
    assert (phones.delivery(sent).state, phones.delivery(sent).provider_status) == ("sent", "delivered")


# What the provider tells afterwards


def test_a_status_never_moves_back_and_counts_once(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    phones.wrong(ROSA, Trouble(callbacks="backwards"))
    sent = phones.journey_text("Rosa")
    phones.send()
    phones.told()
    assert phones.delivery(sent).provider_status == "delivered"
    sid = phones.taken(ROSA)[0].sid
    with phones.house.services.db.write() as session:
        now = phones.house.now
        for status in ("sent", "queued", "delivered", "undelivered", "gibberish", ""):
            assert not tell_status(session, sent, sid, status, None, now), status
        assert not tell_status(session, sent, "SM" + "0" * 32, "failed", 30005, now)
        assert not tell_status(session, 12345, sid, "delivered", None, now)
    assert phones.delivery(sent).state == "sent"


def test_a_person_who_talks_with_us_is_texted_by_people_only(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    thread = phones.texted("Rosa", "I have a question")
    held = phones.journey_text("Rosa")
    answer = phones.answer(thread, "Ask!")
    phones.send()
    assert phones.delivery(held).state == "queued" and "talking" in (phones.delivery(held).refusal or "")
    assert phones.delivery(answer).state == "sent"


def test_where_texts_are_not_set_up_they_wait_and_say_so(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    waits = phones.journey_text("Rosa")
    texting = phones.house.services
    phones.house.services = replace(texting, texts=None)
    phones.send()
    phones.house.services = texting
    assert "not set up" in (phones.delivery(waits).refusal or "") and phones.delivery(waits).state == "queued"


def test_texts_that_wait_for_their_number_let_an_answer_pass(house: House, tmp_path: Path) -> None:
    with phones_of(house, tmp_path, numbers=[OURS], per_second=1.0) as phones:
        phones.person("Rosa Medina", ROSA)
        others = []
        for number in range(8):
            phones.person(f"Member{chr(65 + number)} Lee", f"+1404555{2000 + number}")
            others.append(phones.journey_text(f"Member{chr(65 + number)}"))
        phones.send()
        sent = [each for each in others if phones.delivery(each).state == "sent"]
        assert len(sent) == 1
        waiting = sorted(phones.delivery(each).send_at for each in others if each not in sent)
        # Each of these texts is two segments long.
        assert all(later - sooner >= timedelta(seconds=2) for sooner, later in pairwise(waiting))
        thread = phones.texted("Rosa", "Hello")
        house.later(seconds=3)
        answer = phones.answer(thread, "Hello back")
        phones.send()
        assert phones.delivery(answer).state == "sent"
        for _ in range(30):
            house.later(seconds=1)
            phones.send()
        assert {phones.delivery(each).state for each in others} == {"sent"}


def test_a_long_text_goes_as_one_picture_message_where_that_is_cheaper() -> None:
    def text(to: str, body: str) -> WrittenText:
        return WrittenText(to, body, measure(body), None, "Maya", introduces=False)

    prices = Texting(segment_price=0.01, picture_price=0.025)
    assert not is_cheaper_as_mms(text(ROSA, "a" * 300), prices)
    assert is_cheaper_as_mms(text(ROSA, "a" * 310), prices)
    assert not is_cheaper_as_mms(text("+442079460018", "a" * 310), prices)
    assert not is_cheaper_as_mms(text(ROSA, "a" * 310), prices.model_copy(update={"picture_price": 0.0}))


def test_through_a_storm_of_faults_every_text_arrives_once_or_a_person_knows(phones: Phones) -> None:
    dice = random.Random(7)
    faults = [
        Trouble(), Trouble(code=20500, times=2), Trouble(code=20429, times=1), Trouble(code=20503, times=1),
        Trouble(after_creating="hang up", times=1), Trouble(after_creating="hang up", times=1, callbacks="never"),
        Trouble(callbacks="backwards"), Trouble(callbacks="twice"), Trouble(code=30003, times=1),
        Trouble(latency_seconds=0.05),
    ]  # fmt: skip
    sent: dict[str, int] = {}
    for number in range(24):
        name, phone = f"Member{number} Lee", f"+1404555{3000 + number}"
        phones.person(name, phone)
        phones.wrong(phone, dice.choice(faults))
        sent[phone] = phones.journey_text(name.split()[0])
    for _ in range(24):
        phones.send()
        if dice.random() < 0.7:
            phones.told()
        if {phones.delivery(each).state for each in sent.values()} == {"sent"}:
            break
        phones.house.later(minutes=2)
    phones.told()
    for phone, delivery_id in sent.items():
        texts = phones.taken(phone)
        assert phones.delivery(delivery_id).state == "sent", phone
        # What came back undelivered may go once more; what arrived, or may have, never does.
        assert sum(text.status == "delivered" for text in texts) == 1, phone
        assert len(texts) == 1 or texts[0].status == "undelivered"
    assert phones.tasks() == []


@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
def test_two_couriers_on_postgresql_send_every_text_once(house: House, tmp_path: Path) -> None:
    with phones_of(house, tmp_path) as phones:
        sent: dict[str, int] = {}
        for number in range(16):
            phone = f"+1404555{4000 + number}"
            phones.person(f"Member{number} Lee", phone)
            sent[phone] = phones.journey_text(f"Member{number}")
        phones.wrong("+14045554007", Trouble(after_creating="hang up", times=1, callbacks="never"))
        for _ in range(2):
            couriers = [threading.Thread(target=phones.send) for _ in range(3)]
            for one in couriers:
                one.start()
            for one in couriers:
                one.join(60.0)
            house.later(seconds=30)
        phones.told()
        for phone, delivery_id in sent.items():
            assert len(phones.taken(phone)) == 1 and phones.delivery(delivery_id).state == "sent", phone
        # Whom nobody knew a number for got one each, and both of ours are used alike.
        senders = Counter(phones.taken(phone)[0].sender for phone in sent)
        assert sum(senders.values()) == 16 and set(senders) == {OURS, ALSO_OURS}


def test_a_courier_asks_for_more_time_without_waiting_for_what_is_being_settled(postgres_db: Database) -> None:
    rows = [
        Delivery(id=number, created_at=START, message_class="journey", channel="sms", send_at=START, state_at=START)
        for number in (1, 2)
    ]
    with postgres_db.write() as session:
        for row in rows:
            session.add(OutboxDue(rank=rank_of("journey", "sms"), send_at=START, delivery_id=row.id))
    with postgres_db.write() as settling, postgres_db.write() as asking:
        queue.remove(settling, rows[:1])
        asking.execute(text("SET LOCAL lock_timeout = '1s'"))
        queue.lease_on(asking, rows)
    with postgres_db.read() as session:
        left = {row.delivery_id: row.leased_until_at for row in session.scalars(select(OutboxDue))}
    assert list(left) == [2] and left[2] is not None


def test_a_text_that_waited_hours_for_a_shut_way_is_not_sent_late_and_nobody_is_asked(
    phones: Phones,
) -> None:
    phones.person("Rosa Medina", ROSA, organizer="Maya")
    news = phones.journey_text("Rosa")
    with phones.house.services.db.write() as session:
        breaker.stop(session, "Our number is not registered.", phones.house.now)
    for _ in range(10):
        phones.send()
        phones.house.later(minutes=30)
    assert phones.delivery(news).state == "refused"
    assert "late text is worse" in (phones.delivery(news).refusal or "")
    assert phones.tasks() == []
