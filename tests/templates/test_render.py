"""One template and one reader's values become one mail, or a refusal that names the fault."""

import json
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from markupsafe import Markup

from templates.compiled import Compiled
from templates.render import LONGEST_LIST, Refused, Rendered, Renderer
from templates.vocabulary import Frame
from tests.templates.authoring import HEAD, letter, read, values

HELLO = letter("<mj-text><p>Hi {{ member.first_name }} in {{ chapter.name }}</p></mj-text>")
ANSWER = letter(
    "<mj-text>{% for lines in answer.paragraphs %}<p>{% for line in lines %}{{ line }}"
    "{% if not loop.last %}<br/>{% endif %}{% endfor %}</p>{% endfor %}</mj-text>",
    head=HEAD.replace("speaks: give", "frame: answer"),
)


def refused(made: Compiled, handed: dict[str, Any], **limits: Any) -> Refused:
    found = Renderer(**limits).render(made, handed)
    assert isinstance(found, Refused), found
    return found


def test_a_missing_variable_is_named_with_its_template() -> None:
    handed = values()
    del handed["chapter"]["name"]

    found = refused(HELLO, handed)

    assert (found.reason, found.variable, found.template) == ("missing variable", "chapter.name", "desk/draft.en")
    assert "chapter.name" in found.says and "desk/draft.en" in found.says


def test_a_missing_group_is_named_by_the_variable_it_should_have_held() -> None:
    handed = values()
    del handed["member"]
    assert refused(HELLO, handed).variable == "member.first_name"


def test_a_missing_variable_with_a_default_is_no_fault() -> None:
    made = letter("<mj-text><p>{{ chapter.gathering|default('Ask us when.') }}</p></mj-text>")
    handed = values()
    del handed["chapter"]["gathering"]
    assert "Ask us when." in read(made, handed).text


class Sly:
    """An object with something to hide."""

    secret = "s3cret"

    def __str__(self) -> str:
        return "sly"


@pytest.mark.parametrize("value", [Sly(), Markup("<b>x</b>"), b"bytes", {1, 2}, lambda: 1, object])
def test_nothing_but_plain_values_is_taken(value: object) -> None:
    found = refused(HELLO, values(first_name=value))
    assert (found.reason, found.variable) == ("unfit value", "member.first_name")


def test_a_value_nested_without_end_is_refused() -> None:
    deep: dict[str, Any] = {}
    deep["again"] = deep
    assert refused(HELLO, values(first_name=deep)).reason == "unfit value"


def test_a_list_longer_than_any_letter_is_refused() -> None:
    handed = values(Frame.ANSWER)
    handed["answer"] = {"subject": "x", "paragraphs": [["x"]] * (LONGEST_LIST + 1)}
    assert refused(ANSWER, handed).reason == "unfit value"


def test_a_mail_past_the_size_limit_is_refused() -> None:
    handed = values(Frame.ANSWER)
    handed["answer"] = {"subject": "x", "paragraphs": [["x" * 1000] * 300] * 2}
    assert refused(ANSWER, handed).reason == "too much"


def test_a_mail_past_the_time_limit_is_refused() -> None:
    assert refused(HELLO, values(), most_seconds=-1.0).reason == "too much"


def test_a_machine_that_stood_still_meanwhile_refuses_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    hours = count(start=1_000, step=3_600)
    monkeypatch.setattr("templates.render.time.monotonic", lambda: float(next(hours)))
    assert isinstance(Renderer().render(HELLO, values()), Rendered)
    assert refused(HELLO, values(), most_seconds=0.0).reason == "too much"


def test_an_empty_or_endless_subject_is_refused() -> None:
    made = letter("<mj-text><p>Hi</p></mj-text>", head=HEAD.replace("A word, {{", '"{{').replace("}}\n", '}}"\n'))
    assert refused(made, values(first_name="")).reason == "subject"
    assert refused(made, values(first_name="x" * 400)).reason == "subject"


@pytest.mark.parametrize("tampered", ["{{ 7*7 }}", "{{ ''.__class__ }}", "{% include 'x' %}", "{{ cycler }}", "{{"])
@pytest.mark.parametrize("part", ["subject", "html", "text"])
def test_a_stored_template_that_was_tampered_with_is_refused(part: str, tampered: str) -> None:
    made = {"subject": replace(HELLO, subject=tampered), "html": replace(HELLO, html=tampered)}
    found = refused(made.get(part) or replace(HELLO, text=tampered), values())
    assert found.reason == "template"


def test_a_compiled_template_comes_back_from_its_row_as_it_was() -> None:
    stored = json.loads(json.dumps(HELLO.to_json()))
    again = Compiled.from_json(stored)
    assert again == HELLO
    assert again.sha256 == HELLO.sha256
    assert read(again, values()) == read(HELLO, values())


def test_an_approval_is_for_exactly_what_a_reader_gets() -> None:
    other = letter("<mj-text><p>Hi {{ member.first_name }} in {{ chapter.name }}!</p></mj-text>")
    assert other.sha256 != HELLO.sha256


def test_a_prepared_template_makes_room_for_others_and_still_renders() -> None:
    renderer = Renderer(room=1)
    first = renderer.render(HELLO, values())
    renderer.render(ANSWER, values(Frame.ANSWER))
    assert renderer.render(HELLO, values()) == first


def test_blocks_may_stand_around_paragraphs_items_and_whole_texts() -> None:
    made = letter(
        "{% if chapter.is_local %}<mj-text><p>near</p></mj-text>{% else %}<mj-text><p>far</p></mj-text>{% endif %}"
        "<mj-text>{% if chapter.name == 'Duluth' %}<p>cold</p>{% endif %}"
        "<ul>{% if sender.is_person %}<li>a person</li>{% endif %}<li>soup</li></ul></mj-text>"
    )
    near = read(made, values())
    handed = values()
    handed["chapter"] |= {"is_local": False, "name": "Tucson"}
    handed["sender"]["is_person"] = False
    far = read(made, handed)

    assert near.text.startswith("near\n\ncold\n\n- a person\n- soup\n\n")
    assert far.text.startswith("far\n\n- soup\n\n")
    for word in ("near", "cold", "a person"):
        assert word in near.html and word not in far.html


def test_the_variables_a_letter_uses_are_known_with_those_of_its_frame() -> None:
    assert {"member.first_name", "chapter.name", "links.unsubscribe", "written_by"} <= set(HELLO.variables)
