"""Whatever a member is called, it is only words: in the subject, in the HTML, in the plain part."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templates.render import Rendered, Renderer
from templates.vocabulary import Frame, first_name, paragraphs, sample
from tests.templates.authoring import letter, page, read, values

ONE = letter(
    "<mj-text><p>Hi {{ member.first_name }},</p>"
    "{% if chapter.is_local %}<p>A <strong>{{ member.first_name }}</strong> lives "
    '<a href="https://nfp.example/?of={{ member.first_name|urlencode }}">'
    "here, {{ member.first_name }}</a>.</p>{% endif %}"
    "</mj-text>"
)
RENDERER = Renderer()


@pytest.mark.parametrize(
    "name",
    [
        "{{7*7}}",
        "{{ member.__class__ }}",
        "{% if x %}",
        "{# gone #}",
        "${x}",
        "#{7*7}",
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "' onmouseover='x",
        "&lt;b&gt;",
        "--><b>",
        "]]>",
        "{",
        "\\x02",
        "%s %(a)s",
        "José Ñandú",
        "李小龍",
        "👩🏽‍🌾",
    ],
)
def test_a_name_that_looks_like_code_is_shown_as_it_is(name: str) -> None:
    rendered = read(ONE, values(first_name=name))

    assert rendered.subject == f"A word, {name}"
    assert f"Hi {name}," in rendered.text
    tree = page(rendered)
    assert f"Hi {name}," in tree.text_content()
    assert not tree.xpath("//script | //img | //b")
    assert not tree.xpath("//@*[starts-with(name(), 'on')]")


def test_line_breaks_in_a_name_add_no_header_and_no_paragraph() -> None:
    rendered = read(ONE, values(first_name="Rosa\r\nBcc: all@nfp.example\n\nPay here\u2028now"))

    assert "\n" not in rendered.subject and "\r" not in rendered.subject
    assert rendered.subject == "A word, Rosa Bcc: all@nfp.example Pay here now"
    assert "\n\nPay" not in rendered.text


def test_direction_and_unseen_characters_are_taken_out_and_joined_emoji_stay() -> None:
    rendered = read(ONE, values(first_name="Ro\u202esa\u2066\u200b\x00\x02\x03\x1f\ue000 👩\u200d🌾"))

    assert rendered.subject == "A word, Rosa 👩\u200d🌾"
    assert "Hi Rosa 👩\u200d🌾," in rendered.text


@given(st.text(max_size=80))
def test_any_name_at_all_stays_words_on_one_line(name: str) -> None:
    rendered = RENDERER.render(ONE, values(first_name=name))

    assert isinstance(rendered, Rendered)
    assert not set(rendered.subject) & set("\r\n\0\x02\x03\x1f\u202e\u2066")
    assert not set(rendered.text) & set("\r\0\x02\x03\x1f\u202e\u2066")
    plainest = RENDERER.render(ONE, values(first_name="Rosa"))
    assert isinstance(plainest, Rendered)
    # Exactly the same elements, whatever the name holds.
    assert re.findall(r"<[a-z/!][^>]*>", _without_links(rendered.html)) == re.findall(
        r"<[a-z/!][^>]*>", _without_links(plainest.html)
    )


def _without_links(html: str) -> str:
    return re.sub(r'(href|aria-label)="[^"]*"', "", html)


@given(st.text(alphabet=string.printable, max_size=60))
def test_a_value_in_an_address_never_leaves_its_place(name: str) -> None:
    rendered = RENDERER.render(ONE, values(first_name=name))
    assert isinstance(rendered, Rendered)

    (link,) = re.findall(r'href="(https://nfp\.example/\?of=[^"]*)"', rendered.html)
    assert re.fullmatch(r"https://nfp\.example/\?of=[A-Za-z0-9_.~%/-]*", link)


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("Rosa Medina", "Rosa"),
        ("  María-José  ", "María-José"),
        ("O'Brien", "O'Brien"),
        ("J.", "J."),
        ("李小龍", "李小龍"),
        ("", "neighbor"),
        ("rosa@nfp.example", "neighbor"),
        ("http://win.example", "neighbor"),
        ("win-now.example", "neighbor"),
        ("{{7*7}}", "neighbor"),
        ("404-555-0142", "neighbor"),
        ("!!!", "neighbor"),
        ("x" * 60, "neighbor"),
    ],
)
def test_a_letter_calls_somebody_by_a_usable_first_name_only(name: str, called: str) -> None:
    assert first_name(name, "en") == called


def test_the_kind_general_word_is_in_the_members_language() -> None:
    assert first_name("", "es-MX") == "vecina o vecino"
    assert first_name("", "de") == "neighbor"


def test_a_typed_text_keeps_its_paragraphs_and_lines() -> None:
    assert paragraphs(" Hi Rosa,\r\nDenise here.\r\n\r\n \r\nBring soup. \n") == [
        ["Hi Rosa,", "Denise here."],
        ["Bring soup."],
    ]
    assert paragraphs(" \n ") == []


@given(st.text(max_size=200))
def test_every_typed_text_fits_what_a_template_may_be_handed(text: str) -> None:
    assert all(line.strip() for lines in paragraphs(text) for line in lines)


def test_the_samples_hold_what_their_frame_may_use() -> None:
    assert "unsubscribe" in sample(Frame.LETTER, "en")["links"]
    assert "unsubscribe" not in sample(Frame.ANSWER, "en")["links"]
