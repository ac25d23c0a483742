"""What journeys promise, each promise whole in one test: its parts stand in the files beside this one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from engine.base.errors import Invalid
from engine.base.ids import new_id
from engine.base.tokens import Purpose
from engine.chapters.chapter import add_chapter
from engine.chapters.membership import join
from engine.content.template import publish_template
from engine.conversations.message import Message
from engine.conversations.talk import log_talk
from engine.conversations.task import Task
from engine.enrollments.enrollment import Visit
from engine.enrollments.finishers import reach_finishers
from engine.enrollments.journey import load_version, publish_journey
from engine.outbox.delivery import Delivery
from engine.people.address import add_email
from engine.people.member import Member
from engine.people.path import BELONGING, move
from engine.runner import enter as entering
from engine.runner.moving import Moved
from inbound.web import create_app
from journeys.compiled import compiled
from journeys.read import read
from journeys.vocabulary import AfterPause
from templates.catalog import our_library
from templates.vocabulary import VOCABULARY
from tests.runner.conftest import START, Town
from tests.runner.entering import journey, look, on_it, tag, untag, writes
from tests.runner.test_entry import GARDENERS, WAITS
from tests.runner.test_explain import WALK, explained, reachable, step
from tests.runner.test_moves import LEAD, TRANSIT, answers, changes, stage
from tests.runner.test_pauses import LATER, goes_on, paused_for_a_week
from tests.runner.test_pauses import STORY as STORY_TEXT
from tests.runner.test_triggers import TRIGGERS
from tests.runner.test_versions import HEAD, HELLO, NEW, STORY, moved, people_on, planned, wait
from tests.runner.test_waits import FOR_FACT
from tests.runner.test_ways import script

ENTRIES = ("current_and_future", "only_current", "only_future")


def test_entry_is_by_segment_by_event_or_by_hand_for_current_members_future_ones_or_both_and_one_at_a_time(
    town: Town,
) -> None:
    rosa, dana, lee = (town.member(name) for name in ("Rosa", "Dana", "Lee"))
    tag(town, rosa, "gardener")
    for entry in ENTRIES:
        town.publish(
            journey(f"{GARDENERS % f', entry: {entry}'}, re_entry: after_exit", WAITS, slug=entry.replace("_", "-"))
        )
    by_event = "triggers: [{rsvp: park-day}], re_entry: after_exit"
    town.publish(journey(by_event, WAITS, slug="event"))
    by_hand = town.publish(journey("triggers: by_hand, re_entry: after_exit", WAITS, slug="hand"))

    def everything_happens() -> None:
        for member in (rosa, dana):
            untag(town, member, "gardener")
        town.clock.moment += entering.AGAIN
        look(town)
        for member in (rosa, dana):
            tag(town, member, "gardener", heard=True)
        town.hears("rsvped", lee, event="park-day")
        town.hears("by_hand", lee, journey_id=by_hand.journey_id)
        town.run()
        town.clock.moment += entering.AGAIN
        look(town)

    def who() -> dict[str, list[int]]:
        return {slug: on_it(town, slug.replace("_", "-")) for slug in (*ENTRIES, "event", "hand")}

    look(town)
    assert who() == {
        "current_and_future": [rosa], "only_current": [rosa], "only_future": [], "event": [], "hand": [],
    }  # fmt: skip
    tag(town, dana, "gardener", heard=True)
    town.hears("rsvped", lee, event="another-day")
    town.hears("rsvped", lee, event="park-day")
    town.hears("by_hand", lee, journey_id=by_hand.journey_id)
    town.run()
    first = {
        "current_and_future": [rosa, dana], "only_current": [rosa], "only_future": [dana], "event": [lee],
        "hand": [lee],
    }  # fmt: skip
    assert who() == first
    # Rosa came after publication only by leaving and coming back, which makes her a future one too.
    everything_happens()
    everything_happens()
    assert who() == {**first, "only_future": [dana, rosa]}
    town.check_places()
    # It was the journey they were on that kept them from another: once it is over, the same begins it again.
    town.pass_time(days=31)
    everything_happens()
    again = who()
    assert again["event"] == again["hand"] == [lee, lee]
    assert again["only_current"] == [rosa]
    assert sorted(again["current_and_future"]) == sorted(again["only_future"]) == sorted([rosa, dana] * 2)


def test_a_wait_until_something_is_so_has_a_time_out_with_a_branch_each_and_passes_at_once_when_it_is_so_already(
    town: Town,
) -> None:
    already, later, never = (town.member(name) for name in ("Rosa", "Ben", "Dana"))
    version = town.publish(FOR_FACT.replace("P10D", "PT8H"))
    tag(town, already, "ready")
    walks = {member: town.enroll(member, version) for member in (already, later, never)}
    met, timed_out = 1, 5  # the English texts of t/hello and t/later
    town.run()
    assert town.history(walks[already]) == ["met", "sent", "finished"]
    assert (town.now, town.letters(already)) == (START, [met])
    assert town.history(walks[later]) == town.history(walks[never]) == ["waits"]
    town.pass_time(hours=3)
    tag(town, later, "ready", heard=True)
    town.run()
    assert town.history(walks[later]) == ["waits", "met", "sent", "finished"]
    assert town.letters(later) == [met]
    town.pass_time(hours=5, minutes=-1)
    assert (town.history(walks[never]), town.letters(never)) == (["waits"], [])
    town.pass_time(minutes=1)
    assert town.now == START + timedelta(hours=8)
    assert town.history(walks[never]) == ["waits", "timed_out", "sent", "finished"]
    assert town.letters(never) == [timed_out]
    town.check_places()


@pytest.mark.parametrize(
    ("rule", "on_days"), [("never", [0]), ("after_exit", [0, 1, 29, 31]), ("{after: P30D}", [0, 31])]
)
def test_the_re_entry_rule_is_never_or_after_exit_or_after_so_many_days_and_rejoining_sends_nothing_twice_when_never(
    town: Town, rule: str, on_days: list[int]
) -> None:
    town.publish(journey(f"{GARDENERS % ''}, re_entry: {rule}"))
    rosa = town.member("Rosa")
    for day in (0, 1, 29, 31):
        town.clock.moment = START + timedelta(days=day)
        tag(town, rosa, "gardener", heard=True)
        look(town)
        town.clock.moment += entering.AGAIN
        untag(town, rosa, "gardener")
        look(town)
        assert len(town.letters(rosa)) == len(on_it(town)) == sum(1 for each in on_days if each <= day), day


def test_published_versions_stay_people_stay_on_theirs_or_are_moved_as_shown_and_finishers_get_a_new_last_step_if_asked(
    town: Town,
) -> None:
    first = town.publish(HEAD + HELLO + wait("rest") + STORY)
    done, flying = people_on(town, first, 2)
    town.pass_time(days=3)
    (stays,) = people_on(town, first)
    # Published again: another version, and whoever is on the first one goes on by it.
    second = town.publish(HEAD + HELLO + wait("breathe") + NEW)
    assert (second.number, second.journey_id) == (first.number + 1, first.journey_id)
    with town.services.db.read() as session:
        assert load_version(session, first.id).script.ids == ("hello", "rest", "story")
    town.pass_time(days=3)
    assert [town.letters(each) for each in (done, flying, stays)] == [[1, 3]] * 3
    # Moved by a mapping, which says first who would go where.
    (mover,) = people_on(town, first)
    plan = planned(town, rest="breathe")
    assert [each.says() for each in plan.crossings] == ["1 person at rest (version 1) goes on at breathe."]
    assert moved(town, rest="breathe") == Moved(1, 0, 0)
    town.pass_time(days=3)
    assert town.letters(mover) == [1, 5]
    # A new last step is for those to come, and for those who finished only when somebody says so.
    town.publish(HEAD + HELLO + wait("rest") + STORY + NEW)
    town.pass_time(days=3)
    assert town.letters(done) == [1, 3]
    assert reach_finishers(town.services.db, "walk", "news", town.now) > 0
    town.run()
    assert [town.letters(each) for each in (done, flying, stays)] == [[1, 3, 5]] * 3
    town.check_places()


@pytest.mark.parametrize(
    ("rule", "at_once", "decided"),
    [("skip", [], []), ("newest", [STORY_TEXT], [STORY_TEXT]), ("ask", [], [STORY_TEXT])],
)
def test_resuming_never_fires_the_pile_of_missed_steps_each_is_skipped_or_the_newest_alone_goes_or_a_person_is_asked(
    town: Town, rule: str, at_once: list[int], decided: list[int]
) -> None:
    (rosa,) = paused_for_a_week(town, rule)
    goes_on(town)
    assert town.letters(rosa) == at_once
    with town.services.db.read() as session:
        assert len(session.scalars(select(Task)).all()) == (rule == "ask")
    if rule == "ask":
        goes_on(town, AfterPause.NEWEST, by_id=rosa)
    assert town.letters(rosa) == decided
    town.pass_time(days=3, minutes=1)
    assert town.letters(rosa) == [*decided, LATER]
    town.check_places()


def test_a_journey_has_a_maximum_of_entries_and_a_maximum_send_rate(town: Town) -> None:
    town.publish(journey("triggers: joined, limits: {entries: 25, sends_per_hour: 10}"))
    people = [town.member(f"Rosa {number}") for number in range(30)]
    for member in people:
        town.hears("joined", member)
    town.run()
    look(town)
    assert on_it(town) == people[:25]
    with town.services.db.read() as session:
        times = list(session.scalars(select(Delivery.send_at).order_by(Delivery.send_at)))
    hour = timedelta(hours=1)
    assert len(times) == 25
    assert max(sum(1 for other in times if at <= other < at + hour) for at in times) == 10


def test_a_journey_begins_by_form_rsvp_attended_person_created_a_text_with_such_words_tag_assessment_or_any_action(
    town: Town,
) -> None:
    begun = [row for row in TRIGGERS if row[0] != "{form: any}"]
    for number, (trigger, _, _) in enumerate(begun):
        town.publish(journey(f"triggers: [{trigger}]", slug=f"walk-{number}"))
    town.publish(journey("triggers: [{wrote: {words: garden, by: text}}]", slug="text"))
    for number, (trigger, this, other) in enumerate(begun):
        rosa, dana = town.member("Rosa"), town.member("Dana")
        town.hears(other[0], dana, **other[1])
        town.hears(this[0], rosa, **this[1])
        town.run()
        who = on_it(town, f"walk-{number}")
        assert rosa in who and dana not in who, trigger
    texts, mails, says_else = (town.member(name) for name in ("Rosa", "Dana", "Lee"))
    writes(town, texts, "Is there a garden?", "sms")
    writes(town, mails, "Is there a garden?", "email")
    writes(town, says_else, "Is there a pool?", "sms")
    town.run()
    assert on_it(town, "text") == [texts]
    town.check_places()


def test_a_delay_is_fixed_or_to_a_hour_in_the_zone_of_the_member_their_postal_code_chapter_or_organization_or_to_a_date(
    town: Town,
) -> None:
    delays = script(
        "id: fixed, do: wait, for: PT1H",
        'id: tuesday, do: wait, until: {weekday: tuesday, hour: "18:30"}',
        'id: eve, do: wait, until_date: {fact: moving_day, days: -1, hour: "09:00"}',
    )
    moves: dict[str, Any] = {"custom": {"moving_day": "2026-03-20"}}
    own = town.member("Rosa", zone="America/Los_Angeles", postal_code="60601", country="US", **moves)
    by_code = town.member("Ana", postal_code="60601", country="US", **moves)
    by_chapter, by_nothing = town.member("Ben", **moves), town.member("Cleo", **moves)
    with town.services.db.write() as session:
        boulder, _ = add_chapter(session, "Boulder", "boulder", town.now, zone="America/Denver", language="en")
        for member in (own, by_code, by_chapter):
            join(session, member, boulder, town.now)
    version = town.publish(delays)
    walks = [town.enroll(member, version) for member in (own, by_code, by_chapter, by_nothing)]
    town.pass_time(days=20)
    with town.services.db.read() as session:
        asked = select(Visit.visit_at).where(Visit.outcome == "waited").order_by(Visit.visit_at)
        ended = [list(session.scalars(asked.where(Visit.enrollment_id == id_))) for id_ in walks]
    # Los Angeles, Chicago, Denver, and New York, where the organization is; clocks go forward between the two.
    assert ended == [
        [START + timedelta(hours=1), datetime(2026, 3, 4, hour, 30, tzinfo=UTC), datetime(2026, 3, 19, day, tzinfo=UTC)]
        for hour, day in ((2, 16), (0, 14), (1, 15))
    ] + [[START + timedelta(hours=1), datetime(2026, 3, 3, 23, 30, tzinfo=UTC), datetime(2026, 3, 19, 13, tzinfo=UTC)]]


def test_stages_move_back_without_losing_history_are_never_named_and_leading_is_an_invitation_accepted(
    town: Town,
) -> None:
    rosa, ana = town.member("Rosa M."), town.member("Ana P.")
    walk = ["curious", "connected", "active", "resting", "connected"]
    with town.services.db.write() as session:
        for member in (rosa, ana):
            for each in walk:
                move(session, member, BELONGING, each, f"Now {each}.", town.now)
    version = town.publish(LEAD)
    accepts, declines = town.enroll(rosa, version), town.enroll(ana, version)
    town.run()
    answers(town, rosa, accepts, "invite", "Yes! I have wanted to since spring.", "yes")
    answers(town, ana, declines, "invite", "Not now.", "no")
    assert (stage(town, rosa), stage(town, ana)) == ("leading", "connected")
    assert [change.to_stage for change in changes(town, rosa)] == [*walk, "leading"]
    assert [change.to_stage for change in changes(town, ana)] == walk
    assert "I have wanted to since spring" in changes(town, rosa)[-1].evidence
    assert not [name for name in VOCABULARY if "stage" in name or "path" in name]


def test_why_somebody_did_or_did_not_get_this_is_told_step_by_step_with_conditions_cap_consent_and_quiet_hours(
    town: Town,
) -> None:
    quiet = "quiet_hours: {begins: '17:00', ends: '10:00', channels: all}\nsteps:"
    source = WALK.replace("steps:", quiet)
    draft = read(source)
    assert draft.journey is not None
    with town.services.db.write() as session:
        letter = publish_template(session, our_library().templates["porch/a_story", "en"], "a story", town.now).id
        letters = {f"t/{name}": {"en": letter} for name in ("hello", "story", "later")}
        version = publish_journey(session, source, draft.journey, compiled(draft.journey), letters, town.now)
    got, full, asleep = (reachable(town, name) for name in ("Rosa", "Ana", "Ben"))
    silent = town.member("Cleo")
    with town.services.db.write() as session:
        session.get_one(Member, asleep).zone = "America/Los_Angeles"  # where it is nine in the morning
        for number in range(3):
            at = town.now - timedelta(days=number + 1)
            session.add(
                Message(id=new_id(), created_at=at, at=at, member_id=full, kind="journey", channel="email",
                        detail={"speaks": "give"})
            )  # fmt: skip
    for member in (got, full, asleep, silent):
        town.enroll(member, version)
    town.run()
    town.letter_leaves(got)
    town.words_in(got)
    for member, rule, verdict in ((full, "cap", "waits"), (asleep, "window", "waits"), (silent, "consent", "refuses")):
        found = explained(town, member)
        assert [each.status for each in found.enrollments[0].steps] == ["here", *["ahead"] * 5]
        said = {each.rule: each.verdict for each in step(found, "story").rules}
        assert said[rule] == verdict, rule
        assert not step(found, "which").conditions[0].judged.holds
    found = explained(town, got)
    assert step(found, "hello").messages[0].state == "sent"
    assert {each.verdict for each in step(found, "story").rules} == {"allows"}
    (asked,) = step(found, "which").conditions
    assert [(part.says, part.holds) for part in asked.judged.parts] == [
        ('they have the tag "walker"', False), ("they wrote to us since this journey began", True),
    ]  # fmt: skip


def test_there_are_two_kinds_of_path_and_an_outlook_moves_on_words_alone_which_its_member_sees_corrects_and_erases(
    town: Town,
) -> None:
    maya, rosa = town.member("Maya Torres"), town.member("Rosa M.")
    with town.services.db.write() as session:
        address_id = add_email(session, rosa, "rosa@mail.example", town.now).id
        for each in (stages := ("curious", "connected", "active", "leading", "resting")):
            move(session, rosa, BELONGING, each, f"Now {each}.", town.now)
        # No rule moves an outlook, and no opinion of a person's without words.
        for by_id in (None, maya):
            with pytest.raises(Invalid):
                move(session, rosa, "outlook:transit", "listening", "They opened it.", town.now, by_id=by_id)
    assert [each.to_stage for each in changes(town, rosa)] == list(stages)

    # The member's own words move it, are quoted as evidence, and steps branch on it.
    words = "The 14 is late every day, so I walk."
    enrollment = town.enroll(rosa, town.publish(TRANSIT))
    town.run()
    answers(town, rosa, enrollment, "how", words, None)
    assert town.history(enrollment) == ["asked", "replied", "moved", "branched", "sent", "finished"]
    assert changes(town, rosa)[-1].evidence.endswith(f"“{words}”")
    # So does a conversation that a person wrote down.
    heard = "My boy needs the bus to get to school."
    with town.services.db.write() as session:
        log_talk(session, rosa, maya, "phone", heard, town.now, town.now, outlook=("outlook:transit", "sees_it"))
    assert (changes(town, rosa)[-1].evidence, stage(town, rosa, "outlook:transit")) == (heard, "sees_it")

    # Nothing that a template may say knows of it.
    assert [name for name in VOCABULARY if any(word in name for word in ("stage", "outlook", "path", "evidence"))] == []
    # The member sees it with the words it rests on, corrects it, and erases it with them.
    until = town.now + timedelta(hours=2)
    own = "/p/" + town.services.tokens.sign_link(Purpose.PREFERENCES, address_id, rosa, until)
    browser = create_app(town.services).test_client()
    assert heard in browser.get(f"{own}/noted").text
    browser.post(f"{own}/noted", data={"path": "outlook:transit", "stage": "unsure"})
    assert stage(town, rosa, "outlook:transit") == "unsure"
    browser.post(f"{own}/noted/erase", data={"path": "outlook:transit"})
    assert stage(town, rosa, "outlook:transit") is None
    page = browser.get(f"{own}/noted").text
    assert heard not in page and words not in page
    assert {each.path for each in changes(town, rosa)} == {BELONGING}
