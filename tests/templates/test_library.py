"""Every mail of our own library compiles, renders and keeps the promises a letter makes."""

import re

import pytest

from templates.catalog import our_library
from templates.compiled import Compiled
from templates.vocabulary import Frame, sample
from tests.templates.authoring import page, read

CATALOG = our_library()
MAILS = [one for one in CATALOG.templates.values() if one.channel == "email"]
ALL = [pytest.param(one, id=f"{one.name}.{one.language}") for one in MAILS]
LETTERS = [pytest.param(one, id=f"{one.name}.{one.language}") for one in MAILS if one.speaks]


def test_the_library_has_nothing_to_mend_and_everything_in_both_languages() -> None:
    assert CATALOG.findings == ()
    shelves = {name.partition("/")[0] for name in CATALOG.letters()}
    assert shelves == {"porch", "gift", "school", "landing", "transport"}
    mails = {one.name for one in MAILS}
    assert mails == CATALOG.letters() | {
        "courtesy",
        "magic_link",
        "answer",
        "notice",
        "pace",
        "left",
        "stopped",
        "help",
        "which",
        "confirm",
        "already_here",
        "code",
        "topic",
        "topic_digest",
        "brake",
        "desk_receipt",
        "topic_held",
        "topic_told",
        "topic_moderate",
        "was_it_you",
        "is_it_yours",
    }
    assert {CATALOG.languages(name) for name in CATALOG.names()} == {frozenset({"en", "es"})}


@pytest.mark.parametrize("one", ALL)
def test_a_mail_loads_nothing_runs_nothing_and_watches_nobody(one: Compiled) -> None:
    rendered = read(one)
    tree = page(rendered)

    assert not tree.xpath("//img | //script | //link | //iframe | //form | //object | //video | //svg | //button")
    assert "url(" not in rendered.html and "@import" not in rendered.html
    assert "prefers-color-scheme: dark" in rendered.html
    assert "{{" not in rendered.html and "{%" not in rendered.html and not re.search("[\ue000-\uf8ff]", rendered.html)
    assert len(rendered.html) < 20_000
    assert tree.get("lang") == one.language
    for link in tree.xpath("//a"):
        assert link.get("href").startswith(("https://", "mailto:"))
        assert link.text_content().strip()


@pytest.mark.parametrize("one", ALL)
def test_the_plain_part_says_what_the_html_says(one: Compiled) -> None:
    rendered = read(one)
    assert not re.search(r"[<>{}\x02\x03\x1f]|&[a-z]+;", rendered.text)
    assert all(len(line) <= 72 or "https://" in line or "mailto:" in line for line in rendered.text.split("\n"))
    body = page(rendered).xpath("//body")[0]
    shown = "".join(body.text_content().split())
    for paragraph in rendered.text.split("\n\n"):
        words = re.sub(r":\s(https://|mailto:)\S+|^- |\*|^-- $", "", paragraph, flags=re.M)
        assert "".join(words.split()) in shown, paragraph


@pytest.mark.parametrize("one", LETTERS)
def test_a_letter_ends_with_a_question_and_says_who_wrote_it_and_how_to_stop(one: Compiled) -> None:
    rendered = read(one)
    values = sample(Frame.LETTER, one.language)

    assert one.ends_with_question
    assert one.purpose and len(one.expects) >= 3
    for part in (rendered.html, rendered.text):
        assert values["written_by"] in part
        assert values["links"]["unsubscribe"] in part and values["links"]["preferences"] in part
        assert values["org"]["address"] in part
    assert "!" not in rendered.text.replace("¡", "!")


@pytest.mark.parametrize("one", LETTERS)
def test_a_letter_from_the_desk_claims_no_life_of_its_own(one: Compiled) -> None:
    values = sample(Frame.LETTER, one.language)
    desk = "The desk" if one.language == "en" else "La mesa"
    values["sender"] = {"name": desk, "first_name": desk, "role": "", "is_person": False}
    values["written_by"] = desk
    rendered = read(one, values)

    assert "Maya" not in rendered.text + rendered.html
    # The answers a member may give are in the member's own voice, and people in a story speak in theirs.
    said = re.sub("“.*?”|«.*?»", "", rendered.text.replace("Conocer a mis vecinos", ""), flags=re.S)
    assert not re.search(r"\b(I|I'm|[Mm]y|mine|[Mm]is?|mía|[Yy]o|[Ss]oy)\b", said)


@pytest.mark.parametrize("language", ["en", "es"])
def test_somebody_without_a_chapter_is_invited_to_no_room(language: str) -> None:
    one = CATALOG.get("porch/come_by", language)
    assert one is not None
    values = sample(Frame.LETTER, language)
    values["chapter"] = {"name": "Neighbors for Progress", "is_local": False, "gathering": ""}
    rendered = read(one, values)
    assert rendered.subject in ("Soup for two", "Sopa para dos")
    assert "sit down together" not in rendered.text


def test_two_letters_differ_only_where_they_should_between_members() -> None:
    one = CATALOG.get("porch/hello", "en")
    assert one is not None
    values = sample(Frame.LETTER, "en")
    rosa = read(one, values)
    values["member"] = {"first_name": "Walt"}
    assert read(one, values).text == rosa.text.replace("Rosa", "Walt")
