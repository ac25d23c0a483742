"""The provider of texts as our channel speaks with it: one call, no second try, and every answer understood."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.base.errors import Invalid, ProviderAway
from engine.base.services import NotSent, NumberFacts, OutgoingText, Sent
from engine.base.setting_groups.texting import Texting
from engine.channels.sms import TwilioTexts
from engine.channels.sms_http import PooledHttp
from tests.channels.provider import Asked, Provider, Says

SID, SERVICE = "AC" + "5a" * 16, "MG" + "c3" * 16
OURS, ROSA = "+14045550100", "+14045550142"
TEXT = OutgoingText(ROSA, OURS, "Soup at six?", "https://nfp.example/texts/status/abc")


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture
def texts(provider: Provider) -> Iterator[TwilioTexts]:
    texts = TwilioTexts(settings(provider.url))
    yield texts
    texts.close()


def settings(url: str, **more: Any) -> Texting:
    return Texting(account_sid=SID, auth_token="b7" * 16, numbers=[OURS], api_url=url, connections=4, **more)


def refusal(outcome: Sent | NotSent) -> NotSent:
    assert isinstance(outcome, NotSent)
    return outcome


def error(code: int, status: int, **headers: str) -> Says:
    return Says(status, {"code": code, "message": "No.", "status": status}, headers)


def test_a_text_is_one_call_with_everything_the_provider_needs(provider: Provider, texts: TwilioTexts) -> None:
    assert texts.send(TEXT) == Sent("SM" + "0" * 31 + "1")
    [call] = provider.asked
    assert (call.method, call.path) == ("POST", f"/2010-04-01/Accounts/{SID}/Messages.json")
    assert call.form == {
        "To": ROSA, "From": OURS, "Body": "Soup at six?", "StatusCallback": "https://nfp.example/texts/status/abc",
    }  # fmt: skip
    assert call.headers["authorization"].startswith("Basic ")


def test_a_messaging_service_pictures_and_long_texts_have_fields_of_their_own(
    provider: Provider, texts: TwilioTexts
) -> None:
    texts.send(OutgoingText(ROSA, SERVICE, "Hi", media_urls=("https://nfp.example/a.jpg",), as_mms=True))
    [call] = provider.asked
    assert call.form == {
        "To": ROSA, "MessagingServiceSid": SERVICE, "Body": "Hi", "MediaUrl": "https://nfp.example/a.jpg",
        "SendAsMms": "true",
    }  # fmt: skip


def test_connections_are_kept_and_never_more_than_the_settings_allow(provider: Provider, texts: TwilioTexts) -> None:
    provider.answer = lambda call: Says(body={"sid": "SM1", "status": "queued"}, seconds=0.01)
    with ThreadPoolExecutor(12) as pool:
        outcomes = list(pool.map(lambda _: texts.send(TEXT), range(40)))
    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert len({call.peer for call in provider.asked}) <= 4


@pytest.mark.parametrize(
    ("says", "code", "permanent", "about", "unknown"),
    [
        (error(21610, 400), "21610", True, "address", False),
        (error(21211, 400), "21211", True, "address", False),
        (error(21617, 400), "21617", True, "message", False),
        (error(30034, 400), "30034", False, "way", False),
        (error(20003, 401), "20003", False, "way", False),
        (error(99999, 400), "99999", True, "message", False),
        (Says(400, b"<html>no</html>"), "http 400", True, "message", False),
        (Says(500, b"oops"), "http 500", False, "way", True),
        (error(20500, 500), "20500", False, "way", True),
        (Says(503, b""), "http 503", False, "way", False),
        (Says(502, b"<html>bad gateway</html>"), "http 502", False, "way", True),
        (Says(504, b""), "http 504", False, "way", True),
        (Says(201, b"no json"), "answer", False, "way", True),
        (Says(hang_up=True), "disconnected", False, "way", True),
        (Says(silent=True), "time-out", False, "way", True),
    ],
)
def test_every_answer_means_something_and_is_asked_for_once(
    provider: Provider, says: Says, code: str, permanent: bool, about: str, unknown: bool
) -> None:
    texts = TwilioTexts(settings(provider.url, **({"timeout_seconds": 0.5} if says.silent else {})))
    provider.answer = lambda call: says
    found = refusal(texts.send(TEXT))
    assert (found.code, found.permanent, found.about, found.unknown) == (code, permanent, about, unknown)
    assert len(provider.asked) == 1


def test_a_provider_that_asks_for_patience_says_how_much(provider: Provider, texts: TwilioTexts) -> None:
    provider.answer = lambda call: error(20429, 429, **{"Retry-After": "17"})
    assert refusal(texts.send(TEXT)).retry_after == timedelta(seconds=17)
    provider.answer = lambda call: error(20429, 429, **{"Retry-After": "999999"})
    assert refusal(texts.send(TEXT)).retry_after is None
    provider.answer = lambda call: error(20429, 429)
    assert refusal(texts.send(TEXT)).retry_after is None


def test_where_nobody_listens_the_text_has_surely_not_left() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    texts = TwilioTexts(settings(f"http://127.0.0.1:{port}"))
    assert not refusal(texts.send(TEXT)).unknown
    assert refusal(TwilioTexts(settings("http://no.such.host.invalid")).send(TEXT)).code == "name"
    with pytest.raises(ProviderAway):
        texts.sent_since(ROSA, OURS, datetime(2026, 3, 2, tzinfo=UTC))


def test_the_provider_is_asked_what_it_has_until_older_texts_come(provider: Provider, texts: TwilioTexts) -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)

    def listed(call: Asked) -> Says:
        page = int(call.query.get("Page", 0))
        rows = [
            {
                "sid": f"SM{page}{place}", "to": ROSA, "from": OURS, "body": f"{page}{place}", "status": "sent",
                "direction": "inbound" if place == 1 else "outbound-api", "num_media": "0", "error_code": None,
                "date_created": (noon - timedelta(minutes=2 * page + place)).strftime("%a, %d %b %Y %H:%M:%S +0000"),
            }
            for place in range(2)
        ]  # fmt: skip
        more = f"/2010-04-01/Accounts/{SID}/Messages.json?To=x&PageSize=100&Page={page + 1}"
        return Says(200, {"messages": rows, "next_page_uri": more, "page": page})

    provider.answer = listed
    found = texts.sent_since(ROSA, OURS, noon - timedelta(minutes=4))
    assert [each.body for each in found] == ["20", "10", "00"]
    assert found[-1].created_at == noon and not found[-1].inbound
    assert (provider.asked[0].query["To"], provider.asked[0].query["From"]) == (ROSA, OURS)
    assert len(provider.asked) == 3
    assert [each.body for each in texts.received_since(OURS, noon - timedelta(minutes=1)).texts] == ["01"]


def test_whatever_came_in_is_listed_however_much_it_was(provider: Provider, texts: TwilioTexts) -> None:
    noon = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    rows = [
        {
            "sid": f"SM{number:032d}", "to": OURS, "from": ROSA, "body": str(number), "status": "received",
            "direction": "inbound", "num_media": "0", "error_code": None,
            "date_created": (noon - timedelta(seconds=number)).strftime("%a, %d %b %Y %H:%M:%S +0000"),
        }
        for number in range(2_100)
    ]  # fmt: skip
    provider.answer = lambda call: Says(200, {"messages": rows, "next_page_uri": None, "page": 0})
    found = texts.received_since(OURS, noon - timedelta(hours=6))
    assert (len(found.texts), found.texts[0].body, found.whole) == (2_100, "2099", True)


def test_a_look_up_tells_what_kind_of_line_it_is(provider: Provider, texts: TwilioTexts) -> None:
    line = {"type": "nonFixedVoip", "carrier_name": "Peak Tel"}
    provider.answer = lambda call: Says(200, {"valid": True, "line_type_intelligence": line})
    assert texts.look_up(ROSA) == NumberFacts(True, "voip", "Peak Tel")
    assert provider.asked[0].path == f"/v2/PhoneNumbers/{ROSA}"
    assert provider.asked[0].query == {"Fields": "line_type_intelligence"}
    provider.answer = lambda call: error(20404, 404)
    assert texts.look_up(ROSA) == NumberFacts(False)
    provider.answer = lambda call: Says(200, {"valid": True, "line_type_intelligence": None})
    assert texts.look_up(ROSA) == NumberFacts(True)
    provider.answer = lambda call: Says(503, b"")
    with pytest.raises(ProviderAway):
        texts.look_up(ROSA)


@pytest.mark.parametrize(
    ("api_url", "asked", "goes_to"),
    [
        ("https://api.twilio.com", "https://api.twilio.com/a", "https://api.twilio.com/a"),
        ("https://api.twilio.com", "https://lookups.twilio.com/b", "https://lookups.twilio.com/b"),
        ("https://api.dublin.ie1.twilio.com", "https://api.twilio.com/a", "https://api.dublin.ie1.twilio.com/a"),
        ("https://api.dublin.ie1.twilio.com", "https://lookups.twilio.com/b", "https://lookups.twilio.com/b"),
        ("http://127.0.0.1:8083", "https://lookups.twilio.com/b?c=1", "http://127.0.0.1:8083/b?c=1"),
        ("https://texts.example/twilio/", "https://api.twilio.com/a", "https://texts.example/twilio/a"),
    ],
)
def test_calls_go_to_the_host_that_the_settings_name(api_url: str, asked: str, goes_to: str) -> None:
    assert PooledHttp(settings(api_url)).address(asked) == goes_to


def test_the_account_stands_in_no_log(
    provider: Provider, texts: TwilioTexts, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    provider.answer = lambda call: error(21211, 400)
    texts.send(TEXT)
    said = caplog.text + capsys.readouterr().out
    assert "b7b7" not in said and ROSA not in said and "Soup" not in said


# Pictures


def test_a_picture_is_fetched_with_our_account_and_where_the_provider_says_it_lies(
    provider: Provider, texts: TwilioTexts
) -> None:
    def stored(call: Asked) -> Says:
        if call.path == "/stored":
            return Says(200, b"\xff\xd8soup", {"Content-Type": "image/jpeg; charset=binary"})
        return Says(307, b"", {"Location": "/stored"})

    provider.answer = stored
    found = texts.picture(f"{provider.url}/2010-04-01/Accounts/x/Messages/y/Media/z", 1000)
    assert (found.content_type, found.body) == ("image/jpeg", b"\xff\xd8soup")
    assert provider.asked[0].headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/media", "https://evil.example/a.jpg", "file:///etc/passwd", "http://user@127.0.0.1/x", "",
        "gopher://x", "http://[::1", "http://169.254.169.254/latest",
    ],
)  # fmt: skip
def test_a_picture_that_is_not_the_providers_is_never_asked_for(
    provider: Provider, texts: TwilioTexts, url: str
) -> None:
    with pytest.raises(Invalid):
        texts.picture(url, 1000)
    assert provider.asked == []


def test_a_redirect_leads_nowhere_else(provider: Provider, texts: TwilioTexts) -> None:
    with Provider() as elsewhere:
        provider.answer = lambda call: Says(307, b"", {"Location": f"{elsewhere.url}/secret"})
        with pytest.raises(Invalid):
            texts.picture(f"{provider.url}/m", 1000)
        assert elsewhere.asked == []
    provider.answer = lambda call: Says(307, b"", {"Location": "/m"})
    with pytest.raises(Invalid, match="on and on"):
        texts.picture(f"{provider.url}/m", 1000)


def test_an_address_of_the_provider_that_leads_into_our_own_network_is_not_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = socket.getaddrinfo

    def lies(host: str, *more: Any, **much: Any) -> Any:
        return real("127.0.0.1" if host.endswith("twilio.com") else host, *more, **much)

    monkeypatch.setattr(socket, "getaddrinfo", lies)
    with pytest.raises(Invalid, match="private network"):
        TwilioTexts(settings("https://api.twilio.com")).picture("https://api.twilio.com/m", 1000)


def test_a_picture_that_is_too_large_or_gone_or_late_is_told_apart(provider: Provider, texts: TwilioTexts) -> None:
    provider.answer = lambda call: Says(200, b"x" * 2_000_001, {"Content-Type": "image/png"})
    with pytest.raises(Invalid, match="larger than 2 MB"):
        texts.picture(f"{provider.url}/m", 2_000_000)
    provider.answer = lambda call: Says(404, b"")
    with pytest.raises(Invalid, match="no more"):
        texts.picture(f"{provider.url}/m", 1000)
    provider.answer = lambda call: Says(500, b"")
    with pytest.raises(ProviderAway):
        texts.picture(f"{provider.url}/m", 1000)
    provider.answer = lambda call: Says(hang_up=True)
    with pytest.raises(ProviderAway):
        texts.picture(f"{provider.url}/m", 1000)
