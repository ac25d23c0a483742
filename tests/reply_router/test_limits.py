"""What a machine of ours may say, and when a sender is muted: nothing goes on for ever, and nothing is lost by it."""

from sqlalchemy import func, select

from engine.content.template import Template, TemplateVersion
from engine.conversations.storm import MOST, Storm, lately
from engine.conversations.thread import IN_STORM
from engine.outbox.delivery import Delivery
from engine.outbox.limits import (
    RECEIPTS_A_DAY,
    RECEIPTS_AN_HOUR_IN_ONE_THREAD,
    may_be_courteous,
    may_have_receipt,
    note,
)
from tests.reply_router.conversation import DOMAIN, Town
from tests.reply_router.texting import ROSA, Phones


def receipts(town: Town, template: str) -> int:
    """How many letters or texts of this name are in the outbox."""
    with town.house.read() as session:
        query = (
            select(func.count(Delivery.id))
            .join(TemplateVersion, TemplateVersion.id == Delivery.template_version_id)
            .join(Template, Template.id == TemplateVersion.template_id)
            .where(Template.name == template)
        )
        return session.scalar(query) or 0


def test_after_five_receipts_within_an_hour_the_command_is_done_and_a_person_sees_it(town: Town) -> None:
    letter = town.letter("Rosa")
    rows = [
        town.answers("Rosa", letter, word, quoted=False, subject=f"Re: {letter['Subject']}")
        for word in ("LESS", "MORE") * 3
    ]
    assert {(row.outcome, row.effect) for row in rows} == {("command", "pace")}
    assert receipts(town, "pace") == RECEIPTS_AN_HOUR_IN_ONE_THREAD
    thread = town.thread(rows[-1])
    assert thread.waits_since is not None and thread.responsible_id is not None
    town.house.later(hours=1)
    town.answers("Rosa", letter, "LESS", quoted=False)
    assert receipts(town, "pace") == RECEIPTS_AN_HOUR_IN_ONE_THREAD + 1


def test_the_same_holds_by_text(phones: Phones) -> None:
    rows = []
    for word in ("LESS", "MORE") * 3:
        phones.town.house.later(minutes=2)
        rows.append(phones.texts(ROSA, word))
    assert [row.effect for row in rows] == ["pace"] * RECEIPTS_AN_HOUR_IN_ONE_THREAD + [""]
    assert receipts(phones.town, "sms/pace") == RECEIPTS_AN_HOUR_IN_ONE_THREAD
    assert phones.town.thread(rows[-1]).waits_since is not None


def test_an_address_has_twenty_receipts_and_one_courtesy_within_any_day(town: Town) -> None:
    house = town.house
    with house.services.db.write() as session:
        note(session, "courtesy", "Rosa@home.example", 1, house.now)
        for number in range(RECEIPTS_A_DAY):
            assert may_have_receipt(session, "rosa@home.example", number, house.now)
            note(session, "receipt", "Rosa@home.example", number, house.now)
        assert not may_have_receipt(session, "rosa@home.example", 99, house.now)
        assert may_have_receipt(session, "walt@home.example", 99, house.now)
        assert not may_be_courteous(session, "ROSA@home.example", house.now)
    house.later(hours=23, minutes=59)
    with house.services.db.write() as session:
        assert not may_be_courteous(session, "rosa@home.example", house.now), "midnight gives nobody a second one"
    house.later(minutes=1)
    with house.services.db.write() as session:
        assert may_be_courteous(session, "rosa@home.example", house.now)
        assert may_have_receipt(session, "rosa@home.example", 99, house.now)


def test_who_writes_more_than_twenty_mails_an_hour_is_muted_kept_and_told_of_once(town: Town) -> None:
    letter = town.letter("Rosa")
    rows = [town.answers("Rosa", letter, f"Word {number}", quoted=False) for number in range(MOST + 5)]
    assert {row.outcome for row in rows} == {"thread"} and len({row.message_id for row in rows}) == MOST + 5
    assert IN_STORM in town.thread(rows[-1]).marks
    row = town.answers("Rosa", letter, "LESS", quoted=False)
    assert row.effect == "pace" and receipts(town, "pace") == 0, "no machine of ours answers there"
    stranger = [town.writes("Sam <sam@far.example>", f"hello@{DOMAIN}", f"Spam {number}") for number in range(MOST + 2)]
    assert IN_STORM in town.thread(stranger[-1]).marks
    with town.house.read() as session:
        assert session.scalar(select(func.count(Storm.id))) == 2
        assert [storm.most for storm in lately(session, town.house.now)] and town.is_balanced()
    town.house.later(hours=1, minutes=1)
    calm = town.answers("Rosa", letter, "Sorry, that was my phone.", quoted=False)
    assert IN_STORM not in town.thread(calm).marks
    town.house.later(days=1)
    with town.house.read() as session:
        assert lately(session, town.house.now) == []
