"""What we find out ourselves about a sender: real signatures, a real name server on loopback, and hostile ones."""

import base64
import time
from collections.abc import Iterator
from functools import cache

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from engine.base.setting_groups.mail import Mail
from engine.channels.names import Cache, Names, NamesAway
from reply_router.proof.proof import Proof
from reply_router.proof.prove import prove
from reply_router.reading import read
from tests.reply_router.proof.name_server import NameServer

ROSA = "rosa@home.example.com"
#: Where her provider's server is, and where somebody else's is.
THEIRS, ELSEWHERE = "192.0.2.5", "198.51.100.66"
LETTER = (
    b"From: Rosa <rosa@home.example.com>\r\nTo: hello@nfp.example\r\nSubject: soup\r\n"
    b"Message-ID: <1@home.example.com>\r\n\r\nI can bring  soup. \r\n"
)


@cache
def key(bits: int) -> tuple[bytes, str]:
    """A private key as PEM, and its public half as a record's p=."""
    made = rsa.generate_private_key(65537, bits)
    private = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = made.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private, base64.b64encode(public).decode()


@pytest.fixture
def names() -> Iterator[NameServer]:
    with NameServer() as server:
        server.says("home.example.com", "TXT", "v=spf1 ip4:192.0.2.0/28 -all")
        server.says("s1._domainkey.home.example.com", "TXT", f"v=DKIM1; k=rsa; p={key(1024)[1]}")
        yield server


def signed(
    raw: bytes = LETTER, domain: str = "home.example.com", selector: str = "s1", bits: int = 1024, **how: object
) -> bytes:
    how = {"canonicalize": (b"relaxed", b"relaxed"), **how}
    private = key(bits)[0]
    return bytes(dkim.sign(raw, selector.encode(), domain.encode(), private, **how)) + raw


def proof(
    names: NameServer,
    raw: bytes = LETTER,
    *,
    peer: str = ELSEWHERE,
    mail_from: str = ROSA,
    helo: str = "mail.elsewhere.example",
    seconds: float = 4,
    door: str = "smtp",
) -> Proof:
    mail = Mail(domain="nfp.example", resolver=f"127.0.0.1:{names.port}", dns_seconds=seconds)
    return prove(mail, raw, read(raw, mail_from=mail_from), door=door, peer=peer, helo=helo, mail_from=mail_from)


def known(found: Proof) -> tuple[str, str]:
    assert found.says.endswith(".")
    return found.state, found.by


def test_a_good_signature_of_the_from_domain_proves_it(names: NameServer) -> None:
    assert known(proof(names, signed())) == ("proven", "dkim")
    assert known(proof(names, signed(canonicalize=(b"simple", b"simple")))) == ("proven", "dkim")


def test_a_signature_of_its_organization_proves_it_too_unless_the_domain_is_strict(names: NameServer) -> None:
    names.says("s1._domainkey.example.com", "TXT", f"p={key(1024)[1]}")
    assert known(proof(names, signed(domain="example.com"))) == ("proven", "dkim")
    names.says("_dmarc.home.example.com", "TXT", "v=DMARC1; p=none; adkim=s; aspf=s")
    with NameServer() as strict:
        strict.records = dict(names.records)
        assert known(proof(strict, signed(domain="example.com"))) == ("failed", "dmarc")


def test_a_signature_of_somebody_else_proves_nothing(names: NameServer) -> None:
    names.says("s1._domainkey.sender.example", "TXT", f"p={key(1024)[1]}")
    assert known(proof(names, signed(domain="sender.example"), mail_from="x@sender.example")) == ("unproven", "")


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("the words were changed", signed().replace(b"soup. ", b"poison")),
        ("the From line was changed", signed().replace(b"Rosa <", b"Rose <")),
        ("something was added below a part that is signed", signed(length=True) + b"and send money\r\n"),
        ("a part alone is signed", signed(length=True)),
        ("the key is short enough to compute", signed(selector="short", bits=1024)),
        ("the key is not there", signed(selector="gone")),
        ("the key was taken back", signed(selector="revoked")),
        ("rubbish for a signature", b"DKIM-Signature: d=home.example.com; s=s1; =;;b=%%%\r\n" + LETTER),
        ("a signature said twice", b"DKIM-Signature: v=1; d=home.example.com; d=home.example.com; s=s1\r\n" + LETTER),
    ],
)
def test_what_is_not_wholly_signed_by_a_good_key_proves_nothing(names: NameServer, name: str, raw: bytes) -> None:
    from tests.reply_router.proof.short_key import RECORD

    names.says("short._domainkey.home.example.com", "TXT", RECORD)
    names.says("revoked._domainkey.home.example.com", "TXT", "v=DKIM1; p=")
    assert known(proof(names, raw, mail_from="x@elsewhere.example")) == ("unproven", ""), name


def test_a_key_of_fewer_than_1024_bits_does_not_count(names: NameServer) -> None:
    from tests.reply_router.proof.short_key import PRIVATE, RECORD

    names.says("short._domainkey.home.example.com", "TXT", RECORD)
    raw = bytes(dkim.sign(LETTER, b"short", b"home.example.com", PRIVATE)) + LETTER
    assert dkim.DKIM(raw, minkey=512).verify(dnsfunc=lambda *_, **__: RECORD.encode()), "it is good but for its length"
    assert known(proof(names, raw, mail_from="x@elsewhere.example")) == ("unproven", "")


def test_a_server_that_the_domain_names_proves_it(names: NameServer) -> None:
    assert known(proof(names, peer=THEIRS)) == ("proven", "spf")
    assert known(proof(names, peer=THEIRS, mail_from="bounce@home.example.com")) == ("proven", "spf")
    assert known(proof(names, peer=THEIRS, mail_from="", helo="home.example.com")) == ("proven", "spf")
    assert known(proof(names, peer=THEIRS, mail_from="x@elsewhere.example")) == ("unproven", "")


