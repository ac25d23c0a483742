"""What a move on a path rests on: an invitation that was accepted, or somebody's own words."""

from __future__ import annotations

from collections.abc import Iterator

from journeys.catalog import Catalog
from journeys.findings import quoted
from journeys.model import Journey
from journeys.remark import Check, Remark, error
from journeys.shapes import one_of, suggestion
from journeys.steps import Ask, HandOff, Move, Note, Step

#: Stages that somebody is invited to, and comes to by saying yes.
BY_INVITATION = frozenset({"active", "leading"})


def is_outlook(path: str) -> bool:
    """Whether the path is somebody's outlook on a theme."""
    return path.startswith("outlook:")


def moves_that_nobody_accepted(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """Nobody is active or leading by our arithmetic: they were asked, and said yes."""
    for step in journey.steps:
        if isinstance(step, Move) and step.path == "belonging" and step.stage in BY_INVITATION and not step.accepted:
            says = f"{quoted(step.id)} would make somebody {step.stage} who was not asked."
            fix = "Invite them in a step of their own, and name its yes: `accepted: {step: …, answer: …}`."
            yield error(step, "no_invitation", says, fix, "stage")


def outlooks_without_words(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """An outlook is what somebody said of it."""
    for step in journey.steps:
        if isinstance(step, Move) and is_outlook(step.path) and step.rests_on is None:
            says = f"{quoted(step.id)} moves an outlook, and nobody said anything."
            fix = "Ask, and name the step where they answered: `said: {step: …}`. Their words are the evidence."
            yield error(step, "no_words", says, fix, "path")


def words_that_are_said_nowhere(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """A move rests on an answer that can be given, and on a task whose outcome is told in words."""
    steps = journey.by_id()
    for step in journey.steps:
        if not isinstance(step, Move) or step.rests_on is None:
            continue
        key, wanted = ("accepted" if step.accepted else "said"), step.rests_on.answer
        there = steps.get(step.rests_on.step)
        known = answers_at(there)
        if not isinstance(there, Ask) and not known:
            says = f"Nobody says anything at {quoted(step.rests_on.step)}."
            yield error(step, "unknown_answer", says, "Name a step that asks, or a task with outcomes.", f"{key}.step")
        elif wanted is not None and wanted not in known:
            says = f"Nobody can answer {quoted(wanted)} at {quoted(step.rests_on.step)}."
            fix = suggestion(wanted, known, f"Write one of {one_of(known)}." if known else "Leave the answer out.")
            yield error(step, "unknown_answer", says, fix, f"{key}.answer")
        elif isinstance(there, HandOff):
            for outcome in there.outcomes:
                if wanted in (None, outcome.name) and outcome.note is not Note.REQUIRED:
                    says = f"The outcome {quoted(outcome.name)} of {quoted(there.id)} moves somebody without a word."
                    fix = "Write `note: required` there: what they said is the evidence."
                    yield error(step, "no_note", says, fix, f"{key}.step")


def answers_at(step: Step | None) -> list[str]:
    """The answers that its question offers, or the outcomes of its task."""
    match step:
        case Ask():
            return [answer.name for answer in step.question.answers]
        case HandOff():
            return [outcome.name for outcome in step.outcomes]
        case _:
            return []


INVITATIONS: tuple[Check, ...] = (
    moves_that_nobody_accepted,
    outlooks_without_words,
    words_that_are_said_nowhere,
)
