"""Letters as they really come: broken, half labelled, cut off, and with attachments that are not what they say."""

import base64

import pytest

from reply_router.reading import Kind, attachment_content, read
from reply_router.reading.content_type import type_of
from tests.reply_router.reading.test_mime import letter


def mixed(*parts: str, end: str = "--b--\n") -> bytes:
    """A multipart/mixed letter of these parts, each with its header."""
    body = "".join(f"--b\n{part}\n" for part in parts)
    return letter("From: ines@valle.example\nContent-Type: multipart/mixed; boundary=b", body + end)


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("=?utf-8?q?Will it rain? I hope not?=", "Will it rain? I hope not"),
        ("=?utf-8?Q?Caf=C3=A9?= =?utf-8?Q?_closes?=", "Café closes"),
        ("=?utf-8?q?Caf=C3=A9 =?utf-8?q?_closes?=", "Café closes"),
        ("=?utf-8?q?no_end_to_it", "no end to it"),
        ("=?utf-8?b?Q2F?= =?utf-8?b?mw6k=?=", "Café"),
        ("=?utf-8*de?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?UTF-8?B?8J+Nsg?= supper", "🍲 supper"),
        ("=?koi8-r?b?8NLJ18XU?=", "Привет"),
        ("=?csISOLatin2?q?P=F8ijdu?=", "Přijdu"),
        ("=?iso-2022-jp?b?GyRCRVpNS0Z8GyhC?=", "土曜日"),
        ("=?utf-7?q?Gr+APwA3w-e?=", "Grüße"),
        ("=?utf-7?q?+ADw-script+AD4-?=", "+ADw-script+AD4-"),
        ("(=?utf-8?q?a?=) =?us-ascii?q?b?=", "(a) b"),
        ("a =?utf-8?q?b?= c", "a b c"),
        ("1 =?= 2 ?= 3", "1 =?= 2 ?= 3"),
    ],
)
def test_encoded_words_are_read_in_every_form_programs_write_them(written: str, read_as: str) -> None:
    assert read(letter(f"Subject: {written}")).subject == read_as


@pytest.mark.parametrize(
    ("label", "raw", "text"),
    [
        ("utf-8", b"Gr\xfc\xdfe", "Grüße"),
        ("utf-8", "Grüße, Ma\x80e".encode("latin-1").replace(b"\xfc", "ü".encode()), "Grü\ufffde, Ma\ufffde"),
        ('"iso-8859-2:1987"', "Přijdu".encode("iso8859-2"), "Přijdu"),
        ("koi8-r (Russian)", "Привет".encode("koi8-r"), "Привет"),
        ("csEUCKR", "토요일".encode("euc-kr"), "토요일"),
        ("x-mac-ce", "Přijdu".encode("mac-latin2"), "Přijdu"),
        ("", "土曜日".encode("iso2022_jp"), "土曜日"),
        ("", "Přijdu".encode("utf-16"), "Přijdu"),
        ("utf-7", b"Gr+APwA3w-e +- 1+1", "Grüße + 1+1"),
        ("utf-7", b"a +// b", "a +// b"),
    ],
)
def test_a_label_is_believed_as_far_as_it_fits(label: str, raw: bytes, text: str) -> None:
    head = f"Content-Type: text/plain; charset={label}\n\n" if label else "Subject: x\n\n"
    assert read(head.encode() + raw).text == text


def test_an_html_text_may_name_its_charset_itself() -> None:
    html = '<html><head><meta charset="windows-1251"></head><body>Привет</body></html>'
    assert read(b"Content-Type: text/html\n\n" + html.encode("cp1251")).text == "Привет"


def test_a_subject_without_encoding_is_in_the_charset_of_its_letter() -> None:
    raw = "Subject: Субботник\nContent-Type: text/plain; charset=koi8-r\n\nПриду".encode("koi8-r")
    assert read(raw).subject == "Субботник"


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ('Content-Type: multipart/mixed;\nboundary="b"\nX-Mailer: y', "Yes\n\nand soup"),
        ("Content-Type: multipart/mixed boundary=b", "Yes\n\nand soup"),
        ("Content-Type: multipart/mixed", "Yes\n\nand soup"),
        ("Content-Type: multipart/mixed; boundary=changed-on-the-way", "Yes\n\nand soup"),
        ("Received: from a\n(with nothing before it)\nContent-Type: multipart/mixed; boundary=b", "Yes\n\nand soup"),
    ],
)
def test_a_header_that_suffered_on_its_way_still_takes_the_letter_apart(header: str, text: str) -> None:
    body = "--b\nContent-Type: text/plain\n\nYes\n--b\nContent-Type: text/plain\n\nand soup\n--b--\n"
    assert read(letter(header, body)).text == text


