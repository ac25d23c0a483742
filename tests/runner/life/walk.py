"""A walk told again: where each visit's outcome leads by the journey's own words, step by step."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from journeys.model import Journey
from journeys.steps import Ask, Branch, HandOff, Jump, Split, Step, Wait, WaitForFact, WaitForReply, WaitUntilDate

#: Outcomes after which they stand where they stood.
_STOOD = ("held", "paused", "failed")


class Place(NamedTuple):
    """A row of `due`; times in microseconds."""

    due_at: int
    version_id: int
    step: int
    phase: int
    prev_at: int | None


def leads_to(
    first_at: int,
    visits: Sequence[tuple[int, int, int, int, str, str, int | None]],
    here: Place | None,
    scripts: Mapping[int, Journey],
    moved: Collection[int],
    *,
    ended: bool,
) -> str:
    """What is wrong with a walk; empty: nothing. A visit is (time, version, step, phase, outcome, why, next time).

    `moved`: the visits after which a mapping led them on, to another step than the visit did.
    """
    at: int | None = first_at
    before: int | None = None
    expected: tuple[int, int, int] | None = None
    for visit_at, version_id, step, phase, outcome, why, next_at in visits:
        if visit_at != at:
            return f"a visit is at {visit_at}, and the one before leads to {at}"
        if expected is not None and expected[0] == version_id and (step, phase) != expected[1:]:
            return f"a visit is at step {step} ({phase}), and the one before leads to {expected[1:]}"
        place = _after(scripts[version_id], step, phase, outcome, why)
        expected = (version_id, *place) if place is not None and visit_at not in moved else None
        if (place is None) != (next_at is None):
            return f"{outcome} at step {step} leads to {place}, and the next visit is at {next_at}"
        before, at = visit_at, next_at
    if here is None:
        return "" if ended else "it lives and is due nowhere"
    if ended:
        return f"it has ended, and is due at {here}"
    if (here.due_at, here.prev_at) != (at, before):
        return f"it is due at {here}, and its visits lead from {before} to {at}"
    if expected is not None and expected[0] == here.version_id and (here.step, here.phase) != expected[1:]:
        return f"it stands at {here}, and its visits lead to {expected[1:]}"
    return ""


def _after(script: Journey, index: int, phase: int, outcome: str, why: str) -> tuple[int, int] | None:
    """The next step and phase; None at the end."""
    if outcome in ("goal", "finished", "gone") or outcome.startswith("exit:"):
        return None
    step = script.steps[index]
    if outcome in _STOOD:
        return index, phase
    if outcome in ("asked", "waits") or (outcome == "handed_off" and isinstance(step, HandOff) and step.outcomes):
        # A question that waits for its turn has not been asked yet.
        return index, int(not (isinstance(step, Ask) and outcome == "waits" and phase == 0))
    go = _way(step, outcome, why)
    return None if go is None else (go, 0)


def _way(step: Step, outcome: str, why: str) -> int | None:
    kind, _, name = outcome.partition(":")
    match step:
        case Ask() if kind == "answered":
            answer = step.question.answer(name)
            return answer.go if answer is not None else step.question.otherwise
        case Ask():
            # Somebody who could not be asked by text is silent; whoever was asked too late is passed over.
            late = outcome == "skipped" and why.startswith("It came too late")
            return step.question.otherwise if kind == "replied" or late else step.silent
        case Branch():
            holds = re.findall(r"(\d+) (holds|does not)", why)
            turn = next((int(number) - 1 for number, says in holds if says == "holds"), None)
            return step.otherwise if turn is None else step.turns[turn].go
        case Split():
            number = re.fullmatch(r"Way (\d+) of \d+\.", why)
            assert number is not None, why
            return step.ways_out[int(number[1]) - 1].go
        case Jump():
            return step.to if outcome == "jumped" else step.otherwise
        case HandOff() if kind == "done":
            outcome_ = step.outcome(name)
            return outcome_.go if outcome_ is not None else step.unheard
        case HandOff():
            return step.unheard if outcome == "unheard" else step.go
        case Wait(pause=WaitForReply(replied=replied, silent=silent)):
            return replied if outcome == "replied" else silent
        case Wait(pause=WaitForFact(met=met, timed_out=timed_out)):
            return met if outcome == "met" else timed_out
        case Wait(pause=WaitUntilDate(missing=missing, past=past)) if outcome in ("no_date", "past"):
            return missing if outcome == "no_date" else past
        case _:
            go: int | None = getattr(step, "go", None)
            return go
