"""The journeys that come with the program are whole: every word is there, somebody listens, all ways lead to an end."""

import heapq
from collections.abc import Iterator
from datetime import timedelta
from itertools import product

import pytest

from journeys import walk
from journeys.contributions import MONEY, PHONING, invited
from journeys.library import files
from journeys.model import Journey
from journeys.read import read_file
from journeys.steps import Ask, Email, HandOff, Message, Move, Step, Text, Wait, WaitFor
from journeys.vocabulary import Means, Speaks
from journeys.wording import sent
from templates.catalog import our_library
from templates.render import Rendered, Renderer
from templates.segments import measure
from templates.vocabulary import Frame, sample
from templates.words import read_words

CATALOG = our_library()
LANGUAGES = ("en", "es")


def journey_in(name: str) -> Journey:
    """The library's journey in the file of this name."""
    (path,) = (path for path in files() if path.stem == name)
    journey = read_file(path).journey
    assert journey is not None
    return journey


ALL = [pytest.param(journey_in(path.stem), id=path.stem) for path in files()]


def test_the_library_has_its_five_journeys() -> None:
    titles = {path.stem: journey_in(path.stem).title for path in files()}
    assert titles == {
        "welcome": "Welcome to the porch",
        "gift": "Bring your gift",
        "school": "Organizer school",
        "landing": "Landing after the campaign",
        "getting-around": "Getting around in town",
    }


def test_every_letter_and_text_is_sent_by_a_journey() -> None:
    told = {each.name for path in files() for each in sent(journey_in(path.stem))}
    assert told == {*CATALOG.letters(), *CATALOG.texts()}


@pytest.mark.parametrize("journey", ALL)
def test_every_word_that_a_member_or_an_organizer_reads_is_there_in_both_languages(journey: Journey) -> None:
    for each in sent(journey):
        assert CATALOG.languages(each.name) == set(LANGUAGES)
    for step in journey.steps:
        for answer in step.question.answers if isinstance(step, Ask) else ():
            assert {language for language, _ in answer.label} == set(LANGUAGES), answer
            assert {language for language, _ in answer.words} == set(LANGUAGES), answer
        for outcome in step.outcomes if isinstance(step, HandOff) else ():
            assert {language for language, _ in outcome.label} == set(LANGUAGES), outcome


@pytest.mark.parametrize("journey", ALL)
def test_every_message_has_somebody_who_listens_and_is_told_what_may_come_back(journey: Journey) -> None:
    for each in sent(journey):
        for language in LANGUAGES:
            template = CATALOG.get(each.name, language)
            assert template is not None and template.ends_with_question
            assert len(template.expects) >= 2
    for step in (step for step in journey.steps if isinstance(step, Ask)):
        # Words that nobody foresaw have a way of their own, on which a person has answered them.
        assert {"replied", "other words"} & {way.when for way in step.ways()}


@pytest.mark.parametrize("journey", ALL)
def test_every_step_can_be_come_to_and_leads_to_an_end(journey: Journey) -> None:
    assert walk.reachable(journey) == list(range(len(journey.steps)))
    for place in range(len(journey.steps)):
        assert None in walk.after(journey, place, lambda _: True), journey.steps[place].id


@pytest.mark.parametrize("journey", ALL)
def test_a_text_fits_in_two_segments_whoever_signs_it_and_in_three_as_the_first_one(journey: Journey) -> None:
    renderer, words = Renderer(), read_words()
    for each in (each for each in sent(journey) if each.by_text):
        for language in LANGUAGES:
            template = CATALOG.get(each.name, language)
            assert template is not None
            answers = each.step.question.answers if isinstance(each.step, Ask) and each.step.numbered else ()
            labels = [answer.label_in(language) for answer in answers]
            for is_person in (True, False):
                for is_first, plain_phone in product((True, False), repeat=2):
                    values = sample(Frame.LETTER, language, "sms")
                    values["sender"] = {**values["sender"], "is_person": is_person}
                    values["text"] = {
                        **values["text"], "is_first": is_first,
                        "answers": "" if plain_phone else words.offer(language, labels),
                        "lines": words.offer_in_lines(language, labels) if plain_phone else [],
                        "to_whom": words.to_whom(language, audience="tagged"),
                    }  # fmt: skip
                    rendered = renderer.render(template, values)
                    assert isinstance(rendered, Rendered)
                    length = measure(rendered.text)
                    assert length.segments <= (3 if is_first else 2), (each.name, language, rendered.text)


