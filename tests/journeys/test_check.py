"""What a journey would do to the people on it is found before anybody is on it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from journeys.catalog import Fault
from journeys.check import CHECKS, check, examine
from journeys.findings import Finding, Level
from journeys.library import files
from journeys.read import read
from templates.catalog import library as letters

HEAD = "slug: trial\ntitle: A trial\npurpose: To try.\ntriggers: by_hand\nsteps:\n"


@dataclass(frozen=True)
class Shelf:
    """A few letters: what each does, in which languages, and in which of them it ends with a question."""

    by_name: Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]]

    def letters(self) -> Collection[str]:
        return self.by_name.keys()

    def texts(self) -> Collection[str]:
        return ()

    def says(self, name: str, language: str) -> str:
        return ""

    def segments(self, name: str, language: str, answers: Sequence[str]) -> int:
        return 0

    def faults(self, name: str) -> Sequence[tuple[str, Fault]]:
        return ()

    def languages(self, name: str) -> Collection[str]:
        return self.by_name[name][1]

    def speaks(self, name: str) -> str | None:
        return self.by_name[name][0]

    def ends_with_question(self, name: str, language: str) -> bool:
        return language in self.by_name[name][2]


CATALOG = Shelf(
    {
        "hello": ("listen", ("en", "es"), ("en", "es")),
        "story": ("give", ("en",), ("en",)),
        "favor": ("ask", ("en",), ("en",)),
        "favor_too": ("ask", ("en",), ("en",)),
        "flat": ("give", ("en",), ()),
        "half": ("give", ("en", "es"), ("en",)),
        "solo_es": ("give", ("es",), ("es",)),
    }
)
HELLO = "- {id: hello, do: email, template: hello, speaks: listen, signed_by: organizer}\n"
STORY = "- {id: story, do: email, template: story, speaks: give, signed_by: organizer}\n"
FAVOR = "- {id: favor, do: email, template: favor, speaks: ask, signed_by: desk, contributes: [cooking, driving]}\n"
FAVOR_TOO = "- {id: favor_too, do: email, template: favor_too, speaks: ask, signed_by: desk}\n"
REST = "- {id: rest, do: wait, for: P2D}\n"
REST_2 = "- {id: rest_2, do: wait, for: P2D}\n"
CALL = "- {id: call, do: hand_off, to: organizer, title: Call, script: Say hello., due: P2D}\n"


def letter(name: str, speaks: str = "give", by: str = "organizer") -> str:
    return f"- {{id: it, do: email, template: {name}, speaks: {speaks}, signed_by: {by}}}\n"


def question(answers: str, kind: str = "choice", template: str = "hello", speaks: str = "listen") -> str:
    return (
        f"- {{id: q, do: ask, template: {template}, speaks: {speaks}, signed_by: organizer, timeout: P2D, "
        f"question: {{kind: {kind}, answers: {answers}}}}}\n"
    )


def found(steps: str) -> list[Finding]:
    draft = read(HEAD + steps, "trial.yaml")
    assert draft.journey is not None, [str(finding) for finding in draft.findings]
    return list(check(draft.journey, CATALOG, draft.source))


PLAIN = "{a: {label: A, words: [one]}, b: {label: B, words: [two]}}"


@pytest.mark.parametrize(
    ("rule", "key", "steps"),
    [
        ("unreachable", "steps.story", "- {id: rest, do: wait, for: P2D, go: call}\n" + STORY + CALL),
        ("no_end", "steps.call", CALL + "- {id: rest, do: wait, for: P2D, go: call}\n"),
        ("ask_before_give", "steps.favor.speaks", HELLO + REST + FAVOR + CALL),
        (
            "ask_before_give",
            "steps.favor.speaks",
            "- {id: b, do: branch, turns: [{when: {tag: a}, go: rest}]}\n" + STORY + REST + FAVOR + CALL,
        ),
        ("two_asks", "steps.favor_too.speaks", STORY + REST + FAVOR + REST_2 + FAVOR_TOO + CALL),
        ("no_pause", "steps.story", HELLO + STORY + CALL),
        ("no_person", "steps", STORY),
        (
            "no_reply",
            "steps.it.signed_by",
            letter("story", by="no-reply@nfp.example") + CALL,
        ),
        ("no_reply", "steps.it.signed_by", letter("story", by="DoNotReply@nfp.example") + CALL),
        (
            "unknown_stage",
            "steps.m.stage",
            "- {id: m, do: move, path: belonging, stage: unsure, evidence: They said so.}\n" + CALL,
        ),
        (
            "unknown_stage",
            "steps.b.turns.1.when",
            "- {id: b, do: branch, turns: [{when: {not: {stage: {path: belonging, stage: unsure}}}, go: b2}]}\n"
            "- {id: b2, do: tag, add: x}\n" + CALL,
        ),
        (
            "unknown_zone",
            "steps.b.turns.1.when",
            "- {id: b, do: branch, turns: [{when: {zone: America/New_Yorck}, go: call}]}\n" + CALL,
        ),
        (
            "unknown_answer",
            "steps.b.turns.1.when",
            question(PLAIN)
            + "- {id: b, do: branch, turns: [{when: {answered: {step: q, answer: c}}, go: call}]}\n"
            + CALL,
        ),
        (
            "unknown_answer",
            "steps.b.turns.1.when",
            "- {id: b, do: branch, turns: [{when: {answered: {step: call, answer: a}}, go: call}]}\n" + CALL,
        ),
        (
            "same_word",
            "steps.q.question.answers.b",
            question("{a: {label: A, words: {es: [Té]}}, b: {label: B, words: [té ]}}") + CALL,
        ),
        (
            "reserved_word",
            "steps.q.question.answers.b",
            question("{a: {label: A, words: [one]}, b: {label: B, words: [Stop]}}") + CALL,
        ),
        ("unknown_template", "steps.it.template", letter("stroy") + CALL),
        ("speaks_otherwise", "steps.it.speaks", letter("hello") + CALL),
        ("unknown_language", "steps.it.template", letter("solo_es") + CALL),
        ("no_question", "steps.it.template", letter("half") + CALL),
        ("no_question", "steps.it.template", letter("flat") + CALL),
        ("no_question", "steps.q.template", question(PLAIN, template="flat", speaks="give") + CALL),
    ],
)
def test_a_harmful_journey_is_found(rule: str, key: str, steps: str) -> None:
    findings = found(steps)
    assert [(finding.rule, finding.key) for finding in findings] == [(rule, key)]
    assert findings[0].line >= 5
    assert findings[0].file == "trial.yaml"
    assert findings[0].says and findings[0].fix


def test_a_circle_without_a_pause_is_found_once() -> None:
    steps = "- {id: b, do: branch, turns: [{when: {tag: a}, go: call}]}\n- {id: t, do: tag, add: x, go: b}\n" + CALL
    assert [finding.rule for finding in found(steps)] == ["loop_without_wait"]


@pytest.mark.parametrize(
    "steps",
    [
        STORY + REST + FAVOR + CALL,
        HELLO + REST + STORY + REST_2 + FAVOR + CALL,
        STORY + CALL + REST + FAVOR + REST_2 + letter("story") + "- {id: r3, do: wait, for: P1D}\n" + FAVOR_TOO,
        question(PLAIN) + STORY + CALL,
        question("{yes: {}, no: {}}", kind="yes_no") + CALL,
        # A circle with a pause and a way out is a way to walk beside somebody.
        "- {id: b, do: branch, turns: [{when: {tag: a}, go: call}]}\n- {id: r, do: wait, for: P7D, go: b}\n" + CALL,
    ],
)
def test_a_kind_journey_has_nothing_found(steps: str) -> None:
    assert found(steps) == []


def test_only_warnings_leave_a_journey_to_publish() -> None:
    draft = examine(HEAD + STORY, "trial.yaml", CATALOG)
    assert [finding.level for finding in draft.findings] == [Level.WARNING]
    assert draft.journey is not None


def test_an_error_leaves_none() -> None:
    draft = examine(HEAD + letter("stroy"), "trial.yaml", CATALOG)
    assert draft.journey is None
    assert "Did you mean `story`?" in {finding.fix for finding in draft.findings}


def test_every_check_says_in_a_sentence_what_holds() -> None:
    assert all((one.__doc__ or "").strip().endswith(".") for one in CHECKS)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_nothing_is_found_in_the_library(path: Path) -> None:
    draft = examine(path.read_bytes(), path.name, letters())
    assert [str(finding) for finding in draft.findings] == []
    assert draft.journey is not None
