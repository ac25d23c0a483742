"""What journeys promise, each promise whole in one test: its parts stand in the files beside this one."""

from datetime import timedelta

from engine.runner import enter as entering
from tests.runner.conftest import START, Town
from tests.runner.entering import journey, look, on_it, tag, untag
from tests.runner.test_entry import GARDENERS, WAITS
from tests.runner.test_waits import FOR_FACT

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
