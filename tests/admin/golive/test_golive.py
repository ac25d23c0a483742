"""Going live, as an operator does: one command, run until nothing is left to do."""

import json
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from admin.cli.golive import _answers, golive
from admin.golive.plan import Said, values
from admin.golive.round_trip import is_running
from admin.process import Embedded, build
from engine.base.errors import HearthlineError, Invalid
from engine.base.settings import Settings
from engine.base.settings_file import load
from engine.migrations import migrate
from tests.admin.golive.outside import Provider, enter
from tests.channels.relay import PASSWORD, USER
from tests.reply_router.proof.name_server import NameServer
from tests.waiting import soon

SETTINGS = """\
# What the operator noted.
keys = ["1:{key}"]

[organization]
name = "Neighbors for Progress"    # as members know us

[mail]
resolver = "127.0.0.1:{names}"
dns_seconds = 1.0

[doors]
smtp_port = 0
lmtp_port = 0
public_port = 0
admin_port = 0
"""


@dataclass
class Machine:
    """A rented machine with a fresh installation, and the world around it."""

    data: Path
    names: NameServer
    provider: Provider

    def runs(self, *words: str, password: str = PASSWORD) -> dict[str, Any]:
        """`hearthline golive` for a relay that is not among the known ones; what it said, as JSON."""
        ran = CliRunner().invoke(
            golive,
            [
                "nfp.example", "--out", "other", "--host", "127.0.0.1", "--port", str(self.provider.port),
                "--security", "none", "--user", USER, "--password-file", "-", "--spf", "include:relay.example",
                "--address", "127.0.0.3", "--receive", "postfix", "--json", "--data", str(self.data), *words,
            ],
            input=password + "\n",
        )  # fmt: skip
        if isinstance(ran.exception, HearthlineError):
            raise ran.exception
        assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
        said: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
        assert ran.exit_code == (0 if said["live"] or ("--no-test" in words and not said["next"]) else 1)
        return said

    def start(self) -> Embedded:
        """`hearthline run`, at work."""
        process = Embedded(load(self.data))
        self.provider.doors["people.nfp.example"] = process.start().smtp
        services = build(load(self.data))
        soon(lambda: is_running(services))
        services.db.close()
        return process


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `hearthline init` leaves it, with a database of its shape."""
    data = tmp_path_factory.mktemp("fresh") / "data"
    data.mkdir()
    (data / "hearthline.toml").write_text(SETTINGS.format(key="5e" * 32, names=53))
    services = build(load(data))
    migrate.upgrade(services.db)
    services.db.close()
    return data


@pytest.fixture
def machine(fresh: Path, tmp_path: Path) -> Iterator[Machine]:
    data = tmp_path / "data"
    shutil.copytree(fresh, data)
    provider = Provider(login=True)
    with NameServer() as names, provider:
        (data / "hearthline.toml").write_text(SETTINGS.format(key="5e" * 32, names=names.port))
        names.says("relay.example", "TXT", "v=spf1 ip4:203.0.113.0/24 -all")
        names.says("nfp.example", "MX", "1 aspmx.l.google.com.")
        provider.names, provider.doors = names, {}
        yield Machine(data, names, provider)


def states(said: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in said["records"]:
        found[each["purpose"]] = max(found.get(each["purpose"], ""), each["state"])
    return found


def test_from_nothing_to_a_mail_that_went_all_the_way_round(machine: Machine) -> None:
    first = machine.runs()
    assert (first["domain"], first["organization"], first["changed"]) == ("reply.nfp.example", "nfp.example", True)
    assert states(first) == {
        "resolver": "right", "address": "missing", "mx": "missing", "spf": "missing", "dkim": "missing",
        "dmarc": "missing", "home": "right",
    }  # fmt: skip
    asked = {(each["name"], each["type"]): each["value"] for each in first["records"]}
    assert asked["reply.nfp.example", "MX"] == "10 people.nfp.example"
    assert asked["reply.nfp.example", "TXT"] == "v=spf1 include:relay.example ~all"
    assert asked["_dmarc.reply.nfp.example", "TXT"] == "v=DMARC1; p=none; rua=mailto:dmarc@reply.nfp.example"
    assert not any(name == "nfp.example" and value for (name, _), value in asked.items()), (
        "the organization's own names are never touched"
    )
    assert first["relay"]["ok"] and not first["live"] and len(first["next"]) == 2
    file = (machine.data / "hearthline.toml").read_text()
    assert "# What the operator noted." in file and "# as members know us" in file
    assert tomllib.loads(file)["doors"]["public_url"] == "https://people.nfp.example"

    again = machine.runs()
    assert not again["changed"] and again["records"] == first["records"], "run twice, it says the same"

    enter(machine.names, first["records"])
    process = machine.start()
    try:
        last = machine.runs("--seconds", "20")
    finally:
        process.stop()
    assert set(states(last).values()) == {"right"}, last["records"]
    assert [(leg["name"], leg["ok"]) for leg in last["test"]] == [
        ("out", True), ("in", True), ("filed", True), ("signed", True),
    ], last["test"]  # fmt: skip
    assert last["live"] and last["next"] == []


def test_a_second_server_for_mail_that_the_operator_wrote_stays_and_is_looked_at(machine: Machine) -> None:
    enter(machine.names, machine.runs()["records"])
    file = machine.data / "hearthline.toml"
    one, two = 'mx = ["people.nfp.example"]', 'mx = ["people.nfp.example", "second.nfp.example"]  # since May'
    text = file.read_text()
    assert one in text
    file.write_text(text.replace(one, two))
    said = machine.runs("--no-test")
    assert not said["changed"] and two in file.read_text()
    asked = {(each["name"], each["value"]): each["state"] for each in said["records"]}
    assert asked["reply.nfp.example", "10 people.nfp.example"] == "right"
    assert asked["reply.nfp.example", "20 second.nfp.example"] == "missing"
    assert asked["second.nfp.example", "(that machine's address)"] == "missing"

    machine.names.says("reply.nfp.example", "MX", "10 people.nfp.example.", "20 second.nfp.example.")
    machine.names.says("second.nfp.example", "A", "127.0.0.4")  # another machine
    assert set(states(machine.runs("--no-test")).values()) == {"right"}


def test_each_leg_that_can_fail_says_which_and_what_to_do(machine: Machine) -> None:
    first = machine.runs()
    enter(machine.names, first["records"])
    assert "Nothing is running yet" in machine.runs()["next"][0]

    wrong = machine.runs("--no-test", password="not it")
    assert not wrong["relay"]["ok"] and wrong["relay"]["stage"] == "sign_in"
    assert "does not let us in" in " ".join(wrong["next"])
    machine.runs("--no-test")

    process = machine.start()
    try:
        # One for it, and one for the test that what runs makes by itself, whenever that is.
        machine.provider.rcpt_replies.extend(["550 5.7.1 not a domain of yours"] * 2)
        (leg,) = machine.runs()["test"]
        machine.provider.rcpt_replies.clear()
        assert (leg["name"], leg["ok"]) == ("out", False) and "not a domain of yours" in leg["says"]

        machine.provider.doors["people.nfp.example"], kept = 9, machine.provider.doors["people.nfp.example"]
        machine.provider.doors.clear()
        legs = machine.runs("--seconds", "1")["test"]
        assert [leg["ok"] for leg in legs] == [True, False] and legs[1]["name"] == "in"
        assert "It did not come back. From here: people.nfp.example (127.0.0.3)" in legs[1]["says"]
        assert "port 25" in legs[1]["fix"]

        machine.provider.doors["people.nfp.example"] = kept
        machine.names.says("_dmarc.reply.nfp.example", "TXT", "v=DMARC1; p=nothing")
        said = machine.runs("--seconds", "20")
        assert not said["live"] and all(leg["ok"] for leg in said["test"]), "the mail goes round all the same"
        assert states(said)["dmarc"] == "wrong"
    finally:
        process.stop()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--replies-at", "nfp.example"), "goes to Google"),
        (("--replies-at", "other.example"), "a name below nfp.example"),
        (("--out", "carrier-pigeon"), "There are: amazon-ses"),
        (("--out", "amazon-ses", "--host", ""), "a host for each region"),
        (("--host", "not a host"), "not a relay's host name"),
        (("--address", "here"), "not a machine's public address"),
        (("--receive", "relay"), "takes no mail in"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can_and_nothing_is_written(
    machine: Machine, words: tuple[str, ...], says: str
) -> None:
    before = (machine.data / "hearthline.toml").read_text()
    with pytest.raises(Invalid, match=says):
        machine.runs(*words)
    assert (machine.data / "hearthline.toml").read_text() == before


@pytest.mark.parametrize(
    ("way", "region", "host"),
    [("mailgun", "eu", "smtp.eu.mailgun.org"), ("mailgun", "us", "smtp.mailgun.org"),
     ("amazon-ses", "eu-west-1", "email-smtp.eu-west-1.amazonaws.com")],
)  # fmt: skip
def test_whoever_has_a_relay_with_regions_is_asked_which(way: str, region: str, host: str) -> None:
    heard: list[Said] = []

    @click.command()
    def asks() -> None:
        said = Said(domain="nfp.example", way_out=way, user="t", password="t", address="192.0.2.7")
        heard.append(_answers(said, ask=False, can_ask=True))

    ran = CliRunner().invoke(asks, input=f"{region}\n")
    assert ran.exit_code == 0 and ran.output.startswith("Its region, "), ran.output
    assert values(heard[0], Settings(data_dir=Path()))["mail", "host"] == host


def test_a_domain_in_any_letters_is_asked_for_as_the_dns_has_it(machine: Machine) -> None:
    ran = CliRunner().invoke(
        golive, ["München.example", "--out", "postmark", "--password-file", "-", "--user", "t", "--no-test",
                 "--json", "--data", str(machine.data)], input="t\n",
    )  # fmt: skip
    said = json.loads(ran.stdout.splitlines()[-1])
    assert said["domain"] == "reply.xn--mnchen-3ya.example"
    assert "pm-bounces.reply.xn--mnchen-3ya.example" in {each["name"] for each in said["records"]}
