"""What an author gets wrong is said with its place, in plain words, with what to write instead."""

import pytest

from templates.compiled import Compiled
from tests.templates.authoring import BODY_LINE, HEAD, compiled, findings, page, read

# What the author wrote behind the first line `<mj-text>`; line and column of the finding there; words of it.
MARKUP = [
    ("<p>Come & see</p>", 1, 10, "cannot be read"),
    ("<p>One<br>two</p>", 1, 16, "<br> was not closed"),
    ("<p>One\n<p>two</p>", 3, 3, "<p> was opened before"),
    ("<p>a&nbsp;b</p>", 1, 5, "&name;"),
    ("  <script>alert(1)</script>", 1, 3, "<script> does not stand"),
    ("<p>Look <img src='https://x.example/a.png'/></p>", 1, 9, "<img> does not stand"),
    ('<p style="color:red">Hi</p>', 1, 1, "no attribute “style”"),
    ('<p onclick="x()">Hi</p>', 1, 1, "no attribute “onclick”"),
    ("<mj-raw>Hi</mj-raw>", 1, 1, "<mj-raw> does not stand"),
    ("<mj-include path='/etc/passwd'/>", 1, 1, "<mj-include> does not stand"),
    ("<p>Good <b>day</b></p>", 1, 9, "<b> does not stand"),
    ("<p><a>here</a></p>", 1, 4, "leads nowhere"),
    ("<p><a href='javascript:alert(1)'>here</a></p>", 1, 4, "cannot be used"),
    ("<p><a href='http://nfp.example/'>here</a></p>", 1, 4, "cannot be used"),
    ("<p><a href='https://nfp.example@evil.example/'>x</a></p>", 1, 4, "cannot be used"),
    ("<p><a href='{{ member.first_name }}'>x</a></p>", 1, 4, "cannot be used"),
    ("<p><a href='https://{{ member.first_name }}.example/'>x</a></p>", 1, 4, "cannot be used"),
    ("<p><a href='https://a.example/?q={{ member.first_name }}'>x</a></p>", 1, 4, "cannot be used"),
    ("<p>Hi {{ member.first_name }} <u>x</u></p>", 1, 31, "<u> does not stand"),
    ("<p>{{\n member.first_name\n}} <u>x</u></p>", 3, 4, "<u> does not stand"),
    ("<{{ member.first_name }}>x</p>", 1, 2, "cannot be read"),
    ("<p>a</p><?php x ?>", 1, 9, "processing instructions"),
    ("<p>{% if chapter.is_local %}a</p><p>b{% endif %}</p>", 1, 4, "other half"),
    ("<p>a \ue010 b</p>", 1, 1, "no font knows"),
]


@pytest.mark.parametrize(("written", "line", "column", "words"), MARKUP)
def test_a_fault_in_the_markup_is_found_at_its_place(written: str, line: int, column: int, words: str) -> None:
    found = findings(f"<mj-text>\n{written}\n</mj-text>")

    said = {(one.line - BODY_LINE, one.column): f"{one.what} {one.fix}" for one in found}
    assert words in said.get((line, column), ""), said


EXPRESSIONS = [
    ("{{ member.firstname }}", 4, "Did you mean member.first_name?"),
    ("{{ member }}", 4, "group of variables"),
    ("{{ weather }}", 4, "no variable “weather”"),
    ("{{ member.first_name|shout }}", 4, "filter"),
    ("{{ member.first_name", 4, "never closed"),
    ("{% if member.first_name %}x", 4, "cannot be read"),
    ("{% include 'x' %}", 4, "“include” is not used"),
    ("{% set x = 1 %}", 4, "“set” is not used"),
    ("{% raw %}{{ x }}{% endraw %}", 4, "“raw” is not used"),
    ("{{ 7 * 7 }}", 4, "does not compute"),
    ("{{ answer.paragraphs }}", 4, "no variable"),
]


