"""No bytes make the reader raise, stall, or lose what can be shown."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reply_router.reading import Kind, read, read_html, read_text
from reply_router.reading.text_message import read_message
from tests.examples import examples
from tests.fuzz import growth

HEAD = b"From: a@hill.example\nSubject: x\nMIME-Version: 1.0\n"


def nested(depth: int) -> bytes:
    opening = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (level, level) for level in range(depth)
    )
    return HEAD + opening + b"Content-Type: text/plain\n\ndeep words\n"


def wide(parts: int) -> bytes:
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nword\n" * parts + b"--b--\n"


HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "one newline": b"\n",
    "no headers": b"just words",
    "only headers": HEAD,
    "NULs": b"Subject: a\0b\n\nhel\0lo\0",
    "2,000 nested parts": nested(2_000),
    "20,000 parts": wide(20_000),
    "10,000 headers": b"X-A: b\n" * 10_000 + b"\nwords",
    "a header of 500 kB": b"Subject: " + b"a" * 500_000 + b"\n\nwords",
    "a folded header of 500 kB": b"Subject: a\n" + b" b\n" * 150_000 + b"\nwords",
    "a line of 1 MB": HEAD + b"\n" + b"a" * 1_000_000,
    "5,000 references": HEAD + b"References: " + b"<a@b.example> " * 5_000 + b"\n\nwords",
    "nested comments in From": b"From: " + b"(" * 20_000 + b"\n\nwords",
    "quotes in From": b'From: "' * 5_000 + b"\n\nwords",
    "encoded words with line breaks": b"Subject: =?utf-8?q?=0D=0ABcc:_x?=\n\nwords",
    "encoded words without end": b"Subject: " + b"=?utf-8?q?" * 20_000 + b"\n\nwords",
    "broken base64": HEAD + b"Content-Transfer-Encoding: base64\n\n=A=B?!=\n",
    "a boundary in itself": HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" * 300,
    "a boundary that is empty": HEAD + b'Content-Type: multipart/mixed; boundary=""\n\nwords',
    "letters in letters": HEAD + b"Content-Type: message/rfc822\n\n" * 3_000 + b"words",
    "a type that is none": b"Content-Type: ;;;===\n\nwords",
    "half surrogates": b"Subject: =?utf-16?b?2ADYAA==?=\nContent-Type: text/plain; charset=utf-16\n\n\xd8\x00\xd8\x00",
    "an impossible date": b"Date: Tue, 99 Foo 99999 99:99:99 +9999\n\nwords",
    "a delivery report of rubbish": b"Content-Type: multipart/report; boundary=b\n\n--b\n"
    b"Content-Type: message/delivery-status\n\nFinal-Recipient: ;;;\nAction:\n\n\n\n--b--",
    "deep HTML": HEAD + b"Content-Type: text/html\n\n" + b"<div>" * 50_000 + b"words",
    "HTML of entities": HEAD + b"Content-Type: text/html\n\n" + b"&lt;&#x;&#999999999;" * 20_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_letter_is_read_whatever_it_is(name: str) -> None:
    reading = read(HOSTILE[name])
    assert reading.kind in set(Kind)
    assert not any("stopped" in sentence for sentence in reading.trouble), reading.trouble
    assert "\0" not in str(asdict(reading))


def test_what_is_too_complicated_says_so_and_shows_what_it_can() -> None:
    reading = read(wide(20_000))
    assert reading.text.startswith("word")
    assert any("500 parts" in sentence for sentence in reading.trouble)
    assert any("nested" in sentence for sentence in read(nested(2_000)).trouble)


def test_an_empty_file_is_unreadable_and_bare_words_are_a_persons() -> None:
    assert read(b"").kind == Kind.UNREADABLE
    assert read(b"just words").kind == Kind.HUMAN
    assert read(b"just words").text == "just words"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=2_000))
def test_no_bytes_raise(raw: bytes) -> None:
    assert not any("stopped" in sentence for sentence in read(raw, sent="Will you come on Saturday?").trouble)


SNIPPETS = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=b\n",
        b'Content-Type: multipart/alternative; boundary="b"\n',
        b"Content-Type: text/html; charset=x\n",
        b"Content-Type: message/rfc822\n",
        b"Content-Type: message/delivery-status\n",
        b"Content-Transfer-Encoding: base64\n",
        b"Content-Transfer-Encoding: quoted-printable\n",
        b"Final-Recipient: rfc822; a@b.example\n",
        b"From: =?utf-8?q?a=0A?= <a@b.example>, (\n",
        b"Subject: Undelivered mail\n",
        b"\n",
        b"--b\n",
        b"--b--\n",
        b"> quoted\n",
        b"On Tue, Mar 3, 2026 at 9:12 AM A <a@b.example> wrote:\n",
        b"<blockquote type=cite><div>\n",
        b"-- \n",
        b"\xff\xfe=?",
        b"\r",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(SNIPPETS, max_size=40))
def test_no_pile_of_real_pieces_raises(pieces: list[bytes]) -> None:
    assert not any("stopped" in sentence for sentence in read(b"".join(pieces)).trouble)


GROWING: dict[str, str] = {
    "words": "word ",
    "short lines": "a\n",
    "arrows": "> a\n",
    "arrows and answers": "> a\nb\n",
    "nested arrows": ">" * 40 + "\n",
    "labels": "From: a@b.example\n",
    "labels and blanks": "From:\n\n",
    "introductions": "On Tue, Mar 3, 2026 at 9:12 AM A <a@b.example> wrote:\n",
    "introductions and blanks": "A wrote:\n\n\n",
    "almost introductions": "On 3 Mar 2026 a@b.example\n",
    "colons": ":\n",
    "dashes": "-- \n",
    "rules": "-----\n",
    "announcements": "-----Original Message-----\n",
    "app lines": "Sent from my phone\n",
    "closings": "Regards,\n",
    "digits": "1",
    "addresses": "a@b.example ",
    "ats": "@",
    "dots": "1.1.",
    "spaces": " ",
    "shared lines": "a --- On ",
    "anglequotes": "<",
    "our words": "Will you come on Saturday to the mill ",
    "our words and answers": "Will you come on Saturday to the mill\nYes\n",
    "newlines": "\n",
    "one line of arrows": "> ",
    "deeper and deeper": ">\n>>\n>>> a\n>>>> b\n",
    "wrapped introductions": "On Tue, Mar 3, 2026 at 9:12 AM A\n<a@b.example> wrote:\n\n> x\ny\n",
    "what looks like base64": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWj\n",
    "base64 in one line": "QUJD",
    "uuencoded": "begin 644 a\n#0V%T\n",
    "combining": "a" + "\u0301" * 200,
    "right to left": "\u202e\u2067abc\u2069\n",
    "zero width": "\u200b\u200d",
    "signatures": "-- \nDana Ruiz\n+1 404 555 0101\nwww.hill.example\n\n",
    "notices": "This e-mail is confidential.\n\n",
    "forwards": "---------- Forwarded message ---------\nFrom: A\nDate: B\nSubject: C\n\nx\n",
    "mail systems": "550 5.1.1 <a@b.example> User unknown\n",
    "returned letters": "--- Below this line is a copy of the message.\n",
    "brackets": "[](<>)",
    "links": "https://hill.example/a?b=c\n",
    "full stops": ".\n",
    "words without blanks": "\u6709\u7a7a",
}


def faster_than_its_length(work: Callable[[Any], object], given: Callable[[int], Any]) -> str:
    """What is wrong with how the work grows with what it is given: a megabyte in the long run, in others a third."""
    return growth.faster_than_its_length(work, given, large=examples(growth.LARGE // 3, growth.LARGE))


SENT = "Will you come on Saturday to the mill and bring soup?"
HTML_HEAD = HEAD + b"Content-Type: text/html; charset=utf-8\n\n"


def body_of(unit: str) -> Callable[[int], bytes]:
    """A letter with a plain body of so many characters."""
    head = HEAD + b"Content-Type: text/plain; charset=utf-8\n\n"
    return lambda size: head + (unit * (size // len(unit))).encode()


@pytest.mark.parametrize("name", GROWING)
def test_time_grows_with_the_length_of_a_body_and_not_faster(name: str) -> None:
    assert not faster_than_its_length(lambda raw: read(raw, sent=SENT), body_of(GROWING[name]))


@pytest.mark.parametrize("name", ["words", "arrows and answers", "introductions"])
def test_time_grows_with_the_length_of_a_bare_text_and_not_faster(name: str) -> None:
    unit = GROWING[name]
    assert not faster_than_its_length(lambda text: read_text(text, sent=SENT), lambda size: unit * (size // len(unit)))


MARKUP = [
    "<div>", "<b>x", '<a href="', "<!--", "<p>x", "<blockquote type=cite>a", "&#", "<td>", "<table><tr><td>", "</div>",
    "<style>a{", "<script>", "&nbsp;", "<br>", "<div class=gmail_quote>x</div>", "<!--[if mso]>", "<pre>\n",
    "<img src=data:image/png;base64,AAAA>", "<div style='border-left:1px solid'>a", "<p>On Tue, Mar 3, A wrote:</p>",
]  # fmt: skip


@pytest.mark.parametrize("unit", MARKUP)
def test_time_grows_with_the_length_of_html_and_not_faster(unit: str) -> None:
    assert not faster_than_its_length(read, lambda size: HTML_HEAD + (unit * (size // len(unit))).encode())


@pytest.mark.parametrize("unit", ["<div>x", "<p>x"])
def test_time_grows_with_the_length_of_bare_html_and_not_faster(unit: str) -> None:
    assert not faster_than_its_length(read_html, lambda size: unit * (size // len(unit)))


@pytest.mark.parametrize(
    "unit", [b"--b\n", b"--b\n\n", b"--\n", b"X: y\n", b" z\n", b"=?utf-8?q?a?= ", b"\n", b"a@b.example, ", b"(", b'"']
)
@pytest.mark.parametrize("field", [b"Subject: ", b"From: "])
def test_time_grows_with_the_length_of_a_letter_and_not_faster(unit: bytes, field: bytes) -> None:
    head = b"Content-Type: multipart/mixed; boundary=b\n" + field
    assert not faster_than_its_length(read, lambda size: head + unit * (size // len(unit)))


REPORTED = b"From: MAILER-DAEMON@mx.example\nContent-Type: multipart/report; boundary=b\n\n--b\n"


@pytest.mark.parametrize(
    "unit",
    [
        b"Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n\n",
        b"Diagnostic-Code: smtp; 550 5.1.1 ",
        b"\n ",
        b"<a@b.example>: 550 5.1.1 unknown user\n",
        b"a@b.example\n",
    ],
)
@pytest.mark.parametrize("type_", [b"message/delivery-status", b"message/feedback-report", b"text/plain"])
def test_time_grows_with_the_length_of_a_report_and_not_faster(unit: bytes, type_: bytes) -> None:
    head = REPORTED + b"Content-Type: " + type_ + b"\n\n"
    assert not faster_than_its_length(read, lambda size: head + unit * (size // len(unit)))


@pytest.mark.parametrize("unit", ["stop ", "a", "“a", "\u200b", "please ", "Liked “", "1 ", "&Body=", "%"])
def test_time_grows_with_the_length_of_a_text_message_and_not_faster(unit: str) -> None:
    def given(size: int) -> bytes:
        return ("From=%2B14045550101&Body=" + unit * (size // len(unit))).encode()

    assert not faster_than_its_length(read_message, given)


def test_a_letter_of_many_long_parts_shows_its_beginning_and_says_so() -> None:
    html = b"<p>Soup on Sunday, as every week, and bring the big pot.</p>\n" * 16_000
    part = b"--b\r\nContent-Type: text/html\r\n\r\n" + html
    raw = b"From: a@x.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    raw += part * 12 + b"--b--\r\n"
    reading = read(raw)
    assert reading.text.startswith("Soup on Sunday")
    assert any("open the original" in each for each in reading.trouble)
