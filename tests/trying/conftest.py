"""Journeys tried as staff write them, with letters of the library."""

from collections.abc import Callable
from typing import Any

import pytest

from admin.trying import simulation
from journeys.model import Journey
from journeys.read import read
from templates.catalog import our_library

#: Much is said and asked, so that every rule has something to say no to.
BUSY = """
slug: busy
title: A busy journey
purpose: To try the rules.
triggers: joined
re_entry: never
steps:
  - {id: hello, do: email, template: porch/a_story, speaks: give, signed_by: desk}
  - {id: night, do: wait, for: PT7H}
  - id: which
    do: ask
    by: text
    template: sms/porch/when_to_call
    or_email: porch/hello
    speaks: listen
    signed_by: desk
    question:
      kind: choice
      answers:
        mornings: {label: {en: mornings, es: la mañana}, words: {en: [morning], es: [mañana]}, go: two}
        evenings: {label: {en: evenings, es: la tarde}, words: {en: [evening], es: [tarde]}, go: two}
      otherwise: two
    timeout: P1D
    silent: two
  - {id: two, do: text, template: sms/porch/three_ways, or_email: porch/glad, speaks: ask, signed_by: desk}
  - {id: a_day, do: wait, for: PT20H}
  - {id: three, do: email, template: porch/what_would_you_like, speaks: ask, signed_by: desk}
  - {id: more, do: wait, for: PT30H}
  - {id: four, do: email, template: porch/glad, speaks: give, signed_by: desk}
  - {id: again, do: wait, for: PT18H}
  - {id: five, do: text, template: sms/porch/three_ways, or_email: porch/come_by, speaks: ask, signed_by: desk}
  - {id: call, do: hand_off, to: organizer, title: Call them, script: Say hello., due: P2D}
  - {id: over, do: end}
"""


def script(source: str = BUSY) -> tuple[str, Journey]:
    """A journey with its source."""
    journey = read(source).journey
    assert journey is not None, read(source).findings
    return source, journey


@pytest.fixture
def lived() -> Callable[..., dict[str, Any]]:
    """Simulates the busy journey, or others, in this process."""

    def live(*sources: str, members: int = 24, days: int = 6, seed: int = 3) -> dict[str, Any]:
        scripts = [script(source) for source in sources or (BUSY,)]
        return simulation.run(scripts, our_library(), members, days, seed)

    return live
