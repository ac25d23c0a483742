"""What would go wrong with a journey's texts is found before anybody gets one."""

from collections.abc import Mapping

import pytest

from journeys.check import check
from journeys.describe import describe
from journeys.findings import Finding, Level
from journeys.read import read
from templates.catalog import Catalog
from templates.compiled import Compiled
from templates.text import compile_text
from templates.words import read_words

LETTERS = {
    "hello": "Hi {{ member.first_name }}, what is the best thing on your street?",
    "hello.es": "Hola, {{ member.first_name }}: ¿qué es lo mejor de tu calle?",
    "link": "Look at the new map of gardens: https://nfp.example/gardens",
    "link_and_more": "Our map of gardens is at https://nfp.example/gardens . Which one is yours?",
    "link_and_call": "The map is at www.nfp.example/gardens . No net? Call Walt and he reads it to you.",
    "long": "Hi. " + "We like this street very much, and so do you. " * 7 + "What would you add?",
    "accents": "¿Qué árbol te gusta más? " + "Aquí hay más. " * 9,
    "keyword": "There is soup on Thursday. Do you come? Reply CANCEL if you do not.",
    "plain_word": "If it rains we cancel, and nobody stops you from helping with the soup. Do you come?",
    "consent": "Would you like news? Reply YES to get texts from us every week.",
    "consent.es": "¿Te cuento? Responde SÍ para recibir mensajes nuestros.",
    "a_yes": "There is soup on Thursday at six. Do you come? Answer yes or no.",
    "flat": "There is soup on Thursday at six.",
}
WORDS = read_words()


def _compiled() -> Mapping[tuple[str, str], Compiled]:
    made = {}
    for key, body in LETTERS.items():
        name, _, language = key.partition(".")
        source = f"---\nspeaks: listen\npurpose: To try.\nexpects: [Words.]\n---\n{body}\n"
        text = compile_text(source, name=f"sms/{name}", language=language or "en", file=key, words=WORDS)
        assert isinstance(text, Compiled), text
        made[text.name, text.language] = text
    return made


CATALOG = Catalog(_compiled(), {}, ())
HEAD = "slug: trial\ntitle: A trial\npurpose: To try.\ntriggers: by_hand\nsteps:\n"
CALL = "- {id: call, do: hand_off, to: organizer, title: Call, script: Say hello., due: P2D}\n"
ANSWERS = "{kind: choice, answers: {a: {label: soup, words: [soup]}, b: {label: tools, words: [tools]}}}"


def text(name: str, more: str = "") -> str:
    return f"- {{id: it, do: text, template: sms/{name}, speaks: listen, signed_by: organizer{more}}}\n"


def ask(name: str, more: str = ", by: text", question: str = ANSWERS) -> str:
    return (
        f"- {{id: it, do: ask, template: sms/{name}, speaks: listen, signed_by: organizer{more}, timeout: P2D, "
        f"question: {question}}}\n"
    )


def found(steps: str) -> list[Finding]:
    draft = read(HEAD + steps + CALL, "trial.yaml")
    assert draft.journey is not None, [str(finding) for finding in draft.findings]
    return list(check(draft.journey, CATALOG, draft.source))


@pytest.mark.parametrize(
    ("rule", "key", "steps"),
    [
        ("only_a_link", "steps.it.template", text("link")),
        ("reserved_word", "steps.it.template", text("keyword")),
        ("yes_to_texts", "steps.it.template", text("consent")),
        ("unknown_template", "steps.it.template", text("helo")),
        ("unknown_template", "steps.it.or_email", text("hello", ", or_email: sms/hello")),
        ("unknown_template", "steps.it.template", ask("hello", "")),
        ("no_question", "steps.it.template", ask("flat")),
        (
            "reserved_word",
            "steps.it.question.answers.a",
            ask("hello", question=ANSWERS.replace("label: soup", "label: Help")),
        ),
    ],
)
def test_a_text_that_should_not_go_out_is_found(rule: str, key: str, steps: str) -> None:
    findings = [finding for finding in found(steps) if finding.level is Level.ERROR]
    assert {(finding.rule, finding.key) for finding in findings} == {(rule, key)}
    assert findings[0].line >= 5 and findings[0].fix


def test_a_letter_instead_of_a_text_makes_sense_only_beside_a_text() -> None:
    rules = {(finding.rule, finding.key) for finding in found(ask("hello", ", or_email: hello"))}
    assert ("or_email_by_email", "steps.it.or_email") in rules


@pytest.mark.parametrize("name", ["hello", "link_and_more", "link_and_call", "plain_word", "a_yes"])
def test_a_text_that_can_be_answered_is_left_alone(name: str) -> None:
    assert found(text(name)) == []


@pytest.mark.parametrize(("name", "count"), [("long", 3), ("accents", 3)])
def test_more_than_two_segments_are_a_warning(name: str, count: int) -> None:
    (finding,) = (finding for finding in found(text(name)) if finding.rule == "long_text")
    assert finding.level is Level.WARNING
    assert f"{count} segments" in finding.says


def test_numbered_answers_count_towards_the_length() -> None:
    many = ", ".join(f"a{n}: {{label: {'a very long answer indeed ' * 3}{n}, words: [w{n}]}}" for n in range(4))
    rules = [finding.rule for finding in found(ask("hello", question=f"{{kind: choice, answers: {{{many}}}}}"))]
    assert rules == ["long_text", "long_text"]  # in English and in Spanish
    assert found(ask("hello")) == []


def test_answers_are_offered_by_number_in_both_languages() -> None:
    assert WORDS.offer("en", ["soup", "tools"]) == "Reply 1 for soup, 2 for tools."
    assert WORDS.offer("es-MX", ["sopa", "taller"]) == "Responde 1 para sopa, 2 para taller."
    assert WORDS.offer("en", []) == ""


def test_texts_describe_themselves() -> None:
    journey = read(HEAD + text("hello", ", or_email: hello") + ask("hello").replace("id: it", "id: q") + CALL).journey
    assert journey is not None
    lines = describe(journey)
    assert lines[2] == (
        "1. it: sends the text sms/hello (listen) or, where no text may go, the letter hello, "
        "signed by the member's organizer."
    )
    assert lines[3].startswith("2. q: asks with the text sms/hello (listen), signed by")
