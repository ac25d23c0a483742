"""A catalog reads library folders, and keeps what is wrong beside what is right."""

from pathlib import Path

from templates.catalog import library
from tests.templates.authoring import HEAD

GOOD = HEAD + "<mj-text><p>Hi {{ member.first_name }}, how is the soup?</p></mj-text>\n"


def write(folder: Path, name: str, source: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, "utf-8")


def test_a_letter_of_a_chapter_stands_beside_those_of_the_library(tmp_path: Path) -> None:
    write(tmp_path, "duluth/soup.en.mjml", GOOD)

    catalog = library(tmp_path)

    assert {"duluth/soup", "porch/hello"} <= catalog.names()
    assert catalog.speaks("duluth/soup") == "give"
    assert catalog.ends_with_question("duluth/soup", "en")
    assert "member.first_name" in catalog.variables("duluth/soup", "en")
    assert catalog.sources["duluth/soup", "en"] == GOOD


def test_a_later_folder_has_the_last_word_on_a_name(tmp_path: Path) -> None:
    write(tmp_path, "porch/hello.en.mjml", GOOD)
    found = library(tmp_path).get("porch/hello", "en")
    assert found is not None and "how is the soup?" in found.text


def test_a_letter_with_a_fault_is_left_out_and_its_fault_kept(tmp_path: Path) -> None:
    write(tmp_path, "bad.en.mjml", GOOD.replace("first_name", "surname"))

    catalog = library(tmp_path)

    assert "bad" not in catalog.names()
    (one, *_) = catalog.findings
    assert one.file.endswith("bad.en.mjml") and "surname" in one.what
    assert "porch/hello" in catalog.names()


def test_a_faulty_letter_of_an_own_folder_does_not_fall_back_to_other_words(tmp_path: Path) -> None:
    write(tmp_path, "porch/hello.en.mjml", GOOD.replace("first_name", "surname"))
    catalog = library(tmp_path)
    assert ("porch/hello", "en") not in catalog.templates


def test_a_file_without_a_language_or_in_another_encoding_is_named(tmp_path: Path) -> None:
    write(tmp_path, "soup.mjml", GOOD)
    write(tmp_path, "soup.xx.mjml", GOOD)
    (tmp_path / "latin.en.mjml").write_bytes(GOOD.replace("soup", "\xf1").encode("latin-1"))

    said = " ".join(map(str, library(tmp_path).findings))

    assert "soup.mjml" in said and "soup.xx.mjml" in said and "not UTF-8" in said


def test_one_letter_that_speaks_differently_in_two_languages_is_named(tmp_path: Path) -> None:
    write(tmp_path, "soup.en.mjml", GOOD)
    write(tmp_path, "soup.es.mjml", GOOD.replace("speaks: give", "speaks: ask"))
    assert any("soup.es.mjml" in one.file for one in library(tmp_path).findings)


def test_a_member_gets_their_language_else_english(tmp_path: Path) -> None:
    write(tmp_path, "soup.en.mjml", GOOD)
    catalog = library(tmp_path)
    assert [catalog.get("porch/hello", tag).language for tag in ("es-MX", "en-GB", "fr")] == ["es", "en", "en"]  # type: ignore[union-attr]
    assert catalog.get("soup", "es").language == "en"  # type: ignore[union-attr]
    assert catalog.get("nothing", "en") is None
    assert catalog.speaks("nothing") is None
    assert catalog.speaks("courtesy") is None
    assert not catalog.ends_with_question("nothing", "en")
    assert catalog.variables("nothing", "en") == frozenset()
