"""The provider's own records: told with where they are found, looked for where their name is known, never invented."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from admin.cli.golive import golive
from admin.golive.theirs import BESIDE_OURS, Theirs, theirs
from engine.base.setting_groups.dns import Dns
from engine.base.setting_groups.mail import Mail
from engine.base.settings import Settings
from tests.admin.golive.test_golive import Machine, fresh, machine
from tests.admin.golive.test_sender_policy import printed
from tests.reply_router.proof.name_server import NameServer

__all__ = ["fresh", "machine"]

D = "reply.nfp.example"


@pytest.fixture
def names() -> Iterator[NameServer]:
    with NameServer() as server:
        yield server


def asked(names: NameServer, way_out: str, seconds: float = 5.0, receives: str = "direct") -> Theirs:
    dns = Dns.model_validate({"organization": "nfp.example", "way_out": way_out, "receives": receives})
    mail = Mail(domain=D, resolver=f"127.0.0.1:{names.port}")
    found = theirs(Settings(data_dir=Path(), mail=mail, dns=dns), seconds)
    assert found is not None
    return found


def states(found: Theirs) -> dict[str, str]:
    return {each.name: each.state for each in found.records}


@pytest.mark.parametrize(
    ("way_out", "records"),
    [
        ("amazon-ses", {f"…._domainkey.{D}": "CNAME"}),
        ("postmark", {f"…pm._domainkey.{D}": "TXT"}),
        ("mailgun", {f"smtp._domainkey, or mailo._domainkey.{D}": "TXT"}),
        ("sendgrid", {f"em….{D}": "CNAME", f"s1._domainkey.{D}": "CNAME", f"s2._domainkey.{D}": "CNAME"}),
        ("brevo", {D: "TXT", f"brevo1._domainkey.{D}": "CNAME", f"brevo2._domainkey.{D}": "CNAME"}),
        ("mailjet", {f"mailjet._….{D}": "TXT", f"mailjet._domainkey.{D}": "TXT"}),
    ],
)
def test_each_provider_has_records_of_its_own_and_a_page_where_they_stand(
    names: NameServer, way_out: str, records: dict[str, str]
) -> None:
    found = asked(names, way_out)
    assert {each.name: each.record.type for each in found.records} == records
    assert found.found_at and "{" not in found.found_at and found.docs.startswith("https://")
    assert all(each.state == "not looked for" for each in found.records if "…" in each.name)
    assert all(each.state == "not seen" for each in found.records if "…" not in each.name)


def test_a_record_whose_name_is_known_is_seen_once_it_stands(names: NameServer) -> None:
    names.says(D, "TXT", "v=spf1 ~all")
    assert states(asked(names, "brevo"))[D] == "not seen", "another text at the same name is not theirs"
    names.says(D, "TXT", "v=spf1 ~all", "brevo-code:0f3a")
    names.says(f"brevo1._domainkey.{D}", "CNAME", "b1.reply-nfp-example.dkim.brevo.com.")
    assert states(asked(names, "brevo")) == {
        D: "seen", f"brevo1._domainkey.{D}": "seen", f"brevo2._domainkey.{D}": "not seen",
    }  # fmt: skip

    names.says(f"mailo._domainkey.{D}", "TXT", "k=rsa; p=MIIB")
    assert set(states(asked(names, "mailgun")).values()) == {"seen"}, "whichever of its names it has"


def test_names_that_do_not_answer_are_not_called_missing(names: NameServer) -> None:
    names.slow[""] = None
    assert set(states(asked(names, "brevo", seconds=0.3)).values()) == {"not looked for"}


def test_mx_records_that_would_take_replies_away_are_to_be_left_away_unless_they_come_in_there(
    names: NameServer,
) -> None:
    assert "Leave the MX records that it shows away" in asked(names, "mailgun").besides
    assert "MX" not in asked(names, "mailgun", receives="relay").besides
    assert "tracking" in asked(names, "mailgun", receives="relay").besides
    assert "MX" not in asked(names, "postmark").besides


def test_a_relay_that_nobody_knows_asks_for_nothing(names: NameServer) -> None:
    for way_out in ("other", "own", ""):
        mail = Mail(domain=D, resolver=f"127.0.0.1:{names.port}")
        assert theirs(Settings(data_dir=Path(), mail=mail, dns=Dns(way_out=way_out))) is None


def test_the_command_tells_of_them_and_prints_none_as_a_record_to_enter(machine: Machine) -> None:
    said = printed(machine, "--out", "postmark")
    part = said.split("\nPostmark asks for records of its own too.")[1]
    assert f"Sender Signatures, {D}, DNS Settings" in part and f"TXT at …pm._domainkey.{D}, like k=rsa; p=…" in part
    assert BESIDE_OURS in part
    to_enter = re.findall(r"^([\w.-]+)\n  (?:MX|TXT|A|CNAME)  (.*)$", said, flags=re.M)
    assert len(to_enter) == 8 and not any("…" in name + value for name, value in to_enter)

    ran = CliRunner().invoke(
        golive, ["--out", "sendgrid", "--user", "apikey", "--password-file", "-", "--no-test", "--json",
                 "--data", str(machine.data)], input="secret\n",
    )  # fmt: skip
    told = json.loads(ran.stdout.splitlines()[-1])["theirs"]
    assert told["by"] == "SendGrid" and [each["state"] for each in told["records"]] == [
        "not looked for", "not seen", "not seen",
    ]  # fmt: skip
