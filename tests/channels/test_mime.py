"""A mail's bytes, compared with what the standard library reads out of them."""

import binascii
import re
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.errors import Invalid
from engine.channels.dkim import Relaxed, body_hash, relaxed_body, relaxed_head
from engine.channels.mime import (
    Mailbox,
    ascii_address,
    header,
    headers,
    list_headers,
    mail_frame,
    one_line,
    sender,
    unsubscribe_header,
)

PRINTABLE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cn", "Co"]), max_size=300)
ANYTHING = st.text(max_size=200)
#: What tells lines, blanks and their ends apart.
BLANKS = st.sampled_from([" ", "  ", "\t", "\n", "\n\n", "\r", "\r\n", ".", "=", "é", "word", "word " * 30, ""])
ADDRESS = "rosa@home.example"


def parsed(block: bytes) -> EmailMessage:
    return message_from_bytes(block + b"\r\n", policy=policy.default)


@given(PRINTABLE)
def test_a_subject_comes_back_as_it_was_said(subject: str) -> None:
    line = header("Subject", subject).sent
    read = str(parsed(line)["Subject"])
    assert " ".join(read.split()) == " ".join(subject.split())
    assert all(len(row) <= 78 or " " not in row.strip() for row in line.decode("ascii").split("\r\n"))


@given(PRINTABLE.filter(lambda name: '"' not in name and "\\" not in name))
def test_a_name_and_its_address_come_back_as_they_were_said(name: str) -> None:
    line = header("From", Mailbox(one_line(name), ADDRESS)).sent
    read = parsed(line)["From"]
    assert [each.addr_spec for each in read.addresses] == [ADDRESS]
    # The default policy puts spaces into a long encoded name, so the name is decoded the older way.
    raw = message_from_bytes(line + b"\r\n", policy=policy.compat32)["From"].replace("\r\n", "")
    shown = str(make_header(decode_header(raw))).rpartition("<")[0].strip().strip('"')
    assert shown.split() == name.split()


def test_quotes_and_backslashes_in_a_name_come_back_too() -> None:
    [read] = parsed(header("From", Mailbox('Rosa "Rosie" M\\edina', ADDRESS)).sent)["From"].addresses
    assert read.display_name == 'Rosa "Rosie" M\\edina'


@given(ANYTHING)
def test_no_value_ever_adds_a_header_or_ends_the_head(value: str) -> None:
    for name, said in (("Subject", value), ("From", Mailbox(value, ADDRESS))):
        try:
            line = header(name, said).sent
        except Invalid:
            continue
        read = parsed(b"X-Before: 1\r\n" + line + b"X-After: 2")
        assert sorted(read.keys()) in (["Subject", "X-After", "X-Before"], ["From", "X-After", "X-Before"])
        assert read.get_payload() == ""


@pytest.mark.parametrize("value", ["a\rb", "a\nb", "a\r\nBcc: x@y.example", "a\0b", "a\x85b", "a\u2028b", "a\x0bb"])
def test_what_could_break_a_line_is_refused(value: str) -> None:
    for name, given_value in (("Subject", value), ("From", Mailbox(value, ADDRESS)), ("To", Mailbox("Rosa", value))):
        with pytest.raises(Invalid):
            header(name, given_value)


def test_one_line_makes_any_words_fit_for_a_header() -> None:
    assert one_line(" Rosa\r\nBcc: x\0\u2028 M. ") == "Rosa Bcc: x M."


@pytest.mark.parametrize(
    "address", ["", "rosa", "rosa@", "@home.example", "a b@home.example", "a@b@c.example", "ä@x.example"]
)
def test_an_address_that_smtp_cannot_carry_is_refused(address: str) -> None:
    with pytest.raises(Invalid):
        ascii_address(address)


def test_an_international_domain_goes_out_in_its_ascii_form() -> None:
    assert ascii_address("rosa@bücher.example") == "rosa@xn--bcher-kva.example"


@pytest.mark.parametrize("address", ["no-reply@nfp.example", "noreply@nfp.example", "do-not-reply@nfp.example"])
def test_nobody_writes_from_an_address_that_nobody_reads(address: str) -> None:
    with pytest.raises(Invalid, match="answerable"):
        sender("Neighbors", address)


def test_long_references_are_folded_between_ids_and_come_back_whole() -> None:
    ids = [f"<{number}{'x' * 60}@nfp.example>" for number in range(12)]
    line = header("References", " ".join(ids)).sent
    assert parsed(line)["References"].split() == ids
    assert max(map(len, line.split(b"\r\n"))) < 998


@given(PRINTABLE.filter(str.strip), PRINTABLE.filter(str.strip))
def test_both_bodies_come_back_as_they_were_written(text: str, html: str) -> None:
    subject = headers([("Subject", "Hi")])
    raw = (
        mail_frame("es")
        .fill(subject, [f"{text}\r\nsecond line \n", ".", "\n\n", "From here"], [f"<p>{html}</p>"])
        .message
    )
    assert raw.isascii()
    assert all(len(line) <= 78 for line in raw.split(b"\r\n"))
    read = message_from_bytes(raw, policy=policy.default)
    plain, rich = read.get_body(("plain",)), read.get_body(("html",))
    assert plain is not None and rich is not None
    assert plain.get_content() == f"{text}\r\nsecond line \r\n.\r\n\r\nFrom here\r\n"
    assert rich.get_content() == f"<p>{html}</p>\r\n"
    assert [part.get_content_type() for part in read.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert read["Content-Language"] == "es"
    assert not read.defects


@given(
    st.lists(BLANKS.map(lambda lines: f"{lines}\n")),
    st.lists(st.one_of(BLANKS, st.just("<p>word</p> " * 30))),
    PRINTABLE,
)
def test_the_relaxed_form_of_a_letter_is_that_of_its_bytes(text: list[str], pieces: list[str], name: str) -> None:
    lines = headers([("Subject", name), ("From", Mailbox(one_line(name), ADDRESS)), ("X-Long", "some words " * 20)])
    filled = mail_frame("en").fill(lines, text, pieces)
    head, _, body = filled.message.partition(b"\r\n\r\n")
    assert filled.relaxed == Relaxed(relaxed_head(head), body_hash(relaxed_body(body)))
    whole = binascii.b2a_qp((re.sub("\r\n?", "\n", "".join(text)).rstrip("\n") + "\n").encode(), istext=True)
    assert whole.replace(b"\n", b"\r\n") in filled.message


def test_a_body_that_looks_like_our_boundary_ends_nothing() -> None:
    evil = "--=_hearthline_alternative_=--\n\n--=_hearthline_alternative_=\nContent-Type: text/html\n\n<b>hi</b>"
    raw = mail_frame("en").fill(headers([("Subject", "x")]), [evil], [evil]).message
    read = message_from_bytes(raw, policy=policy.default)
    plain = read.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n").strip() == evil
    assert len(list(read.iter_parts())) == 2


def test_a_letter_to_many_can_be_ended_with_one_click() -> None:
    read = parsed(
        headers(
            [
                *list_headers('Neighbors "for" <Progress>', "journey.nfp.example"),
                unsubscribe_header("https://nfp.example/u/abc"),
            ]
        ).sent
    )
    assert read["List-Unsubscribe"] == "<https://nfp.example/u/abc>"
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert read["List-Id"] == "Neighbors for Progress <journey.nfp.example>"
