"""Mail to somebody does not arrive: whoever talks with them sees it, why, and the other way to them."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from admin.web import create_app
from engine.base.setting_groups.texting import Texting
from engine.chapters.membership import home_chapter
from engine.conversations.thread import Thread
from engine.outbox.trouble import DOES_NOT_ARRIVE
from engine.people.address import SOMEBODY_ELSES, Address, AddressStrike, add_phone
from engine.people.consent import EVERYTHING, Said, record_consent
from engine.people.health import AddressReset, struck
from engine.people.member import Member
from tests.admin.town import NOON, Town

FAILS = "Mail to Rosa does not arrive."


@pytest.fixture
def town(town: Town) -> Town:
    """The town, with texts switched on."""
    texting = Texting(account_sid="AC1", auth_token="secret", numbers=["+14045550100"])
    town.services = replace(town.services, settings=town.services.settings.model_copy(update={"sms": texting}))
    town.app = create_app(town.services)
    return town


def address(town: Town, who: str = "rosa") -> Address:
    with town.services.db.read() as session:
        return session.scalars(select(Address).where(Address.value == f"{who}@mail.example")).one()


def comes_back(town: Town, status: str, *, permanent: bool = True) -> None:
    with town.write() as session:
        struck(session, session.get_one(Address, address(town).id), status, NOON, permanent=permanent)


def has_phone(town: Town, *, agrees: bool = True) -> None:
    with town.write() as session:
        add_phone(session, town.people["rosa"], "+14045550177", NOON)
        if agrees:
            record_consent(session, town.people["rosa"], "sms", EVERYTHING, True, Said("sign-up"), NOON)


def shown(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_conversation_offers_a_text_in_the_box_below(town: Town) -> None:
    thread = town.hears("rosa", "Hello?", chapter="atlanta", to="denise")
    has_phone(town)
    denise = town.signed_in("denise")
    assert FAILS not in denise.sees(f"/conversations/{thread}")
    comes_back(town, "5.1.1")
    page = denise.sees(f"/conversations/{thread}?way=sms")
    assert f"{FAILS} Text her? Since Mar 3: there is no such mailbox." in shown(page)
    assert "We try it again by ourselves on Apr 2" in page
    assert 'href="?way=sms#answer"' in page and 'name="way" value="sms"' in page
    denise.presses(f"/conversations/{thread}/answers", text="Rosa, are you well?", key="k", send="sms-now")
    with town.write() as session:
        session.get_one(Member, town.people["denise"]).language = "es"
    page = denise.sees(f"/conversations/{thread}")
    assert "El correo a Rosa no llega. ¿Escribirle un mensaje de texto?" in shown(page)
    assert "Desde el 3 mar: ese buzón no existe." in shown(page)


def test_from_the_persons_page_one_press_leads_to_a_text_to_them(town: Town) -> None:
    has_phone(town)
    comes_back(town, "5.1.1")
    denise = town.signed_in("denise")
    person = f"/people/{town.people['rosa']}"
    assert f"{FAILS} Text her?" in shown(denise.sees(person))
    for _ in range(2):
        answer = denise.presses(f"{person}/conversations")
        assert answer.status_code == 302 and answer.location.endswith("?way=sms#answer")
    with town.services.db.read() as session:
        [thread] = session.scalars(select(Thread).where(Thread.member_id == town.people["rosa"]))
        assert thread.responsible_id == town.people["denise"]
        assert thread.chapter_id == home_chapter(session, town.people["rosa"])
    assert 'name="way" value="sms"' in denise.sees(answer.location.partition("#")[0])


def test_who_does_not_see_a_person_begins_nothing_with_them(town: Town) -> None:
    has_phone(town)
    comes_back(town, "5.1.1")
    erik = town.signed_in("erik")
    assert erik.presses(f"/people/{town.people['rosa']}/conversations").status_code == 404
    assert erik.presses(f"/people/{town.people['rosa']}/addresses/{address(town).id}/reset", why="x").status_code == 404
    with town.services.db.read() as session:
        assert not session.scalars(select(Thread).where(Thread.member_id == town.people["rosa"])).all()
        assert address(town).resting_since is not None


@pytest.mark.parametrize(
    ("phone", "agrees", "says"),
    [
        (False, False, "We know no phone where a text reaches Rosa."),
        (True, False, "Rosa never said yes to texts."),
    ],
)
def test_where_no_text_can_go_it_says_so_and_what_else_there_is(
    town: Town, phone: bool, agrees: bool, says: str
) -> None:
    if phone:
        has_phone(town, agrees=agrees)
    comes_back(town, "5.1.1")
    page = town.signed_in("denise").sees(f"/people/{town.people['rosa']}")
    assert f"{FAILS} Call, or ask somebody who sees them. {says}" in shown(page)
    assert '/conversations"' not in page


def test_mail_that_is_late_is_said_quietly_with_until_when(town: Town) -> None:
    thread = town.hears("rosa", "Hello?", chapter="atlanta", to="denise")
    comes_back(town, "4.2.2", permanent=False)
    denise = town.signed_in("denise")
    page = shown(denise.sees(f"/conversations/{thread}"))
    assert "Mail to Rosa is late just now: the mailbox is full." in page and FAILS not in page
    assert "Send to Rosa by email" in page, "what a person writes is tried at once"
    town.clock.at += timedelta(days=1, minutes=1)
    assert "is late just now" not in denise.sees(f"/conversations/{thread}")


def test_an_address_is_tried_again_for_a_reason_that_is_kept(town: Town) -> None:
    thread = town.hears("rosa", "Hello?", chapter="atlanta", to="denise")
    comes_back(town, "5.1.1")
    denise = town.signed_in("denise")
    reset = re.search(r'action="(/people/\d+/addresses/\d+/reset)"', denise.sees(f"/conversations/{thread}"))
    assert reset
    denise.presses(reset[1], why="  ", thread=str(thread))
    assert "Nothing was changed yet." in denise.sees(f"/conversations/{thread}")
    assert address(town).resting_since is not None
    denise.presses(reset[1], why="She emptied it", thread=str(thread))
    page = denise.sees(f"/conversations/{thread}")
    assert "Mail goes to Rosa again." in page and FAILS not in page
    with town.services.db.read() as session:
        [kept] = session.scalars(select(AddressReset))
        assert (kept.why, kept.by_id) == ("She emptied it", town.people["denise"])
        assert session.scalars(select(AddressStrike)).all(), "what came back stays on record"
        assert DOES_NOT_ARRIVE not in session.get_one(Thread, thread).marks


def test_a_number_that_is_somebody_elses_is_not_offered_to_be_tried(town: Town) -> None:
    has_phone(town)
    with town.write() as session:
        phone = session.scalars(select(Address).where(Address.kind == "phone")).one()
        phone.resting_since, phone.resting_reason = NOON, SOMEBODY_ELSES
    page = town.signed_in("denise").sees(f"/people/{town.people['rosa']}")
    assert "wrong number" in page and "/reset" not in page


def test_who_wrote_by_mail_after_their_address_began_to_rest_is_answered_there(town: Town) -> None:
    comes_back(town, "5.1.1")
    town.clock.at += timedelta(days=2)
    thread = town.hears("rosa", "I am here!", chapter="atlanta", to="denise")
    assert "Send to Rosa by email" in town.signed_in("denise").sees(f"/conversations/{thread}")


def test_a_complaint_is_told_quietly_on_their_page(town: Town) -> None:
    with town.write() as session:
        record_consent(session, town.people["rosa"], "email", "journey", False, Said("complaint"), NOON)
    denise = town.signed_in("denise")
    assert "On Mar 3 Rosa called a letter of ours unwanted." in denise.sees(f"/people/{town.people['rosa']}")
    with town.write() as session:
        record_consent(session, town.people["rosa"], "email", "journey", True, Said("preferences"), NOON)
    assert "unwanted" not in denise.sees(f"/people/{town.people['rosa']}")
