"""The sandbox's provider speaks to the provider's own client library, and to our door as the provider does."""

import json
import time
import urllib.request
from base64 import b64encode
from pathlib import Path

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from admin.sandbox.carrier.api import CarrierServer
from admin.sandbox.carrier.carrier import STOPPED, Carrier
from admin.sandbox.carrier.text import segments
from admin.sandbox.carrier.trouble import EVERYBODY, FAILURES, Trouble
from engine.base.errors import Invalid
from tests.sandbox.conftest import ALSO_OURS, DANA, LANDLINE, OURS, PUBLIC, SERVICE, SID, TOKEN, Provider
from tests.waiting import soon


def refusal_of(provider: Provider, **wish: object) -> TwilioRestException:
    with pytest.raises(TwilioRestException) as refused:
        provider.client().messages.create(**{"to": DANA, "from_": OURS, "body": "hi", **wish})
    return refused.value


def settled(provider: Provider) -> None:
    soon(lambda: provider.carrier.in_flight == 0)


# The provider's own library.


def test_its_client_creates_a_text_and_fetches_it_when_it_has_arrived(provider: Provider) -> None:
    made = provider.client().messages.create(to=DANA, from_=OURS, body="Soup at six?")
    assert (made.status, made.direction, made.num_segments, made.error_code) == ("queued", "outbound-api", "1", None)
    assert made.sid is not None
    assert made.sid.startswith("SM")
    assert made.date_created == provider.clock.now()
    settled(provider)
    fetched = provider.client().messages(made.sid).fetch()
    assert (fetched.status, fetched.body, fetched.from_, fetched.to) == ("delivered", "Soup at six?", OURS, DANA)
    assert fetched.date_sent == provider.clock.now()
    assert fetched.price == "-0.00830"
    assert [text.body for text in provider.carrier.texts.on_phone(DANA)] == ["Soup at six?"]


def test_its_client_lists_page_by_page_latest_first_by_number_and_time(provider: Provider) -> None:
    client = provider.client()
    for number in range(7):
        client.messages.create(to=DANA, from_=OURS, body=f"{number}")
        settled(provider)
        provider.clock.passes(minutes=1)
    client.messages.create(to="+14045550143", from_=ALSO_OURS, body="other")
    provider.carrier.send(DANA, OURS, "theirs")
    settled(provider)
    assert [each.body for each in client.messages.list(to=DANA, page_size=3)] == list("6543210")
    assert [each.body for each in client.messages.list(to=DANA, limit=2)] == list("65")
    assert [each.body for each in client.messages.list(from_=DANA)] == ["theirs"]
    since = provider.clock.now().replace(minute=5)
    assert {each.body for each in client.messages.list(date_sent_after=since)} == {"5", "6", "other", "theirs"}
    assert [each.body for each in client.messages.list(date_sent_before=since.replace(minute=0))] == ["0"]
    assert len(client.messages.list(date_sent=since)) == 9
    page = client.messages.page(to=DANA, page_size=3)
    assert len(list(page)) == 3
    second = page.next_page()
    assert second is not None
    assert [each.body for each in second] == list("321")


def test_its_client_looks_a_number_up(provider: Provider) -> None:
    numbers = provider.client().lookups.v2.phone_numbers
    mobile = numbers("404-555-0142").fetch(fields="line_type_intelligence")
    assert (mobile.phone_number, mobile.valid, mobile.country_code) == (DANA, True, "US")
    assert mobile.line_type_intelligence["type"] == "mobile"
    assert numbers(LANDLINE).fetch(fields="line_type_intelligence").line_type_intelligence["type"] == "landline"
    assert numbers(DANA).fetch().line_type_intelligence is None
    short = numbers("+1404555").fetch()
    assert (short.valid, short.validation_errors) == (False, ["TOO_SHORT"])


def test_its_client_sees_our_numbers_and_our_service(provider: Provider) -> None:
    client = provider.client()
    assert [each.phone_number for each in client.incoming_phone_numbers.list()] == [OURS, ALSO_OURS]
    assert client.incoming_phone_numbers.list()[0].sms_url == f"{PUBLIC}/texts/received"
    assert client.messaging.v1.services(SERVICE).fetch().sticky_sender is True
    assert [each.sid for each in client.messaging.v1.services.list()] == [SERVICE]
    assert [n.phone_number for n in client.messaging.v1.services(SERVICE).phone_numbers.list()] == [OURS, ALSO_OURS]


