"""The relays that are known: their hosts and servers by region, as settings are made of them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from admin.golive.plan import Said, known, together, values
from admin.golive.ways_out import BY_NAME, region_of
from engine.base.setting_groups.dns import Dns
from engine.base.setting_groups.mail import Mail
from engine.base.settings import Settings

SAID = Said(domain="nfp.example", user="u", password="p", receives="relay")
FRESH = Settings(data_dir=Path())


@pytest.mark.parametrize(
    ("way_out", "region", "host", "mx"),
    [
        ("mailgun", "", "smtp.mailgun.org", ["mxa.mailgun.org", "mxb.mailgun.org"]),
        ("mailgun", "us", "smtp.mailgun.org", ["mxa.mailgun.org", "mxb.mailgun.org"]),
        ("mailgun", "eu", "smtp.eu.mailgun.org", ["mxa.eu.mailgun.org", "mxb.eu.mailgun.org"]),
        ("amazon-ses", "eu-west-1", "email-smtp.eu-west-1.amazonaws.com", ["inbound-smtp.eu-west-1.amazonaws.com"]),
        ("postmark", "", "smtp.postmarkapp.com", ["inbound.postmarkapp.com"]),
    ],
)
def test_mail_leaves_and_comes_in_by_the_servers_of_one_region(
    way_out: str, region: str, host: str, mx: list[str]
) -> None:
    new = values(replace(SAID, way_out=way_out, region=region), FRESH)
    assert (new["mail", "host"], new["dns", "mx"]) == (host, mx)


def test_a_host_of_another_region_brings_the_servers_of_that_region_for_replies() -> None:
    new = values(replace(SAID, way_out="mailgun", host="smtp.eu.mailgun.org"), FRESH)
    assert new["dns", "mx"] == ["mxa.eu.mailgun.org", "mxb.eu.mailgun.org"]
    assert region_of("smtp.mailgun.org") == region_of("localhost") == ""


def test_a_region_said_anew_changes_the_host_that_was_remembered() -> None:
    mail = Mail(domain="reply.nfp.example", host="smtp.mailgun.org", user="u", password="p")
    before = known(settings(mail, Dns(organization="nfp.example", way_out="mailgun", receives="relay")))
    assert values(together(Said(), before), FRESH)["mail", "host"] == "smtp.mailgun.org"
    new = values(together(Said(region="eu"), before), FRESH)
    assert new["mail", "host"] == "smtp.eu.mailgun.org" and new["mail", "user"] == "u"
    assert new["dns", "mx"] == ["mxa.eu.mailgun.org", "mxb.eu.mailgun.org"]


OWN = ["people.nfp.example", "second.nfp.example"]


@pytest.mark.parametrize(
    ("before", "said", "mx"),
    [
        (Dns(organization="nfp.example", receives="direct", mx=OWN), {"receives": "direct"}, OWN),
        (Dns(organization="nfp.example", receives="direct", mx=OWN), {"receives": "postfix"}, OWN),
        (Dns(mx=OWN), {"receives": "direct"}, OWN),
        (Dns(organization="nfp.example", receives="direct"), {"receives": "direct"}, ["people.nfp.example"]),
        (Dns(organization="nfp.example", receives="direct", mx=OWN), {"receives": "direct", "domain": "other.example"},
         ["people.other.example"]),
        (Dns(organization="nfp.example", receives="direct", mx=OWN), {"receives": "relay"},
         ["inbound.postmarkapp.com"]),
        (Dns(organization="nfp.example", receives="relay", mx=["inbound.postmarkapp.com"]), {"receives": "direct"},
         ["people.nfp.example"]),
        (Dns(organization="nfp.example", receives="relay", mx=["inbound.postmarkapp.com", "own.nfp.example"]),
         {"receives": "relay"}, ["inbound.postmarkapp.com", "own.nfp.example"]),
    ],
)  # fmt: skip
def test_servers_that_the_operator_wrote_himself_stay_while_mail_comes_in_the_same_way(
    before: Dns, said: dict[str, Any], mx: list[str]
) -> None:
    whole = replace(SAID, way_out="postmark", **said)
    assert values(whole, settings(Mail(), before))["dns", "mx"] == mx


def settings(mail: Mail, dns: Dns) -> Settings:
    return Settings(data_dir=Path(), mail=mail, dns=dns)


def test_every_way_out_says_where_its_pages_are_and_what_to_do_there() -> None:
    assert all(way.there and (way.docs.startswith("https://") or name == "own")
               for name, way in BY_NAME.items() if name != "other")  # fmt: skip
