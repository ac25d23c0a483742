"""Whom a text may reach and when: stops and consent, phones that take none, and decent hours."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, select

from admin.sandbox.carrier.trouble import Trouble
from engine.conversations.message import Message
from engine.enrollments.signal import Signal
from engine.outbox import post
from engine.outbox.claim import claim_due
from engine.outbox.stopping import stop_texts
from engine.outbox.text_courier import calling, written_texts
from engine.outbox.text_lines import lines_for
from engine.people.address import Address
from engine.people.consent import EVERYTHING, Consent, ConsentStanding, Said, record_consent
from engine.people.text_stop import TextStop, stopped_phones
from tests.outbox.conftest import START, House
from tests.outbox.phones import DANA, LANDLINE, OURS, ROSA, Phones, phones_of

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


def test_a_person_who_talks_with_us_is_texted_by_people_only(phones: Phones) -> None:
    phones.person("Rosa Medina", ROSA)
    thread = phones.texted("Rosa", "I have a question")
    held = phones.journey_text("Rosa")
    answer = phones.answer(thread, "Ask!")
    phones.send()
    assert phones.delivery(held).state == "queued" and "talking" in (phones.delivery(held).refusal or "")
    assert phones.delivery(answer).state == "sent"


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
