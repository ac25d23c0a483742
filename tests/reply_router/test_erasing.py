"""Erasing somebody: nothing of theirs is left on the disk but keyed marks, and nobody writes to them by any way."""

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DatabaseError

from engine.base.errors import Invalid
from engine.conversations.thread import Thread
from engine.enrollments.joining import welcome
from engine.outbox.delivery import Delivery
from engine.outbox.post import answer
from engine.people.address import add_email, add_phone
from engine.people.consent import EVERYTHING, Consent, Said, record_consent
from engine.people.member import Member, tag_many
from engine.people.suppression import Suppression, suppressed
from engine.runner.erasing import erase
from tests.reply_router.conversation import Town
from tests.reply_router.texting import ROSA, Phones

NAME, MAIL, WORDS = "Rosalinde Quetzalcoatl", "rosa@home.example", "zzmarkerwords about my landlord"


def _lived(town: Town, phones: Phones) -> int:
    """Somebody who has written, texted, been noted, tagged and imported; their id."""
    member_id = town.person_id("Rosa")
    with town.house.services.db.write() as session:
        session.get_one(Member, member_id).name = NAME
        tag_many(session, [(member_id, "zzmarkertag")], town.house.now)
    phones.has("Rosa", ROSA)
    town.answers("Rosa", town.letter("Rosa"), WORDS)
    phones.texts(ROSA, f"{WORDS} by text")
    phones.texts(ROSA, "HELP")
    return member_id


def _erase(town: Town, member_id: int) -> None:
    with town.house.services.db.write() as session:
        erase(session, member_id, town.house.now)


def test_nothing_of_somebody_erased_is_left_in_the_database_but_their_marks(town: Town, phones: Phones) -> None:
    member_id = _lived(town, phones)
    _erase(town, member_id)
    db = town.house.services.db
    db.shred()
    if db.is_sqlite:
        found = db.engine.url.database
        assert found is not None
        with open(found, "rb") as file:
            disk = file.read()
    else:
        with db.read() as session:
            tables = session.scalars(text("select tablename from pg_tables where schemaname = current_schema()")).all()
            disk = "".join(
                str(row) for table in tables for row in session.execute(text(f'select * from "{table}"'))
            ).encode()
    markers = ("Quetzalcoatl", "zzmarkerwords", "zzmarkertag", MAIL, ROSA, ROSA[2:])
    assert [each for each in markers if each.encode() in disk] == []
    with town.house.read() as session:
        assert sorted(session.scalars(select(Suppression.kind))) == ["email", "phone"]
        assert len(suppressed(session, [("email", MAIL), ("phone", ROSA)])) == 2


def test_an_address_of_somebody_erased_is_not_written_to_whoever_writes_it_down_again(
    town: Town, phones: Phones
) -> None:
    _erase(town, _lived(town, phones))
    house = town.house
    with house.services.db.write() as session:
        again = welcome(session, "Somebody Else", MAIL, house.now, source="a list")
        assert again.new
        add_phone(session, again.member_id, ROSA, house.now)
        record_consent(session, again.member_id, "sms", EVERYTHING, True, Said("import", "a list"), house.now)
    house.people["Rosa"] = again.member_id
    house.letter("Rosa", "hello")
    before = len(house.mails("Rosa"))
    house.send()
    assert len(house.mails("Rosa")) == before
    with house.read() as session:
        refused = session.scalars(
            select(Delivery.refusal).where(Delivery.member_id == again.member_id, Delivery.state == "refused")
        ).all()
    assert refused
    assert all("asked us to forget them" in (each or "") for each in refused)


def test_only_their_own_word_from_there_lets_us_write_to_them_again(town: Town, phones: Phones) -> None:
    _erase(town, _lived(town, phones))
    house = town.house
    with house.services.db.write() as session:
        joined = welcome(session, "Rosa Marin", MAIL, house.now, source="a form", consent=Said("sign-up"), proven=True)
    with house.read() as session:
        assert list(suppressed(session, [("email", MAIL), ("phone", ROSA)])) == [("phone", ROSA)]
    house.people["Rosa"] = joined.member_id
    before = len(house.mails("Rosa"))
    house.letter("Rosa", "hello")
    house.send()
    assert len(house.mails("Rosa")) == before + 1


def test_a_phone_that_a_neighbor_has_too_stays_theirs(town: Town, phones: Phones) -> None:
    member_id = _lived(town, phones)
    phones.has("Walt", ROSA)
    _erase(town, member_id)
    with town.house.read() as session:
        assert list(suppressed(session, [("email", MAIL), ("phone", ROSA)])) == [("email", MAIL)]


def test_whoever_answers_others_is_not_erased_before_they_are_handed_over(town: Town) -> None:
    with pytest.raises(Invalid, match="have a role"):
        _erase(town, town.person_id("Denise"))


def test_the_ledger_is_only_added_to(town: Town, phones: Phones) -> None:
    phones.has("Rosa", ROSA)
    db = town.house.services.db
    for statement in (update(Consent).values(opted_in=False), text("delete from consent")):
        with pytest.raises(DatabaseError, match="only added to"), db.write() as session:
            session.execute(statement)
    with db.write() as session:
        add_email(session, town.person_id("Rosa"), "r2@home.example", town.house.now)


def test_what_waits_for_somebody_erased_never_leaves(town: Town, phones: Phones) -> None:
    member_id = _lived(town, phones)
    thread = town.threads("Rosa")[-1]
    with town.house.services.db.write() as session:
        answer(session, session.get_one(Thread, thread.id), town.person_id("Denise"), "Yes.", town.house.now, key="k")
    _erase(town, member_id)
    with town.house.read() as session:
        states = session.scalars(select(Delivery.state).where(Delivery.thread_id == thread.id)).all()
    assert "queued" not in states