@pytest.mark.parametrize(("written", "column", "words"), EXPRESSIONS)
def test_a_fault_in_an_expression_is_found_at_its_place(written: str, column: int, words: str) -> None:
    found = findings(f"<mj-text>\n<p>{written}</p>\n</mj-text>")

    assert any(
        words in f"{one.what} {one.fix}" and (one.line, one.column) == (BODY_LINE + 1, column) for one in found
    ), found


def test_words_outside_of_a_paragraph_are_found() -> None:
    (one,) = findings("<mj-text>\nHello <p>there</p>\n</mj-text>")
    assert "“Hello”" in one.what
    assert "<p>" in one.fix


def test_a_letter_without_mj_text_is_told_how_to_begin() -> None:
    said = " ".join(map(str, findings("<p>Hello</p>")))
    assert "<mj-text>" in said


def test_a_letter_has_one_link_at_most() -> None:
    link = '<a href="https://nfp.example/">here</a>'
    (one,) = findings(f"<mj-text><p>{link} and {link}</p></mj-text>")
    assert "one link" in one.what


FRONT = [
    ("Hello", 1, "front matter is missing"),
    ("---\nsubject: x", 1, "never ends"),
    (HEAD.replace("subject: A word, {{ member.first_name }}\n", ""), 1, "“subject” is missing"),
    (HEAD.replace("speaks: give", "speaks: shout"), 2, "does not “shout”"),
    (HEAD.replace("speaks: give\n", ""), 1, "“speaks” is missing"),
    (HEAD.replace("speaks: give", "frame: banner"), 2, "no frame “banner”"),
    (HEAD.replace("purpose:", "porpoise:"), 5, "no key “porpoise”"),
    (HEAD.replace("subject: A word, {{ member.first_name }}", "subject: {{ member.first_name }}"), 3, "“subject”"),
    (HEAD.replace("subject: A word, {{", "subject: Word: one {{"), 3, "cannot be read"),
    (HEAD.replace("A word, {{ member.first_name }}", "A word, {{ member.nick }}"), 3, "no variable"),
    (HEAD.replace("A short one.", "x" * 200), 4, "longer than"),
    (HEAD.replace("---\nspeaks", "---\nsubject: twice\nspeaks"), 4, "written twice"),
    (HEAD.replace("expects:\n  - Anything.", "expects: Anything"), 6, "list of sentences"),
    (HEAD.replace("speaks: give", "speaks: !!python/object/apply:os.system [x]"), 2, "speaks"),
]


@pytest.mark.parametrize(("head", "line", "words"), FRONT)
def test_a_fault_in_the_front_matter_is_found_at_its_line(head: str, line: int, words: str) -> None:
    found = findings("<mj-text><p>Hello</p></mj-text>", head=head)
    assert any(words in str(one) and one.line == line for one in found), [str(one) for one in found]


def test_an_empty_letter_is_refused() -> None:
    assert any("empty" in one.what for one in findings("\n\n"))


def test_every_finding_says_what_and_how_to_mend_it() -> None:
    for written, *_ in MARKUP:
        for one in findings(f"<mj-text>\n{written}\n</mj-text>"):
            assert one.what.endswith((".", "?")) and one.fix.endswith((".", "?", '"', ">")), one
            assert "draft.mjml" in str(one)


def test_quotes_and_unusual_signs_in_a_subject_reach_title_and_label_whole() -> None:
    head = HEAD.replace(
        "A word, {{ member.first_name }}", """'"Soup" & \\ é e\u0301, {{ member.first_name|default("you") }}'"""
    )
    made = compiled("<mj-text><p>b</p></mj-text>", head=head)
    assert isinstance(made, Compiled), made
    shown = page(read(made))
    wanted = '"Soup" & \\ é e\u0301, Rosa'
    assert shown.xpath("string(//title)") == wanted
    assert shown.xpath("string(//@aria-label)") == wanted


def test_a_document_type_is_refused_before_anything_in_it_is_read() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><mj-text><p>&b;</p></mj-text>'
    assert not isinstance(compiled(bomb), Compiled)


