"""What the doctor asks the world: the records, the door for mail and the certificates, each no with what to do."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from admin.golive import outside
from admin.golive.outside import certificates, door
from engine.base.setting_groups.dns import Dns
from engine.base.setting_groups.doors import Doors
from engine.base.setting_groups.mail import Mail
from engine.base.settings import Settings
from tests.channels.relay import Relay, certificate
from tests.reply_router.proof.name_server import NameServer


def settings(names: NameServer, **doors: object) -> Settings:
    return Settings(
        data_dir=Path(),
        mail=Mail(domain="reply.nfp.example", resolver=f"127.0.0.1:{names.port}"),
        dns=Dns(organization="nfp.example", mx=["people.nfp.example"], receives="direct"),
        doors=Doors.model_validate(doors),
    )


@pytest.fixture
def names() -> Iterator[NameServer]:
    with NameServer() as server:
        server.says("people.nfp.example", "A", "127.0.0.1")
        yield server


def test_a_door_that_takes_our_mail_is_well_and_one_that_does_not_says_so(names: NameServer) -> None:
    with Relay() as server:
        assert door(settings(names), port=server.port).ok
        server.rcpt_replies.append("550 5.7.1 Relaying denied")
        refused = door(settings(names), port=server.port)
        assert not refused.ok and "550 5.7.1 Relaying denied" in refused.says
        assert "must take mail for reply.nfp.example" in refused.fix
    nobody = door(settings(names), port=9)
    assert not nobody.ok and "people.nfp.example (127.0.0.1), port 9" in nobody.says
    assert "port 25" in nobody.fix and "`hearthline run`" in nobody.fix


def test_a_report_has_all_records_in_one_line_and_the_worst_first(names: NameServer) -> None:
    found = list(outside.outside(settings(names), []))
    (records,) = [each for each in found if each.name == "dns records"]
    assert not records.ok and "has no MX record yet" in records.says and "And 1 more." in records.says
    assert "hearthline golive" in records.fix
    names.says("reply.nfp.example", "MX", "20 other.example.")
    names.says("nfp.example", "MX", "10 people.nfp.example.")
    (records,) = [each for each in outside.outside(settings(names), []) if each.name == "dns records"]
    assert "all mail of nfp.example comes to people.nfp.example" in records.says, "nothing is worse than that"


def test_a_certificate_says_how_long_it_is_good(names: NameServer, tmp_path: Path) -> None:
    server, client = certificate(tmp_path)
    pem = tmp_path / "relay.pem"
    (soon,) = certificates(settings(names, tls_certificate=pem))
    assert not soon.ok and "0 days" in soon.says and "Renew it" in soon.fix
    earlier = datetime.now(UTC) - timedelta(days=40)
    (well,) = certificates(settings(names, tls_certificate=pem), earlier)
    assert well.ok
    (gone,) = certificates(settings(names, tls_certificate=pem), datetime.now(UTC) + timedelta(days=40))
    assert gone.says == "It has run out."
    (unread,) = certificates(settings(names, tls_certificate=tmp_path / "none.pem"))
    assert not unread.ok and "cannot be read" in unread.says

    with Relay(security="tls", tls=server) as page:
        now = datetime.now(UTC)
        untrusted = outside._page("localhost", page.port, now)
        assert not untrusted.ok and "It is not good" in untrusted.says
        trusted = outside._page("localhost", page.port, now - timedelta(days=40), client)
        assert trusted.ok and isinstance(client, ssl.SSLContext)
    (away,) = certificates(settings(names, public_url="https://localhost:9"))
    assert not away.ok and "does not answer" in away.says
