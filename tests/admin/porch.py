"""A short journey for the admin's tests: a letter of Maya's, one of the member's organizer, and a question by text."""

from sqlalchemy import select

from engine.content.template import Template, TemplateVersion
from engine.enrollments.enrolling import enroll_many
from engine.enrollments.journey import JourneyVersion, publish_journey
from engine.runner.tick import tick
from journeys.compiled import compiled
from journeys.read import read
from journeys.wording import sent
from tests.admin.town import Town

PORCH = """\
slug: porch
title: The porch
purpose: To say hello.
path: belonging
language: en
triggers: by_hand
re_entry: never
steps:
  - id: hello
    do: email
    template: porch/hello
    speaks: listen
    signed_by: maya@nfp.example
  - id: a_week
    do: wait
    for: P7D
  - id: a_story
    do: email
    template: porch/a_story
    speaks: give
    signed_by: organizer
  - id: another_week
    do: wait
    for: P7D
  - id: choose
    do: ask
    template: porch/what_would_you_like
    speaks: ask
    signed_by: organizer
    question:
      kind: choice
      answers:
        meet: {label: meeting neighbors, words: [meet, neighbors], go: call}
        read: {label: just reading, words: [read], go: over}
      otherwise: over
    timeout: P7D
    silent: over
  - id: call
    do: hand_off
    to: organizer
    title: Call them
    script: Say hello.
    due: P2D
  - id: over
    do: end
"""


def publish(town: Town, yaml: str = PORCH) -> dict[str, int]:
    """The journey is published as it stands, with the town's letters as they are; the English ones by name."""
    draft = read(yaml, "porch.yaml")
    assert draft.journey is not None, draft.findings
    names = {each.name for each in sent(draft.journey)}
    with town.write() as session:
        texts: dict[str, dict[str, int]] = {}
        for name, language, id_ in session.execute(
            select(Template.name, TemplateVersion.language, TemplateVersion.id)
            .join(TemplateVersion, TemplateVersion.template_id == Template.id)
            .where(Template.name.in_(names))
            .order_by(TemplateVersion.number)
        ):
            texts.setdefault(name, {})[language] = id_
        publish_journey(session, yaml, draft.journey, compiled(draft.journey), texts, town.clock.at)
    return {name: languages["en"] for name, languages in texts.items()}


def begins(town: Town, *people: str) -> None:
    """These people are on the version that was published last, and wait in its first week."""
    with town.write() as session:
        version = session.query(JourneyVersion).order_by(JourneyVersion.id.desc()).first()
        assert version is not None
        enroll_many(session, [town.people[each] for each in people], version, "by_hand", town.clock.at)
    runs(town)


def runs(town: Town) -> None:
    """Everything due at this moment is done."""
    for _ in range(50):
        if not tick(town.services):
            return
    raise AssertionError("it does not come to rest")
