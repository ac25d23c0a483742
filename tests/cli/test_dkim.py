"""`hearthline dkim`: making keys, seeing what they wait for, and ending them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from admin.cli.dkim import dkim
from admin.doctor import examine
from tests.cli.shell import hearthline


@pytest.fixture
def run(data: Path) -> Callable[..., Any]:
    """Runs a verb in this process and gives back its JSON."""

    def run(*words: str) -> Any:
        ran = CliRunner().invoke(dkim, [*words, "--data", str(data), "--json"], catch_exceptions=False)
        assert ran.exit_code == 0, ran.output
        return json.loads(ran.output.splitlines()[-1])

    return run


def said_by_doctor(data: Path) -> list[tuple[bool, str]]:
    return [(check.ok, check.says) for check in examine(data).checks if check.name == "mail is signed"]


def test_a_pair_is_made_waits_signs_is_replaced_and_ends(data: Path, run: Callable[..., Any]) -> None:
    assert [ok for ok, _ in said_by_doctor(data)] == [True]
    rsa, curve = run("make")
    assert (rsa["algorithm"], curve["algorithm"]) == ("rsa-sha256", "ed25519-sha256")
    assert rsa["name"] == f"{rsa['selector']}._domainkey.nfp.example" and rsa["value"].startswith("v=DKIM1; k=rsa; p=")
    assert [(ok, "waits for its record" in says) for ok, says in said_by_doctor(data)] == [(False, True)] * 2
    for key in (rsa, curve):
        assert run("confirm", key["selector"])[0]["state"] == "signing"
    [(ok, says)] = said_by_doctor(data)
    assert ok and rsa["selector"] in says and curve["selector"] in says
    fresh, _ = run("rotate")
    run("confirm", fresh["selector"])
    assert [each["state"] for each in run("show", "--no-look")] == ["replaced", "signing", "signing", "waiting"]
    assert run("retire", rsa["selector"], "--at-once")[0]["state"] == "retired"


def test_what_is_entered_stands_in_pieces_and_a_mistake_is_one_sentence(data: Path) -> None:
    ran = hearthline("dkim", "make", "--data", data, anew=True)
    assert ran.code == 0 and ran.out.count('"v=DKIM1; k=') == 2 and '" "' in ran.out
    again = hearthline("dkim", "make", "--data", data)
    assert again.code == 1 and "still wait for their records" in again.said and "Traceback" not in again.said
