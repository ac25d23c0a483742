"""What a file is, told from its beginning."""

import pytest

from reply_router.reading.file_kind import FileKind, file_kind, webhook_of, words_of

CASES: dict[str, tuple[bytes, FileKind]] = {
    "a letter": (b"From: a@b.example\nTo: c@d.example\nSubject: x\n\nwords", FileKind.MAIL),
    "a letter with a mailbox file's separator": (b"From a@b Tue Mar  3\nReceived: by x\n\nwords", FileKind.MAIL),
    "a letter with a byte order mark": (b"\xef\xbb\xbfReturn-Path: <>\n\nwords", FileKind.MAIL),
    "a letter of an unknown field": (b"X-Thing: 1\n\nwords", FileKind.MAIL),
    "a letter with nothing but a subject": (b"Subject: x\n\nwords", FileKind.MAIL),
    "a letter that begins with an empty line": (b"\r\n\r\nMIME-Version: 1.0\r\n\r\nwords", FileKind.MAIL),
    "a letter of HTML": (b"Content-Type: text/html\n\n<html><p>x</p>", FileKind.MAIL),
    "a letter with a calendar": (b"Content-Type: text/calendar\n\nBEGIN:VCALENDAR\n", FileKind.MAIL),
    "a letter whose fields are few": (b"From: Rosa\nDate: Tue, 3 Mar 2026 09:12:00 -0800\n\nx", FileKind.MAIL),
    "words": (b"Saturday works.", FileKind.TEXT),
    "nothing": (b"", FileKind.TEXT),
    "words that begin like a field": (b"Note: bring soup\n\nThanks", FileKind.TEXT),
    "words with a time": (b"10:30 works", FileKind.TEXT),
    "a quote's header above everything": (
        b"From: Maya\nSent: Tuesday, March 3, 2026\nTo: Rosa\nSubject: x\n\nHello", FileKind.TEXT),
    "words about a calendar": (b"It says BEGIN:VCALENDAR in there.", FileKind.TEXT),
    "a comparison": (b"2 < 3 and 4 > 3", FileKind.TEXT),
    "an address in brackets": (b"<rosa@valley.example> wrote that", FileKind.TEXT),
    "JSON that is no text message": (b'{"a": 1}', FileKind.TEXT),
    "a list in JSON": (b"[1, 2]", FileKind.TEXT),
    "a question with equal signs": (b"a=b&c=d", FileKind.TEXT),
    "HTML": (b"<!DOCTYPE html><html><body>x", FileKind.HTML),
    "HTML after a comment": (b"<!-- x --><div>x</div>", FileKind.HTML),
    "HTML after a declaration": (b'<?xml version="1.0"?>\n<html xmlns="x">', FileKind.HTML),
    "HTML after words": (b"Yes\n<blockquote>Coming?</blockquote>", FileKind.HTML),
    "HTML in sixteen bits": ("\ufeff<html><p>x".encode("utf-16"), FileKind.HTML),
    "a calendar": (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", FileKind.CALENDAR),
    "a calendar in lower case with blanks": (b"\n begin : vcalendar\n", FileKind.CALENDAR),
    "a piece of a calendar": (b"BEGIN:VEVENT\nSUMMARY:x\n", FileKind.CALENDAR),
    "a visiting card": (b"BEGIN:VCARD\nFN:x\n", FileKind.TEXT),
    "a key": (b"-----BEGIN PGP MESSAGE-----\n", FileKind.TEXT),
    "a text's webhook": (b'{"From": "+14045550101", "Body": "yes"}', FileKind.SMS),
    "a text's form": (b"ToCountry=US&From=%2B14045550101&Body=yes", FileKind.SMS),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_file_is_taken_for_what_it_is(name: str) -> None:
    raw, kind = CASES[name]
    assert file_kind(raw) == kind


def test_a_file_is_decoded_by_its_mark_or_by_what_it_says_of_itself() -> None:
    assert words_of("\ufeffsí".encode("utf-16-be")) == "sí"
    assert words_of("\ufeffsí".encode("utf-32")) == "sí"
    assert "sí" in words_of('<meta charset="iso-8859-1">sí'.encode("latin-1"))
    assert "да" in words_of('<?xml version="1.0" encoding="koi8-r"?>да'.encode("koi8-r"))


def test_a_webhook_is_an_object_or_a_form_and_else_none() -> None:
    assert webhook_of(b'{"Body": null, "NumMedia": 2}') == {"Body": "", "NumMedia": "2"}
    assert webhook_of(b"Body=a+b&Body=c") == {"Body": "a b"}
    assert webhook_of(b"[" * 100_000) is None
    assert webhook_of(b'{"a":' * 100_000) is None
    assert webhook_of(b"Body=" + b"&a=b" * 1_000) is None
