"""A journey can be read by somebody who has never seen its file."""

from hypothesis import given, settings

from journeys.conditions import CONDITIONS
from journeys.describe import describe
from journeys.library import files
from journeys.model import Journey
from journeys.read import read, read_file
from tests.examples import examples
from tests.journeys.random_journeys import journeys


def test_the_welcome_reads_as_a_walk() -> None:
    (path,) = (path for path in files() if path.stem == "welcome")
    journey = read_file(path).journey
    assert journey is not None
    lines = describe(journey)
    assert len(lines) == 2 + len(journey.steps)
    assert lines[0].startswith("Welcome to the porch: To say hello when you join")
    assert lines[1] == "Begins when somebody joins; for the same person once only."
    assert lines[2] == (
        "1. hello: asks with the letter porch/hello (listen), signed by maya@nfp.example, and waits up to 4 days; "
        "any reply: a person answers, then settle; no reply: a_story."
    )
    assert "5. quiet_weekday: waits until Tuesday or Wednesday or Thursday at 10:00 where the member lives." in lines


@given(journeys())
@settings(max_examples=examples(25, 100), deadline=None)
def test_every_step_is_one_line(journey: Journey) -> None:
    for step, line in zip(journey.steps, describe(journey)[2:], strict=True):
        assert f". {step.id}: " in line
        assert line.endswith(".")


def test_every_condition_says_itself_in_plain_words() -> None:
    leaves = {
        "language: [en, es]": "their language is en or es",
        "zone: America/Chicago": "their time zone is America/Chicago",
        "place: Duluth": "they live in Duluth",
        "has: phone": "we know a phone number",
        "tag: gardener": 'they have the tag "gardener"',
        "fact: {name: ward, is: [north, south]}": "their ward is north or south",
        "fact: {name: children, at_least: 2}": "their children is 2 or more",
        "consent: text": "they said yes to texts",
        "stopped: email": "they asked for no mail",
        "joined_since: 2026-03-01": "they joined on 2026-03-01 or later",
        "ties: {at_least: 2, kind: neighbor}": "they are tied to 2 people or more as neighbor",
        "wrote: {words: [garden, huerto], within: P30D, by: text}": (
            'they wrote "garden" or "huerto" by text in the last 30 days'
        ),
        "talked_within: P7D": "they and a person here have written to each other in the last 1 week",
        "answered_in: {journey: gift, step: offer, answer: tools}": (
            'they answered "tools" at offer of the journey gift'
        ),
        "reached: b": "they came to b",
        "reached_in: {journey: gift, step: offer}": "they came to offer of the journey gift",
        "ended: gift": "the journey gift is over for them",
        "enrolled_before: P10D": "this journey began for them more than 10 days ago",
        "rsvped: {event: park-day, within: P90D}": "they said they would come to park-day in the last 90 days",
        "attended: any": "they came to an event",
        "form: {form: volunteer}": "they filled the form volunteer",
        "did: {action: signed-the-letter}": "they did signed-the-letter",
        "weekday: [saturday, sunday]": "today is Saturday or Sunday",
        "dates: {since: 2026-03-01, until: 2026-03-31}": "today is between 2026-03-01 and 2026-03-31",
        "stage: {path: belonging, stage: curious}": "they are at curious on the path belonging",
        "in_chapter: any": "they belong to a chapter",
        "in_chapter: atlanta": "they belong to atlanta",
        "role: organizer": "they are an organizer somewhere",
        "replied_within: P30D": "they wrote to us in the last 30 days",
        "replied_since_enrolled: true": "they wrote to us since this journey began",
        "talked_since_enrolled: true": "they and a person here have written to each other since this journey began",
        "answered: {step: b, answer: tea}": 'they answered "tea" at b',
        "open_conversation: true": "a conversation with them is open",
        "enrolled_in: welcome": "they are on the journey welcome",
        "finished: welcome": "they finished the journey welcome",
        "joined_before: P2W": "they joined more than 2 weeks ago",
        "joined_after: P1D": "they joined in the last 1 day",
        "not: {tag: a}": 'it is not so that they have the tag "a"',
        "all: [{tag: a}, {tag: b}]": '(they have the tag "a" and they have the tag "b")',
        "any: [{tag: a}, {tag: b}]": '(they have the tag "a" or they have the tag "b")',
    }
    assert {written.partition(":")[0] for written in leaves} == {option.key for option in CONDITIONS.options}
    head = "{slug: a, title: A, purpose: To try, triggers: by_hand, steps: [{id: b, do: branch, turns: ["
    for written, said in leaves.items():
        draft = read(head + "{when: {" + written + "}, go: b}]}]}")
        assert draft.journey is not None, [str(finding) for finding in draft.findings]
        assert said in describe(draft.journey)[2]


def test_the_newer_kinds_of_step_say_what_they_do_in_plain_words() -> None:
    steps = {
        "do: split, ways: [{share: 70, go: b}, {share: 30, go: c}]": (
            "draws a lot, the same one each time for the same person: 70 in 100 go to b, 30 in 100 go to c"
        ),
        "do: split, ways: [{share: 2, go: b}, {share: 1}]": (
            "draws a lot, the same one each time for the same person: 66.7 in 100 go to b, 33.3 in 100 go to b"
        ),
        "do: jump, to: a, at_most: 3, otherwise: c": "goes to a, 3 times at most; after that, to c",
        "do: jump, to: c, at_most: 1": "goes to c, once at most; after that, to b",
        "do: set, fact: first_seen, value: 2026-05-01": 'writes down that their first seen is "2026-05-01"',
        "do: set, fact: drives, value: true": 'writes down that their drives is "true"',
        "do: join, chapter: atlanta": "brings them into the chapter atlanta, unless they left it",
        "do: join, journey: school": "begins the journey school for them, if it may begin (again)",
        'do: wait, until_date: {fact: moving_day, days: -3, hour: "10:00", missing: c, past: b}': (
            "waits until 3 days before their moving day at 10:00 where the member lives, then b; "
            "without such a date: c; when the day is over: b"
        ),
        'do: wait, until_date: {fact: joined, days: 1, hour: "09:30"}, go: c': (
            "waits until 1 day after the day they joined at 09:30 where the member lives, then c; "
            "without such a date: b; when the day is over: b"
        ),
        "do: wait, for_fact: {when: {tag: ready}, timeout: P2W, met: c}": (
            'waits up to 2 weeks until they have the tag "ready"; then: c; in vain: b'
        ),
    }
    head = "{slug: a, title: A, purpose: To try, triggers: by_hand, steps: [{id: a, "
    for written, said in steps.items():
        draft = read(head + written + "}, {id: b, do: end}, {id: c, do: end}]}")
        assert draft.journey is not None, [str(finding) for finding in draft.findings]
        assert describe(draft.journey)[2].startswith(f"1. a: {said}")


def test_a_journey_says_when_it_ends_before_its_last_step() -> None:
    draft = read(
        "{slug: a, title: A, purpose: To try, triggers: by_hand, goal: {tag: arrived}, "
        "exit: [{when: {place: Oslo}, says: They live elsewhere now.}], steps: [{id: b, do: end}]}"
    )
    assert draft.journey is not None, draft.findings
    assert describe(draft.journey)[1].endswith(
        'It ends as soon as its goal is reached: they have the tag "arrived". '
        "It ends too when they live in Oslo: They live elsewhere now."
    )
