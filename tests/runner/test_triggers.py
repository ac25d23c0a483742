"""What begins a journey: each trigger, each fact once."""

from typing import Any

import pytest
from sqlalchemy import select

from engine.enrollments.signal import Signal
from tests.runner.conftest import Town
from tests.runner.entering import HELLO, journey, on_it, queries, tag, writes

#: The trigger, a fact that is what it waits for, and one that is not.
TRIGGERS: list[tuple[str, tuple[str, dict[str, Any]], tuple[str, dict[str, Any]]]] = [
    ("joined", ("joined", {}), ("rsvped", {"event": "park-day"})),
    ("{form: volunteer}", ("form_filled", {"form": "volunteer"}), ("form_filled", {"form": "donate"})),
    ("{form: any}", ("form_filled", {"form": "donate"}), ("acted", {"action": "donate"})),
    ("{rsvp: park-day}", ("rsvped", {"event": "park-day"}), ("attended", {"event": "park-day"})),
    ("{attended: any}", ("attended", {"event": "park-day"}), ("rsvped", {"event": "park-day"})),
    ("{tag_added: gardener}", ("tagged", {"tag": "gardener"}), ("tagged", {"tag": "driver"})),
    ("{moved: {to: connected}}", ("stage_moved", {"path": "belonging", "to": "connected"}),
     ("stage_moved", {"path": "belonging", "to": "curious"})),
    ("{assessed: 3}", ("assessed", {"level": 4}), ("assessed", {"level": 2})),
    ("{did: signed-the-letter}", ("acted", {"action": "signed-the-letter"}), ("acted", {"action": "shared"})),
]  # fmt: skip


@pytest.mark.parametrize(("trigger", "this", "other"), TRIGGERS, ids=[row[0] for row in TRIGGERS])
def test_a_journey_begins_by_form_rsvp_attended_person_created_tag_assessment_change_or_any_action(
    town: Town, trigger: str, this: tuple[str, dict[str, Any]], other: tuple[str, dict[str, Any]]
) -> None:
    town.publish(journey(f"triggers: [{trigger}]"))
    rosa, dana = town.member("Rosa"), town.member("Dana")
    town.hears(other[0], dana, **other[1])
    town.hears(this[0], rosa, **this[1])
    town.run()
    assert on_it(town) == [rosa]
    town.check_places()


def test_a_journey_begins_by_hand_for_the_one_it_was_chosen_for(town: Town) -> None:
    version = town.publish(journey("triggers: by_hand"))
    town.publish(journey("triggers: by_hand", slug="other"))
    rosa = town.member("Rosa")
    town.hears("by_hand", rosa, journey_id=version.journey_id)
    town.run()
    assert (on_it(town), on_it(town, "other")) == ([rosa], [])


WORDS = "wrote: {words: {en: [garden, come along], es: [jardín, huerto]}}"


@pytest.mark.parametrize(
    ("said", "begins"),
    [
        ("I love my GARDEN.", True),
        ("¿Hay un huerto por aquí?", True),
        ("Tengo un jardin chico", True),
        ("can I come\nalong?", True),
        ("We have two gardens", False),
        ("come, all along", False),
        ("", False),
    ],
)
def test_a_journey_begins_when_somebody_writes_certain_words_in_any_of_its_languages(
    town: Town, said: str, begins: bool
) -> None:
    town.publish(journey(f"triggers: [{{{WORDS}}}]"))
    rosa = town.member("Rosa")
    writes(town, rosa, said)
    town.run()
    assert on_it(town) == ([rosa] if begins else [])


def test_a_journey_begins_when_somebody_texts_us_and_not_when_they_mail(town: Town) -> None:
    town.publish(journey("triggers: texted"))
    town.publish(journey("triggers: wrote", slug="either"))
    town.publish(journey("triggers: [{wrote: {words: bus, by: text}}]", slug="bus"))
    rosa, dana = town.member("Rosa"), town.member("Dana")
    writes(town, rosa, "The bus was late", "email")
    writes(town, dana, "The bus was late", "sms")
    town.run()
    assert on_it(town) == [dana]
    assert sorted(on_it(town, "either")) == sorted([rosa, dana])
    assert on_it(town, "bus") == [dana]


def test_a_fact_begins_a_journey_once_and_several_journeys_at_once(town: Town) -> None:
    begins = "triggers: [joined, {tag_added: new}], re_entry: after_exit"
    town.publish(journey(begins))
    town.publish(journey("triggers: joined", slug="other"))
    people = [town.member(f"Rosa {number}") for number in range(3)]
    for member in people:
        town.hears("joined", member)
        town.hears("tagged", member, tag="new")
    town.run()
    town.run()
    assert sorted(on_it(town)) == sorted(on_it(town, "other")) == sorted(people)
    with town.services.db.read() as session:
        assert all(fact.handled_at is not None for fact in session.scalars(select(Signal)))


def test_what_is_asked_beside_a_trigger_must_be_so(town: Town) -> None:
    town.publish(journey("triggers: joined, only_if: {tag: gardener}"))
    rosa, dana = town.member("Rosa"), town.member("Dana")
    tag(town, rosa, "gardener")
    for member in (rosa, dana):
        town.hears("joined", member)
    town.run()
    assert on_it(town) == [rosa]
    with town.services.db.read() as session:
        effects = dict(session.execute(select(Signal.member_id, Signal.effect)).tuples().all())
    assert effects == {rosa: "began", dana: "not so of them what it asks"}


def test_a_step_that_moves_somebody_begins_the_journey_of_their_new_stage(town: Town) -> None:
    move = "{id: up, do: move, path: belonging, stage: connected, evidence: They said so.}"
    version = town.publish(journey("triggers: by_hand", move))
    town.publish(journey("triggers: [{moved: {to: connected}}]", slug="next"))
    rosa = town.member("Rosa")
    town.enroll(rosa, version)
    town.run()
    assert on_it(town, "next") == [rosa]


def test_the_facts_of_a_batch_are_matched_in_few_queries(town: Town) -> None:
    town.publish(journey(f"triggers: [joined, {{{WORDS}}}], only_if: {{not: {{tag: gone}}}}", HELLO))
    few, many = [town.member() for _ in range(2)], [town.member() for _ in range(60)]
    for member in few:
        town.hears("joined", member)
    with queries(town) as first:
        town.run()
    for member in many:
        town.hears("joined", member)
    with queries(town) as second:
        town.run()
    assert len(on_it(town)) == 62
    assert len(second) <= len(first) + 6