# Given to the author's compiler, each of these is refused: none is evaluated.
PAYLOADS = [
    "{{7*7}}", "{{7*'7'}}", "{{'a'*10**9}}", "{{ 10**10**10 }}", "{{ 'a' ~ 'b' }}", "{{ -1 }}", "{{ 1/0 }}",
    "{{ ''.__class__ }}", "{{ ''['__class__'] }}", "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''|attr('__class__') }}", "{{ member.__class__ }}", "{{ member.first_name.__class__ }}",
    "{{ member.first_name.upper() }}", "{{ member['first_name'] }}", "{{ member.items() }}", "{{ member.keys }}",
    "{{ self }}", "{{ self.__init__.__globals__ }}", "{{ config }}", "{{ request }}", "{{ cycler }}", "{{ joiner }}",
    "{{ namespace() }}", "{{ lipsum() }}", "{{ lipsum.__globals__.os.popen('id').read() }}", "{{ dict(a=1) }}",
    "{{ range(10**9) }}", "{% for i in range(10**9) %}x{% endfor %}", "{{ url_for.__globals__ }}", "{{ g }}",
    "{{ member.first_name|map('upper')|list }}", "{{ member.first_name|format }}", "{{ '%s'|format(7) }}",
    "{{ member.first_name|center(10000000) }}", "{{ member.first_name|pprint }}", "{{ member.first_name|safe }}",
    "{{ member.first_name|replace('', 'aaaa') }}", "{{ member.first_name|tojson }}", "{{ [1, 2] }}", "{{ {'a': 1} }}",
    "{{ (1, 2) }}", "{% import 'os' as os %}", "{% from 'os' import path %}", "{% extends 'x' %}",
    "{% block x %}{% endblock %}",
    "{% macro m() %}{% endmacro %}", "{% call x() %}{% endcall %}", "{% filter upper %}x{% endfilter %}",
    "{% autoescape false %}{{ member.first_name }}{% endautoescape %}", "{% set x = member %}",
    "{% with x=1 %}{% endwith %}",
    "{% raw %}{{ 7*7 }}{% endraw %}", "{% for a in member %}x{% endfor %}", "{{ loop.index }}",
    "{% for a, b in chapter.name %}x{% endfor %}", "{% for a in chapter.name recursive %}{{ loop(a) }}{% endfor %}",
    "{% for a in chapter.name %}{{ loop.cycle('a') }}{% endfor %}", "{{ member.first_name is sameas member }}",
    "{{ member.first_name if }}", "{{ member.first_name[::-1] }}", "{% debug %}", "{% trans %}x{% endtrans %}",
    "{{ '\\x00' }}{{ 7*7 }}", "{{ chapter.name.join(['a']) }}", "{{ undefined_thing|default(7*7) }}",
]  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_injection_by_an_author_compiles_anywhere_in_a_letter(payload: str) -> None:
    assert findings(f"<mj-text><p>a {payload} b</p></mj-text>")
    assert findings(f"<mj-text>{payload}<p>b</p></mj-text>")
    quoted = payload.replace("\\", "\\\\").replace('"', '\\"')
    head = HEAD.replace("A word, {{ member.first_name }}", f'"{quoted}"')
    assert findings("<mj-text><p>b</p></mj-text>", head=head)


def test_braces_split_by_tags_or_comments_do_not_join_into_an_expression() -> None:
    for body in ("<p>{<em>{ 7*7 }</em>}</p>", "<p>{<strong>% if x %</strong>}</p>", "<p>&#123;{ 7*7 }}</p>"):
        made = compiled(f"<mj-text>{body}</mj-text>")
        if isinstance(made, Compiled):
            assert "49" not in made.html + made.text
            assert "7*7" in made.html or "if x" in made.html


def test_a_letter_that_gmail_would_cut_off_is_refused_with_what_is_long() -> None:
    short = "<mj-text><p>Come to the porch.</p></mj-text>"
    [found] = findings(short + "<mj-text><p>" + "Saturday at six. " * 6100 + "</p></mj-text>")
    assert "Gmail cuts a letter off" in found.what and "begins “Saturday at six. Saturday at six.…”" in found.what
    assert "words take" in found.what and "Make it shorter" in found.fix
