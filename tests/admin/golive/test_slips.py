"""What goes wrong with a right record: it is not everywhere yet, stands in the wrong place, or takes too much."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from admin.cli.golive import Told, _say_records, _test
from admin.golive.authority import authorities
from admin.golive.finding import Finding
from admin.golive.home import whose
from admin.golive.records import look
from admin.process import build
from engine.base.setting_groups.dns import Dns
from engine.base.setting_groups.doors import Doors
from engine.base.setting_groups.mail import Mail
from engine.base.settings import Settings
from engine.base.settings_file import load
from engine.channels.dns_records import DnsRecord
from engine.channels.names import Cache, Names
from engine.migrations import migrate
from tests.admin.golive.test_golive import SETTINGS
from tests.reply_router.proof.name_server import NameServer

N, D = "nfp.example", "reply.nfp.example"
KEY = DnsRecord(f"h1r._domainkey.{D}", "TXT", "v=DKIM1; k=rsa; p=" + "MIIB" + "a1B2" * 90, "")
POLICY = "v=spf1 include:mailgun.org ~all"
DMARC = "v=DMARC1; p=none; rua=mailto:dmarc@nfp.example"


def right(server: NameServer) -> NameServer:
    """Everything of ours is as it should be."""
    server.says("people.nfp.example", "A", "192.0.2.7")
    server.says("desk.nfp.example", "A", "192.0.2.7")
    server.says(D, "MX", "10 people.nfp.example.")
    server.says(D, "TXT", POLICY)
    server.says(KEY.name, "TXT", KEY.value)
    server.says(f"_dmarc.{D}", "TXT", DMARC)
    server.says("mailgun.org", "TXT", "v=spf1 ip4:203.0.113.0/24 -all")
    return server


@pytest.fixture
def names() -> Iterator[NameServer]:
    """The usual name server, which everybody asks."""
    with NameServer() as server:
        yield right(server)


@pytest.fixture
def own(names: NameServer) -> Iterator[NameServer]:
    """The domain's own name server, which knows first."""
    with NameServer() as server:
        right(server)
        del server.records["mailgun.org", "TXT"]  # that is nobody's business there
        for each in (names, server):
            each.says(N, "NS", "ns1.nfp.example.")
            each.says("ns1.nfp.example", "A", "127.0.0.1")
        yield server


def found(names: NameServer, purpose: str, own: NameServer | None = None) -> Finding:
    return next(each for each in looked(names, own) if each.purpose == purpose)


def looked(names: NameServer, own: NameServer | None = None) -> tuple[Finding, ...]:
    dns = Dns(organization=N, mx=["people.nfp.example"], address="192.0.2.7", way_out="mailgun",
              spf=["include:mailgun.org"])  # fmt: skip
    doors = Doors(public_url="https://people.nfp.example", admin_url="https://desk.nfp.example")
    mail = Mail(domain=D, host="smtp.mailgun.org", resolver=f"127.0.0.1:{names.port}")
    settings = Settings(data_dir=Path(), mail=mail, dns=dns, doors=doors)
    return look(settings, [KEY], port=own.port if own else 9)


# Not everywhere yet


@pytest.mark.parametrize(
    ("purpose", "name", "kind"),
    [("mx", D, "MX"), ("spf", D, "TXT"), ("dkim", KEY.name, "TXT"), ("dmarc", f"_dmarc.{D}", "TXT"),
     ("address", "people.nfp.example", "A")],
)  # fmt: skip
def test_a_record_that_only_the_own_name_server_has_is_waited_for_as_long_as_the_zone_says(
    names: NameServer, own: NameServer, purpose: str, name: str, kind: str
) -> None:
    names.says(name, kind)
    names.says(N, "SOA", "ns1.nfp.example. hostmaster.nfp.example. 1 7200 900 1209600 120")
    waits = found(names, purpose, own)
    assert (waits.state, waits.is_well) == ("waiting", False), waits
    assert waits.says == (
        f"{name} is right at your DNS (ns1.nfp.example), but not yet everywhere: the name server asked from here does "
        "not know of it yet."
    )
    assert waits.fix == "Nothing to do but wait, for 2 minutes at most."
    others = [each for each in looked(names, own) if each.record.name != name]
    assert all(each.state == "right" for each in others)


def test_an_old_record_is_waited_out_as_long_as_it_is_good_and_not_mended_again(
    names: NameServer, own: NameServer
) -> None:
    names.says(D, "TXT", "v=spf1 include:before.example -all")
    names.ttl = 7 * 3600
    waits = found(names, "spf", own)
    assert (waits.state, waits.record.value) == ("waiting", POLICY), "what was entered, and not a third one"
    assert "still has what stood there before" in waits.says and "for 7 hours at most" in waits.fix


