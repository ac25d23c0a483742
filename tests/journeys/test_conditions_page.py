"""docs/conditions.md says every word there is, and what it says can be read."""

import re
from pathlib import Path

from journeys.conditions import CONDITIONS
from journeys.entry import FIELDS
from journeys.groups import OneKey
from journeys.read import read, read_condition
from journeys.triggers import TRIGGER

PAGE = (Path(__file__).parents[2] / "docs" / "conditions.md").read_text("utf-8")
VOCABULARY, ENTRY = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_every_word_of_the_vocabulary_stands_on_the_page_and_can_be_read() -> None:
    examples = VOCABULARY.split("---\n")
    assert {example.partition(":")[0].strip() for example in examples} == {each.key for each in CONDITIONS.options}
    for example in examples:
        found = read_condition(example)
        if example.startswith(("answered:", "reached:")):
            # They name a step of the journey around them; here there is none.
            assert [finding.rule for finding in found.findings] == ["unknown_step"]
        else:
            assert found.condition is not None, [str(finding) for finding in found.findings]


def test_every_way_into_a_journey_stands_on_the_page_and_can_be_read() -> None:
    head = "slug: park-day\ntitle: Park day\npurpose: To try\n"
    steps = "steps: [{id: rest, do: wait, for: P1D}, {id: thanks, do: end}]\n"
    draft = read(head + ENTRY + steps)
    assert draft.journey is not None, [str(finding) for finding in draft.findings]
    assert isinstance(TRIGGER.other, OneKey)
    words = {*TRIGGER.words, *(option.key for option in TRIGGER.other.options), *(field.key for field in FIELDS)}
    assert not {word for word in words if not re.search(rf"\b{word}\b", ENTRY)}