def test_words_right_below_a_header_are_words() -> None:
    reading = read(b"From: ines@valle.example\nSubject: x\nYes, I come!\nNote: with soup.\n")
    assert reading.text == "Yes, I come!\nNote: with soup."


def test_a_field_that_stands_twice_counts_as_it_stands_last() -> None:
    assert read(b"Subject: put on top\nFrom: a@hill.example\nSubject: signed\n\nYes").subject == "signed"


def test_a_letter_that_breaks_off_says_so_and_keeps_what_it_has_whole() -> None:
    reading = read(mixed("Content-Type: text/plain\n\nYes, and", end=""))
    assert reading.text == "Yes, and"
    assert [one.type for one in reading.attachments] == ["text/plain"]
    assert any("breaks off" in sentence for sentence in reading.trouble)
    assert not read(mixed("Content-Type: text/plain\n\nYes")).attachments


def test_plain_words_that_claim_to_be_base64_stay_words() -> None:
    raw = letter("Content-Transfer-Encoding: base64", "I come on Saturday, and bring soup.")
    reading = read(raw)
    assert reading.text == "I come on Saturday, and bring soup."
    assert attachment_content(raw, reading.attachments[0].index) == b"I come on Saturday, and bring soup."


@pytest.mark.parametrize(
    ("encoded", "text"),
    [
        ("WWVz", "Yes"),
        ("WWVzIQ==", "Yes!"),
        ("WWVzIQ", "Yes!"),
        ("WWVzIQ== and what a gateway wrote behind it", "Yes!"),
        ("WWVz\nIQ==\n_______\nPosted to our list", "Yes!"),
        ("WWVzIQ==\nIFNvdXAh", "Yes! Soup!"),
        ("WWVzIFll" * 10 + " IQ==", "Yes Ye" * 10 + "!"),
    ],
)
def test_base64_ends_where_it_ends(encoded: str, text: str) -> None:
    head = "Content-Transfer-Encoding: Base64 (as usual)\nContent-Type: text/plain"
    assert read(letter(head, encoded)).text == text


def test_a_letter_of_only_an_unknown_kind_of_text_is_shown_and_kept() -> None:
    reading = read(letter("Content-Type: text/markdown", "*Yes*"))
    assert reading.text == "*Yes*"
    assert [one.type for one in reading.attachments] == ["text/markdown"]


def test_what_belongs_to_another_letter_is_one_attachment() -> None:
    inner = "Content-Type: message/rfc822\n\nSubject: The old plan\nContent-Type: multipart/mixed; boundary=c\n\n"
    inner += "--c\n\nold words\n--c\nContent-Type: image/png\n\nx\n--c--"
    reading = read(mixed("Content-Type: text/plain\n\nSee below", inner))
    assert reading.text == "See below"
    assert [(one.name, one.type) for one in reading.attachments] == [("The old plan", "message/rfc822")]


PNG, JPEG, ELF = b"\x89PNG\r\n\x1a\n....", b"\xff\xd8\xff\xe0\0\x10JFIF", b"\x7fELF\x02\x01\x01\0"


