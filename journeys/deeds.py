"""What steps do beside speaking: facts that may be written down, and journeys that may be begun."""

from __future__ import annotations

import re
from collections.abc import Iterator
from zoneinfo import available_timezones

from journeys.catalog import Catalog
from journeys.findings import quoted
from journeys.model import Journey
from journeys.remark import Check, Remark, error
from journeys.scalars import LANGUAGE
from journeys.shapes import suggestion
from journeys.steps import Join, JoinJourney, Set
from journeys.steps.wait import JOINED

#: What only the member says of themselves, or what is known in another way.
THEIRS_TO_SAY = frozenset(
    """name first_name pronouns email phone postal_code locality region country organizer stage created_at
    erased_at""".split()
) | {JOINED}


def facts_that_no_journey_writes(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """A journey writes down what it heard, in a form that others can read; never who somebody is."""
    for step in journey.steps:
        if not isinstance(step, Set):
            continue
        if step.fact in THEIRS_TO_SAY:
            says = f"{quoted(step.fact)} is theirs to say, or known in another way: no journey writes it."
            yield error(step, "not_to_set", says, "Write a fact of another name.", "fact")
        elif step.fact == "language" and not (
            isinstance(step.value, str) and re.fullmatch(LANGUAGE.pattern, step.value) and len(step.value) <= 12
        ):
            says = f"{quoted(str(step.value))} is not a language code."
            yield error(step, "not_to_set", says, "Write one such as `en` or `es`.", "value")
        elif step.fact == "zone" and step.value not in available_timezones():
            says = f"There is no time zone {quoted(str(step.value))}."
            fix = suggestion(str(step.value), available_timezones(), "Write one such as `America/New_York`.")
            yield error(step, "not_to_set", says, fix, "value")


def journeys_that_join_themselves(journey: Journey, catalog: Catalog) -> Iterator[Remark]:
    """Whoever walks a journey is on it: to begin it again is to jump."""
    for step in journey.steps:
        if isinstance(step, Join) and isinstance(step.joins, JoinJourney) and step.joins.journey == journey.slug:
            says = f"{quoted(step.id)} begins the journey that they are on."
            yield error(step, "joins_itself", says, "Use `do: jump`, or name another journey.", "journey")


DEEDS: tuple[Check, ...] = (facts_that_no_journey_writes, journeys_that_join_themselves)
