"""Expected: where a text is sent, who signs it there, and what people may answer; to be read before a name is lent."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.content.template import TemplateVersion
from engine.enrollments.journey import Journey, JourneyVersion, Published, load_version
from journeys.shapes import Next
from journeys.steps import Ask, Email, Signer, Text
from journeys.steps.ask import Question
from journeys.wording import sent
from templates.vocabulary import base_language


@dataclass(frozen=True, slots=True)
class ExpectedAnswer:
    """One answer that is recognized: how it is offered, which words mean it, and what happens then."""

    label: str
    words: tuple[str, ...]
    then: str


@dataclass(frozen=True, slots=True)
class Use:
    """One step of one journey's version that sends this text."""

    slug: str
    title: str
    number: int
    #: New members take this version.
    is_current: bool
    step: Ask | Email | Text
    signed_by: Signer
    #: Of a question: its named answers; none where every answer goes to a person.
    answers: tuple[ExpectedAnswer, ...] = ()
    #: Of a question: what happens after other words (a person always reads them first), and after none.
    other_words: str = ""
    silence: str = ""
    #: The question's mark, by which an approval remembers it; empty where there are no named answers.
    mark: str = ""


def mark_of(step: Ask | Email | Text, language: str) -> str:
    """The fingerprint of the named answers that a step expects in this language; empty where it names none."""
    return _mark(step.question, language) if isinstance(step, Ask) else ""


def _mark(question: Question, language: str) -> str:
    if not question.answers:
        return ""
    spoken = base_language(language)
    said = [(each.name, each.label_in(spoken), sorted(each.words_in(spoken))) for each in question.answers]
    return hashlib.sha256(json.dumps([str(question.kind), said]).encode()).hexdigest()[:16]


def uses_of(session: Session, template_version_id: int) -> tuple[Use, ...]:
    """Every step that sends this very text, those that new members come to first; alike ones once."""
    language = session.scalar(select(TemplateVersion.language).where(TemplateVersion.id == template_version_id)) or "en"
    rows = session.execute(
        select(JourneyVersion.id, JourneyVersion.templates, Journey.current_version_id)
        .join(Journey, Journey.id == JourneyVersion.journey_id)
        .order_by(Journey.title, JourneyVersion.number.desc())
    )
    found: dict[tuple[str, str, str], Use] = {}
    for version_id, templates, current in sorted(rows, key=lambda row: row[0] != row[2]):
        names = {name for name, texts in templates.items() if template_version_id in texts.values()}
        if not names:
            continue
        for use in _in_version(load_version(session, version_id), names, language, is_current=version_id == current):
            found.setdefault((use.slug, use.step.id, f"{use.signed_by} {use.mark}"), use)
    return tuple(found.values())


def _in_version(version: Published, names: set[str], language: str, *, is_current: bool) -> Iterable[Use]:
    script = version.script
    for each in sent(script):
        step = each.step
        if each.name not in names:
            continue
        base = Use(script.slug, script.title, version.number, is_current, step, step.signed_by)
        if not isinstance(step, Ask):
            yield base
            continue
        spoken = base_language(language)
        yield Use(
            base.slug, base.title, base.number, is_current, step, step.signed_by,
            tuple(
                ExpectedAnswer(answer.label_in(spoken), answer.words_in(spoken), _then(version, answer.go))
                for answer in step.question.answers
            ),
            _then(version, step.question.otherwise),
            _then(version, step.silent),
            _mark(step.question, spoken),
        )  # fmt: skip


def _then(version: Published, go: Next) -> str:
    """What the journey does next, in words."""
    if go is None:
        return "the journey ends"
    step = version.script.steps[go]
    ids = [f"“{id_.replace('_', ' ')}”" for id_ in version.script.ids]
    return f"{step.id.replace('_', ' ')}: {step.describe(ids)}"


def marks_of(session: Session, template_version_id: int) -> frozenset[str]:
    """The marks of every question this text asks with named answers: what somebody saw who read its page."""
    return frozenset(use.mark for use in uses_of(session, template_version_id) if use.mark)
