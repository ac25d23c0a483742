"""Each rule has a file that breaks it, where it is found to the column, and a file that keeps it."""

import ast
import re
import time
import tracemalloc
from pathlib import Path

import pytest

import journeys
from journeys.check import CHECKS, examine
from journeys.contributions import MONEY, PHONING, plainly
from journeys.findings import Level, errors
from journeys.nodes import DEEPEST, LARGEST_BYTES
from journeys.rules import RULES
from journeys.steps import Answer
from templates.catalog import library

FOLDER = Path(__file__).parent / "rules"
CATALOG = library(FOLDER / "letters")
BAD = sorted(FOLDER.glob("*.bad.yaml"))
GOOD = sorted(FOLDER.glob("*.good.yaml"))
#: How a rule is called where it is broken: the call's name, and which of its arguments names the rule.
_NAMED_IN = {"error": 1, "warning": 1, "Remark": 1, "refuse": 2, "Trouble": 1}


def rule_of(path: Path) -> str:
    return path.name.partition(".")[0]


@pytest.mark.parametrize("path", BAD, ids=rule_of)
def test_what_breaks_a_rule_is_found_where_it_stands(path: Path) -> None:
    text = path.read_text("utf-8")
    key, column = re.findall(r"^# (\S+), (\d+)", text)[0]
    line = next(number for number, written in enumerate(text.splitlines(), 1) if written.endswith("# <- here"))
    findings = examine(text, path.name, CATALOG).findings
    # What can be done only by a link asks nothing either, which alone would be a warning.
    findings = errors(findings) or findings
    assert [(found.rule, found.key, found.line, found.column) for found in findings] == [
        (rule_of(path), key, line, int(column))
    ]
    (found,) = findings
    assert found.level is RULES[found.rule].level
    assert found.says.endswith(".") and found.fix.endswith((".", "?"))


@pytest.mark.parametrize("path", GOOD, ids=rule_of)
def test_what_keeps_a_rule_has_nothing_to_mend(path: Path) -> None:
    draft = examine(path.read_text("utf-8"), path.name, CATALOG)
    assert [str(found) for found in draft.findings] == []
    assert draft.journey is not None


def test_every_rule_has_a_file_that_breaks_it_and_one_that_keeps_it() -> None:
    assert [rule_of(path) for path in BAD] == [rule_of(path) for path in GOOD]
    about_people = list(RULES)[: list(RULES).index("no_file")]
    assert sorted(rule_of(path) for path in BAD) == sorted(about_people)


def test_the_table_names_every_rule_that_any_check_names() -> None:
    named = set()
    for path in Path(journeys.__file__).parent.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name | ast.Attribute):
                name = call.func.id if isinstance(call.func, ast.Name) else call.func.attr
                at = _NAMED_IN.get(name)
                if at is not None and len(call.args) > at:
                    rule = call.args[at]
                    named |= {rule.value} if isinstance(rule, ast.Constant) else set()
    # Those that a variable carries: the faults of a letter, and a file that cannot be opened.
    named |= {"unknown_variable", "text_too_long", "broken_template", "no_file"}
    assert named == set(RULES)
    assert all(rule.holds.endswith(".") and rule.instead.endswith(".") for rule in RULES.values())
    assert len(CHECKS) == len(set(CHECKS))


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        (("phone_bank", "I can make some calls"), {PHONING}),
        (("chip_in", "$5 a month"), {MONEY}),
        (("call_me", "call me instead"), set()),
        (("soup", "I cook for twenty"), {"cooking"}),
        (("wheels", "puedo manejar"), {"driving"}),
        (("words", "puedo traducir"), {"translating"}),
        (("llamadas", "hacer llamadas"), {PHONING}),
        (("dinero", "un donativo"), {MONEY}),
        (("bike", "I fix bikes and sing"), {"fixing", "music"}),
        (("overthinking", "conference calls wear me out"), set()),
        (("later", "ask me another time"), set()),
    ],
)
def test_what_an_answer_offers_is_read_from_its_plain_words(words: tuple[str, str], kinds: set[str]) -> None:
    name, said = words
    assert plainly(Answer(name, (("en", said),), (), None)) == kinds


HEAD = "slug: trial\ntitle: A trial\npurpose: To try.\ntriggers: by_hand\nsteps:\n"
_ASK = """\
  - {id: story, do: email, template: porch/a_story, speaks: give, signed_by: organizer}
  - {id: call, do: hand_off, to: organizer, title: Call, script: Listen., due: P2D}
  - {id: rest, do: wait, for: P3D}
  - id: favor
    do: ask
    template: porch/what_would_you_like
    speaks: ask
    signed_by: organizer
    timeout: P7D
"""


