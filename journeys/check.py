"""What is wrong with a journey that reads well: what it would do to the people on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from zoneinfo import available_timezones

from journeys import walk
from journeys.catalog import Catalog
from journeys.conditions import Answered, AtStage, Condition, Zone, parts_of
from journeys.findings import Finding, Level, Source, errors, in_reading_order, quoted
from journeys.model import Journey
from journeys.read import Draft, read
from journeys.remark import Check, Remark, error
from journeys.shapes import Next, one_of, suggestion
from journeys.steps import Ask, Branch, Email, HandOff, Message, Move, NamedMember, Step, Text
from journeys.vocabulary import RESERVED_WORDS, QuestionKind, Speaks, stages_of
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
        circle = walk.after(journey, place, _instant)
        if place in circle and _instant(step) and place not in told:
            told.update(
                other for other in circle if other is not None and place in walk.after(journey, other, _instant)
            )
            says = f"From {quoted(step.id)} the steps lead back to it without a pause."
            yield error(step, "loop_without_wait", says, "Put a `wait` into the circle, or leave it.")


def asks_before_a_gift(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """Something is given before something is asked; listening asks for nothing."""
    for place in walk.reached(journey, [0], lambda step: not _speaks(step, Speaks.GIVE)):
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
        for later in walk.after(journey, place, lambda step: not isinstance(step, Message)):
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


def signers_who_cannot_be_answered(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """Whoever signs reads the answers."""
    for step in _messages(journey):
        if isinstance(step.signed_by, NamedMember) and NO_REPLY.search(step.signed_by.address.partition("@")[0]):
            says = f"Nobody reads what is written to {quoted(step.signed_by.address)}."
            fix = "Sign with a person's address, with `organizer`, or with `desk`."
            yield error(step, "no_reply", says, fix, "signed_by")


def stages_of_other_paths(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """A stage belongs to the path it is named with."""
    named: list[tuple[Step, str, str, str]] = []
    for move in journey.steps:
        if isinstance(move, Move):
            named.append((move, "stage", move.path, move.stage))
    for step, key, part in _conditions(journey):
        if isinstance(part, AtStage):
            named.append((step, key, part.path, part.stage))
    for step, key, path, stage in named:
        if stage not in stages_of(path):
            says = f"The path {quoted(path)} has no stage {quoted(stage)}."
            yield error(step, "unknown_stage", says, f"Write one of {one_of(stages_of(path))}.", key)


def zones_that_do_not_exist(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """A time zone is one of the IANA database."""
    for step, key, part in _conditions(journey):
        for zone in part.zones if isinstance(part, Zone) else ():
            if zone not in available_timezones():
                says = f"There is no time zone {quoted(zone)}."
                fix = suggestion(zone, available_timezones(), "Write one such as `America/New_York`.")
                yield error(step, "unknown_zone", says, fix, key)


def answers_that_nobody_can_give(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """A condition on an answer names an answer of a question."""
    steps = journey.by_id()
    for step, key, part in _conditions(journey):
        if not isinstance(part, Answered):
            continue
        asked = steps.get(part.step)
        known = [answer.name for answer in asked.question.answers] if isinstance(asked, Ask) else []
        if part.answer not in known:
            says = f"Nobody can answer {quoted(part.answer)} at {quoted(part.step)}."
            fix = (
                suggestion(part.answer, known, f"Write one of {one_of(known)}.")
                if known
                else ("Name a step that asks a question with named answers.")
            )
            yield error(step, "unknown_answer", says, fix, key)


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
    signers_who_cannot_be_answered,
    stages_of_other_paths,
    zones_that_do_not_exist,
    answers_that_nobody_can_give,
    answers_that_are_alike,
    *WORDING,
)


def _anything(step: Step) -> bool:
    return True


def _instant(step: Step) -> bool:
    return not step.takes_time


def _speaks(step: Step, speaks: Speaks) -> bool:
    return isinstance(step, Message) and step.speaks is speaks


def _messages(journey: Journey) -> Iterator[Message]:
    return (step for step in journey.steps if isinstance(step, Message))


def _conditions(journey: Journey) -> Iterator[tuple[Step, str, Condition]]:
    """Every condition, and everything inside it, with its step and key."""
    for step in journey.steps:
        if isinstance(step, Branch):
            for number, turn in enumerate(step.turns, start=1):
                yield from ((step, f"turns.{number}.when", part) for part in parts_of(turn.when))
        elif isinstance(step, Move) and step.when:
            yield from ((step, "when", part) for part in parts_of(step.when))