def test_two_own_name_servers_that_disagree_are_both_named(names: NameServer, own: NameServer) -> None:
    names.says(D, "MX")
    for each in (names, own):
        each.says(N, "NS", "ns1.nfp.example.", "ns2.nfp.example.")
        each.says("ns2.nfp.example", "A", "127.0.0.2")
    with NameServer(("127.0.0.2", own.port)) as second:
        right(second).says(N, "NS", "ns1.nfp.example.")
        second.says(D, "MX")
        disagree = found(names, "mx", own)
    assert disagree.state == "waiting" and disagree.says == (
        f"{D} is right at ns1.nfp.example, and ns2.nfp.example does not have it yet; both are your DNS."
    )


def test_what_was_changed_a_moment_ago_is_told_as_it_stands_now(names: NameServer, own: NameServer) -> None:
    names.says(D, "TXT")
    own.says(D, "TXT", "v=spf1 include:mailgun.org +all")
    assert "lets everybody send" in found(names, "spf", own).says


def test_an_own_name_server_that_cannot_be_asked_changes_nothing(names: NameServer) -> None:
    names.says(N, "NS", "ns1.nfp.example.")
    names.says("ns1.nfp.example", "A", "127.0.0.1")
    names.says(D, "MX")
    states = {each.purpose: each.state for each in looked(names)}
    assert (states["mx"], states["dkim"]) == ("missing", "right")
    assert authorities(Names(("127.0.0.1", names.port), 0.5, Cache()), D, 9) == ()


# In the wrong place


@pytest.mark.parametrize(
    ("purpose", "name", "kind", "value", "short"),
    [
        ("mx", D, "MX", "10 people.nfp.example.", "reply"),
        ("spf", D, "TXT", POLICY, "reply"),
        ("dkim", KEY.name, "TXT", KEY.value, "h1r._domainkey.reply"),
        ("dmarc", f"_dmarc.{D}", "TXT", "v=DMARC1; p=reject", "_dmarc.reply"),
        ("address", "people.nfp.example", "A", "192.0.2.7", "people"),
    ],
)
def test_a_name_with_the_domain_twice_is_told_with_what_to_type(
    names: NameServer, purpose: str, name: str, kind: str, value: str, short: str
) -> None:
    names.says(name, kind)
    names.says(f"{name}.{N}", kind, value)
    slip = found(names, purpose)
    assert slip.state == "wrong" and slip.says == f"It stands at {name}.{N}, where the domain is twice."
    assert slip.fix == f"Your DNS pages add {N} themselves: enter the name as {short} alone."


def test_a_zone_of_its_own_for_the_reply_domain_adds_that_name_instead(names: NameServer) -> None:
    names.says(KEY.name, "TXT")
    names.says(f"{KEY.name}.{D}", "TXT", KEY.value)
    assert "enter the name as h1r._domainkey alone" in found(names, "dkim").fix


def test_a_key_that_lost_the_reply_domain_from_its_name_is_found_above(names: NameServer) -> None:
    names.says(KEY.name, "TXT")
    names.says(f"h1r._domainkey.{N}", "TXT", "v=DKIM1; k=rsa; p=another")
    assert found(names, "dkim").state == "missing", "another key is none of ours"
    names.says(f"h1r._domainkey.{N}", "TXT", KEY.value)
    slip = found(names, "dkim")
    assert slip.state == "wrong" and slip.says.startswith(f"It stands at h1r._domainkey.{N}")
    assert slip.fix == "Enter the name as h1r._domainkey.reply."


def test_an_answer_for_every_name_is_not_taken_for_a_name_typed_twice(names: NameServer) -> None:
    names.says(f"*.{N}", "TXT", "v=spf1 -all")
    names.says(D, "TXT")
    assert found(names, "spf").state == "missing"


def test_a_server_with_the_domain_twice_behind_its_name_is_told_with_the_dot(names: NameServer) -> None:
    names.says(D, "MX", "10 people.nfp.example.nfp.example.")
    slip = found(names, "mx")
    assert slip.state == "wrong" and f"leads to people.nfp.example.{N}" in slip.says
    assert "enter people.nfp.example. with a dot at its end" in slip.fix


def test_a_name_that_is_only_anothers_takes_no_other_record(names: NameServer) -> None:
    for kind in ("MX", "TXT"):
        names.says(D, kind)
    names.says(D, "CNAME", "pages.host.example.")
    names.says("pages.host.example", "A", "198.51.100.1")
    for purpose in ("mx", "spf"):
        slip = found(names, purpose)
        assert slip.state == "wrong" and "only another name for pages.host.example (CNAME)" in slip.says
        assert f"Take the CNAME of {D} away" in slip.fix
    assert found(names, "dkim").state == "right"


def test_a_name_that_is_another_mail_domains_is_told_as_that_and_not_as_its_servers(names: NameServer) -> None:
    names.says(D, "MX")
    names.says(D, "CNAME", f"{N}.")
    names.says(N, "MX", "1 aspmx.l.google.com.")
    assert "only another name for nfp.example (CNAME)" in found(names, "mx").says


