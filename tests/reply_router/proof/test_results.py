"""What a mail server of ours says of a mail it handed over (RFC 8601), as real servers write it."""

import pytest

from engine.base.setting_groups.mail import Mail
from reply_router.proof.domains import aligned, organization_of
from reply_router.proof.prove import prove
from reply_router.reading import Kind, Mailbox, Reading

ROSA = Reading(Kind.HUMAN, from_=(Mailbox("Rosa", "rosa@home.example.com"),))
TRUST = Mail(domain="nfp.example", trusted_mta=["mx.nfp.example"], trusted_peers=["192.0.2.0/28"])
A = "Authentication-Results: mx.nfp.example;"

#: Fields on top of the mail, what is known of its sender, and by what.
SAID = {
    "nothing": ("", "unproven", ""),
    "DMARC passed": (f"{A} dmarc=pass header.from=home.example.com", "proven", "dmarc"),
    "DMARC passed, by rspamd": (
        f'{A}\r\n\tdkim=pass header.d=home.example.com header.s=s1 header.b="aB1/x";\r\n\tspf=pass (mx.nfp.example: '
        "domain of rosa@home.example.com designates 192.0.2.1; (really) as permitted sender) "
        "smtp.mailfrom=rosa@home.example.com;\r\n\tdmarc=pass (policy=none) header.from=home.example.com",
        "proven",
        "dmarc",
    ),
    "DMARC failed, whatever DKIM says": (
        f"{A} dkim=pass header.d=home.example.com; dmarc=fail (p=REJECT) header.from=home.example.com",
        "failed",
        "dmarc",
    ),
    "DMARC of another domain": (f"{A} dmarc=pass header.from=spam.example", "unproven", ""),
    "DMARC passed of a domain that none asks of": (f"{A} dmarc=none header.from=home.example.com", "unproven", ""),
    "DMARC could not be asked": (f"{A} dmarc=temperror header.from=home.example.com", "unproven", ""),
    "DKIM of the same organization": (f"{A} dkim=pass header.d=mail.example.com", "proven", "dkim"),
    "DKIM by its user": (f"{A} dkim=pass header.i=@example.com", "proven", "dkim"),
    "DKIM of somebody else": (f"{A} dkim=pass header.d=sender.example", "unproven", ""),
    "DKIM of a neighbor under one public suffix": (f"{A} dkim=pass header.d=evil.com", "unproven", ""),
    "DKIM broke on the way": (f"{A} dkim=fail (body hash did not verify) header.d=example.com", "unproven", ""),
    "SPF of the same organization": (f"{A} spf=pass smtp.mailfrom=bounce@example.com", "proven", "spf"),
    "SPF of somebody else": (f"{A} spf=pass smtp.mailfrom=list@lists.example", "unproven", ""),
    "SPF of a list, DKIM intact": (
        f"{A} spf=pass smtp.mailfrom=list@lists.example; dkim=pass header.d=home.example.com",
        "proven",
        "dkim",
    ),
    "SPF failed": (f"{A} spf=fail smtp.mailfrom=rosa@home.example.com", "failed", "spf"),
    "SPF failed softly": (f"{A} spf=softfail smtp.mailfrom=rosa@home.example.com", "unproven", ""),
    "two steps, two fields": (
        f"{A} dmarc=none header.from=home.example.com\r\n{A} dkim=pass header.d=home.example.com",
        "proven",
        "dkim",
    ),
    "a stranger's field below ours": (
        f"{A} dmarc=none; spf=none; dkim=none\r\nReceived: from x by mx.nfp.example; 1\r\n{A} dmarc=pass",
        "unproven",
        "",
    ),
    "a stranger's field that speaks of the same again": (
        f"{A} dmarc=none header.from=home.example.com\r\n{A} dmarc=pass header.from=home.example.com",
        "unproven",
        "",
    ),
    "a stranger's own host": ("Authentication-Results: mx.evil.example; dmarc=pass", "unproven", ""),
    "a host that sounds like ours": ("Authentication-Results: mx.nfp.example.evil.example; dmarc=pass", "unproven", ""),
    "ours in another case": ("Authentication-Results: MX.NFP.Example 1; dmarc=pass", "proven", "dmarc"),
    "pass in a comment": (f"{A} dmarc=fail (dmarc=pass; dmarc=pass)", "failed", "dmarc"),
    "pass in a quoted value": (f'{A} spf=none reason="; dmarc=pass" smtp.mailfrom=x@y.example', "unproven", ""),
    "none": (f"{A} none", "unproven", ""),
    "rubbish": (f"{A} ;;;=;(((;\x00\xff=pass;dmarc", "unproven", ""),
    "brackets without end": (f"{A} {'(' * 50_000} dmarc=pass", "unproven", ""),
}


def mail(fields: str) -> bytes:
    head = f"{fields}\r\n" if fields else ""
    return f"{head}From: Rosa <rosa@home.example.com>\r\nSubject: hello\r\n\r\nhello\r\n".encode("utf-8", "replace")


@pytest.mark.parametrize("name", SAID)
def test_what_our_mail_server_says_is_believed_as_far_as_it_goes(name: str) -> None:
    fields, state, by = SAID[name]
    proof = prove(TRUST, mail(fields), ROSA, door="lmtp", peer="127.0.0.1")
    assert (proof.state, proof.by) == (state, by), proof.says
    assert proof.says.endswith(".")


@pytest.mark.parametrize(
    ("door", "peer", "believed"),
    [
        ("lmtp", "127.0.0.1", True),
        ("lmtp", "::1", True),
        ("lmtp", "198.51.100.9", False),
        ("lmtp", "192.0.2.3", True),
        ("smtp", "192.0.2.3", True),
        ("smtp", "::ffff:192.0.2.3", True),
        ("smtp", "127.0.0.1", False),
        ("smtp", "198.51.100.9", False),
        ("smtp", "", False),
    ],
)
def test_only_a_mail_server_of_ours_is_believed(door: str, peer: str, believed: bool) -> None:
    raw = mail(f"{A} dmarc=pass header.from=home.example.com")
    assert prove(TRUST, raw, ROSA, door=door, peer=peer).proven is believed


def test_nobody_is_believed_where_no_mail_server_is_named() -> None:
    raw = mail(f"{A} dmarc=pass header.from=home.example.com")
    assert not prove(Mail(domain="nfp.example"), raw, ROSA, door="lmtp", peer="127.0.0.1").proven


@pytest.mark.parametrize("from_", [(), ("a@home.example.com", "b@home.example.com"), ("nobody",)])
def test_a_from_line_that_names_nobody_or_several_is_not_proven(from_: tuple[str, ...]) -> None:
    reading = Reading(Kind.HUMAN, from_=tuple(Mailbox("", each) for each in from_))
    proof = prove(TRUST, mail(f"{A} dmarc=pass"), reading, door="lmtp", peer="127.0.0.1")
    assert proof.state == "unproven" and proof.says.endswith(".")


def test_organizations_are_told_apart_by_the_public_suffix_list() -> None:
    assert organization_of("a.b.example.co.uk") == "example.co.uk"
    assert aligned("news.example.co.uk", "example.co.uk") and not aligned("example.co.uk", "other.co.uk")
    assert not aligned("news.example.com", "example.com", strict=True)
    assert not aligned("one.github.io", "two.github.io") and not aligned("", "") and not aligned("com", "org")
    assert aligned("bücher.example.com", "xn--bcher-kva.example.com")