@pytest.mark.parametrize(
    ("content", "label", "told"),
    [
        (PNG, "image/png", "image/png"),
        (PNG, "application/octet-stream", "image/png"),
        (JPEG, "image/png", "image/jpeg"),
        (ELF, "image/jpeg", "application/x-executable"),
        (b"MZ\x90\0\x03\0", "application/pdf", "application/vnd.microsoft.portable-executable"),
        (b"MZ, my friend, comes too", "text/plain", "text/plain"),
        (b"BM is my name", "text/plain", "text/plain"),
        (b"%PDF-1.7", "application/octet-stream", "application/pdf"),
        (b"<html><script>x</script>", "image/png", "text/html"),
        (b"\xef\xbb\xbf <!DOCTYPE html><p>x", "application/octet-stream", "text/html"),
        (b"<p>x</p>", "text/html", "text/html"),
        (b"<svg onload=x>", "image/png", "image/svg+xml"),
        (b"<html>", "text/plain", "text/plain"),
        (b"PK\x03\x04....word/document.xml[Content_Types].xml", "application/octet-stream",
         "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/vnd.oasis.opendocument.text", "",
         "application/vnd.oasis.opendocument.text"),
        (b"PK\x03\x04....", "application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
        (b"PK\x03\x04....", "image/jpeg", "application/zip"),
        (b"\x78\x9f\x3e\x22\x01\0", "application/octet-stream", "application/ms-tnef"),
        (b"\0\0\0\x18ftypheic", "application/octet-stream", "image/heic"),
        (b"RIFF....WEBP", "image/webp", "image/webp"),
        (b"BEGIN:VCALENDAR\r\n", "application/octet-stream", "text/calendar"),
        (b"nothing we know", "application/x-own", "application/x-own"),
        (b"", "image/png", "image/png"),
    ],
)  # fmt: skip
def test_an_attachment_is_what_its_content_says_where_that_says_more(content: bytes, label: str, told: str) -> None:
    assert type_of(content, label) == told


def test_a_disguised_attachment_shows_both_what_it_is_and_what_it_says() -> None:
    program = "Content-Type: image/jpeg; name=party.jpg\nContent-Transfer-Encoding: base64\n\n"
    reading = read(mixed("Content-Type: text/plain\n\nLook!", program + base64.b64encode(ELF * 100).decode()))
    (one,) = reading.attachments
    assert (one.name, one.type, one.label, one.size) == ("party.jpg", "application/x-executable", "image/jpeg", 800)


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="plan.pdf"', "plan.pdf"),
        ("attachment filename=plan.pdf", "plan.pdf"),
        ('filename="plan.pdf"', "plan.pdf"),
        ("attachment; filename*=utf-8''Pl%C3%A4ne.pdf; filename=Plane.pdf", "Pläne.pdf"),
        ("attachment; filename*0=pl; filename*1=an.pdf", "plan.pdf"),
        ("attachment; filename==?utf-8?q?Pl=C3=A4ne.pdf?=", "Pläne.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="a\rb\0.pdf"', "a b.pdf"),
    ],
)
def test_an_attachment_has_a_name_that_is_only_a_name(disposition: str, name: str) -> None:
    part = f"Content-Type: application/x-own\nContent-Disposition: {disposition}\n\nx"
    assert [one.name for one in read(mixed("Content-Type: text/plain\n\nYes", part)).attachments] == [name]


def test_header_injection_finds_no_line_to_stand_on() -> None:
    reading = read(
        letter(
            "From: =?utf-8?q?Maya=0D=0ABcc:_all@x.example?= <maya@nfp.example>\n"
            "Subject: =?utf-8?b?aGkNCkJjYzogYWxsQHguZXhhbXBsZQ==?=\nTo: a@b.example"
        )
    )
    assert reading.kind is Kind.HUMAN
    assert reading.subject == "hi Bcc: all@x.example"
    assert all("\n" not in one.name and "\r" not in one.name for one in reading.from_)


@pytest.mark.parametrize(
    "label", ["base64", "rot13", "zlib", "bz2", "hex", "idna", "punycode", "raw_unicode_escape", "mbcs"]
)
def test_no_codec_of_pythons_that_is_no_charset_is_ever_used(label: str) -> None:
    raw = b"\\x41 QUJD \x78\x9c plain"
    reading = read(f"Content-Type: text/plain; charset={label}\n\n".encode() + raw)
    assert reading.text == r"\x41 QUJD xœ plain"


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ('multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b', "encrypted"),
        ("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", "encrypted"),
        ("application/x-pkcs7-mime; smime-type=signed-data; name=smime.p7m", "inside its signature"),
    ],
)
def test_a_sealed_letter_is_a_persons_and_says_how_to_open_it(kind: str, word: str) -> None:
    parts = "--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n"
    parts += "--b\nContent-Type: application/octet-stream\n\nx\n--b--\n"
    reading = read(letter(f"From: ines@valle.example\nContent-Type: {kind}", parts if "boundary" in kind else "AAAA"))
    assert reading.kind is Kind.HUMAN
    assert any(word in sentence for sentence in reading.trouble)
    assert reading.attachments