def test_a_key_may_be_lent_by_a_name_elsewhere(names: NameServer) -> None:
    names.says(KEY.name, "TXT")
    names.says(KEY.name, "CNAME", "keys.host.example.")
    names.says("keys.host.example", "TXT", KEY.value)
    assert found(names, "dkim").state == "right"


def test_a_wildcard_is_no_obstacle_and_told_as_none(names: NameServer) -> None:
    for kind in ("MX", "TXT"):
        names.says(D, kind)
    del names.records[D, "MX"], names.records[D, "TXT"]
    del names.records[KEY.name, "TXT"], names.records[f"_dmarc.{D}", "TXT"]
    names.says(f"*.{N}", "CNAME", "pages.host.example.")
    said = found(names, "mx")
    assert said.state == "missing" and "by a wildcard (*). What you enter here goes before it." in said.says


# The organization's own mail


def test_the_organizations_mail_that_leads_to_us_is_a_danger_and_told_as_one(names: NameServer) -> None:
    assert not any(each.purpose == "home" for each in looked(names)), "a domain without mail has none to lose"
    names.says(N, "MX", "10 people.nfp.example.")
    danger = found(names, "home")
    assert (danger.state, danger.is_well, danger.record.value) == ("wrong", False, "")
    assert danger.says.startswith("DANGER: all mail of nfp.example comes to people.nfp.example")
    assert "Only reply.nfp.example leads to us." in danger.fix


@pytest.mark.parametrize(
    ("host", "at", "senders"),
    [
        ("aspmx.l.google.com", "Google", "include:_spf.google.com"),
        ("smtp.google.com", "Google", "include:_spf.google.com"),
        ("nfp-example.mail.protection.outlook.com", "Microsoft", "include:spf.protection.outlook.com"),
        ("nfp-example.a-v1.mx.microsoft", "Microsoft", "include:spf.protection.outlook.com"),
        ("mx.notgoogle.com", "mx.notgoogle.com", ""),
    ],
)
def test_mail_at_home_stays_there_and_its_spf_record_is_one(
    names: NameServer, host: str, at: str, senders: str
) -> None:
    assert whose([host]) == (at, senders)
    names.says(N, "MX", f"1 {host}.")
    note = found(names, "home")
    assert (note.state, note.is_well, note.record.value) == ("right", True, "")
    assert f"The mail of {N} itself is at {at} and stays there: none of these records touches it." in note.says
    assert (f"v=spf1 {senders} ~all" in note.says) == bool(senders)

    there = f"v=spf1 {senders} ip4:192.0.2.1 -all".replace("  ", " ")
    names.says(N, "TXT", there)
    note = found(names, "home")
    assert note.is_well and f'Its SPF record stays as it is too: "{there}".' in note.says
    together = f"v=spf1 {senders} ip4:192.0.2.1 include:mailgun.org -all".replace("  ", " ")
    assert note.says.endswith(f'put it into that one, and never a second: "{together}".')

    names.says(N, "TXT", there, "v=spf1 include:mailgun.org ~all")
    two = found(names, "home")
    assert (two.state, two.required) == ("wrong", False) and "2 SPF records, which count as none" in two.says
    assert two.fix.startswith(f'Make one of them at {N}: "v=spf1 ') and two.fix.count("v=spf1") == 1
    assert "ip4:192.0.2.1" in two.fix and "include:mailgun.org" in two.fix


def test_mail_that_comes_to_the_very_domain_has_no_other_home(names: NameServer) -> None:
    names.says(N, "MX", "10 people.nfp.example.")
    settings = Settings(
        data_dir=Path(), mail=Mail(domain=N, resolver=f"127.0.0.1:{names.port}"),
        dns=Dns(organization=N, mx=["people.nfp.example"]),
    )  # fmt: skip
    assert not any(each.purpose == "home" for each in look(settings, []))


def test_the_command_tells_records_to_wait_for_from_records_to_enter(
    names: NameServer, own: NameServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names.says(D, "MX")
    names.says(KEY.name, "TXT")
    own.says(KEY.name, "TXT")
    told = Told(records=looked(names, own))
    _say_records(told.records, click.echo)
    said = capsys.readouterr().out
    assert f"  there, not yet everywhere: {D} is right at your DNS" in said and "  not there yet: h1r." in said

    data = tmp_path / "data"
    data.mkdir()
    (data / "hearthline.toml").write_text(SETTINGS.format(key="5e" * 32, names=names.port))
    services = build(load(data))
    migrate.upgrade(services.db)
    _test(services, told, 0.0, click.echo)
    services.db.close()
    assert [each.partition(":")[0] for each in told.next[:2]] == [
        "1 DNS record is not right yet", "1 DNS record is right and not known everywhere yet",
    ]  # fmt: skip