def test_a_service_chooses_the_number_the_phone_knows_already(provider: Provider) -> None:
    provider.carrier.send(DANA, ALSO_OURS, "hello")
    made = provider.client().messages.create(to=DANA, messaging_service_sid=SERVICE, body="hi")
    assert (made.status, made.from_, made.num_segments) == ("accepted", None, "0")
    settled(provider)
    assert provider.client().messages(str(made.sid)).fetch().from_ == ALSO_OURS


def test_a_wrong_token_is_refused_as_the_provider_does(provider: Provider) -> None:
    with pytest.raises(TwilioRestException) as refused:
        provider.client("00" * 16).messages("SM" + "00" * 16).fetch()
    assert (refused.value.status, refused.value.code) == (401, 20003)
    answer = requests.get(f"{provider.server.url}/2010-04-01/Accounts/{SID}/Messages.json", timeout=60)
    assert answer.status_code == 401
    assert set(answer.json()) == {"code", "message", "more_info", "status"}


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"to": "404"}, None),
        ({"to": "4045550142"}, 21211),
        ({"from_": "+19995550100"}, 21606),
        ({"body": ""}, 21602),
        ({"body": "a" * 1601}, 21617),
        ({"status_callback": "https://elsewhere.example/x"}, 21609),
        ({"media_url": ["https://elsewhere.example/x.jpg"]}, 21620),
        ({"from_": "", "messaging_service_sid": "MG" + "00" * 16}, 21701),
    ],
)
def test_what_the_provider_would_not_take_has_its_code(provider: Provider, wish: dict[str, object], code: int) -> None:
    if code is None:
        assert provider.client().messages.create(from_=OURS, body="hi", **wish).sid
        return
    trouble = refusal_of(provider, **wish)
    assert (trouble.status, trouble.code) == (400, code)
    assert provider.carrier.texts.phones() == []


def test_what_nobody_knows_is_not_found(provider: Provider) -> None:
    with pytest.raises(TwilioRestException) as missing:
        provider.client().messages("SM" + "00" * 16).fetch()
    assert (missing.value.status, missing.value.code) == (404, 20404)


# Our door.


def test_status_callbacks_are_signed_over_the_public_address_and_go_forward(provider: Provider) -> None:
    url = f"{PUBLIC}/texts/status/abc?x=1&y=%20"
    made = provider.client().messages.create(to=DANA, from_=OURS, body="hi", status_callback=url)
    settled(provider)
    assert provider.door.statuses("/texts/status/abc") == ["sent", "delivered"]
    last = provider.door.heard[-1].form
    assert (last["MessageSid"], last["SmsSid"], last["AccountSid"], last["From"], last["To"]) == (
        made.sid, made.sid, SID, OURS, DANA,
    )  # fmt: skip
    assert "ErrorCode" not in last


def test_a_phone_writes_and_the_door_hears_a_signed_form(provider: Provider) -> None:
    sid, taken = provider.carrier.send("14045550142", OURS, "¿Puedo traer a mis hijos? 🥣")
    assert taken
    (call,) = provider.door.heard
    assert call.path == "/texts/received"
    assert provider.door.proves(call, TOKEN)
    assert not provider.door.proves(call, "00" * 16)
    form = call.form
    assert (form["From"], form["To"], form["Body"]) == (DANA, OURS, "¿Puedo traer a mis hijos? 🥣")
    assert (form["MessageSid"], form["SmsSid"], form["SmsStatus"], form["NumMedia"]) == (sid, sid, "received", "0")
    assert (form["NumSegments"], form["ApiVersion"], form["AccountSid"]) == ("1", "2010-04-01", SID)
    assert "OptOutType" not in form
    assert provider.client().messages(sid).fetch().direction == "inbound"


def test_a_picture_from_a_phone_can_be_fetched_at_the_provider(provider: Provider) -> None:
    sid, _ = provider.carrier.send(DANA, OURS, "", [("image/png", b"\x89PNG soup"), ("image/gif", b"GIF89a")])
    form = provider.door.heard[0].form
    assert (form["NumMedia"], form["MediaContentType0"], form["MediaContentType1"]) == ("2", "image/png", "image/gif")
    first = requests.get(form["MediaUrl0"], timeout=60, allow_redirects=False)
    assert first.status_code == 307
    assert requests.get(form["MediaUrl0"], timeout=60, auth=(SID, TOKEN)).content == b"\x89PNG soup"
    assert requests.get(form["MediaUrl0"], timeout=60, auth=(SID, "no")).status_code == 401
    kept = provider.client().messages(sid).media.list()
    assert [each.content_type for each in kept] == ["image/png", "image/gif"]
    assert provider.client().messages(sid).media(str(kept[1].sid)).fetch().parent_sid == sid


