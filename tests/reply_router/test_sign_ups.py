"""Confirming a sign-up from the address itself: by a text's yes, or a mail's."""

from datetime import timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import delete, select

from engine.chapters.membership import chapters_of
from engine.content.template import publish_library
from engine.conversations.thread import Thread
from engine.enrollments.signal import Signal
from engine.people.address import Address, members_with
from engine.people.consent import Consent, ConsentStanding
from engine.people.member import Member
from engine.people.preference import what_comes
from engine.people.sign_up import SignUp, Wanted, ask_to_join, new_sign_ups
from inbound.web.joining import ask_to_confirm
from templates.catalog import our_library
from tests.reply_router.conversation import DOMAIN, Town
from tests.reply_router.texting import NOBODY, ROSA, Phones

SHOWN = "I agree to texts from Neighbors for Progress to this phone."


def asked(phones: Phones, phone: str = NOBODY, *, member_id: int | None = None) -> int:
    """Somebody gave this phone at the page, and the phone was asked."""
    services = phones.town.house.services
    with services.db.write() as session:
        publish_library(session, our_library(), phones.town.house.now)
        wanted = Wanted(
            "sms", phone, "form", SHOWN, name="Ana Lima", postal_code="30310",
            chapter_id=phones.town.chapters["Duluth"], member_id=member_id, network_address="203.0.113.5",
        )  # fmt: skip
        row = ask_to_join(session, wanted, phones.town.house.now)
    ask_to_confirm(services, row.id)
    assert phones.ours()[-1] == ("sms/join/confirm", phone)
    return row.id


def state(phones: Phones, row_id: int) -> str:
    """How far that sign-up has come."""
    with phones.town.house.read() as session:
        return session.get_one(SignUp, row_id).state


@pytest.mark.parametrize("yes", ["YES", "yes please!", "Sí", "Yes, Ana"])
def test_a_yes_from_the_phone_makes_a_member_with_the_words_shown_as_evidence(phones: Phones, yes: str) -> None:
    row_id = asked(phones)
    row = phones.texts(NOBODY, yes)
    assert (row.outcome, row.effect, state(phones, row_id)) == ("command", "joined", "confirmed")
    with phones.town.house.read() as session:
        ana = session.get_one(Member, row.member_id)
        assert (ana.name, ana.postal_code) == ("Ana Lima", "30310")
        (address,) = session.scalars(select(Address).where(Address.member_id == ana.id))
        assert (address.value, address.proven_at is not None) == (NOBODY, True)
        (consent,) = session.scalars(select(Consent).where(Consent.member_id == ana.id))
        assert (consent.channel, consent.opted_in, consent.received_id) == ("sms", True, row.id)
        assert SHOWN in consent.evidence and yes in consent.evidence and consent.network_address == "203.0.113.5"
        assert [each.slug for each in chapters_of(session, ana.id)] == ["duluth"]
        assert [each.kind for each in session.scalars(select(Signal).where(Signal.member_id == ana.id))] == ["joined"]
    assert phones.ours()[-1] == ("sms/join/done", NOBODY)
    thread = phones.town.thread(row)
    assert (thread.member_id, thread.closure_id is not None) == (ana.id, True), "nothing in it waits for a person"


def test_more_than_a_yes_is_taken_and_reaches_a_person(phones: Phones) -> None:
    asked(phones)
    row = phones.texts(NOBODY, "Yes. Is there a ramp at the library, and can my kids come along?")
    assert row.effect == "joined"
    assert phones.town.thread(row).waits_since is not None


def test_a_no_ends_the_asking_and_a_later_yes_is_only_words(phones: Phones) -> None:
    row_id = asked(phones)
    assert phones.texts(NOBODY, "no thanks").effect == ""
    assert state(phones, row_id) == "over"
    phones.town.house.later(minutes=5)
    assert phones.texts(NOBODY, "yes").outcome == "needs_person"
    with phones.town.house.read() as session:
        assert members_with(session, "phone", NOBODY) == []


