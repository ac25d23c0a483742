"""Our signatures, checked by dkimpy with the records we publish."""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.channels.dkim import Signer, SigningKey, relaxed_body, relaxed_head
from engine.channels.dkim_keys import _public
from engine.channels.dkim_record import record_value
from engine.channels.provider_headers import rewritten_by

NOW = datetime(2026, 3, 2, 14, tzinfo=UTC)


@cache
def pair() -> tuple[Signer, dict[str, str]]:
    """A signer with both kinds of key, and their records by name."""
    rsa, curve = generate_private_key(public_exponent=65537, key_size=2048), Ed25519PrivateKey.generate()
    keys: list[SigningKey] = []
    records: dict[str, str] = {}
    for selector, algorithm, private in (("one", "rsa-sha256", rsa), ("two", "ed25519-sha256", curve)):
        assert isinstance(private, RSAPrivateKey | Ed25519PrivateKey)
        assert algorithm in ("rsa-sha256", "ed25519-sha256")
        keys.append(SigningKey("nfp.example", selector, algorithm, private))  # type: ignore[arg-type]
        records[f"{selector}._domainkey.nfp.example."] = record_value(algorithm, _public(private))
    return Signer(keys), records


def good(message: bytes, records: dict[str, str]) -> list[bool]:
    """Whether each of the message's signatures is good, the topmost first."""
    found: list[bool] = []
    for index in range(message.count(b"DKIM-Signature:")):
        try:
            checked = dkim.DKIM(message)
            found.append(checked.verify(idx=index, dnsfunc=lambda name, timeout=5: records[name.decode()].encode()))
        except dkim.DKIMException:
            found.append(False)
    return found


def letter(body: str = "Hello Dana,\r\n\r\nwill you come?\r\n", **lines: str) -> bytes:
    head = {"From": "Maya <maya@nfp.example>", "To": "dana@home.example", "Subject": "The porch", **lines}
    return "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in head.items()).encode() + (
        b"\r\n" + body.encode()
    )


def test_both_signatures_are_good_and_each_has_its_own_key() -> None:
    signer, records = pair()
    signed = signer.signed(letter(), NOW)
    assert good(signed, records) == [True, True]
    assert b"a=rsa-sha256" in signed
    assert b"a=ed25519-sha256" in signed
    assert b"l=" not in signed.partition(b"From:")[0].replace(b"hl=", b"")
    assert all(len(row) <= 78 for row in signed.partition(b"From:")[0].split(b"\r\n"))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.sampled_from(["", " ", "a  b", "\tTab\t", "ends in blanks   ", ".", "=20", "é ñ", "word " * 30]), max_size=9
    ),
    st.sampled_from(["short", "a  wide\t subject", "=?utf-8?q?S=C3=AD?=\r\n =?utf-8?q?_ma=C3=B1ana?=", "x" * 200]),
)
def test_any_body_and_subject_of_ours_verifies(rows: list[str], subject: str) -> None:
    signer, records = pair()
    signed = signer.signed(letter("".join(f"{row}\r\n" for row in rows), Subject=subject), NOW)
    assert good(signed, records) == [True, True]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab \t", max_size=30).map(lambda text: f"{text.replace('b', chr(13) + chr(10))}\r\n".encode()))
def test_the_relaxed_body_is_the_one_that_dkimpy_hashes(body: bytes) -> None:
    theirs = dkim.CanonicalizationPolicy.from_c_value(b"relaxed/relaxed").canonicalize_body(body)
    assert relaxed_body(body) == theirs


def test_lines_added_or_changed_on_the_way_break_it() -> None:
    signer, records = pair()
    signed = signer.signed(letter(List_Unsubscribe="<https://nfp.example/u/1>"), NOW)
    assert good(signed, records) == [True, True]
    head, _, body = signed.partition(b"\r\n\r\n")
    for added in (b"From: x@y.example", b"Subject: other", b"Reply-To: x@y.example", b"Content-Type: text/html"):
        changed = head.replace(b"From: Maya", added + b"\r\nFrom: Maya") + b"\r\n\r\n" + body
        assert good(changed, records) == [False, False], added
    assert good(signed.replace(b"/u/1", b"/u/2"), records) == [False, False]
    assert good(signed + b"more\r\n", records) == [False, False]


def test_a_list_that_passes_it_on_may_add_its_own_lines() -> None:
    signer, records = pair()
    signed = signer.signed(letter(), NOW)
    assert (
        good(signed.replace(b"From: Maya", b"List-Id: <x.y>\r\nReceived: from z\r\nFrom: Maya"), records) == [True] * 2
    )


def test_the_lines_of_one_click_are_covered() -> None:
    signer, _ = pair()
    message = letter(List_Unsubscribe="<https://nfp.example/u/1>", List_Unsubscribe_Post="List-Unsubscribe=One-Click")
    for key in signer.keys:
        said = Signer([key]).signatures(message, NOW).replace(b"\r\n ", b"")
        names = said.partition(b"h=")[2].partition(b";")[0].split(b":")
        assert {b"list-unsubscribe", b"list-unsubscribe-post", b"from", b"date", b"message-id"} - {
            b"date", b"message-id",
        } <= set(names)  # fmt: skip
        assert names.count(b"from") == names.count(b"subject") == names.count(b"to") == 2


@pytest.mark.parametrize(
    ("host", "lines"),
    [
        ("email-smtp.us-east-1.amazonaws.com", {"message-id", "date"}),
        ("smtp.postmarkapp.com.", {"message-id"}),
        ("smtp.mailgun.org", set()),
        ("notamazonaws.com", set()),
    ],
)
def test_what_the_relay_writes_anew_is_not_signed_and_our_signature_stays_good_under_it(
    host: str, lines: set[str]
) -> None:
    assert rewritten_by(host) == lines
    ours, records = pair()
    signed = Signer(ours.keys, rewritten_by(host)).signed(
        letter(Date="Mon, 02 Mar 2026 14:00:00 +0000", Message_ID="<1@nfp.example>"), NOW
    )
    assert good(signed, records) == [True, True]
    rewritten = signed.replace(b"<1@nfp.example>", b"<0100-theirs@relay.example>")
    assert good(rewritten, records) == ["message-id" in lines] * 2
    rewritten = rewritten.replace(b"14:00:00 +0000", b"14:00:03 +0000")
    assert good(rewritten, records) == ["date" in lines] * 2
    assert good(signed.replace(b"The porch", b"The creek"), records) == [False, False]


def test_a_mail_of_the_standard_library_verifies_too() -> None:
    signer, records = pair()
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = "Maya Núñez <maya@nfp.example>", "dana@home.example", "¿Vienes? " * 20
    mail.set_content("Hola,\n\n  ven.   \n\n\n")
    mail.add_alternative("<p>Hola\tven</p>\n\n", subtype="html")
    assert good(signer.signed(mail.as_bytes(), NOW), records) == [True, True]


def test_without_a_key_a_mail_stays_as_it_is() -> None:
    assert Signer().signed(letter(), NOW) == letter()


@pytest.mark.parametrize(
    ("head", "relaxed"),
    [
        (b"A: X", {"a": b"a:X\r\n"}),
        (b"B : Y\t\r\n\tZ  ", {"b": b"b:Y Z\r\n"}),
        (b"A: 1\r\nA: 2", {"a": b"a:2\r\n"}),
    ],
)
def test_the_relaxed_head_is_that_of_the_rfc(head: bytes, relaxed: dict[str, bytes]) -> None:
    assert relaxed_head(head) == relaxed
