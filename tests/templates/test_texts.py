"""Texts of the library and of authors: what they may hold, what they say first, and what they come to."""

from pathlib import Path

import pytest

from templates.catalog import library, our_library
from templates.compiled import Compiled
from templates.finding import Finding
from templates.render import Refused, Renderer
from templates.segments import measure
from templates.text import compile_text, sample_length
from templates.vocabulary import Frame, paragraphs, sample
from templates.words import read_words

CATALOG = our_library()
TEXTS = [
    pytest.param(one, id=f"{one.name}.{one.language}") for one in CATALOG.templates.values() if one.channel == "sms"
]
GOOD = """\
---
speaks: ask
purpose: Ask whether they come on Thursday.
expects:
  - 1 or yes.
---
Hi {{ member.first_name }}, soup on Thursday at six. Do you come?
1 yes
2 not this time
"""


def made(source: str, language: str = "en") -> Compiled:
    found = compile_text(source, name="sms/draft", language=language, file="draft.txt", words=read_words())
    assert isinstance(found, Compiled), found
    return found


def faults(source: str) -> tuple[Finding, ...]:
    found = compile_text(source, name="sms/draft", language="en", file="draft.txt", words=read_words())
    assert not isinstance(found, Compiled)
    return found


def said(one: Compiled, **groups: object) -> str:
    known = sample(one.frame, one.language, "sms")
    text = {**known.get("text", {}), **groups.pop("text", {})}  # type: ignore[dict-item]
    values = {**known, **groups, "text": text}
    rendered = Renderer().render(one, values)
    assert not isinstance(rendered, Refused), rendered.says
    return rendered.text


@pytest.mark.parametrize("one", TEXTS)
def test_a_text_of_ours_is_short_plain_words_in_both_languages(one: Compiled) -> None:
    words = said(one)
    assert CATALOG.languages(one.name) == {"en", "es"}
    assert measure(words).segments <= 3
    assert not any(sign in words for sign in "{}<>“”‘’—…\u00a0")
    assert one.purpose


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("name", ["stopped", "started", "help"])
def test_a_reply_to_a_carriers_word_names_the_organization_and_costs_no_accents(name: str, language: str) -> None:
    one = CATALOG.templates[f"sms/{name}", language]
    words = said(one)
    assert "Neighbors for Progress" in words
    assert ("START" if name == "stopped" else "STOP") in words
    assert measure(words).encoding == "gsm7"
    if name == "help":
        assert "hello@nfp.example" in words


def test_an_answer_is_the_persons_words_as_typed_and_nothing_more() -> None:
    one = CATALOG.templates["sms/answer", "en"]
    typed = "Yes, do come!\n  Bring a spoon.\n\nMaya"
    words = said(one, answer={"paragraphs": paragraphs(typed)}, text={"is_first": False})
    assert words == typed


def test_the_first_text_to_a_phone_says_who_writes_for_whom_and_how_to_stop() -> None:
    one = CATALOG.templates["sms/answer", "en"]
    first = said(one, answer={"paragraphs": paragraphs("See you there.")}, text={"is_first": True})
    assert first == "Maya Torres at Neighbors for Progress: See you there.\nReply STOP to stop."
    english = said(made(GOOD), text={"is_first": True})
    assert english.startswith("Maya Torres at Neighbors for Progress, to everyone new: Hi Rosa")
    spanish = said(made(GOOD, "es"), text={"is_first": True})
    assert spanish.startswith("Maya Torres, de Neighbors for Progress, a quienes llegan: Hi Rosa")


def test_every_text_to_many_says_in_short_who_wrote_it_and_to_whom() -> None:
    assert said(made(GOOD), text={"is_first": False}).startswith("Maya, to everyone new: Hi Rosa")
    assert said(made(GOOD, "es"), text={"is_first": False}).startswith("Maya, a quienes llegan: Hi Rosa")
    for language in read_words().languages():
        for audience in ("joined", "tagged", "by_hand"):
            words = read_words().to_whom(language, audience=audience)
            assert measure(words).encoding == "gsm7" and len(words) <= 22


def test_a_desk_never_poses_as_a_person() -> None:
    desk = {"name": "The desk at NfP", "first_name": "The desk at NfP", "role": "", "is_person": False}
    assert said(made(GOOD), sender=desk).startswith("The desk at NfP, to everyone new: Hi Rosa")
    assert said(made(GOOD), sender=desk, text={"is_first": False}).startswith("Our desk, to everyone new: Hi Rosa")
    spanish = said(made(GOOD, "es"), sender=desk, text={"is_first": False})
    assert spanish.startswith("Nuestra mesa, a quienes llegan: Hi Rosa")


def test_lines_stand_as_written_and_the_question_is_found_before_its_numbers() -> None:
    one = made(GOOD)
    assert said(one, text={"is_first": False}).split("\n")[1:] == ["1 yes", "2 not this time"]
    assert one.ends_with_question
    assert sample_length(one).segments == 1


def test_smart_signs_are_made_plain_and_accents_are_kept() -> None:
    one = made(GOOD.replace("soup on", "“soup” — José’s — on"))
    assert '"soup" - José\'s - on' in said(one, text={"is_first": False})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("speaks: ask\n", "speaks: ask\nsubject: Soup\n"), "no key “subject” in a text"),
        (("first_name }}", "surname }}"), "no variable “member.surname”"),
        (("Do you come?", "<b>Do you come?</b>"), "a text has no markup"),
        (("member.first_name", "links.unsubscribe"), "links"),
        (("Hi {{ member.first_name }}, soup on Thursday at six. Do you come?\n1 yes\n2 not this time\n", ""), "empty"),
        (("soup on", "soup " * 400), "longer than 1600 signs"),
    ],
)
def test_what_cannot_be_a_text_is_said_with_its_place(change: tuple[str, str], says: str) -> None:
    found = faults(GOOD.replace(*change))
    assert any(says in str(one) for one in found), found


def test_texts_and_letters_of_a_folder_stand_in_one_catalog(tmp_path: Path) -> None:
    (tmp_path / "porch").mkdir()
    (tmp_path / "porch" / "soup.en.txt").write_text(GOOD, "utf-8")
    catalog = library(tmp_path)
    assert catalog.findings == ()
    assert "sms/porch/soup" in catalog.texts() and "sms/porch/soup" not in catalog.letters()
    length = catalog.length("sms/porch/soup", "en")
    assert length is not None and length.segments == 1
    assert catalog.length("porch/hello", "en") is None
    assert Compiled.from_json(catalog.templates["sms/porch/soup", "en"].to_json()).channel == "sms"
    assert catalog.templates["sms/porch/soup", "en"].frame is Frame.LETTER