@pytest.mark.parametrize("journey", ALL)
def test_nobody_is_asked_by_text_alone_for_a_yes_that_counts(journey: Journey) -> None:
    for step in journey.steps:
        if isinstance(step, Ask) and step.speaks is Speaks.ASK:
            assert step.by is Means.EMAIL or step.or_email is not None, step.id


@pytest.mark.parametrize("journey", ALL)
def test_active_and_leading_are_invitations_accepted(journey: Journey) -> None:
    for step in journey.steps:
        if isinstance(step, Move) and step.stage in ("active", "leading"):
            assert step.accepted is not None
        if isinstance(step, Move) and step.path.startswith("outlook:"):
            assert step.said is not None


def test_bring_your_gift_offers_many_kinds_that_are_neither_phoning_nor_money() -> None:
    kinds = {kind for step in journey_in("gift").steps for _, kind in invited(step)}
    assert len(kinds - {PHONING, MONEY}) >= 4
    assert not kinds & {PHONING, MONEY}


def test_somebody_who_comes_from_a_campaign_is_greeted_by_a_person_and_asked_nothing_for_thirty_days() -> None:
    journey = journey_in("landing")
    assert isinstance(journey.steps[0], HandOff)
    told = journey.ids.index("thank_you")
    for place, soonest in _soonest(journey, told).items():
        if _asks(journey.steps[place]):
            assert soonest >= timedelta(days=30), journey.steps[place].id
    assert any(_asks(step) for step in journey.steps)
    # Before the thank-you nothing at all is sent.
    before = walk.reached(journey, [0], lambda step: step.id != "thank_you")
    assert not any(isinstance(journey.steps[at], Message) for at in before if at is not None and at != told)


def test_the_talk_about_transport_listens_before_it_tells_and_asks_for_nothing() -> None:
    journey = journey_in("getting-around")
    speaks = [step.speaks for step in journey.steps if isinstance(step, Message)]
    assert speaks == [Speaks.LISTEN, Speaks.LISTEN, Speaks.GIVE]


def test_school_has_a_kind_way_out_at_both_invitations() -> None:
    journey = journey_in("school")
    for name in ("would_you_try", "will_you_lead"):
        step = journey.step(name)
        assert isinstance(step, Ask)
        garden = step.question.answer("just_the_garden")
        assert garden is not None and garden.go is not None
        onward = walk.reached(journey, [garden.go], _not_a_message)
        assert journey.ids.index("just_the_garden") in onward
        assert {"en", "es"} == {language for language, _ in garden.label}
    code = journey.step("code")
    assert isinstance(code, Ask) and code.question.answer("i_will") is not None


def _asks(step: Step) -> bool:
    return isinstance(step, Message) and step.speaks is Speaks.ASK


def _not_a_message(step: Step) -> bool:
    return not isinstance(step, Email | Text | Ask)


def _soonest(journey: Journey, start: int) -> dict[int, timedelta]:
    """How soon after the start each place can be reached by somebody who answers at once."""
    soonest: dict[int, timedelta] = {}
    waiting = [(timedelta(), start)]
    while waiting:
        at, place = heapq.heappop(waiting)
        if place in soonest:
            continue
        soonest[place] = at
        for after, onward in _ways(journey.steps[place]):
            heapq.heappush(waiting, (at + after, onward))
    return soonest


def _ways(step: Step) -> Iterator[tuple[timedelta, int]]:
    rests = isinstance(step, Wait) and isinstance(step.pause, WaitFor)
    after = step.pause.span if isinstance(step, Wait) and rests and isinstance(step.pause, WaitFor) else timedelta()
    yield from ((after, place) for place in walk.nexts(step) if place is not None)
