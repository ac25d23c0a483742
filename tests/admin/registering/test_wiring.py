"""The wiring of our numbers, as the provider tells it: what is right, and each way in which it can be wrong."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from admin.check import Check
from admin.registering.wiring import wiring
from admin.sandbox.carrier.api import CarrierServer
from admin.sandbox.carrier.carrier import Account, Carrier
from admin.sandbox.carrier.our_door import OurDoor
from admin.sandbox.store import Store
from engine.base.clock import SystemClock
from engine.base.setting_groups.doors import Doors
from engine.base.setting_groups.texting import Texting
from engine.base.settings import Settings
from tests.channels.provider import Asked, Provider, Says

SID, TOKEN, SERVICE = "AC" + "5a" * 16, "b7" * 16, "MG" + "c3" * 16
OURS, ALSO = "+14045550100", "+14045550101"
PUBLIC = "https://people.nfp.example"
RIGHT: dict[str, Any] = {
    "phone_number": OURS, "sms_url": f"{PUBLIC}/texts/received#rc=5&rp=all", "sms_method": "POST",
    "voice_url": f"{PUBLIC}/calls/received", "voice_method": "POST", "status_callback": f"{PUBLIC}/calls/ended",
    "status_callback_method": "POST", "capabilities": {"sms": True, "voice": True, "mms": True},
}  # fmt: skip


def asked(url: str, *, token: str = TOKEN, numbers: tuple[str, ...] = (OURS,), service: str = "") -> dict[str, Check]:
    sms = Texting(account_sid=SID, auth_token=token, numbers=list(numbers), messaging_service=service, api_url=url)
    settings = Settings(data_dir=Path(), sms=sms, doors=Doors(public_url=PUBLIC))
    return {each.name: each for each in wiring(settings)}


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[str]:
    """The sandbox's provider, which brings everything to our doors."""
    store, clock = Store(tmp_path / "world.db"), SystemClock()
    server = CarrierServer(
        Carrier(store, clock, Account(SID, TOKEN, (OURS, ALSO), SERVICE), OurDoor(PUBLIC, TOKEN)), clock, threads=4
    )
    server.start()
    yield server.url
    server.stop()
    store.close()


def test_numbers_that_are_brought_to_our_doors_are_well(carrier: str) -> None:
    found = asked(carrier, numbers=(OURS, ALSO), service=SERVICE)
    assert list(found) == [
        "numbers are wired", "calls are wired", "messaging service is wired", "texts are registered",
    ]  # fmt: skip
    assert all(each.ok for each in found.values()), found
    assert "all 2 of our numbers" in found["numbers are wired"].says


def test_a_number_of_somebody_else_and_a_wrong_password_are_told(carrier: str) -> None:
    assert "+15005550006 is not a number of this account" in (
        asked(carrier, numbers=(OURS, "+15005550006"))["numbers are wired"].says.lower()
    )
    (refused,) = asked(carrier, token="wrong").values()
    assert not refused.ok and "could not be asked" in refused.says and "auth_token" in refused.fix


@pytest.mark.parametrize(
    ("wrong", "name", "words"),
    [
        ({"sms_url": ""}, "numbers are wired", "texts to +14045550100 go nowhere"),
        ({"sms_url": "https://demo.twilio.com/welcome/sms/reply"}, "numbers are wired", "go to https://demo.twilio"),
        ({"sms_method": "GET"}, "numbers are wired", "come by GET, and must come by POST"),
        ({"capabilities": {"sms": False, "voice": True}}, "numbers are wired", "cannot text"),
        ({"voice_url": ""}, "calls are wired", "calls to +14045550100 go nowhere"),
        ({"status_callback": f"{PUBLIC}/calls/end"}, "calls are wired", "the end of calls to +14045550100 go to"),
    ],
)
def test_each_wrong_wire_is_told_with_where_it_must_lead(wrong: dict[str, Any], name: str, words: str) -> None:
    def answer(call: Asked) -> Says:
        return Says(200, {"incoming_phone_numbers": [RIGHT | wrong], "page": 0, "next_page_uri": None})

    with Provider() as provider:
        provider.answer = answer
        found = asked(provider.url)
    assert not found[name].ok and words.lower() in found[name].says.lower(), found[name]
    assert f"{PUBLIC}/" in found[name].fix
    assert all(each.ok for other, each in found.items() if other != name), "and nothing else is"


def test_a_provider_that_is_away_is_told_in_the_time_it_has() -> None:
    (away,) = asked("http://127.0.0.1:9").values()
    assert not away.ok and "could not be asked" in away.says
