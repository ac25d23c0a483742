"""Letters are published once per text, and go out in a name only while that person lends it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from engine.base.db import Database
from engine.base.errors import NotFound
from engine.chapters.membership import give_role
from engine.content.approval import Approval, approve, lenders_of, revoke
from engine.content.template import (
    TemplateVersion,
    current_version,
    load_compiled,
    publish_library,
    publish_template,
)
from engine.people.member import add_member
from templates.catalog import Catalog, our_library
from templates.compiled import Compiled

NOW = datetime(2026, 3, 2, 14, tzinfo=UTC)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return our_library()


def hello(catalog: Catalog, **changed: object) -> Compiled:
    return replace(catalog.templates["porch/hello", "en"], **changed)  # type: ignore[arg-type]


def test_the_library_is_published_once_however_often_a_process_starts(db: Database, catalog: Catalog) -> None:
    with db.write() as session:
        first = publish_library(session, catalog, NOW)
    with db.write() as session:
        assert publish_library(session, catalog, NOW) == first
        assert session.scalar(select(func.count()).select_from(TemplateVersion)) == len(catalog.templates)
    assert {"answer", "courtesy", "magic_link", "notice", "porch/hello"} <= set(first)


def test_another_text_is_another_version_and_the_old_one_stays_as_it_was(db: Database, catalog: Catalog) -> None:
    with db.write() as session:
        first = publish_template(session, hello(catalog), "one", NOW)
        second = publish_template(session, hello(catalog, subject="Another subject"), "two", NOW)
        assert (first.number, second.number) == (1, 2)
        assert current_version(session, "porch/hello", "en").id == second.id
        assert load_compiled(session, first.id) == hello(catalog)
        # Going back to the old words is a third version: the second was current meanwhile.
        third = publish_template(session, hello(catalog), "one", NOW)
        assert third.number == 3 and current_version(session, "porch/hello", "en").id == third.id


def test_other_expected_answers_are_another_version_and_a_space_in_the_source_is_not(
    db: Database, catalog: Catalog
) -> None:
    with db.write() as session:
        first = publish_template(session, hello(catalog), "one", NOW)
        assert publish_template(session, hello(catalog, source_sha256="0" * 64), "one ", NOW).id == first.id
        assert publish_template(session, hello(catalog, expects=("Something else",)), "two", NOW).id != first.id


@pytest.mark.parametrize(("language", "found"), [("en", "en"), ("es", "es"), ("es-MX", "es"), ("fr", "en")])
def test_a_member_gets_the_nearest_language(db: Database, catalog: Catalog, language: str, found: str) -> None:
    with db.write() as session:
        publish_library(session, catalog, NOW)
        assert current_version(session, "porch/hello", language).language == found


def test_a_letter_nobody_published_is_not_found(db: Database) -> None:
    with db.read() as session:
        with pytest.raises(NotFound):
            current_version(session, "porch/nothing", "en")
        with pytest.raises(NotFound):
            load_compiled(session, 1)


def test_a_name_is_lent_to_one_version_until_it_is_taken_back(db: Database, catalog: Catalog) -> None:
    with db.write() as session:
        maya = add_member(session, "Maya Torres", NOW).id
        give_role(session, maya, None, "staff", NOW)
        first = publish_template(session, hello(catalog), "one", NOW).id
        second = publish_template(session, hello(catalog, subject="Another subject"), "two", NOW).id
        assert approve(session, first, maya, NOW).id == approve(session, first, maya, NOW).id
        assert lenders_of(session, [first, second]) == {first: {maya: frozenset()}}
        assert revoke(session, first, maya, NOW) and not revoke(session, first, maya, NOW)
        assert lenders_of(session, [first, second]) == {}
        approve(session, first, maya, NOW)
        assert session.scalar(select(func.count()).select_from(Approval)) == 2
        with pytest.raises(NotFound):
            approve(session, 1, maya, NOW)