def test_a_picture_of_ours_is_fetched_from_us_and_stands_on_the_phone(provider: Provider) -> None:
    url = f"{PUBLIC}/pictures/soup.jpg"
    made = provider.client().messages.create(to=DANA, from_=OURS, body="look", media_url=[url])
    settled(provider)
    (text,) = provider.carrier.texts.on_phone(DANA)
    assert (text.pictures[0].mime, text.pictures[0].content) == ("image/jpeg", b"\xff\xd8soup")
    assert provider.client().messages(str(made.sid)).fetch().num_media == "1"
    gone = provider.client().messages.create(to=DANA, from_=OURS, body="x", media_url=[f"{PUBLIC}/pictures/none"])
    settled(provider)
    assert provider.client().messages(str(gone.sid)).fetch().error_code == 11200
    assert len(provider.carrier.texts.on_phone(DANA)) == 1


def test_a_door_in_trouble_is_called_again_with_the_same_token_and_then_given_up(provider: Provider) -> None:
    provider.door.answers = [503, 500, 502, 503, 503]
    assert provider.carrier.send(DANA, OURS, "are you there")[1]
    assert len(provider.door.heard) == 6
    assert len({call.token for call in provider.door.heard}) == 1
    provider.door.answers = [503] * 6
    sid, taken = provider.carrier.send(DANA, OURS, "and now?")
    assert not taken
    assert len(provider.door.heard) == 12
    assert provider.client().messages(sid).fetch().status == "received"


def test_a_door_that_says_no_is_not_called_again(provider: Provider) -> None:
    provider.door.answers = [403]
    assert not provider.carrier.send(DANA, OURS, "let me in")[1]
    assert len(provider.door.heard) == 1


def test_a_door_that_is_away_is_waited_for_and_then_given_up(provider: Provider) -> None:
    provider.door.server.stop()
    sid, taken = provider.carrier.send(DANA, OURS, "hello?")
    assert not taken
    assert [text.sid for text in provider.carrier.texts.on_phone(DANA)] == [sid]


def test_what_was_left_undone_by_a_killed_carrier_is_done_by_the_next(provider: Provider) -> None:
    provider.server.stop()
    sid = provider.carrier.write(DANA, OURS, "just before the end", key="dana writes 1")
    assert provider.carrier.in_flight == 1
    again = Carrier(provider.store, provider.clock, provider.carrier.account, provider.carrier._door)
    server = CarrierServer(again, provider.clock, threads=2)
    server.start()
    try:
        soon(lambda: again.in_flight == 0)
        assert again.write(DANA, OURS, "just before the end", key="dana writes 1") == sid
        soon(lambda: again.in_flight == 0)
        assert [call.form["MessageSid"] for call in provider.door.heard] == [sid]
    finally:
        server.stop()


# What goes wrong.


def test_after_a_stop_the_provider_refuses_until_a_start(provider: Provider) -> None:
    provider.carrier.send(DANA, OURS, " stop ")
    assert refusal_of(provider).code == 21610
    assert [text.body for text in provider.carrier.texts.on_phone(DANA)] == [" stop ", STOPPED]
    assert provider.door.heard[0].form["Body"] == " stop "
    provider.carrier.send(DANA, OURS, "Stop by the library at 6?")
    assert refusal_of(provider).code == 21610
    provider.carrier.send(DANA, OURS, "Start")
    assert provider.client().messages.create(to=DANA, from_=OURS, body="hi").status == "queued"


def test_a_provider_that_leaves_stops_to_us_refuses_nothing(provider: Provider) -> None:
    object.__setattr__(provider.carrier.account, "keeps_stops", False)
    provider.carrier.send(DANA, OURS, "STOP")
    assert provider.client().messages.create(to=DANA, from_=OURS, body="You will hear no more.").sid
    settled(provider)
    assert len(provider.carrier.texts.on_phone(DANA)) == 2


@pytest.mark.parametrize("code", [30001, 30003, 30004, 30005, 30006, 30007, 30008, 30034])
def test_a_text_that_does_not_arrive_is_told_with_its_code(provider: Provider, code: int) -> None:
    provider.carrier.script(DANA, Trouble(code))
    url = f"{PUBLIC}/texts/status/abc"
    made = provider.client().messages.create(to=DANA, from_=OURS, body="hi", status_callback=url)
    settled(provider)
    assert provider.door.statuses()[-1] == FAILURES[code][0]
    assert provider.door.heard[-1].form["ErrorCode"] == str(code)
    assert provider.client().messages(str(made.sid)).fetch().error_code == code
    assert provider.carrier.texts.on_phone(DANA) == []


