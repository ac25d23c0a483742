"""The records: each fault that a DNS can have is told in a sentence that says how to mend it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import dns.message
import dns.rdatatype
import pytest

from admin.golive.finding import Finding
from admin.golive.records import NOWHERE, look
from admin.golive.spf import lookups, merged
from engine.base.setting_groups.dns import Dns
from engine.base.setting_groups.doors import Doors
from engine.base.setting_groups.mail import Mail
from engine.base.settings import Settings
from engine.channels.dns_records import DnsRecord
from engine.channels.names import Cache, Names
from tests.reply_router.proof.name_server import NameServer

D = "reply.nfp.example"
KEY = DnsRecord(f"h1r._domainkey.{D}", "TXT", "v=DKIM1; k=rsa; p=" + "MIIB" + "a1B2" * 90, "")
DOORS = Doors(public_url="https://people.nfp.example", admin_url="https://desk.nfp.example")


def settings(port: int, *, desk: str = "hello", way_out: str = "other", **more: Any) -> Settings:
    dns = Dns(
        organization="nfp.example", mx=["people.nfp.example"], address="192.0.2.7", way_out=way_out,
        spf=["include:relay.example"], **more,
    )  # fmt: skip
    mail = Mail(domain=D, desk=desk, host="email-smtp.us-east-1.amazonaws.com", resolver=f"127.0.0.1:{port}")
    return Settings(data_dir=Path(), mail=mail, dns=dns, doors=DOORS)


@pytest.fixture
def names() -> Iterator[NameServer]:
    """Everything is as it should be."""
    with NameServer() as server:
        server.says("relay.example", "TXT", "v=spf1 ip4:203.0.113.0/24 -all")
        server.says("people.nfp.example", "A", "192.0.2.7")
        server.says("desk.nfp.example", "A", "192.0.2.7")
        server.says(D, "MX", "10 people.nfp.example.")
        server.says(D, "TXT", "google-site-verification=x", "v=spf1 include:relay.example ~all")
        server.says(KEY.name, "TXT", KEY.value)
        server.says(f"_dmarc.{D}", "TXT", "v=DMARC1; p=none; rua=mailto:dmarc@nfp.example")
        yield server


def found(names: NameServer, purpose: str, seconds: float = 5.0, **more: Any) -> Finding:
    return next(each for each in look(settings(names.port, **more), [KEY], seconds) if each.purpose == purpose)


def test_what_is_right_is_called_right(names: NameServer) -> None:
    said = look(settings(names.port), [KEY])
    assert [each.purpose for each in said] == ["resolver", "address", "address", "mx", "spf", "dkim", "dmarc"]
    assert all(each.state == "right" and not each.fix for each in said), said
    assert "(1 of 10 look-ups)" in next(each.says for each in said if each.purpose == "spf")


Change = Callable[[NameServer], None]


def says(name: str, kind: str, *values: str) -> Change:
    return lambda names: names.says(name, kind, *values)


MANY = ["v=spf1 " + " ".join(f"include:many{at}.example" for at in range(11)) + " ~all"]


@pytest.mark.parametrize(
    ("purpose", "change", "state", "words"),
    [
        ("address", says("people.nfp.example", "A", "198.51.100.1"), "wrong", "leads to 198.51.100.1, and"),
        ("address", says("people.nfp.example", "A"), "missing", "no address yet"),
        ("mx", says(D, "MX"), "missing", "no MX record yet"),
        ("mx", says(D, "MX", "10 people.nfp.example.", "20 aspmx.l.google.com."), "wrong", "also goes to aspmx.l."),
        ("mx", says(D, "MX", "0 ."), "wrong", "nobody at all (a null MX)"),
        ("mx", says("people.nfp.example", "CNAME", "vps.host.example."), "wrong", "only another name (CNAME)"),
        ("spf", says(D, "TXT", "google-site-verification=x"), "missing", "no SPF record yet"),
        ("spf", says(D, "TXT", "v=spf1 a ~all", "v=spf1 include:relay.example ~all"), "wrong", "2 SPF records"),
        ("spf", says(D, "TXT", "v=spf1 include:other.example -all"), "wrong", "does not name your way out"),
        ("spf", says(D, "TXT", "v=spf1 include:relay.example +all"), "wrong", "lets everybody send"),
        ("spf", says(D, "TXT", *MANY), "wrong", "more than 10 look-ups"),
        ("dkim", says(KEY.name, "TXT"), "missing", "has no key yet"),
        ("dkim", says(KEY.name, "TXT", KEY.value[:255]), "wrong", "letters of the key"),
        ("dkim", says(KEY.name, "TXT", KEY.value.replace("a1B2", "b2C3")), "wrong", "another key"),
        ("dkim", says(KEY.name, "TXT", "v=DKIM1; p="), "wrong", "takes its key back"),
        ("dmarc", says(f"_dmarc.{D}", "TXT"), "missing", "Neither reply.nfp.example nor nfp.example"),
        ("dmarc", says(f"_dmarc.{D}", "TXT", "v=DMARC1; p=none", "v=DMARC1; p=reject"), "wrong", "2 DMARC records"),
        ("dmarc", says(f"_dmarc.{D}", "TXT", "v=DMARC1; p=monitor"), "wrong", "no policy that counts"),
        ("resolver", says(NOWHERE, "A", "203.0.113.9"), "wrong", "makes answers up"),
    ],
)  # fmt: skip
def test_each_fault_has_its_sentence(names: NameServer, purpose: str, change: Change, state: str, words: str) -> None:
    change(names)
    finding = found(names, purpose)
    assert (finding.state, words in finding.says) == (state, True), finding
    assert finding.fix or state == "missing", "what is wrong says how to mend it"


def test_a_policy_is_inherited_and_one_that_our_desk_does_not_fit_is_told(names: NameServer) -> None:
    names.says(f"_dmarc.{D}", "TXT")
    names.says("_dmarc.nfp.example", "TXT", "v=DMARC1; p=reject; sp=quarantine; adkim=s")
    assert found(names, "dmarc").says.startswith("It inherits p=quarantine from nfp.example")
    misfit = found(names, "dmarc", desk="hello@nfp.example")
    assert misfit.state == "wrong" and "adkim=s" in misfit.says and misfit.fix


def test_a_relay_that_puts_its_own_return_path_gets_records_of_its_own_which_are_a_wish(names: NameServer) -> None:
    said = [each for each in look(settings(names.port, way_out="amazon-ses"), [KEY]) if each.purpose == "return path"]
    assert [each.record.value for each in said] == [
        "10 feedback-smtp.us-east-1.amazonses.com", "v=spf1 include:amazonses.com ~all",
    ]  # fmt: skip
    assert all(each.state == "missing" and each.is_well for each in said)
    names.says(f"bounce.{D}", "MX", "10 feedback-smtp.us-east-1.amazonses.com.")
    assert found(names, "return path", way_out="amazon-ses").state == "right"


def test_a_machine_that_sends_by_itself_needs_a_name_for_its_address(names: NameServer) -> None:
    assert found(names, "pointer", way_out="own").state == "missing"
    names.says("7.2.0.192.in-addr.arpa", "PTR", "people.nfp.example.")
    assert found(names, "pointer", way_out="own").state == "right"


def test_names_that_do_not_answer_are_told_as_that_and_each_record_is_still_printed(names: NameServer) -> None:
    names.slow[f"_domainkey.{D}"] = None
    assert (found(names, "dkim", seconds=0.3).state, found(names, "mx", seconds=1).state) == ("unknown", "right")
    names.slow[""] = None
    silent = look(settings(names.port), [KEY], 0.3)
    assert "No name server answers" in silent[0].says and {each.state for each in silent} == {"unknown"}
    assert {each.record.type for each in silent} >= {"MX", "TXT", "A"}


#: The first question of each purpose, that of the organization's own mail, and whether the name server lies.
FIRST = {f"{NOWHERE} A", "people.nfp.example A", f"{D} MX", f"{D} TXT", f"{KEY.name} TXT", f"_dmarc.{D} TXT",
         "nfp.example MX"}  # fmt: skip


def question_of(packet: bytes) -> str:
    (asked,) = dns.message.from_wire(packet).question
    return f"{asked.name.to_text(omit_final_dot=True).lower()} {dns.rdatatype.to_text(asked.rdtype)}"


def test_all_is_asked_at_once_so_that_a_slow_name_holds_up_no_other(
    names: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, left, all_asked = names._answer, set(FIRST), threading.Event()

    def once_all_are_asked(packet: bytes) -> bytes | None:
        left.discard(question_of(packet))
        if not left:
            all_asked.set()
        return answer(packet) if all_asked.wait(20) else None

    monkeypatch.setattr(names, "_answer", once_all_are_asked)
    said = look(settings(names.port), [KEY], 10)
    assert {each.state for each in said} == {"right"}, said


def test_a_name_server_that_is_silent_is_waited_for_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody_reads:
        nobody_reads.bind(("127.0.0.1", 0))
        said = look(settings(nobody_reads.getsockname()[1]), [KEY], 0.5)
        nobody_reads.setblocking(False)
        asked = set()
        with suppress(BlockingIOError):
            while True:
                asked.add(question_of(nobody_reads.recv(4096)))
    assert {each.state for each in said} == {"unknown"}
    assert "No name server answers" in said[0].says
    assert asked == FIRST, "nothing waited for another's answer"


@pytest.mark.parametrize(
    ("there", "now"),
    [
        ("", "v=spf1 include:us.example ~all"),
        ("v=spf1 -all", "v=spf1 include:us.example -all"),
        ("v=spf1 a mx ip4:192.0.2.0/24 ?all", "v=spf1 a mx ip4:192.0.2.0/24 include:us.example ?all"),
        ("v=spf1 +INCLUDE:us.example ~all", "v=spf1 +INCLUDE:us.example ~all"),
        ("v=spf1 a redirect=_spf.other.example", "v=spf1 a include:us.example redirect=_spf.other.example"),
        ("v=spf1 a", "v=spf1 a include:us.example ~all"),
    ],
)
def test_an_spf_record_is_merged_into_and_never_doubled(there: str, now: str) -> None:
    assert merged(there, ("include:us.example",)) == now
    assert merged(now, ("include:us.example",)) == now


def test_an_include_that_includes_itself_is_counted_to_an_end(names: NameServer) -> None:
    names.says("round.example", "TXT", "v=spf1 include:round.example ~all")
    asked = Names(("127.0.0.1", names.port), 5.0, Cache())
    assert lookups(asked, "v=spf1 include:round.example ~all") > 10