def test_stop_ends_the_asking_and_silence_makes_nobody_a_member(phones: Phones) -> None:
    row_id = asked(phones)
    phones.texts(NOBODY, "STOP")
    assert state(phones, row_id) == "over" and phones.is_stopped(NOBODY)
    late = asked(phones, "+14045550198")
    phones.town.house.later(days=8)
    assert phones.texts("+14045550198", "yes").outcome == "needs_person"
    assert state(phones, late) == "asked"


def test_a_yes_from_a_members_phone_adds_consent_and_chapter_and_nobody(phones: Phones) -> None:
    asked(phones, ROSA)
    before = phones.town.person_id("Rosa")
    row = phones.texts(ROSA, "yes")
    assert (row.effect, row.member_id) == ("joined", before)
    with phones.town.house.read() as session:
        assert members_with(session, "phone", ROSA) == [before]
        assert {each.slug for each in chapters_of(session, before)} == {"atlanta", "duluth"}
        assert chapters_of(session, before)[0].slug == "atlanta", "their home stays where it was"


def test_a_phone_that_a_member_gave_on_their_own_page_becomes_theirs_by_its_yes(phones: Phones) -> None:
    walt = phones.town.person_id("Walt")
    asked(phones, NOBODY, member_id=walt)
    row = phones.texts(NOBODY, "yes")
    with phones.town.house.read() as session:
        assert members_with(session, "phone", NOBODY) == [walt] and row.member_id == walt
        assert what_comes(session, walt, "sms", ["journey"]) == {"journey": True}


def test_somebody_from_a_file_has_texts_only_by_their_own_yes(phones: Phones) -> None:
    imported = "+14045550177"
    phones.has("Walt", imported, consents=False)
    walt = phones.town.person_id("Walt")
    with phones.town.house.services.db.write() as session:
        session.execute(delete(ConsentStanding).where(ConsentStanding.member_id == walt))
    asked(phones, imported)
    phones.texts(imported, "yes")
    with phones.town.house.read() as session:
        assert what_comes(session, walt, "sms", ["broadcast"]) == {"broadcast": True}
        said = session.scalars(select(Consent).where(Consent.member_id == walt).order_by(Consent.id.desc())).first()
        assert said is not None and (said.how, said.by_id) == ("sign-up", walt) and SHOWN in said.evidence


def test_a_phone_is_asked_once_a_day(phones: Phones) -> None:
    first = asked(phones)
    services = phones.town.house.services
    for later, expected in ((timedelta(hours=1), "held"), (timedelta(days=1), "asked")):
        phones.town.house.later(hours=later.total_seconds() / 3600)
        with services.db.write() as session:
            row = ask_to_join(session, Wanted("sms", NOBODY, "form", SHOWN, name="Ana"), phones.town.house.now)
        ask_to_confirm(services, row.id)
        assert state(phones, row.id) == expected
    assert state(phones, first) == "asked"


ANA = "Ana Lima <ana@elsewhere.example>"


def settle(town: Town) -> None:
    """Every sign-up was looked at, and its mail is sent."""
    services = town.house.services
    with services.db.read() as session:
        waiting = new_sign_ups(session, town.house.now)
    for row_id in waiting:
        assert row_id is not None
        ask_to_confirm(services, row_id)
    town.house.send()


def letters_to(town: Town, address: str) -> list[EmailMessage]:
    """What arrived there."""
    return [each.mail for each in town.house.relay.taken if each.rcpt_to == address]