def test_a_server_that_the_domain_shuts_out_disowns_it_but_a_signature_still_proves_it(names: NameServer) -> None:
    assert known(proof(names)) == ("failed", "spf")
    assert known(proof(names, signed())) == ("proven", "dkim"), "it was forwarded"


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.1.2.3", "::1", "192.168.0.9", ""])
def test_a_machine_of_our_own_between_us_and_the_sender_disowns_nobody(names: NameServer, peer: str) -> None:
    assert known(proof(names, peer=peer)) == ("unproven", "")


def test_a_domain_with_a_policy_disowns_what_neither_signs_nor_sends(names: NameServer) -> None:
    names.says("_dmarc.example.com", "TXT", "v=DMARC1; p=reject")
    assert known(proof(names, mail_from="x@elsewhere.example")) == ("failed", "dmarc")
    assert known(proof(names, signed(), mail_from="x@elsewhere.example")) == ("proven", "dmarc")
    assert known(proof(names, peer=THEIRS)) == ("proven", "dmarc")


@pytest.mark.parametrize("record", ["v=DMARC1", "v=DMARC1; p", "v=spf1 -all", "v=DMARC1;;;=", "x" * 5000])
def test_a_policy_that_says_nothing_is_none(names: NameServer, record: str) -> None:
    names.says("_dmarc.home.example.com", "TXT", record)
    assert known(proof(names, mail_from="x@elsewhere.example")) == ("unproven", "")


def test_names_that_do_not_answer_make_a_mail_unproven_with_a_sentence_in_the_time_they_have(names: NameServer) -> None:
    names.slow["example.com"] = None
    began = time.monotonic()
    found = proof(names, signed(), seconds=0.6)
    assert known(found) == ("unproven", "") and "could not be looked up" in found.says
    assert time.monotonic() - began < 10
    asked = len(names.asked)
    for _ in range(5):
        assert not proof(names, seconds=0.2).proven
    assert names.asked[asked:].count("_dmarc.home.example.com TXT") == 0, "who did not answer is left alone for a while"


def test_no_name_server_at_all_is_no_error(names: NameServer) -> None:
    with NameServer() as gone:
        pass
    found = proof(gone, signed(), seconds=0.5)
    assert known(found) == ("unproven", "")


def test_a_name_server_that_is_away_is_not_waited_for_mail_by_mail(names: NameServer) -> None:
    cache = Cache()
    names.slow["example"] = None
    for number in range(40):
        with pytest.raises(NamesAway):
            Names(("127.0.0.1", names.port), 0.2, cache).texts(f"n{number}.example")
    assert len(names.asked) < 10


def test_one_slow_domain_does_not_make_the_name_server_away_for_others(names: NameServer) -> None:
    cache = Cache()
    names.slow["slow.example"] = None
    for number in range(6):
        with pytest.raises(NamesAway):
            Names(("127.0.0.1", names.port), 0.1, cache).texts(f"n{number}.slow.example")
        assert Names(("127.0.0.1", names.port), 2, cache).texts(f"other{number}.example") == []


def test_what_was_answered_is_not_asked_again(names: NameServer) -> None:
    proof(names, signed(), peer=THEIRS)
    asked = len(names.asked)
    assert asked and proof(names, signed(), peer=THEIRS).proven and len(names.asked) == asked


def test_a_policy_without_end_is_ended(names: NameServer) -> None:
    for number in range(60):
        names.says(
            f"s{number}.loop.example",
            "TXT",
            " ".join(["v=spf1", *(f"include:s{(number + each) % 60}.loop.example" for each in (1, 2, 3)), "-all"]),
        )
        names.says(f"s{number}.loop.example", "MX", *(f"{each} m{each}.loop.example." for each in range(40)))
    raw = LETTER.replace(b"home.example.com", b"s0.loop.example")
    began = time.monotonic()
    assert not proof(names, raw, mail_from="x@s0.loop.example").proven
    assert len(names.asked) <= 60 and time.monotonic() - began < 30


def test_a_text_of_megabytes_is_not_looked_at(names: NameServer) -> None:
    names.says("s1._domainkey.home.example.com", "TXT", *("p=" + "A" * 60_000 for _ in range(1)))
    names.says("home.example.com", "TXT", "v=spf1 " + "ip4:192.0.2.1 " * 4_000 + "-all")
    began = time.monotonic()
    assert known(proof(names, signed(), peer=THEIRS)) == ("unproven", "")
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("a body of blanks", signed(LETTER).replace(b"I can", b" " * 3_000_000 + b"I can")),
        (
            "a thousand signatures",
            signed(LETTER)[: -len(LETTER)] * 0
            + b"DKIM-Signature: v=1; a=rsa-sha256; d=home.example.com; s=gone; h=from; bh=x; b=y\r\n" * 1_000
            + LETTER,
        ),
        (
            "a signature of a megabyte",
            b"DKIM-Signature: v=1; d=home.example.com; s=s1; b=" + b"A " * 500_000 + b"\r\n" + LETTER,
        ),
        (
            "ten thousand fields that are signed",
            b"DKIM-Signature: v=1; a=rsa-sha256; d=home.example.com; s=s1; h="
            + b"from:" * 1_500
            + b"from; bh=x; b=y\r\n"
            + LETTER,
        ),
    ],
)
def test_a_hostile_signature_takes_no_longer_than_a_mail_may(names: NameServer, name: str, raw: bytes) -> None:
    began = time.monotonic()
    found = proof(names, raw, mail_from="x@elsewhere.example")
    assert known(found) == ("unproven", ""), name
    assert time.monotonic() - began < 30, name
    assert len(names.asked) < 20
