"""Whatever is wrong with a journey file is said with its place, its key and what to write instead."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.compiled import compiled
from journeys.findings import Finding, Level
from journeys.nodes import DEEPEST, LARGEST_BYTES
from journeys.read import read, read_file
from tests.examples import examples

WELCOME = (Path(__file__).parents[2] / "journeys/library/welcome.yaml").read_text(encoding="utf-8")

SMALL = """\
slug: small
title: A small one
purpose: To try things out.
triggers: joined
steps:
  - id: hello
    do: ask
    template: porch/hello
    speaks: listen
    signed_by: organizer
    question:
      kind: choice
      answers:
        coffee: {label: Coffee, words: [coffee, kaffee]}
        tea: {label: Tea, words: {en: [tea], es: [té]}, go: bye}
    timeout: P4D
    silent: pause
  - id: pause
    do: wait
    for: P2D
  - id: bye
    do: end
  - id: last
    do: end
"""


def one(text: str | bytes) -> Finding:
    """The only finding in the text."""
    draft = read(text, "small.yaml")
    assert draft.journey is None
    assert len(draft.findings) == 1, [str(finding) for finding in draft.findings]
    return draft.findings[0]


def test_a_whole_journey_is_read() -> None:
    draft = read(SMALL)
    assert draft.findings == ()
    assert draft.journey is not None
    assert draft.journey.ids == ("hello", "pause", "bye", "last")
    assert [way.to for way in draft.journey.steps[0].ways()] == [1, 2, 1, 1]


@pytest.mark.parametrize(
    ("instead_of", "written", "place", "key", "rule", "in_fix"),
    [
        ("    template:", "    tempalte:", (8, 5), "steps.hello.tempalte", "unknown_key", "Did you mean `template`?"),
        ("    speaks: listen", "    speaks: lisen", (9, 13), "steps.hello.speaks", "wrong_value", "`listen`"),
        ("    do: wait", "    do: wiat", (19, 9), "steps.pause.do", "unknown_kind", "`wait`"),
        ("    for: P2D", "    for: 2 days", (20, 10), "steps.pause.for", "wrong_value", "P2D"),
        ("    for: P2D", "    until: {hour: 25:00}", (20, 19), "steps.pause.until.hour", "wrong_value", "10:00"),
        ("    for: P2D", "    for: P2D\n    until: {hour: 10:00}", (21, 12), "steps.pause.until", "one_of", "Keep one"),
        ("    for: P2D", "    go: bye", (18, 5), "steps.pause", "missing_key", "Write one"),
        ("    silent: pause", "    silent: pauze", (17, 13), "steps.hello.silent", "unknown_step", "`pause`"),
        ("  - id: last", "  - id: hello", (23, 5), "steps.4.id", "doubled_id", "of its own"),
        ("  - id: last\n    do", "  - do", (23, 5), "steps.4.id", "missing_key", "unique"),
        ("title: A small one", "title: 5", (2, 8), "title", "wrong_type", '"5"'),
        ("title: A small one", "title: [a]", (2, 8), "title", "wrong_type", "words"),
        ("title: A small one", "title: ' '", (2, 8), "title", "empty", "few words"),
        ("title: A small one", "title: A\ntitle: B", (3, 1), "title", "doubled_key", "Keep one"),
        ("title: A small one\n", "", (1, 1), "title", "missing_key", "Add it"),
        ("triggers: joined", "triggers: jioned", (4, 11), "triggers", "wrong_value", "`joined`"),
        (
            "triggers: joined",
            "triggers: {tag_added: Big Tag}",
            (4, 23),
            "triggers.tag_added",
            "wrong_value",
            "gardener",
        ),
        (
            "        tea: {label: Tea,",
            "        tea: {",
            (15, 14),
            "steps.hello.question.answers.tea.label",
            "missing_key",
            "",
        ),
        ("slug: small", "slug: &a small", (1, 7), "", "alias", "again"),
        ("slug: small", "slug: !!python/name:os.system small", (1, 7), "", "tag", "Remove the tag"),
        ("    do: end", "\tdo: end", (22, 1), "", "tab", "spaces"),
        ("slug: small", "slug: 'small", (2, 1), "", "not_yaml", "indentation"),
        ("    do: end", "    do: end\n---\na: b", (23, 1), "", "two_documents", "file of its own"),
        ("title: A small one", "title: A \x07 bell", (2, 10), "", "not_yaml", "Remove it"),
        ("slug: small", "? [a, b]\n: small", (1, 3), "", "key", "key: value"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_to_write(
    instead_of: str, written: str, place: tuple[int, int], key: str, rule: str, in_fix: str
) -> None:
    assert instead_of in SMALL
    finding = one(SMALL.replace(instead_of, written, 1))
    assert (finding.rule, finding.key) == (rule, key)
    assert in_fix in finding.fix
    assert finding.level is Level.ERROR
    if rule != "not_yaml" or place[1] > 1:  # the two YAML parsers may notice an open quote at different places
        assert (finding.line, finding.column) == place
    assert finding.says.endswith((".", "?"))


def test_several_mistakes_are_told_together_from_top_to_bottom() -> None:
    text = (
        SMALL.replace("slug: small", "slug: Small").replace("for: P2D", "for: soon").replace("do: end", "do: stop", 1)
    )
    assert [finding.rule for finding in read(text).findings] == ["wrong_value", "wrong_value", "unknown_kind"]


def test_the_words_no_and_yes_and_a_bare_hour_are_words() -> None:
    question = "    question: {kind: yes_no, answers: {yes: {go: bye}, no: {}}}\n"
    text = SMALL[: SMALL.index("    question:")] + question + SMALL[SMALL.index("    timeout:") :]
    draft = read(text.replace("for: P2D", "until: {weekday: saturday, hour: 10:00}"))
    assert draft.findings == ()


def test_a_kind_written_as_a_key_is_understood_in_the_fix() -> None:
    assert one(SMALL.replace("    do: wait\n    for: P2D", "    wait: P2D")).fix == "Write `do: wait`."


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "empty"),
        ("# only a comment\n", "empty"),
        ("just words", "wrong_type"),
        ("- a\n- b\n", "wrong_type"),
        (b"\xff\xfe\x00", "not_text"),
        ("\ud800", "not_text"),
        ("[" * 100_000, "too_deep"),
        ("a: " + "{a: " * (DEEPEST + 1), "too_deep"),
        ("- " * 60_000, "too_deep"),
        ("x" * (LARGEST_BYTES + 1), "too_large"),
        ("a: &a [*a]", "alias"),
        ("a: *b", "alias"),
        ('a: "\\UFFFFFFFF"', "not_yaml"),
    ],
)
def test_what_is_no_journey_at_all_gets_one_sentence(text: str | bytes, rule: str) -> None:
    assert one(text).rule == rule


def test_half_a_megabyte_of_mistakes_is_told_in_a_hundred_findings() -> None:
    assert len(read("steps:\n" + "- {id: 1, do: x}\n" * 20_000).findings) <= 100
    assert len(read("\n".join(f"k{number}: 1" for number in range(30_000))).findings) == 100


def test_a_file_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    (finding,) = read_file(tmp_path / "none.yaml").findings
    assert finding.rule == "no_file"


def test_conditions_nested_too_deep_are_refused_and_not_followed() -> None:
    nested = "not: {" * 60 + "tag: a" + "}" * 60
    assert one(f"when: {{{nested}}}").rule == "too_deep"


@given(st.text(max_size=300) | st.binary(max_size=300))
def test_any_text_gets_an_answer(text: str | bytes) -> None:
    draft = read(text)
    assert draft.journey is None
    assert draft.findings


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(WELCOME)),
            st.integers(0, 40),
            st.text(max_size=4)
            | st.sampled_from([": ", "\n", "- ", "{", "}", "[", "]", "'", '"', "\t", "&a", "*a", "|"]),
        ),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=examples(80, 400), deadline=None)
def test_a_journey_spoiled_anywhere_is_read_or_told_but_never_raises(cuts: list[tuple[int, int, str]]) -> None:
    text = WELCOME
    for start, length, put in cuts:
        text = text[:start] + put + text[start + length :]
    draft = read(text)
    if draft.journey is None:
        assert draft.findings
        assert all(finding.line >= 1 for finding in draft.findings)
    else:
        assert compiled(draft.journey)
