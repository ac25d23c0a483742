"""How much one member hears from us: caps by week and channel, the ask budget, their own pace, quiet hours, pauses."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from engine.base.db import Database
from engine.channels.dkim import UNSIGNED
from engine.conversations.message import Message
from engine.enrollments.journey import Journey, JourneyVersion, publish_journey
from engine.outbox import queue
from engine.outbox.claim import Claim, claim_due
from engine.outbox.classes import CLASSES
from engine.outbox.courier import calling
from engine.outbox.delivery import Delivery
from engine.outbox.gate import Allow, Facts, Letter, Limits, Refuse, Verdict, WaitUntil
from engine.outbox.gate import judge as gate
from engine.outbox.held import release_held
from engine.outbox.writing import write_batch
from engine.people.member import Member
from engine.people.member_pace import PAUSED_FOR, Pace, Wish, agree_pace, ask_pace, paces
from engine.people.preference import Standing
from engine.runner.pausing import judge, pause, resume
from journeys.compiled import compiled
from journeys.quiet import QuietHours
from journeys.read import read
from journeys.vocabulary import Channels, InQuietHours, WhenFull
from tests.database import on_both_databases
from tests.outbox.conftest import JOURNEY, House

NOW = datetime(2026, 3, 2, 14, tzinfo=UTC)
DAY = timedelta(days=1)
YES = {"all": Standing(True, NOW - 90 * DAY)}


def letters(*days: float, channel: str = "email") -> tuple[Letter, ...]:
    return tuple(Letter(NOW - each * DAY, "give", channel) for each in days)


def said(limits: Limits | None = None, channel: str = "email", **known: object) -> Verdict:
    facts = Facts(CLASSES["journey"], channel, "rosa@home.example", standings=YES)
    return gate(replace(facts, **known), limits or Limits(), NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("limits", "known", "says"),
    [
        (Limits(5, per_week_by={"sms": 1}), {"letters": letters(1, 2)}, ""),
        (Limits(5, per_week_by={"email": 2}), {"letters": letters(1, 2)}, "2 letters by mail within a week"),
        (Limits(5, per_week_by={"email": 2}), {"letters": letters(1, 2, channel="sms")}, ""),
        (
            Limits(4),
            {"letters": letters(1, 2), "pace": Pace(halvings=1)},
            "2 letters within a week, and asked",
        ),
        (Limits(4), {"letters": letters(1), "pace": Pace(per_week=1)}, "1 letters within a week, and asked"),
        (Limits(4), {"letters": letters(8), "pace": Pace(halvings=6)}, ""),
        (Limits(1), {"letters": letters(1), "when_full": WhenFull.SKIP}, "the journey goes on without this one"),
    ],
)
def test_frequency_rules_count_all_channels_each_channel_and_the_members_own_pace(
    limits: Limits, known: dict[str, Any], says: str
) -> None:
    verdict = said(limits, **known)
    if not says:
        assert isinstance(verdict, Allow)
    else:
        assert not isinstance(verdict, Allow) and says in verdict.reason
        assert isinstance(verdict, Refuse if "goes on without" in says else WaitUntil)


def test_quiet_hours_wait_for_the_next_free_hour_or_give_the_message_up() -> None:
    quiet = QuietHours(time(19), time(10), Channels.ALL)
    opens = NOW + timedelta(hours=1)
    waits = said(quiet=quiet, window_opens_at=opens)
    assert isinstance(waits, WaitUntil) and waits.when == opens and "quiet hours" in waits.reason
    aborts = said(quiet=replace(quiet, otherwise=InQuietHours.ABORT), window_opens_at=opens)
    assert isinstance(aborts, Refuse) and "gives such a message up" in aborts.reason
    assert isinstance(said(quiet=quiet), Allow)
    # Mail has no hours of its own, texts always have theirs.
    assert isinstance(said(window_opens_at=opens), Allow)
    text = said(channel="sms", window_opens_at=opens, standings=YES)
    assert isinstance(text, WaitUntil) and "texting hours" in text.reason
    nowhere = said(channel="sms", has_no_hour=True, quiet=quiet)
    assert isinstance(nowhere, Refuse) and nowhere.ask and "leave no hour" in nowhere.reason


def claim(house: House, limit: int = 1) -> Claim:
    with house.services.db.write() as session:
        return claim_due(session, house.services.settings, house.now, limit, "email")


def heard(house: House, times: int) -> None:
    """So many letters came to Rosa this week."""
    with house.services.db.write() as session:
        for number in range(times):
            at = house.now - (number + 1) * DAY
            session.add(
                Message(
                    id=number + 1, created_at=at, at=at, member_id=house.people["Rosa"], kind="journey",
                    channel="email", detail={"speaks": "give"}, folded=[], attachments=[],
                )
            )  # fmt: skip


@on_both_databases
def test_two_couriers_at_once_do_not_pass_the_weekly_cap_by_one(house: House) -> None:
    house.person("Rosa Medina")
    heard(house, house.services.settings.sending.letters_per_week - 1)
    first = house.letter("Rosa", "hello")
    house.later(minutes=1)
    second = house.letter("Rosa", "a_story")
    with ThreadPoolExecutor(1) as pool:
        with house.services.db.write() as session:
            mine = claim_due(session, house.services.settings, house.now, 1, "email")
            other = pool.submit(claim, house)
            with pytest.raises(TimeoutError):
                other.result(timeout=0.3)  # it waits for us to say what we took
        theirs = other.result(timeout=60)
    assert [each.id for each in mine.deliveries] == [first]
    assert not theirs.deliveries and theirs.seen == 1
    waits = house.delivery(second)
    assert (waits.state, waits.refusal) == (
        "queued", "They had 3 letters within a week, which is all we send; this one waits.",
    )  # fmt: skip


@on_both_databases
def test_what_another_courier_is_about_to_ask_counts_as_asked(house: House) -> None:
    house.person("Rosa Medina")
    house.letter("Rosa", "choose")
    assert len(claim(house).deliveries) == 1
    house.later(minutes=1)
    again = house.letter("Rosa", "choose")
    assert not claim(house).deliveries
    assert "never ask twice in a row" in (house.delivery(again).refusal or "")


@on_both_databases
def test_an_ask_that_is_tried_again_is_asked_where_it_leaves_and_not_where_it_was_first_tried(house: House) -> None:
    house.person("Rosa Medina")
    first = house.letter("Rosa", "choose")
    house.relay.data_replies.append("451 4.3.0 later")
    house.send()
    assert (house.delivery(first).state, house.delivery(first).attempts) == ("queued", 1)
    house.later(seconds=10)
    story = house.letter("Rosa", "a_story")
    house.send()
    assert house.delivery(story).state == "sent"
    house.later(minutes=24 * 60)
    second = house.letter("Rosa", "choose")
    assert [each.id for each in claim(house, 10).deliveries] == [first]
    assert "never ask twice in a row" in (house.delivery(second).refusal or "")


@on_both_databases
def test_a_story_that_nobody_knows_to_have_left_does_not_stand_between_two_asks(house: House) -> None:
    house.person("Rosa Medina")
    house.letter("Rosa", "choose")
    house.send()
    house.later(hours=2)
    story = house.letter("Rosa", "a_story")
    house.relay.data_replies.append("451 4.3.0 later")
    house.send()
    with house.services.db.write() as session:
        queue.move(session, session.get_one(Delivery, story), house.now + DAY)
    house.later(hours=2)
    early = house.letter("Rosa", "choose")
    assert not claim(house, 10).deliveries
    assert "never ask twice in a row" in (house.delivery(early).refusal or "")
    house.later(days=1)
    house.send()
    assert house.delivery(story).state == "sent"
    house.later(hours=2)
    later = house.letter("Rosa", "choose")
    assert [each.id for each in claim(house, 10).deliveries] == [later]


@on_both_databases
def test_a_story_beside_an_ask_does_not_hide_the_ask_of_another_month(house: House) -> None:
    house.person("Rosa Medina")
    with house.services.db.write() as session:
        for id_, before, speaks in ((1, 45 * DAY, "ask"), (2, timedelta(minutes=10), "give")):
            at = house.now - before
            session.add(
                Message(
                    id=id_, created_at=at, at=at, member_id=house.people["Rosa"], kind="journey", channel="email",
                    detail={"speaks": speaks}, folded=[], attachments=[],
                )
            )  # fmt: skip
    again = house.letter("Rosa", "choose")
    assert not claim(house).deliveries
    assert "never ask twice in a row" in (house.delivery(again).refusal or "")


@on_both_databases
@pytest.mark.parametrize(("spoke", "asks_again"), [("ask", False), ("listen", True)])
def test_an_ask_that_nobody_answered_does_not_pass_with_the_month(house: House, spoke: str, asks_again: bool) -> None:
    house.person("Rosa Medina")
    with house.services.db.write() as session:
        for id_, days, detail in ((1, 90, {"speaks": "give"}), (2, 45, {"speaks": spoke}), (3, 44, {"counts": False})):
            at = house.now - days * DAY
            session.add(
                Message(
                    id=id_, created_at=at, at=at, member_id=house.people["Rosa"], kind="journey", channel="email",
                    detail=detail, folded=[], attachments=[],
                )
            )  # fmt: skip
    again = house.letter("Rosa", "choose")
    assert bool(claim(house).deliveries) is asks_again
    assert ("never ask twice in a row" in (house.delivery(again).refusal or "")) is not asks_again


def test_couriers_of_different_members_do_not_wait_for_one_another(house: House) -> None:
    for name in ("Rosa Medina", "Ben Cole"):
        house.person(name)
        house.letter(name.split()[0])
    assert len(claim(house, limit=2).deliveries) == 2


def wish(house: House, what: Wish) -> Pace:
    with house.services.db.write() as session:
        pace = ask_pace(session, house.people["Rosa"], what, house.now)
        if what is Wish.MORE:
            release_held(session, house.people["Rosa"], house.now)
        return pace


def test_less_halves_the_cap_and_more_restores_it(house: House) -> None:
    house.person("Rosa Medina")
    assert wish(house, Wish.LESS).of(4) == 2
    assert wish(house, Wish.LESS).of(4) == 1
    assert wish(house, Wish.LESS).of(4) == 1
    with house.services.db.write() as session:
        agree_pace(session, house.people["Rosa"], 3, house.now)
        assert paces(session, [house.people["Rosa"]])[house.people["Rosa"]] == Pace(0, 3)
    assert wish(house, Wish.LESS).of(4) == 1
    assert wish(house, Wish.MORE).of(4) == 3


def test_pause_holds_what_is_on_its_way_and_more_lets_it_go(house: House) -> None:
    house.person("Rosa Medina")
    delivery_id = house.letter("Rosa")
    wish(house, Wish.PAUSE)
    house.send()
    held = house.delivery(delivery_id)
    assert (held.state, held.send_at) == ("queued", house.now + PAUSED_FOR)
    assert held.refusal == "They asked us to pause until 01 April 2026; this waits until then."
    house.later(hours=2)
    wish(house, Wish.MORE)
    house.send()
    assert house.delivery(delivery_id).state == "sent"


def test_what_a_members_pause_held_too_long_is_not_sent_stale(house: House) -> None:
    house.person("Rosa Medina")
    delivery_id = house.letter("Rosa")
    wish(house, Wish.PAUSE)
    house.send()
    house.later(days=31)
    house.send()
    refused = house.delivery(delivery_id)
    assert (refused.state, house.mails("Rosa")) == ("refused", [])
    assert (refused.refusal or "").startswith("Their own pause held it past its time")


@pytest.mark.parametrize(("hours", "state"), [(3, "sent"), (60, "refused")])
def test_nothing_leaves_of_a_paused_journey_and_what_grew_stale_does_not_leave_after(
    house: House, hours: int, state: str
) -> None:
    house.person("Rosa Medina")
    delivery_id = house.letter("Rosa")
    with house.services.db.write() as session:
        pause(session, "porch", "The hall burned.", house.now)
    house.send()
    waiting = house.delivery(delivery_id)
    assert (waiting.state, waiting.refusal) == ("queued", "The journey is paused; this waits until it goes on.")
    house.later(hours=hours)
    with house.services.db.write() as session:
        row = resume(session, "porch", house.now)
    judge(house.services.db, row.id, house.now)
    house.later(days=1)
    house.send()
    assert house.delivery(delivery_id).state == state


def quietly(house: House, rule: str) -> None:
    """The journey keeps these hours from now on."""
    source = JOURNEY.replace("steps:", f"quiet_hours: {{begins: '17:00', ends: '10:00', channels: all{rule}}}\nsteps:")
    script = read(source, "porch.yaml").journey
    assert script is not None
    with house.services.db.write() as session:
        texts = session.get_one(JourneyVersion, house.version_id).templates
        house.version_id = publish_journey(session, source, script, compiled(script), texts, house.now).id


@pytest.mark.parametrize(("rule", "state"), [("", "queued"), (", otherwise: abort", "refused")])
def test_mail_keeps_the_quiet_hours_of_a_journey_that_says_so(house: House, rule: str, state: str) -> None:
    quietly(house, rule)
    house.person("Rosa Medina")
    with house.services.db.write() as session:
        session.get_one(Member, house.people["Rosa"]).zone = "America/Los_Angeles"  # where it is six in the morning
    delivery_id = house.letter("Rosa")
    house.send()
    assert house.delivery(delivery_id).state == state
    if state == "queued":
        assert house.delivery(delivery_id).send_at == datetime(2026, 3, 2, 18, tzinfo=UTC)
        house.later(hours=4)
        house.send()
        assert house.delivery(delivery_id).state == "sent"


@pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)
def test_a_suppressed_message_is_put_off_or_refused_with_its_reason_and_never_lost(
    house: House, new_database: Database
) -> None:
    house.person("Rosa Medina")
    heard(house, 3)
    put_off = house.letter("Rosa")
    house.send()
    with house.read() as session:
        assert session.scalars(select(Journey.slug)).all() == ["porch"]
        rows = session.scalars(select(Delivery)).all()
    assert [(each.id, each.state, bool(each.refusal)) for each in rows] == [(put_off, "queued", True)]
    # The oldest of the three is a week old in four days.
    house.later(days=4, minutes=1)
    house.send()
    assert house.delivery(put_off).state == "sent"


@pytest.mark.parametrize("dies", ["claimed", "calling"])
def test_of_what_a_courier_left_behind_when_it_died_each_letter_counts_once(house: House, dies: str) -> None:
    house.person("Rosa Marquez")
    settings = house.services.settings
    house.letter("Rosa", "a_story")
    house.send()
    left = []
    for _ in range(2):
        house.later(hours=1)
        left.append(house.letter("Rosa", "a_story"))
    # With the one that was sent these make three, which is all that a week takes.
    with house.services.db.write() as session:
        claimed = claim_due(session, settings, house.now, 100, "email")
    assert len(claimed.deliveries) == 2
    if dies == "calling":
        written = list(write_batch(claimed.deliveries, claimed.material, house.press, UNSIGNED, house.now))
        with house.services.db.write() as session:
            calling(session, written, claimed.material, house.now)
    house.leases_end()
    house.send()
    assert [house.delivery(each).state for each in left] == ["sent", "sent"]
    house.later(hours=1)
    late = house.letter("Rosa", "a_story")
    house.send()
    assert "3 letters within a week" in str(house.delivery(late).refusal)