@pytest.mark.parametrize(
    ("subject", "text", "to", "chapter", "says"),
    [
        ("Hello", "Join", "atlanta", "Atlanta", "with yes"),
        ("Join", "", "hello", "", "with yes"),
        ("join", "Ana", "duluth", "Duluth", "with yes"),
        ("Hola", "Unirme", "atlanta", "Atlanta", "con sí"),
        ("Hello", "JOIN ATLANTA", "hello", "Atlanta", "with yes"),
    ],
)
def test_a_stranger_who_mails_join_is_asked_and_becomes_a_member_by_answering_yes(
    town: Town, subject: str, text: str, to: str, chapter: str, says: str
) -> None:
    asked = town.writes(ANA, f"{to}@{DOMAIN}", text, subject)
    assert (asked.outcome, asked.effect) == ("command", "join"), asked.reason
    settle(town)
    (letter,) = letters_to(town, "ana@elsewhere.example")
    body = letter.get_body(("plain",))
    assert body is not None and ("«sí»" if "sí" in says else "“yes”") in body.get_content()
    with town.house.read() as session:
        assert members_with(session, "email", "ana@elsewhere.example") == []
    said = town.answers("Ana Lima", letter, "Sí" if "sí" in says else "Yes!", from_="ana@elsewhere.example")
    assert (said.outcome, said.effect) == ("command", "joined"), said.reason
    with town.house.read() as session:
        (ana,) = members_with(session, "email", "ana@elsewhere.example")
        assert [each.name for each in chapters_of(session, ana)] == ([chapter] if chapter else [])
        (address,) = session.scalars(select(Address).where(Address.member_id == ana))
        assert address.proven_at is not None
        (consent,) = session.scalars(select(Consent).where(Consent.member_id == ana))
        assert (consent.channel, consent.how, consent.received_id) == ("email", "sign-up", said.id)
        thread = session.get_one(Thread, said.thread_id)
        assert (thread.member_id, thread.closure_id is not None) == (ana, True)
    assert town.is_balanced()


def test_an_unproven_join_is_asked_once_a_day_and_an_unproven_yes_makes_nobody(town: Town) -> None:
    for _ in range(3):
        town.writes(ANA, f"atlanta@{DOMAIN}", "join", dmarc="")
        town.house.later(minutes=20)
        settle(town)
    (letter,) = letters_to(town, "ana@elsewhere.example")
    said = town.answers("Ana Lima", letter, "yes", from_="ana@elsewhere.example", dmarc="")
    assert (said.outcome, said.effect) == ("thread", "")
    assert town.thread(said).waits_since is not None, "a person reads it"
    other = town.answers("Bo", letter, "yes", from_="bo@elsewhere.example")
    assert other.effect == ""
    with town.house.read() as session:
        assert session.scalars(select(SignUp.state).where(SignUp.asked_at.is_not(None))).all() == ["asked"]
        assert members_with(session, "email", "ana@elsewhere.example") == []


def test_a_join_that_its_own_domain_disowns_sends_nothing_and_is_for_a_person(town: Town) -> None:
    row = town.writes(ANA, f"atlanta@{DOMAIN}", "join", dmarc="fail")
    settle(town)
    assert (row.outcome, letters_to(town, "ana@elsewhere.example")) == ("needs_person", [])


def test_join_with_more_words_is_asked_and_reaches_a_person_and_a_member_is_talking(town: Town) -> None:
    row = town.writes(ANA, f"atlanta@{DOMAIN}", "Join\n\nI saw you at the market. Is there a ramp?")
    assert (row.effect, town.thread(row).waits_since is not None) == ("join", True)
    rosa = town.writes("Rosa Marin <rosa@home.example>", f"duluth@{DOMAIN}", "join")
    assert rosa.outcome == "thread"


def test_a_no_by_mail_ends_the_asking(town: Town) -> None:
    town.writes(ANA, f"atlanta@{DOMAIN}", "join")
    settle(town)
    (letter,) = letters_to(town, "ana@elsewhere.example")
    town.answers("Ana Lima", letter, "No thank you", from_="ana@elsewhere.example")
    with town.house.read() as session:
        assert session.scalars(select(SignUp.state)).all() == ["over"]
