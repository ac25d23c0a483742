"""Letters are taken apart: subjects, people, alternatives, attachments, charsets."""

from datetime import UTC, datetime

import pytest

from reply_router.reading import Mailbox, attachment_content, read


def letter(header: str, body: str = "x") -> bytes:
    return f"{header.strip()}\n\n{body}".encode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("=?utf-8?q?Caf=C3=A9_at_noon?=", "Café at noon"),
        ("=?utf-8?b?Q2Fmw6k=?= =?utf-8?q?_am_Abend?=", "Café am Abend"),
        ("=?utf-8?b?Q2Fmww==?= =?utf-8?b?qQ==?=", "Café"),
        ("=?iso-8859-1?q?Stra=DFe?=", "Straße"),
        ("Re: =?utf-8?q?gr=C3=BCn?= und blau", "Re: grün und blau"),
        ("=?rot13?q?uryyb?=", "uryyb"),
        ("=?utf-8?q?two=0D=0ABcc:_all@x.example?=", "two Bcc: all@x.example"),
        ("=?utf-8?b?not base64 at all?=", None),
        ("a\n folded\n\tsubject", "a folded subject"),
    ],
)
def test_a_subject_is_one_decoded_line(written: str, read_as: str | None) -> None:
    subject = read(letter(f"Subject: {written}")).subject
    assert subject is not None
    assert "\n" not in subject
    assert "\r" not in subject
    if read_as is not None:
        assert subject == read_as


def test_people_are_named_with_their_addresses() -> None:
    reading = read(
        letter(
            "From: =?utf-8?q?In=C3=A9s?= <ines@valle.example>\nSender: desk@valle.example\n"
            'To: "Torres, Maya" <maya@nfp.example>, team@nfp.example\nCc: ted@harbor.example\n'
            "Reply-To: home@valle.example\nMessage-ID: <a@valle.example>\nIn-Reply-To: <b@nfp.example>\n"
            "References: <c@nfp.example>\n <b@nfp.example>\nDate: Tue, 3 Mar 2026 09:12:00 -0500"
        )
    )
    assert reading.from_ == (Mailbox("Inés", "ines@valle.example"),)
    assert reading.to == (Mailbox("Torres, Maya", "maya@nfp.example"), Mailbox("", "team@nfp.example"))
    assert [one.address for one in (*reading.sender, *reading.cc, *reading.reply_to)] == [
        "desk@valle.example",
        "ted@harbor.example",
        "home@valle.example",
    ]
    assert reading.message_id == "a@valle.example"
    assert reading.in_reply_to == ("b@nfp.example",)
    assert reading.references == ("c@nfp.example", "b@nfp.example")
    assert reading.date == datetime(2026, 3, 3, 14, 12, tzinfo=UTC)


def test_a_display_name_cannot_turn_the_writing_direction() -> None:
    reading = read(letter("From: \u202emoc.elpmaxe@ayam\u202c <bad@x.example>"))
    assert "\u202e" not in reading.from_[0].name


@pytest.mark.parametrize(
    ("charset", "raw", "text"),
    [
        ("utf-8", "Grüße".encode(), "Grüße"),
        ("iso-8859-1", b"Gr\xfc\xdfe \x80", "Grüße €"),
        ("windows-1251", "Привет".encode("cp1251"), "Привет"),
        ("koi8-r", "Привет".encode("koi8-r"), "Привет"),
        ("shift_jis", "土曜日".encode("cp932"), "土曜日"),
        ("gb2312", "你好".encode("gb18030"), "你好"),
        ("us-ascii", "Grüße".encode(), "Grüße"),
        ("us-ascii", b"Gr\xfc\xdfe", "Grüße"),
        ("klingon", "Grüße".encode(), "Grüße"),
        ("base64", b"Hello", "Hello"),
        ("rot13", b"Hello", "Hello"),
        ("zlib", b"Hello", "Hello"),
        ("unicode_escape", rb"\x41", r"\x41"),
        ("utf-7", b"+ADw-script+AD4-", "+ADw-script+AD4-"),
        ("undefined", b"Hello", "Hello"),
    ],
)
def test_any_charset_label_gives_words(charset: str, raw: bytes, text: str) -> None:
    head = f"Content-Type: text/plain; charset={charset}\n\n".encode()
    assert read(head + raw).text == text


def test_unlabelled_bytes_are_guessed() -> None:
    russian = "Приду в субботу после обеда, принесу пирог и стулья для всех соседей."
    assert read(b"Subject: x\n\n" + russian.encode("koi8-r")).text == russian


MIXED = b"""From: a@hill.example
Content-Type: multipart/mixed; boundary="m"

--m
Content-Type: multipart/alternative; boundary="a"

--a
Content-Type: text/plain

Plain words
--a
Content-Type: text/html

<p>Plain words</p>
--a--
--m
Content-Type: image/jpeg; name="=?utf-8?q?stra=C3=9Fe.jpg?="
Content-Transfer-Encoding: base64
Content-Disposition: attachment

/9j/AAAA
--m
Content-Type: application/pdf
Content-Disposition: attachment; filename*0*=utf-8''..%2F..%2Fna%C3%AF; filename*1=ve.pdf

%PDF
--m
Content-Type: text/plain

A second text
--m--
"""


def test_attachments_are_named_sized_and_found_again() -> None:
    reading = read(MIXED)
    assert reading.text == "Plain words\n\nA second text"
    assert [(one.name, one.type, one.size) for one in reading.attachments] == [
        ("straße.jpg", "image/jpeg", 6),
        ("naïve.pdf", "application/pdf", 4),
    ]
    assert attachment_content(MIXED, reading.attachments[0].index) == b"\xff\xd8\xff\x00\x00\x00"
    assert attachment_content(MIXED, reading.attachments[1].index) == b"%PDF"
    assert attachment_content(MIXED, 999) == b""


def test_a_part_cut_off_in_its_headers_does_not_swallow_the_next() -> None:
    raw = MIXED.replace(b"Content-Type: text/html\n\n<p>Plain words</p>", b"Content-Type: text/html")
    assert "A second text" in read(raw).text
