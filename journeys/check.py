"""What is wrong with a journey that reads well: what it would do to the people on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from zoneinfo import available_timezones

from journeys import walk
from journeys.catalog import Catalog
from journeys.conditions import Answered, AtStage, Zone
from journeys.contributions import MONEY, PHONING, invited
from journeys.deeds import DEEDS
from journeys.everywhere import conditions
from journeys.findings import Finding, Level, Source, errors, in_reading_order, quoted
from journeys.invitations import INVITATIONS, answers_at
from journeys.model import Journey
from journeys.read import Draft, read
from journeys.remark import Check, Remark, error, warning
from journeys.shapes import Next, one_of, suggestion
from journeys.steps import Ask, Email, HandOff, Message, Move, NamedMember, Step, Text, Wait, WaitForFact, WaitUntilDate
from journeys.vocabulary import RESERVED_WORDS, QuestionKind, Speaks, stages_of
from journeys.ways_in import WAYS_IN
from journeys.wording import WORDING

NO_REPLY = re.compile(r"(?i)(^|[._+-])(no|not|dont|donot)[._-]?(reply|replies|respond|answer)|noresponda?")


def check(journey: Journey, catalog: Catalog, source: Source | None = None) -> tuple[Finding, ...]:
    """Everything that the checks below find, from the top of the file to its end."""
    source = source or Source(journey.slug)
    remarks = (remark for one in CHECKS for remark in one(journey, catalog))
    return in_reading_order(source.finding(*remark) for remark in remarks)


def examine(text: str | bytes, file: str, catalog: Catalog) -> Draft:
    """The draft in the text, read and checked; it has a journey only when nothing is an error."""
    draft = read(text, file)
    if draft.journey is None:
        return draft
    findings = check(draft.journey, catalog, draft.source)
    return replace(draft, journey=None if errors(findings) else draft.journey, findings=findings)


def unreachable_steps(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """A step that nobody can come to was meant for somebody."""
    there = set(walk.reachable(journey))
    for place, step in enumerate(journey.steps):
        if place not in there:
            says = f"Nobody can come to {quoted(step.id)}: no step leads there."
            yield error(step, "unreachable", says, "Let a step `go` there, or take it out.")


def steps_without_an_end(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """From every step the end can be reached."""
    told: set[Next] = set()
    for place in walk.reachable(journey):
        onward = walk.reached(journey, [place], _anything)
        if None not in onward and place not in told:
            told.update(onward)
            step = journey.steps[place]
            says = f"From {quoted(step.id)} no way leads to the end: people would be on this journey for ever."
            yield error(step, "no_end", says, "Let one of the steps after it `go` to a step with `do: end`.")


def loops_without_a_wait(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """A circle of steps takes time."""
    told: set[int] = set()
    for place in walk.reachable(journey):
        step = journey.steps[place]
        circle = walk.after(journey, place, _may_be_instant)
        if place in circle and _may_be_instant(step) and place not in told:
            told.update(
                other for other in circle if other is not None and place in walk.after(journey, other, _may_be_instant)
            )
            says = f"From {quoted(step.id)} the steps lead back to it without a pause."
            yield error(step, "loop_without_wait", says, "Put a `wait` into the circle, or leave it.")


def asks_before_a_gift(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """Something is given before something is asked; listening asks for nothing."""
    first = walk.reached(journey, [0], _gives_nothing)
    # Whoever waits before the gift may be lifted past it.
    for place in first | walk.reached(journey, walk.lifted(journey, first), _gives_nothing):
        if place is not None and _speaks(journey.steps[place], Speaks.ASK):
            step = journey.steps[place]
            says = f"{quoted(step.id)} can be the first thing somebody gets from us, and it asks for something."
            fix = "Give something first (`speaks: give`), or begin with a gentle question (`speaks: listen`)."
            yield error(step, "ask_before_give", says, fix, "speaks")


def asks_in_a_row(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """After an ask comes something else before the next ask, on every way."""
    for place in walk.reachable(journey):
        if not _speaks(journey.steps[place], Speaks.ASK):
            continue
        onward = walk.after(journey, place, _says_nothing)
        lifted = walk.lifted(journey, {place: None} | {each: None for each in onward if _is_quiet(journey, each)})
        for later in onward | walk.reached(journey, lifted, _says_nothing):
            if later is not None and _speaks(journey.steps[later], Speaks.ASK):
                step = journey.steps[later]
                says = f"{quoted(step.id)} can come right after {quoted(journey.steps[place].id)}: two asks in a row."
                fix = "Give or listen in between, so that nobody is asked twice running."
                yield error(step, "two_asks", says, fix, "speaks")


def messages_without_a_pause(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """Between two letters or texts some time passes."""
    for place in walk.reachable(journey):
        step = journey.steps[place]
        if not isinstance(step, Email | Text):
            continue
        for later in walk.after(journey, place, lambda s: _instant(s) and not isinstance(s, Message)):
            if later is not None and isinstance(journey.steps[later], Message):
                other = journey.steps[later]
                says = f"{quoted(other.id)} can go out in the same minute as {quoted(step.id)}."
                yield error(other, "no_pause", says, "Put a `wait` between the two.")


def no_person_in_it(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """Somewhere on the way a person is asked to do something."""
    steps = (journey.steps[place] for place in walk.reachable(journey))
    if not any(isinstance(step, HandOff) for step in steps):
        says = "No step of this journey asks a person to do something."
        fix = "Add a step with `do: hand_off`: a call, a visit, a note by hand."
        yield Remark("steps", "no_person", Level.WARNING, says, fix)


def too_few_ways_to_contribute(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """Whoever is asked can contribute in at least two ways that are neither phoning nor money.

    This is about journeys that ask (a step somebody can come to says `speaks: ask`). One that only listens and gives,
    as a talk about the bus does, invites nobody to anything and is left alone. Two ways anywhere on the journey are
    enough: not every single ask must hold them. Where a journey invites to something and too little of it is neither
    phoning nor money, that is an error; where it asks and nothing says for what, somebody should look again.
    """
    steps = [journey.steps[place] for place in walk.reachable(journey)]
    asks = [step for step in steps if _speaks(step, Speaks.ASK)]
    found = [(step, key, kind) for step in steps for key, kind in invited(step)]
    kinds = {kind for _, _, kind in found}
    if not asks or len(kinds - {PHONING, MONEY}) >= 2:
        return
    fix = (
        "Offer at least two more: cooking, fixing, driving, translating, telling a story, hosting, numbers, music; "
        "and say so with `contributes: cooking` on the step or its answer."
    )
    if not kinds:
        says = f"{quoted(asks[0].id)} asks for something, and no step says what people can contribute."
        yield warning(asks[0], "few_ways_to_contribute", says, fix, "speaks")
        return
    step, key, _ = next((each for each in found if each[2] in (PHONING, MONEY)), found[0])
    says = f"All that people can contribute here is {' and '.join(sorted(kinds))}."
    yield error(step, "few_ways_to_contribute", says, fix, key)


def signers_who_cannot_be_answered(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """Whoever signs reads the answers."""
    for step in _messages(journey):
        if isinstance(step.signed_by, NamedMember) and NO_REPLY.search(step.signed_by.address.partition("@")[0]):
            says = f"Nobody reads what is written to {quoted(step.signed_by.address)}."
            fix = "Sign with a person's address, with `organizer`, or with `desk`."
            yield error(step, "no_reply", says, fix, "signed_by")


def stages_of_other_paths(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """A stage belongs to the path it is named with."""
    named = [(f"steps.{move.id}.stage", move.path, move.stage) for move in journey.steps if isinstance(move, Move)]
    named += [(key, part.path, part.stage) for key, part in conditions(journey) if isinstance(part, AtStage)]
    for key, path, stage in named:
        if stage not in stages_of(path):
            says = f"The path {quoted(path)} has no stage {quoted(stage)}."
            yield Remark(key, "unknown_stage", Level.ERROR, says, f"Write one of {one_of(stages_of(path))}.")


def zones_that_do_not_exist(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """A time zone is one of the IANA database."""
    for key, part in conditions(journey):
        for zone in part.zones if isinstance(part, Zone) else ():
            if zone not in available_timezones():
                says = f"There is no time zone {quoted(zone)}."
                fix = suggestion(zone, available_timezones(), "Write one such as `America/New_York`.")
                yield Remark(key, "unknown_zone", Level.ERROR, says, fix)


def answers_that_nobody_can_give(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """A condition on an answer names an answer of a question, or an outcome of a task."""
    steps = journey.by_id()
    for key, part in conditions(journey):
        if not isinstance(part, Answered):
            continue
        known = answers_at(steps.get(part.step))
        if part.answer not in known:
            says = f"Nobody can answer {quoted(part.answer)} at {quoted(part.step)}."
            fix = (
                suggestion(part.answer, known, f"Write one of {one_of(known)}.")
                if known
                else ("Name a step that asks a question with named answers, or a task with outcomes.")
            )
            yield Remark(key, "unknown_answer", Level.ERROR, says, fix)


def answers_that_are_alike(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """No two answers share a word, and none takes a word that the law and the carriers have taken."""
    for step in journey.steps:
        if not isinstance(step, Ask) or step.question.kind is QuestionKind.OPEN:
            continue
        taken: dict[str, str] = {}
        for answer in step.question.answers:
            key = f"question.answers.{answer.name}"
            words = [word for _, group in answer.words for word in group]
            labels = [label for _, label in answer.label]
            for word in dict.fromkeys(" ".join(word.casefold().split()) for word in (*words, *labels)):
                if word in RESERVED_WORDS:
                    says = f"{quoted(word)} has a meaning of its own for every phone and mailbox."
                    yield error(step, "reserved_word", says, "Choose another word for this answer.", key)
                elif taken.setdefault(word, answer.name) != answer.name:
                    says = f"{quoted(word)} means both {quoted(taken[word])} and {quoted(answer.name)}."
                    yield error(step, "same_word", says, "Give it to one of the two answers.", key)


#: In this order; a new check is a function above (of words: in journeys.wording) and a line here.
CHECKS: tuple[Check, ...] = (
    unreachable_steps,
    steps_without_an_end,
    loops_without_a_wait,
    asks_before_a_gift,
    asks_in_a_row,
    messages_without_a_pause,
    no_person_in_it,
    too_few_ways_to_contribute,
    signers_who_cannot_be_answered,
    stages_of_other_paths,
    zones_that_do_not_exist,
    answers_that_nobody_can_give,
    answers_that_are_alike,
    *DEEDS,
    *WAYS_IN,
    *INVITATIONS,
    *WORDING,
)


def _anything(step: Step) -> bool:
    return True


def _gives_nothing(step: Step) -> bool:
    return not _speaks(step, Speaks.GIVE)


def _says_nothing(step: Step) -> bool:
    return not isinstance(step, Message)


def _is_quiet(journey: Journey, place: Next) -> bool:
    return place is not None and _says_nothing(journey.steps[place])


def _instant(step: Step) -> bool:
    return not step.takes_time


def _may_be_instant(step: Step) -> bool:
    # What somebody waits for may be so already, and the date they wait for over.
    hopes = isinstance(step, Wait) and isinstance(step.pause, WaitForFact | WaitUntilDate)
    return hopes or not step.takes_time


def _speaks(step: Step, speaks: Speaks) -> bool:
    return isinstance(step, Message) and step.speaks is speaks


def _messages(journey: Journey) -> Iterator[Message]:
    return (step for step in journey.steps if isinstance(step, Message))