@pytest.mark.parametrize(
    ("question", "level"),
    [
        ("    question: {kind: open}\n    contributes: [cooking, translating]\n", None),
        ("    question: {kind: open}\n    contributes: [cooking, phoning]\n", Level.ERROR),
        ("    question: {kind: open}\n    contributes: [cooking, calls, donations]\n", Level.ERROR),
        ("    question: {kind: open}\n", Level.WARNING),
        ("    question: {kind: yes_no, answers: {yes: {contributes: [music, hosting]}, no: {}}}\n", None),
    ],
)
def test_an_ask_without_two_ways_is_an_error_where_it_is_sure_and_else_a_warning(
    question: str, level: Level | None
) -> None:
    findings = examine(HEAD + _ASK + question, "trial.yaml", CATALOG).findings
    assert [(found.rule, found.level) for found in findings] == (
        [] if level is None else [("few_ways_to_contribute", level)]
    )


def test_a_journey_that_only_listens_need_offer_nothing_to_do() -> None:
    listens = _ASK.replace("speaks: ask", "speaks: listen").replace("porch/what_would_you_like", "porch/hello")
    assert examine(HEAD + listens + "    question: {kind: open}\n", "trial.yaml", CATALOG).findings == ()


LIFTED = HEAD.replace("steps:", "rungs:\n  - {on: joined, to: favor}\nsteps:")
_FAVOR = _ASK[_ASK.index("  - id: favor") :] + "    question: {kind: open}\n    contributes: [cooking, driving]\n"
_CALL = "  - {id: call, do: hand_off, to: organizer, title: Call, script: Listen., due: P2D}\n"
_STORY = "  - {id: story, do: email, template: porch/a_story, speaks: give, signed_by: organizer}\n"


@pytest.mark.parametrize(
    ("steps", "rules"),
    [
        # Whoever waits for a day before the story is lifted past it.
        (f"  - {{id: day, do: wait, for: P1D}}\n{_STORY}{_CALL}  - {{id: rest, do: wait, for: P3D}}\n{_FAVOR}", 1),
        (f"{_STORY}{_CALL}  - {{id: rest, do: wait, for: P3D}}\n{_FAVOR}", 0),
    ],
)
def test_a_rung_leads_nobody_past_the_gift(steps: str, rules: int) -> None:
    findings = examine(LIFTED + steps, "trial.yaml", CATALOG).findings
    assert [found.rule for found in findings] == ["ask_before_give"] * rules


def test_a_rung_leads_nobody_from_one_ask_to_the_next() -> None:
    first = _FAVOR.replace("id: favor", "id: first")
    between = f"  - {{id: pause, do: wait, for: P3D}}\n{_STORY.replace('id: story', 'id: more')}"
    rest, longer = "  - {id: rest, do: wait, for: P3D}\n", "  - {id: longer, do: wait, for: P3D}\n"
    text = f"{_STORY}{_CALL}{rest}{first}{between}{longer}{_FAVOR}"
    assert examine(HEAD + text, "trial.yaml", CATALOG).findings == ()
    assert [found.rule for found in examine(LIFTED + text, "trial.yaml", CATALOG).findings] == ["two_asks"]


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02" * 1000, "not_yaml"),
        (b"\x89PNG\r\n\x1a\n\xff\xd8", "not_text"),
        ("slug: a\n".encode("utf-16"), "not_text"),
        (b"slug:\n\t- a\n", "tab"),
        (b"slug: a\nslug: b\n", "doubled_key"),
        (b"Dear all, this is a letter: and no: YAML: at all", "not_yaml"),
        (b"[" * 100_000, "too_deep"),
        (b"a: " + b"{a: " * (DEEPEST + 1), "too_deep"),
        (b"x" * (LARGEST_BYTES + 1), "too_large"),
        (b"a: &a [*a]", "alias"),
        # Nine levels of ten each would be a thousand million words.
        (b"a: &a [x,x,x,x,x,x,x,x,x,x]\n" + b"".join(b"b%d: &b%d [*a,*a,*a]\n" % (n, n) for n in range(9)), "alias"),
        (b"- " * 60_000, "too_deep"),
        (b"a: [" + b"x, " * 150_000, "not_yaml"),
    ],
)
def test_what_is_no_journey_is_one_sentence_at_once(raw: bytes, rule: str) -> None:
    began = time.thread_time()
    findings = examine(raw, "odd.yaml", CATALOG).findings
    assert time.thread_time() - began < 30
    assert rule in {found.rule for found in findings}
    assert all(found.says and found.fix and found.line >= 1 for found in findings)


def test_no_bad_input_takes_much_memory() -> None:
    tracemalloc.start()
    for raw in (b"a: [" + b"x, " * 40_000, b"- " * 60_000, b"a: &a [*a]\n" * 10_000):
        examine(raw, "odd.yaml", CATALOG)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 * 1024 * 1024


def test_the_longest_journey_that_may_be_written_is_checked_in_a_moment() -> None:
    step = "- {id: s%d, do: branch, turns: [{when: {tag: a}, go: s0}, {when: {tag: b}, go: s%d}]}\n"
    text = HEAD + "".join(step % (n, (n * 7) % 199) for n in range(199)) + "- {id: rest, do: wait, for: P1D}\n"
    began = time.thread_time()
    findings = examine(text, "long.yaml", CATALOG).findings
    assert time.thread_time() - began < 30
    assert "loop_without_wait" in {found.rule for found in findings}
