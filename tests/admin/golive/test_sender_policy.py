"""SPF, way out by way out: whose record is asked at all, what is needed and what is not, and what is never lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from admin.cli.golive import golive
from admin.golive.finding import Finding
from admin.golive.records import SECONDS, look
from admin.golive.spf import closed
from admin.golive.ways_out import BY_NAME
from engine.base.setting_groups.dns import Dns
from engine.base.setting_groups.mail import Mail
from engine.base.settings import Settings
from tests.admin.golive.test_golive import Machine, fresh, machine
from tests.reply_router.proof.name_server import NameServer

__all__ = ["fresh", "machine"]

D = "reply.nfp.example"


@pytest.fixture
def names() -> Iterator[NameServer]:
    with NameServer() as server:
        for way in BY_NAME.values():
            for each in way.spf:
                server.says(each.removeprefix("include:"), "TXT", "v=spf1 ip4:203.0.113.0/24 -all")
        yield server


def policy(names: NameServer, way_out: str, *spf: str, patience: float = SECONDS) -> Finding:
    dns = Dns(organization="nfp.example", mx=["people.nfp.example"], way_out=way_out,
              spf=list(spf or BY_NAME[way_out].spf))  # fmt: skip
    mail = Mail(domain=D, resolver=f"127.0.0.1:{names.port}")
    findings = look(Settings(data_dir=Path(), mail=mail, dns=dns), [], seconds=patience)
    return next(each for each in findings if each.purpose == "spf")


@pytest.mark.parametrize(
    ("way_out", "where"),
    [
        ("amazon-ses", "amazonses.com"), ("postmark", "pm.mtasv.net"), ("sendgrid", "sendgrid.net"),
        ("brevo", "sender-sib.com"), ("mailjet", "bnc3.mailjet.com"),
    ],
)  # fmt: skip
def test_who_writes_a_return_path_of_its_own_needs_no_record_of_ours(
    names: NameServer, way_out: str, where: str
) -> None:
    nothing = policy(names, way_out)
    assert (nothing.state, nothing.required, nothing.is_well) == ("missing", False, True)
    assert nothing.says == f"{D} has no SPF record, and needs none."
    assert where in nothing.record.why and "needs no SPF record of yours" in nothing.record.why

    names.says(D, "TXT", "v=spf1 ip4:192.0.2.0/24 -all")
    other = policy(names, way_out)
    assert (other.state, other.record.value) == ("right", "v=spf1 ip4:192.0.2.0/24 -all"), "nothing to be added"


@pytest.mark.parametrize("way_out", ["mailgun", "google", "microsoft"])
def test_who_leaves_bounces_at_our_domain_needs_its_name_in_our_record(names: NameServer, way_out: str) -> None:
    nothing = policy(names, way_out)
    assert (nothing.state, nothing.required, nothing.is_well) == ("missing", True, False)
    assert nothing.record.value == f"v=spf1 {BY_NAME[way_out].spf[0]} ~all"
    names.says(D, "TXT", nothing.record.value)
    assert policy(names, way_out).state == "right"


@pytest.mark.parametrize("there", ["v=spf1 mx ~all include:mailgun.org", "v=spf1 mx -all +include:mailgun.org ?all"])
def test_a_way_out_that_is_named_behind_all_may_not_send(names: NameServer, there: str) -> None:
    names.says(D, "TXT", there)
    found = policy(names, "mailgun")
    assert (found.state, found.is_well) == ("wrong", False) and "does not name your way out" in found.says
    assert found.record.value == f"v=spf1 mx include:mailgun.org {there.split()[2]}"
    names.says(D, "TXT", found.record.value)
    assert policy(names, "mailgun").state == "right", "what is printed is what mends it"


def test_what_the_operator_names_in_spf_is_asked_for_whatever_the_relay(names: NameServer) -> None:
    said = policy(names, "postmark", "include:relay.nfp.example")
    assert said.required and said.record.value == "v=spf1 include:relay.nfp.example ~all"


@pytest.mark.parametrize(
    ("there", "words", "now"),
    [
        (["v=spf1 +all"], "lets everybody send", "v=spf1 ~all"),
        (["v=spf1 a all"], "lets everybody send", "v=spf1 a ~all"),
        (["v=spf1 a ~all", "v=spf1 mx -all"], "2 SPF records", "v=spf1 a mx ~all"),
    ],
)
def test_a_broken_record_is_to_be_mended_even_where_none_is_needed(
    names: NameServer, there: list[str], words: str, now: str
) -> None:
    names.says(D, "TXT", *there)
    found = policy(names, "postmark")
    assert (found.state, found.is_well, found.record.value) == ("wrong", False, now) and words in found.says
    assert "include:spf.mtasv.net" not in found.record.value
    names.says(D, "TXT", found.record.value)
    assert policy(names, "postmark").state == "right", "what is printed is what mends it"


def test_an_open_record_of_a_relay_that_needs_it_is_printed_closed(names: NameServer) -> None:
    names.says(D, "TXT", "v=spf1 include:mailgun.org +all")
    found = policy(names, "mailgun")
    assert (found.state, found.record.value) == ("wrong", "v=spf1 include:mailgun.org ~all")
    assert closed("v=spf1 a ?all") == "v=spf1 a ?all"


def test_a_name_server_that_is_silent_leaves_it_unknown_and_still_not_needed(names: NameServer) -> None:
    names.slow[D] = None
    found = policy(names, "postmark", patience=0.5)
    assert (found.state, found.required) == ("unknown", False)


def printed(machine: Machine, *words: str) -> str:
    """What `hearthline golive` says to people."""
    ran = CliRunner().invoke(
        golive,
        ["nfp.example", "--user", "u", "--password-file", "-", "--no-test", *words, "--data", str(machine.data)],
        input="secret\n",
    )  # fmt: skip
    assert ran.exit_code == 1, ran.output
    return ran.stdout


def test_the_command_prints_what_is_needed_first_and_the_rest_apart(machine: Machine) -> None:
    needed, _, apart = printed(machine, "--out", "postmark", "--address", "192.0.2.7").partition("\nNot needed: ")
    assert f"\n{D}\n  MX  " in needed and f"_dmarc.{D}\n  TXT  " in needed and f"._domainkey.{D}\n  TXT  " in needed
    assert f'{D}\n  TXT  "v=spf1' not in needed and "pm-bounces" not in needed
    assert f'\n{D}\n  TXT  "v=spf1 include:spf.mtasv.net ~all"' in apart
    assert f"\npm-bounces.{D}\n  CNAME  pm.mtasv.net" in apart

    needed = printed(machine, "--out", "mailgun").partition("\nNot needed: ")[0]
    assert f'\n{D}\n  TXT  "v=spf1 include:mailgun.org ~all"' in needed