@pytest.mark.parametrize(("code", "status"), [(21610, 400), (21614, 400), (20429, 429), (20500, 500), (20503, 503)])
def test_a_scripted_refusal_comes_as_often_as_it_was_asked_for(provider: Provider, code: int, status: int) -> None:
    provider.carrier.script(DANA, Trouble(code, times=2))
    for _ in range(2):
        trouble = refusal_of(provider)
        assert (trouble.status, trouble.code) == (status, code)
    assert provider.client().messages.create(to=DANA, from_=OURS, body="hi").sid
    assert provider.client().messages.list(to=DANA, limit=9).__len__() == 1


def test_a_trouble_for_everybody_leaves_alone_whoever_has_one_of_their_own(provider: Provider) -> None:
    provider.carrier.script(EVERYBODY, Trouble(20429))
    provider.carrier.script(DANA, Trouble())
    assert provider.client().messages.create(to=DANA, from_=OURS, body="hi").sid
    assert refusal_of(provider, to="+14045550150").code == 20429
    provider.carrier.script(EVERYBODY, None)
    assert provider.client().messages.create(to="+14045550150", from_=OURS, body="hi").sid


def test_a_landline_never_gets_a_text(provider: Provider) -> None:
    made = provider.client().messages.create(to=LANDLINE, from_=OURS, body="hi")
    settled(provider)
    assert provider.client().messages(str(made.sid)).fetch().error_code == 30006


def test_the_provider_may_think_for_a_while(provider: Provider) -> None:
    provider.carrier.script(DANA, Trouble(latency_seconds=0.2, times=1))
    began = time.monotonic()
    provider.client().messages.create(to=DANA, from_=OURS, body="hi")
    assert time.monotonic() - began > 0.2


@pytest.mark.parametrize("how", ["hang up", "silence"])
def test_a_text_may_be_taken_and_the_client_never_hears_of_it(provider: Provider, how: str) -> None:
    provider.carrier.script(DANA, Trouble(after_creating=how, times=1))  # type: ignore[arg-type]
    client = provider.client()
    client.http_client.timeout = 0.5
    with pytest.raises(requests.exceptions.RequestException):
        client.messages.create(to=DANA, from_=OURS, body="did you get this?")
    (found,) = client.messages.list(to=DANA, from_=OURS, date_sent_after=provider.clock.now())
    assert found.body == "did you get this?"


@pytest.mark.parametrize(
    ("manner", "told"),
    [
        ("backwards", ["delivered", "sent"]),
        ("twice", ["sent", "sent", "delivered", "delivered"]),
        ("never", []),
    ],
)
def test_callbacks_may_come_in_no_good_order(provider: Provider, manner: str, told: list[str]) -> None:
    provider.carrier.script(DANA, Trouble(callbacks=manner))  # type: ignore[arg-type]
    url = f"{PUBLIC}/texts/status/abc"
    made = provider.client().messages.create(to=DANA, from_=OURS, body="hi", status_callback=url)
    settled(provider)
    assert provider.door.statuses() == told
    assert provider.client().messages(str(made.sid)).fetch().status == "delivered"


def test_a_trouble_that_cannot_be_played_is_said(provider: Provider) -> None:
    for wish in ({"code": 12}, {"code": "x"}, {"callbacks": "sideways"}, {"after_creating": "x"}, {"times": -1}):
        with pytest.raises(Invalid):
            Trouble.read(wish)


# Small things.


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("[" * 80, 1),
        ("[" * 81, 2),
        ("ñ" * 160, 1),
        ("🥣" * 35, 1),
        ("🥣" * 36, 2),
        ("“" * 70, 1),
        ("“" * 71, 2),
    ],
)
def test_a_text_counts_as_the_network_counts(body: str, count: int) -> None:
    assert segments(body) == count


def test_it_speaks_to_anything_that_speaks_http(provider: Provider, tmp_path: Path) -> None:
    """No library: the bytes of the documentation's own curl line."""
    request = urllib.request.Request(
        f"{provider.server.url}/2010-04-01/Accounts/{SID}/Messages.json",
        b"Body=Hi%20there&From=%2B14045550100&To=%2B14045550142",
        {"Authorization": "Basic " + b64encode(f"{SID}:{TOKEN}".encode()).decode()},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 201
        said = json.loads(answer.read())
    assert said["date_created"] == "Mon, 02 Mar 2026 15:00:00 +0000"
    assert said["uri"] == f"/2010-04-01/Accounts/{SID}/Messages/{said['sid']}.json"
    assert said["num_media"] == "0"
