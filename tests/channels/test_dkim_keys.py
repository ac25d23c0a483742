"""The life of a signing key: made, published, used, held back, replaced, retired."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from engine.base.db import Database
from engine.base.errors import BadToken, Invalid
from engine.base.setting_groups.mail import Mail
from engine.base.tokens import TokenRing
from engine.channels import dkim_keys
from engine.channels.dkim_keys import KEPT_FOR, DkimKey, KeyRing
from engine.channels.names import Cache, Names
from tests.reply_router.proof.name_server import NameServer

NOW = datetime(2026, 3, 2, 14, tzinfo=UTC)
DOMAIN = "nfp.example"
TOKENS = TokenRing({1: b"k" * 32})


@pytest.fixture
def session(tmp_path: Path, new_database: Callable[[Path], Database]) -> Iterator[Session]:
    with new_database(tmp_path).undone() as session:
        yield session


@pytest.fixture
def server() -> Iterator[NameServer]:
    with NameServer() as server:
        yield server


def publishes(server: NameServer, *keys: DkimKey) -> None:
    for key in keys:
        server.says(key.record.name, "TXT", key.record.value)


def looks(session: Session, server: NameServer, now: datetime = NOW) -> list[str]:
    """What was seen is noted; the selectors that began to sign."""
    names = Names(("127.0.0.1", server.port), 4.0, Cache())
    seen = {row.id: dkim_keys.look(names, row) for row in dkim_keys.keys_of(session) if row.retired_at is None}
    return [row.selector for row in dkim_keys.note(session, seen, now)]


def signs(session: Session) -> list[str]:
    return [key.selector for key in KeyRing().signer(session, TOKENS, Mail(domain=DOMAIN)).keys]


make = partial(dkim_keys.make, tokens=TOKENS, domain=DOMAIN)


def test_a_key_signs_only_once_its_record_is_seen(session: Session, server: NameServer) -> None:
    rsa, curve = make(session, now=NOW)
    assert [record.name for record in dkim_keys.published(session)] == [
        "h20260302r._domainkey.nfp.example",
        "h20260302e._domainkey.nfp.example",
    ]
    assert max(map(len, rsa.record.strings)) <= 255
    assert (looks(session, server), signs(session)) == ([], [])
    assert rsa.trouble == "There is no TXT record at h20260302r._domainkey.nfp.example."
    publishes(server, rsa)
    assert looks(session, server) == ["h20260302r"]
    publishes(server, curve)
    assert looks(session, server) == ["h20260302e"]
    assert signs(session) == ["h20260302r", "h20260302e"]
    assert (rsa.published_by, rsa.trouble) == ("dns", "")


def test_an_operator_may_say_that_the_record_is_there(session: Session, server: NameServer) -> None:
    rsa, curve = make(session, now=NOW)
    dkim_keys.confirm(session, rsa.selector, NOW)
    assert signs(session) == [rsa.selector]
    looks(session, server)
    assert signs(session) == [rsa.selector]  # what cannot be seen from here is no word against the operator's
    server.says(rsa.record.name, "TXT", curve.record.value)
    looks(session, server)
    assert signs(session) == []
    assert "must say k=rsa" in rsa.trouble


def test_while_the_new_record_is_awaited_the_old_key_signs_and_then_it_stays_for_a_while(
    session: Session, server: NameServer
) -> None:
    with pytest.raises(Invalid, match="is in use yet"):
        dkim_keys.rotate(session, TOKENS, DOMAIN, NOW)
    old = make(session, now=NOW)
    with pytest.raises(Invalid, match="still wait for their records"):
        dkim_keys.rotate(session, TOKENS, DOMAIN, NOW)
    publishes(server, *old)
    looks(session, server)
    later = NOW + timedelta(days=90)
    new = dkim_keys.rotate(session, TOKENS, DOMAIN, later)
    looks(session, server, later)
    assert signs(session) == [row.selector for row in old]
    with pytest.raises(Invalid, match="still wait for their records"):
        dkim_keys.rotate(session, TOKENS, DOMAIN, later)
    publishes(server, *new)
    looks(session, server, later)
    assert signs(session) == [row.selector for row in new]
    assert len(dkim_keys.published(session)) == 4
    with pytest.raises(Invalid, match="may still be on its way"):
        dkim_keys.retire(session, old[0].selector, later)
    assert dkim_keys.retire_due(session, later + KEPT_FOR - timedelta(hours=1)) == []
    assert dkim_keys.retire_due(session, later + KEPT_FOR) == old
    assert dkim_keys.published(session) == [row.record for row in new]


def test_a_key_in_use_ends_only_when_it_is_meant(session: Session) -> None:
    rsa, curve = make(session, now=NOW)
    dkim_keys.confirm(session, rsa.selector, NOW)
    with pytest.raises(Invalid, match="is in use"):
        dkim_keys.retire(session, rsa.selector, NOW)
    dkim_keys.retire(session, rsa.selector, NOW, at_once=True)
    dkim_keys.retire(session, curve.selector, NOW)
    assert (signs(session), dkim_keys.published(session)) == ([], [])
    assert [row.selector for row in make(session, now=NOW)] == ["h20260302-2r", "h20260302-2e"]


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ("v=DKIM1; k=rsa; p={cut}", "holds only the first 200 of"),
        ("v=DKIM1; k=rsa; p=", "takes its key back"),
        ("v=DKIM1; k=rsa; p=TUlJQ", "holds another key"),
        ("v=DKIM2; k=rsa; p={key}", "must begin with v=DKIM1"),
        ("v=DKIM1; k=rsa; h=sha1; p={key}", "leave h= out"),
        ("v=DKIM1; k=rsa; s=other; p={key}", "leave s= out"),
        ("hello", "is no key"),
        ("v=DKIM1;k=rsa;p={key}", ""),
        ("k=rsa; s=email; p= {key}", ""),
    ],
)
def test_a_record_that_does_not_fit_holds_its_key_back_and_says_why(
    session: Session, server: NameServer, record: str, says: str
) -> None:
    rsa, _ = make(session, now=NOW)
    publishes(server, rsa)
    looks(session, server)
    server.says(rsa.record.name, "TXT", record.format(key=rsa.public, cut=rsa.public[:200]))
    looks(session, server)
    assert says in rsa.trouble
    assert signs(session) == ([] if says else [rsa.selector])
    publishes(server, rsa)
    assert looks(session, server) == ([rsa.selector] if says else [])


def test_two_records_or_a_name_with_the_domain_twice_are_told(session: Session, server: NameServer) -> None:
    rsa, curve = make(session, now=NOW)
    server.says(rsa.record.name, "TXT", rsa.record.value, curve.record.value)
    server.says(f"{curve.record.name}.{DOMAIN}", "TXT", curve.record.value)
    looks(session, server)
    assert "2 TXT records" in rsa.trouble
    assert f"enter the name as {curve.selector}._domainkey alone" in curve.trouble


def test_a_name_server_that_is_away_changes_nothing(session: Session, server: NameServer) -> None:
    keys = make(session, now=NOW)
    publishes(server, *keys)
    looks(session, server)
    seen = {row.id: dkim_keys.Look(away=True) for row in keys}
    dkim_keys.note(session, seen, NOW + timedelta(hours=7))
    assert len(signs(session)) == 2
    assert keys[0].looked_at == NOW


def test_the_private_half_opens_only_with_the_key_that_sealed_it(session: Session) -> None:
    rsa, curve = make(session, now=NOW)
    assert dkim_keys.opened(rsa, TOKENS).algorithm == "rsa-sha256"
    later = TokenRing({1: b"k" * 32, 2: b"n" * 32})
    assert dkim_keys.opened(rsa, later).selector == rsa.selector
    with pytest.raises(BadToken):
        dkim_keys.opened(rsa, TokenRing({2: b"n" * 32}))
    rsa.sealed = curve.sealed
    with pytest.raises(BadToken):
        dkim_keys.opened(rsa, TOKENS)


def test_mail_goes_unsigned_rather_than_not_at_all_when_no_key_can_be_opened(session: Session) -> None:
    rsa, _ = make(session, now=NOW)
    dkim_keys.confirm(session, rsa.selector, NOW)
    assert KeyRing().signer(session, TokenRing({2: b"n" * 32}), Mail(domain=DOMAIN)).keys == ()
