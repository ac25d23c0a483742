"""Journeys by text: who gets one, what happens to the others, and that a digit means one question only."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from engine.base.ids import new_id
from engine.base.setting_groups.texting import Texting
from engine.conversations.question import Question
from engine.enrollments.enrollment import Visit
from engine.outbox.delivery import Delivery, DeliveryKey
from engine.outbox.said import unsay
from engine.people.address import Address
from engine.people.consent import EVERYTHING, Said, record_consent
from engine.people.text_stop import TextStop
from engine.people.texting import SAYS, Untextable, untextable
from engine.runner.tick import claim, settle, tick
from tests.runner.conftest import Town

OURS = "+14045550100"
HEAD = "{slug: %s, title: T, purpose: To try, triggers: by_hand, steps: [%s]}"
TEXT = "{id: say, do: text, template: t/hello, speaks: give, signed_by: desk%s}, {id: rest, do: wait, for: P9D}"
ASK = (
    "{id: q, do: ask, by: text, template: t/hello, speaks: listen, signed_by: desk%s, timeout: P3D, silent: quiet, "
    "question: {kind: choice, answers: {a: {label: soup, words: [soup], go: fed}, b: {label: tools, words: [tools]}}}},"
    "{id: rest, do: wait, for: P9D}, {id: fed, do: tag, add: fed, go: rest}, {id: quiet, do: tag, add: quiet, go: rest}"
)


@pytest.fixture
def texting(town: Town) -> Town:
    """A town that can send texts."""
    sms = Texting(account_sid="AC1", auth_token="t", numbers=[OURS])
    town.services = replace(town.services, settings=town.services.settings.model_copy(update={"sms": sms}))
    return town


def phoned(town: Town, name: str = "Rosa M.", *, yes: bool = True, **columns: Any) -> int:
    """A new member with a phone, and with a yes to texts."""
    member = town.member(name, zone="America/New_York")
    with town.services.db.write() as session:
        phone = f"+1404555{member % 10_000:04}"
        address = Address(
            id=new_id(), created_at=town.now, member_id=member, kind="phone", value=phone, rank=0, resting_reason=""
        )
        for name_, value in columns.items():
            setattr(address, name_, value)
        session.add(address)
        record_consent(session, member, "email", EVERYTHING, True, Said("test"), town.now)
        if yes:
            record_consent(session, member, "sms", EVERYTHING, True, Said("test"), town.now)
    return member


def sent(town: Town, member: int) -> list[tuple[str, int | None]]:
    """By what channel which words were posted to the member, in order."""
    with town.services.db.read() as session:
        rows = session.execute(
            select(Delivery.channel, Delivery.template_version_id)
            .where(Delivery.member_id == member)
            .order_by(Delivery.id)
        )
        return list(rows.tuples())


def why(town: Town, enrollment: int) -> list[str]:
    """The reasons that stand at the visits."""
    with town.services.db.read() as session:
        found = session.scalars(select(Visit.why).where(Visit.enrollment_id == enrollment).order_by(Visit.visit_at))
        return [each for each in found if each]


def test_whoever_may_be_texted_is_texted_once(texting: Town) -> None:
    rosa = phoned(texting)
    enrollment = texting.enroll(rosa, texting.publish(HEAD % ("a", TEXT % ", or_email: t/story")))
    texting.run()
    texting.run()
    assert sent(texting, rosa) == [("sms", 1)]
    with texting.services.db.read() as session:
        assert session.scalars(select(DeliveryKey.channel)).all() == ["sms"]
    assert texting.history(enrollment) == ["sent", "waits"]
    texting.check_places()


@pytest.mark.parametrize("trouble", list(Untextable))
def test_who_may_not_be_texted_gets_the_letter_or_is_passed_over_with_the_reason(
    texting: Town, trouble: Untextable
) -> None:
    columns: dict[str, Any] = {}
    match trouble:
        case Untextable.LANDLINE:
            columns = {"line_type": "landline"}
        case Untextable.RESTS:
            columns = {"resting_since": texting.now}
        case Untextable.NOT_SET_UP:
            settings = texting.services.settings.model_copy(update={"sms": Texting()})
            texting.services = replace(texting.services, settings=settings)
        case _:
            pass
    rosa = phoned(texting, yes=trouble is not Untextable.NO_YES, **columns)
    with texting.services.db.write() as session:
        if trouble is Untextable.STOPPED:
            phone = session.scalars(select(Address.value).where(Address.member_id == rosa)).one()
            session.add(TextStop(id=new_id(), created_at=texting.now, phone=phone, how="text", evidence=""))
        if trouble is Untextable.NO_PHONE:
            session.execute(update(Address).where(Address.member_id == rosa).values(kind="email"))
    written = texting.enroll(rosa, texting.publish(HEAD % ("a", TEXT % ", or_email: t/story")))
    passed = texting.enroll(rosa, texting.publish(HEAD % ("b", TEXT % "")))
    asked = texting.enroll(rosa, texting.publish(HEAD % ("c", ASK % ", or_email: t/later")))
    unasked = texting.enroll(rosa, texting.publish(HEAD % ("d", ASK % "")))
    texting.run()
    assert sorted(sent(texting, rosa)) == [("email", 3), ("email", 5)]
    assert texting.history(written)[0] == "sent"
    assert texting.history(passed)[0] == "skipped"
    assert texting.history(asked) == ["asked"]
    # Nobody was asked, so nobody is waited for.
    assert texting.history(unasked) == ["skipped", "tagged", "waits"]
    for each in (written, passed, asked, unasked):
        assert why(texting, each)[0] == SAYS[trouble]
    texting.check_places()


def test_one_phone_that_works_is_enough(texting: Town) -> None:
    rosa = phoned(texting, line_type="landline")
    with texting.services.db.write() as session:
        session.add(
            Address(id=new_id(), created_at=texting.now, member_id=rosa, kind="phone", value="+14045550199", rank=1,
                    resting_reason="")
        )  # fmt: skip
        session.flush()
        assert untextable(session, {rosa}, "journey", enabled=True) == {}


def test_a_second_question_by_number_waits_its_turn_and_comes_when_the_first_is_answered(texting: Town) -> None:
    rosa = phoned(texting)
    first = texting.enroll(rosa, texting.publish(HEAD % ("a", ASK % "")))
    second = texting.enroll(rosa, texting.publish(HEAD % ("b", ASK % "")))
    texting.run()
    assert sent(texting, rosa) == [("sms", 1)]
    begun = {each: texting.history(each) for each in (first, second)}
    asked, waiting = (first, second) if begun[first] == ["asked"] else (second, first)
    assert begun[waiting][0] == "waits"
    texting.letter_leaves(rosa)
    texting.pass_time(days=1.5)
    # A day and a half is no reason to drop it: it is not stale, it waits.
    assert sent(texting, rosa) == [("sms", 1)]
    texting.hears("answered", rosa, enrollment_id=asked, step="q", answer="a")
    texting.run()
    assert sent(texting, rosa) == [("sms", 1), ("sms", 1)]
    assert texting.history(waiting)[-1] == "asked"
    texting.check_places()


def test_a_second_question_comes_when_nobody_answered_the_first(texting: Town) -> None:
    rosa = phoned(texting)
    for slug in ("a", "b"):
        texting.enroll(rosa, texting.publish(HEAD % (slug, ASK % "")))
    texting.run()
    texting.letter_leaves(rosa)
    texting.pass_time(days=2.9)
    assert len(sent(texting, rosa)) == 1
    texting.pass_time(days=1.2)
    assert len(sent(texting, rosa)) == 2


@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
def test_of_two_workers_with_a_question_each_one_asks_and_the_other_waits(texting: Town) -> None:
    rosa = phoned(texting)
    for slug in ("a", "b"):
        texting.enroll(rosa, texting.publish(HEAD % (slug, ASK % "")))
    services = texting.services
    with ThreadPoolExecutor(1) as other, services.db.write() as session:
        rows = claim(session, texting.now, 1, None)
        settle(session, rows, services.settings, texting.now)
        # The other worker takes what this one left, and comes to its end only after this one's commit.
        late = other.submit(tick, services, limit=1)
        with pytest.raises(TimeoutError):
            late.result(0.5)
        session.commit()
        late.result(60)
    texting.run()
    assert len(sent(texting, rosa)) == 1


def test_an_open_question_of_another_kind_is_waited_for_too(texting: Town) -> None:
    rosa = phoned(texting)
    with texting.services.db.write() as session:
        session.add(
            Question(
                id=new_id(), created_at=texting.now, member_id=rosa, kind="choice", subject_kind="event", subject_id=1,
                answers=[], delivery_id=new_id(), until_at=texting.now + timedelta(hours=5), channel="sms",
                our_number=OURS, numbered=True,
            )
        )  # fmt: skip
    texting.enroll(rosa, texting.publish(HEAD % ("a", ASK % "")))
    texting.run()
    assert sent(texting, rosa) == []
    texting.pass_time(hours=5.1)
    assert sent(texting, rosa) == [("sms", 1)]


def test_a_question_that_never_reached_them_is_met_as_silence_at_once(texting: Town) -> None:
    rosa = phoned(texting)
    enrollment = texting.enroll(rosa, texting.publish(HEAD % ("a", ASK % "")))
    texting.run()
    texting.hears("unheard", rosa, enrollment_id=enrollment, step="q", why="30003")
    texting.run()
    assert texting.history(enrollment) == ["asked", "silent", "tagged", "waits"]
    assert "The question never reached them." in why(texting, enrollment)
    texting.check_places()


def test_a_stop_by_text_leaves_somebody_on_a_journey_that_can_still_write_to_them(texting: Town) -> None:
    rosa, ben = phoned(texting), phoned(texting, "Ben")
    with texting.services.db.write() as session:
        record_consent(session, ben, "email", EVERYTHING, False, Said("test"), texting.now)
    version = texting.publish(HEAD % ("a", TEXT % ""))
    walks = {member: texting.enroll(member, version) for member in (rosa, ben)}
    texting.run()
    with texting.services.db.write() as session:
        for member in (rosa, ben):
            record_consent(session, member, "sms", EVERYTHING, False, Said("text"), texting.now + timedelta(seconds=1))
    for member in (rosa, ben):
        texting.hears("opted_out", member)
    texting.run()
    assert texting.enrollment(walks[rosa]).ended_at is None
    assert texting.enrollment(walks[ben]).end_reason == "opted_out"


@pytest.mark.parametrize("phoned_by", ["text", "letter"])
def test_the_outbox_tells_of_a_question_by_text_that_never_arrived(texting: Town, phoned_by: str) -> None:
    rosa = phoned(texting, yes=phoned_by == "text")
    enrollment = texting.enroll(rosa, texting.publish(HEAD % ("a", ASK % ", or_email: t/story")))
    texting.run()
    with texting.services.db.write() as session:
        delivery = session.scalars(select(Delivery).where(Delivery.member_id == rosa)).one()
        assert delivery.channel == ("sms" if phoned_by == "text" else "email")
        delivery.state, delivery.error_code = "failed", "30003"
        unsay(session, delivery, texting.now)
    texting.run()
    # A letter that comes back may still be read: it waits as long as it always did.
    assert ("silent" in texting.history(enrollment)) == (phoned_by == "text")
