"""What changed between two versions of a journey, in words."""

from __future__ import annotations

from collections.abc import Mapping

from journeys.describe import describe
from journeys.model import Journey
from journeys.shapes import Json, Names
from journeys.steps import STEP, Step
from journeys.steps.kind import to

#: For each letter or text, which version each language meant.
Texts = Mapping[str, Mapping[str, int]]
#: A place that no step follows, so that each next step is written by its name.
NOWHERE = -2


def changes(before: Journey, after: Journey, texts_before: Texts, texts_after: Texts) -> tuple[str, ...]:
    """One sentence for each thing that is not as it was; none where nothing changed but comments."""
    return (
        *_whole(before, after),
        *_steps(before, after),
        *_texts(texts_before, texts_after),
    )


def _whole(before: Journey, after: Journey) -> list[str]:
    said = []
    if before.title != after.title:
        said.append(f"It is called “{after.title}” now, and was “{before.title}”.")
    if before.purpose != after.purpose:
        said.append(f"It says it is for: {after.purpose}")
    if describe(before)[1] != describe(after)[1]:
        said.append(describe(after)[1])
    return said


def _steps(before: Journey, after: Journey) -> list[str]:
    old, new = before.by_id(), after.by_id()
    said = [f"The step {named(name)} is gone: it {_does(old[name], before)}." for name in before.ids if name not in new]
    said += [f"The step {named(name)} is new: it {_does(new[name], after)}." for name in after.ids if name not in old]
    for name in after.ids:
        if name in old:
            said += _step(name, before, after)
    if [name for name in before.ids if name in new] != [name for name in after.ids if name in old]:
        said.append("The steps stand in another order.")
    return said


def _step(name: str, before: Journey, after: Journey) -> list[str]:
    was, now = before.step(name), after.step(name)
    old, new = _plain(was, before), _plain(now, after)
    if old == new:
        return []
    if _does(was, before) != _does(now, after):
        return [f"The step {named(name)} was: {_does(was, before)}. Now it {_does(now, after)}."]
    keys = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    return [f"In the step {named(name)} something else is written now: {', '.join(keys)}."]


def _texts(before: Texts, after: Texts) -> list[str]:
    said = []
    for name in sorted(before.keys() & after.keys()):
        languages = sorted(
            language for language, text in after[name].items() if before[name].get(language, text) != text
        )
        if languages:
            said.append(f"{name} has other words ({', '.join(languages)}): whoever lent it their name is asked again.")
        fresh = sorted(after[name].keys() - before[name].keys())
        if fresh:
            said.append(f"{name} is written in another language too ({', '.join(fresh)}).")
    return said


def named(step_id: str) -> str:
    """A step's id as people read it."""
    return f"“{step_id.replace('_', ' ')}”"


def _does(step: Step, journey: Journey) -> str:
    """What a step does and, where it has one way only, where that leads."""
    ids, ways = [named(id_) for id_ in journey.ids], step.ways()
    said = step.describe(ids)
    return f"{said}, then {to(ways[0].to, ids)}" if len(ways) == 1 else said


def _plain(step: Step, journey: Journey) -> dict[str, Json]:
    """The step as an author would write it, with every default and every next step by its name."""
    written = STEP.plain(step, Names(journey.ids, NOWHERE))
    return dict(written) if isinstance(written, dict) else {}
