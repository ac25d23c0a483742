"""Why something is where it is, in Spanish too: every sentence of the rules has its pair, with every value in it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from engine.conversations import assignment, routing_rule
from engine.conversations.thread import Thread
from engine.people.member import Member
from reply_router import (
    assign,
    call_rules,
    command_rules,
    junk,
    machine_rules,
    own_rules,
    place_rules,
    text_rules,
)
from reply_router.call_rules import CALL_RULES
from reply_router.proof import check, proof, prove, results
from reply_router.reading import calendar, machine
from reply_router.rules import RULES
from reply_router.text_rules import TEXT_RULES
from reply_router.topics import guard, holding
from reply_router.topics import rules as topic_rules
from reply_router.topics import text_rules as topic_text_rules
from templates.web.sayings import said, sayings
from tests.admin.town import Town

#: Where the checks of the three tables of rules are, and all that makes sentences for them.
CHECKED_IN = (
    command_rules, machine_rules, place_rules, text_rules, call_rules, topic_rules, topic_text_rules,
)  # fmt: skip
MAKE_THEM = (*CHECKED_IN, junk, holding, assignment, assign, routing_rule, check, proof, prove, results)
MAKE_THEM_TOO = (own_rules, calendar, machine, guard)
#: What a check says by another's words, or by no words of its own.
BY_ANOTHER = re.compile(r"Value\d+|[^ ]*")
#: Sentences whose values are words of ours: as they are when those are in them.
WHOLE = {
    "Value0 answered an invitation from a calendar: Value2 Value4.": (
        "Rosa answered an invitation from a calendar: they come to it.",
    ),
    "Value0 wrote Value2 without answering anything of ours.": (
        "Rosa wrote to us without answering anything of ours.",
        "Rosa wrote to Atlanta without answering anything of ours.",
    ),
    "A mail in the name of Value1 Value3. Value5 Nothing was changed, and no mail asks them now: one did lately, about "
    "this or another thing, or no address of theirs takes mail. Find out from them what they want.": tuple(
        f"A mail in the name of Rosa {wish}. {proof.UNPROVEN.says} Nothing was changed, and no mail asks them now: one "
        "did lately, about this or another thing, or no address of theirs takes mail. Find out from them what they "
        "want."
        for wish in ("asks us to write less often", "says that they leave Atlanta")
    ),
    "Value0 “Value2”": ("the letter “A bench”", "what we wrote under “A bench”"),
    "Value0 Value2 “Value4”. Nobody has to answer that.": ("Rosa liked “Hello”. Nobody has to answer that.",),
    "Value0 Value2 Value4.": (),
    "Value0 Value2": ("It says that it is between two people. These are Rosa’s first words to the chapter.",),
    "Value0 began a topicValue2 in Value4.": (
        "Rosa began a topic in Atlanta.",
        "Rosa began a topic that grew out of another in Atlanta.",
    ),
    "has the fewest people waiting in the chapterValue1": (
        "has the fewest people waiting in the chapter, though away",
    ),
    "is at the national desk, and nobody of a chapter could be foundValue1": (
        "is at the national desk, and nobody of a chapter could be found, though away",
    ),
    "Rule “Value1”Value3: Value5.": (
        "Rule “rides” by Denise: everything in this chapter.",
        "Rule “rides”: by this number.",
    ),
}
PHRASES = [
    *(sentence for sentences in WHOLE.values() for sentence in sentences),
    *(f"Rosa answered an invitation from a calendar: {says} “Soup”." for says in machine_rules.CALENDAR_SAYS.values()),
    *command_rules.PACES.values(),
    *command_rules.TOPICS.values(),
    *machine_rules.CALENDAR_SAYS.values(),
    *own_rules._LANGUAGES.values(),
    *(f"Rosa {asked} Atlanta." for asked in topic_rules._ASKED.values()),
]


def _sentences(module: ModuleType) -> Iterator[str]:
    """Each sentence that the module returns or builds a value of, with a word of its own for each value in it."""
    tree = ast.parse(Path(str(module.__file__)).read_text())
    for node in ast.walk(tree):
        match node:
            case ast.Return(value=value) if value is not None:
                yield from _words(value)
            case ast.Call(func=ast.Name(id=called)) if called.endswith("Rule"):
                pass  # what a rule is for stands in the documents
            case ast.Call(args=args, keywords=keywords):
                for each in (*args, *(keyword.value for keyword in keywords)):
                    yield from (words for words in _words(each) if words.endswith("."))
            case _:
                pass


def _words(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(words)) if " " in words:
            yield words
        case ast.JoinedStr(values=values):
            parts = [
                str(part.value) if isinstance(part, ast.Constant) else f"Value{n}" for n, part in enumerate(values)
            ]
            yield "".join(parts)
        case ast.IfExp(body=body, orelse=orelse):
            yield from _words(body)
            yield from _words(orelse)
        case ast.Tuple(elts=elements):
            for each in elements:
                yield from _words(each)
        case _:
            pass


def _is_saying(words: str) -> bool:
    return " " in words and words not in WHOLE and not BY_ANOTHER.fullmatch(words)


def test_every_check_of_the_tables_of_rules_stands_where_this_test_looks() -> None:
    files = {module.__name__ for module in (*CHECKED_IN, *MAKE_THEM, *MAKE_THEM_TOO)}
    checks = [
        *(rule.check for rule in RULES),
        *(rule.check for rule in TEXT_RULES),
        *(rule.check for rule in CALL_RULES),
    ]
    assert {check.__module__ for check in checks} <= files


@pytest.mark.parametrize("module", [*MAKE_THEM, *MAKE_THEM_TOO], ids=lambda module: module.__name__)
def test_every_sentence_has_its_pair_with_every_value_in_it(module: ModuleType) -> None:
    missing = []
    for words in filter(_is_saying, _sentences(module)):
        pair = said(words, "es")
        lost = [value for value in re.findall(r"Value\d+", words) if value not in pair]
        if pair == words or lost:
            missing.append(words)
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("phrase", PHRASES)
def test_every_phrase_within_a_sentence_has_its_pair(phrase: str) -> None:
    pair = said(phrase, "es")
    assert pair != phrase
    assert not re.search(r"\bthey\b", pair), "half of it was told"


def test_each_saying_keeps_its_values_and_comes_back_by_its_own_sentence() -> None:
    known = sayings("es")
    assert known is not None
    for each in known.open:
        values = set(each.english.groupindex)
        assert set(re.findall(r"\{([a-z_]+)\}", each.said)) <= values, each.said
        assert values - set(re.findall(r"\{([a-z_]+)\}", each.said)) <= {"tap"}, each.said


def test_words_without_a_pair_and_english_readers_have_them_as_they_were_kept() -> None:
    assert said("Somebody at the provider is on holiday.", "es") == "Somebody at the provider is on holiday."
    assert said("Rosa began a topic in Atlanta.", "en") == "Rosa began a topic in Atlanta."
    assert said("Rosa began a topic in Atlanta.", "es") == "Rosa abrió un tema en Atlanta."


def test_words_that_somebody_wrote_are_not_put_into_another_language() -> None:
    told = said("Rosa answered our question: “Nothing proves who sent it.”.", "es")
    assert told == "Rosa contestó nuestra pregunta: «Nothing proves who sent it.»."


def test_an_organizer_who_reads_spanish_sees_why_words_are_here_in_spanish(town: Town) -> None:
    thread_id = town.hears("rosa", "Hola, ¿a qué hora empieza?", chapter="atlanta", to="denise")
    with town.write() as session:
        session.get_one(Member, town.people["denise"]).language = "es"
        thread = session.get_one(Thread, thread_id)
        thread.reason = "Rosa answered the letter “A bench”."
        row = session.get_one(assignment.Assignment, thread.assignment_id)
        row.why = "is Rosa’s organizer"
    page = town.signed_in("denise").sees(f"/conversations/{thread_id}")
    assert "Rosa contestó la carta «A bench»." in page and "Responde Denise Okafor: organiza con Rosa." in page
    assert "answered the letter" not in page
