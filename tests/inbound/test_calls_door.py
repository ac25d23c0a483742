"""The door of calls: a greeting in both languages, words durable before a yes, and nothing from anybody else."""

import random
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from engine.base.errors import Invalid
from engine.conversations.voicemail import Voicemail
from inbound.sms.voicemails import fetch_voicemail, sound
from inbound.web import create_app
from tests.inbound.conftest import House, a_house
from tests.inbound.test_sms_door import DANA, OURS, PUBLIC, SMS, signed

CALL, RECORDING = "CA" + "1" * 32, "RE" + "2" * 32
FORM = {
    "CallSid": CALL, "AccountSid": SMS.account_sid, "From": DANA, "To": OURS, "Direction": "inbound",
    "ApiVersion": "2010-04-01", "CallStatus": "ringing",
}  # fmt: skip
WORDS = {
    "RecordingSid": RECORDING, "RecordingDuration": "41",
    "RecordingUrl": f"https://api.twilio.com/2010-04-01/Accounts/{SMS.account_sid}/Recordings/{RECORDING}",
}  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An installation with a number."""
    with a_house(tmp_path, sms=SMS, public_url=PUBLIC) as house:
        yield house


@pytest.fixture
def client(house: House) -> FlaskClient:
    """The provider's way in, past the proxy."""
    return create_app(house.services, house.acceptor).test_client()


def tells(client: FlaskClient, path: str, form: dict[str, str], signature: str | None = None) -> TestResponse:
    """A webhook, signed by the provider unless said otherwise."""
    given = signed(form, PUBLIC + path) if signature is None else signature
    return client.post(path, data=form, headers={"X-Twilio-Signature": given})


def test_the_greeting_is_spoken_in_both_languages_and_only_records(client: FlaskClient, house: House) -> None:
    answer = tells(client, "/calls/received", FORM)
    spoken = ElementTree.fromstring(answer.data)
    assert [each.tag for each in spoken] == ["Say", "Say", "Record", "Hangup"]
    assert [each.get("language") for each in spoken.findall("Say")] == ["en-US", "es-MX"]
    assert all("Neighbors for Progress" in (each.text or "") for each in spoken.findall("Say"))
    record = spoken.find("Record")
    assert record is not None and record.get("transcribe") is None and spoken.find("Gather") is None
    assert record.get("action") == f"{PUBLIC}/calls/recorded"
    assert (record.get("recordingStatusCallback") or "").startswith(f"{PUBLIC}/calls/recording?from=%2B1404")
    assert house.bodies() == [], "the words will be told of"


def test_words_are_on_the_disk_before_the_provider_hears_yes(client: FlaskClient, house: House) -> None:
    answer = tells(client, "/calls/recorded", {**FORM, **WORDS})
    assert (answer.status_code, b"<Hangup" in answer.data) == (200, True)
    path = "/calls/recording?from=%2B14045550142&to=%2B14045550100"
    assert tells(client, path, {"CallSid": CALL, "RecordingStatus": "completed", **WORDS}).status_code == 204
    assert tells(client, "/calls/ended", {**FORM, "CallStatus": "completed"}).status_code == 204
    assert house.ask("select door, mail_from, rcpt_to, provider_id from received order by id") == [
        ("voice", DANA, OURS, RECORDING), ("voice", DANA, OURS, RECORDING), ("voice", DANA, OURS, CALL),
    ]  # fmt: skip


def test_our_own_trouble_is_put_off(client: FlaskClient, house: House) -> None:
    house.acceptor.stop()
    assert tells(client, "/calls/recorded", {**FORM, **WORDS}).status_code == 503
    assert tells(client, "/calls/ended", FORM).status_code == 503


@pytest.mark.parametrize("path", ["/calls/received", "/calls/recorded", "/calls/recording?from=x", "/calls/ended"])
def test_what_the_provider_did_not_sign_is_refused_and_leaves_nothing(
    client: FlaskClient, house: House, path: str
) -> None:
    form = {**FORM, **WORDS}
    good = signed(form, PUBLIC + path)
    chance = random.Random(7)
    bad = ["", "x", good[::-1], signed(form, PUBLIC + "/texts/received"), signed(form, PUBLIC + path, "1e" * 16)]
    bad += [signed({**form, chance.choice(list(form)): "changed"}, PUBLIC + path) for _ in range(20)]
    assert {tells(client, path, form, each).status_code for each in bad} == {403}
    assert tells(client, path, {**form, "From": "+14045550199"}, good).status_code == 403
    assert house.bodies() == []
    assert client.get(path).status_code == 405


def test_a_recording_is_fetched_from_the_provider_alone(house: House) -> None:
    from dataclasses import replace

    from engine.channels.sms import TwilioTexts

    services = replace(house.services, texts=TwilioTexts(SMS))
    now = services.clock.now()
    for number, url in enumerate(("http://169.254.169.254/x", "https://evil.example/x", "file:///etc/passwd"), start=1):
        with services.db.write() as session:
            session.add(Voicemail(id=number, created_at=now, received_id=number, url=url, seconds=3, due_at=now))
        fetch_voicemail(services, number)
    with services.db.read() as session:
        rows = [session.get_one(Voicemail, number) for number in (1, 2, 3)]
    assert all(row.body is None and row.due_at is None and "address" in row.refusal for row in rows)


def test_only_sound_is_kept() -> None:
    assert sound(b"RIFF\x24\0\0\0WAVEfmt ")[0] == "audio/wav"
    assert sound(b"ID3\x04")[0] == "audio/mpeg"
    for body in (b"", b"<html>", b"RIFF\0\0\0\0AVI ", b"MZ"):
        with pytest.raises(Invalid):
            sound(body)
