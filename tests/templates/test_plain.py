"""The plain part reads as if somebody had typed it."""

from hypothesis import given
from hypothesis import strategies as st

from templates.plain import WIDTH, wrap
from templates.vocabulary import Frame
from tests.templates.authoring import HEAD, letter, read, values

BARE = HEAD.replace("speaks: give", "frame: answer")


def text_of(body: str) -> str:
    """The plain text of this body alone, without its foot."""
    return read(letter(body, head=BARE)).text.partition("\n\n-- \n")[0]


def test_a_whole_letter_reads_like_one() -> None:
    made = letter(
        "<mj-text><p>Hi {{ member.first_name }},</p><p>On Saturday twenty-two of us are planting along the creek, "
        "then soup, in {{ chapter.name }}.</p><p>What would make it easy for you to come?</p></mj-text>"
    )
    assert made.ends_with_question
    assert (
        read(made).text
        == """\
Hi Rosa,

On Saturday twenty-two of us are planting along the creek, then soup, in
Duluth.

What would make it easy for you to come?

Maya
Maya Torres, keeps the tool library

-- \n\
Maya wrote this to everyone new, and reads what you answer. To answer,
just reply to this mail.

Stop these letters: https://nfp.example/stop/sample
Choose what comes, and how often: https://nfp.example/you/sample

Neighbors for Progress
PO Box 155, Duluth, MN 55801
"""
    )


def test_a_link_alone_is_its_words_and_its_address() -> None:
    assert text_of('<mj-text><p><a href="https://nfp.example/a">The map</a></p></mj-text>') == (
        "The map: https://nfp.example/a"
    )


def test_a_link_that_ends_a_paragraph_is_written_out_there() -> None:
    assert text_of('<mj-text><p>It is on <a href="https://nfp.example/a">the map</a>.</p></mj-text>') == (
        "It is on the map: https://nfp.example/a"
    )


def test_a_link_inside_a_sentence_is_written_out_below_it() -> None:
    assert text_of('<mj-text><p>See <a href="https://nfp.example/a">the map</a> before you go.</p></mj-text>') == (
        "See the map before you go.\nthe map: https://nfp.example/a"
    )


def test_an_address_shown_as_itself_is_written_once() -> None:
    assert text_of('<mj-text><p><a href="mailto:maya@nfp.example">maya@nfp.example</a></p></mj-text>') == (
        "maya@nfp.example"
    )


def test_lists_quotations_breaks_and_strong_words_keep_their_shape() -> None:
    long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    assert text_of(
        f"<mj-text><ul><li>{long}</li><li>soup</li></ul><blockquote><p>I said<br/>nothing.</p></blockquote>"
        "<p>Come <strong>by</strong>, <em>do</em>.</p></mj-text>"
    ) == (
        "- one two three four five six seven eight nine ten eleven twelve\n  thirteen fourteen\n- soup\n\n"
        "    I said\n    nothing.\n\nCome *by*, do."
    )


def test_braces_and_signs_in_an_authors_words_stay_as_written() -> None:
    assert text_of("<mj-text><p>a { b } &amp; 2 &lt; 3, {<em>{</em></p></mj-text>") == "a { b } & 2 < 3, {{"


def test_a_paragraph_that_came_out_empty_leaves_no_hole() -> None:
    made = letter("<mj-text><p>One.</p><p>{{ chapter.gathering }}</p><p>Two.</p></mj-text>")
    handed = values()
    handed["chapter"]["gathering"] = ""
    assert read(made, handed).text.startswith("One.\n\nTwo.\n\n")


def test_an_organizers_lines_stay_lines() -> None:
    made = letter(
        "<mj-text>{% for lines in answer.paragraphs %}<p>{% for line in lines %}{{ line }}"
        "{% if not loop.last %}<br/>{% endif %}{% endfor %}</p>{% endfor %}</mj-text>",
        head=BARE,
    )
    handed = values(Frame.ANSWER)
    handed["answer"] = {"subject": "x", "paragraphs": [["Dear Rosa,"], ["- soup", "- bread"]]}
    assert read(made, handed).text.startswith("Dear Rosa,\n\n- soup\n- bread\n\n-- \n")


@given(st.lists(st.text(alphabet="abcdé ", max_size=90), max_size=8), st.sampled_from(["", "- ", "    "]))
def test_wrapping_keeps_every_word_in_order_and_every_line_short(lines: list[str], first: str) -> None:
    rest = " " * len(first)
    wrapped = wrap("\n".join(lines), first, rest)

    assert wrapped.replace("- ", "", 1).split() == " ".join(lines).split()
    for line in wrapped.split("\n"):
        assert len(line) <= WIDTH or len(line.split()) <= 2
