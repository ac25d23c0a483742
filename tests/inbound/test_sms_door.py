"""The door of texts, over real HTTP, as the provider calls it; and as others would."""

import http.client
import random
import sqlite3
import string
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote_plus, urlencode

import pytest
from twilio.request_validator import RequestValidator

from engine.base.ids import new_id
from engine.base.setting_groups.texting import Texting
from engine.base.tokens import Purpose
from engine.outbox.delivery import Delivery
from inbound.sms.webhook import MOST_BYTES
from inbound.web import create_app
from inbound.web.serve import WebServer
from tests.figures import note
from tests.inbound.conftest import House, a_house
from tests.waiting import soon

SECRET = "0f" * 16
PUBLIC = "https://hello.nfp.example/pages"
PATH = "/texts/received"
OURS, DANA = "+14045550100", "+14045550142"
SMS = Texting(account_sid="AC" + "1" * 32, auth_token=SECRET, numbers=[OURS])


def fields(body: str = "I can bring soup.", sid: str = "SM" + "a" * 32, **more: str) -> dict[str, str]:
    """The form of one text, as Twilio's documentation lists it."""
    return {
        "ToCountry": "US", "ToState": "GA", "SmsMessageSid": sid, "NumMedia": "0", "ToCity": "ATLANTA",
        "FromZip": "30301", "SmsSid": sid, "FromState": "GA", "SmsStatus": "received", "FromCity": "ATLANTA",
        "Body": body, "FromCountry": "US", "To": OURS, "ToZip": "30301", "NumSegments": "1", "MessageSid": sid,
        "AccountSid": SMS.account_sid, "From": DANA, "ApiVersion": "2010-04-01", **more,
    }  # fmt: skip


def signed(form: dict[str, str], url: str = PUBLIC + PATH, secret: str = SECRET) -> str:
    """The provider's signature, by the provider's own library."""
    return str(RequestValidator(secret).compute_signature(url, form))


@dataclass
class Answer:
    """What the door said."""

    status: int
    type: str
    body: bytes


@dataclass
class Provider:
    """Calls the door over one kept connection."""

    house: House
    port: int
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def tells(self, form: dict[str, str], **how: str) -> Answer:
        """A webhook with this form; `how`: its `signature`, `path`, or `body` instead of the form's."""
        return self.posts(how.get("path", PATH), how.get("body", urlencode(form)), how.get("signature", signed(form)))

    def posts(self, path: str, body: str, signature: str | None, **headers: str) -> Answer:
        """A raw webhook."""
        sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        if signature is not None:
            sent["X-Twilio-Signature"] = signature
        return self.asks("POST", path, body, sent)

    def asks(self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None) -> Answer:
        """Any request."""
        self.connection.request(method, path, body.encode() if body is not None else None, headers or {})
        response = self.connection.getresponse()
        return Answer(response.status, response.headers.get_content_type(), response.read())

    def kept(self) -> list[tuple[str, str, str, str, str]]:
        """Every row: door, provider, its id, from, to."""
        return self.house.ask("select door, provider, provider_id, mail_from, rcpt_to from received order by id")


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    with a_house(tmp_path, sms=SMS, public_url=PUBLIC) as house:
        server = WebServer(create_app(house.services, house.acceptor), "127.0.0.1", 0)
        server.start()
        provider = Provider(house, server.port)
        yield provider
        provider.connection.close()
        server.stop()


def test_a_signed_text_is_kept_as_it_came_and_the_router_is_woken(provider: Provider) -> None:
    form = fields()
    answer = provider.tells(form)
    assert (answer.status, answer.type) == (200, "text/xml")
    assert answer.body.endswith(b"<Response />") or answer.body.endswith(b"<Response/>")
    assert provider.kept() == [("sms", "twilio", "SM" + "a" * 32, DANA, OURS)]
    assert provider.house.bodies() == [urlencode(form).encode()]
    # The answer leaves with the commit, and the wake right behind it.
    soon(lambda: bool(provider.house.woken))
    assert provider.house.broker.settle(20)
    assert len(provider.house.woken) == 1


@pytest.mark.parametrize(
    "form",
    [
        fields(""),
        fields("é" * 1600),
        fields("\N{BABY}" * 1600),
        fields("{{7*7}} <script>alert(1)</script> \\x00 %00"),
        fields(OptOutType="STOP", Tomorrow="a field nobody knows", Empty=""),
        fields(NumMedia="10", **{f"MediaUrl{n}": f"https://api.twilio.com/{'m' * 90}/{n}" for n in range(10)}),
        fields(From="whatsapp:+14045550142"),
    ],
    ids=["empty", "1600 characters", "1600 emoji", "template", "unknown fields", "ten pictures", "another channel"],
)
def test_whatever_the_provider_sends_is_kept_whole(provider: Provider, form: dict[str, str]) -> None:
    assert provider.tells(form).status == 200
    (kept,) = provider.house.bodies()
    assert dict(parse_qsl(kept.decode(), keep_blank_values=True)) == form


def test_the_same_webhook_again_is_another_row_for_the_router_to_know(provider: Provider) -> None:
    assert [provider.tells(fields()).status for _ in range(2)] == [200, 200]
    assert len(provider.kept()) == 2


@pytest.mark.parametrize(
    "signature",
    [None, "", "AAAA", signed(fields(), secret="00" * 16), signed(fields(), url="http://127.0.0.1" + PATH)],
    ids=["none", "empty", "rubbish", "another secret", "another address"],
)
def test_what_the_provider_did_not_sign_is_403_and_leaves_nothing(provider: Provider, signature: str | None) -> None:
    answer = provider.posts(PATH, urlencode(fields()), signature)
    assert (answer.status, answer.type) == (403, "text/plain")
    assert provider.kept() == []


def test_the_host_header_says_nothing_about_the_signed_address(provider: Provider) -> None:
    forged = signed(fields(), url="https://evil.example" + PATH)
    assert provider.posts(PATH, urlencode(fields()), forged, Host="evil.example").status == 403
    real = provider.posts(PATH, urlencode(fields()), signed(fields()), Host="10.0.0.7:8080")
    assert real.status == 200


def test_the_query_is_signed_too(provider: Provider) -> None:
    path = PATH + "?chapter=atlanta&x=%20"
    assert provider.tells(fields(), path=path, signature=signed(fields(), PUBLIC + path)).status == 200
    assert provider.tells(fields(), path=path).status == 403


def test_without_a_secret_nothing_is_the_providers(tmp_path: Path) -> None:
    with a_house(tmp_path, public_url=PUBLIC) as house:
        page = create_app(house.services, house.acceptor).test_client()
        headers = {"X-Twilio-Signature": signed(fields(), secret="")}
        assert page.post(PATH, data=fields(), headers=headers).status_code == 403


def test_a_field_named_twice_is_refused(provider: Provider) -> None:
    body = urlencode(fields()) + "&Body=" + quote_plus("I can bring soup.")
    assert provider.tells(fields(), body=body).status == 403


@pytest.mark.parametrize("count", [2_000, pytest.param(10_000, marks=pytest.mark.long)])
def test_forgeries_are_all_refused(provider: Provider, count: int) -> None:
    """One thing of a good webhook is changed each time."""
    chance = random.Random(20260302)
    form = fields()
    good = signed(form)
    for number in range(count):
        changed, path, signature = dict(form), PATH, good
        match number % 6:
            case 0:
                name = chance.choice(sorted(form))
                changed[name] += chance.choice(string.ascii_letters)
            case 1:
                name = chance.choice([each for each, value in form.items() if len(value) > 1])
                at = chance.randrange(len(form[name]))
                changed[name] = form[name][:at] + form[name][at + 1 :]
            case 2:
                del changed[chance.choice(sorted(form))]
            case 3:
                changed[f"{chance.choice(string.ascii_uppercase)}x{number}"] = str(number)
            case 4:
                path += f"?bodySHA256={number:064x}"
            case _:
                at = chance.randrange(len(good) - 1)
                signature = good[:at] + chance.choice(string.digits.replace(good[at], "")) + good[at + 1 :]
        if changed == form and path == PATH and signature == good:
            continue
        assert provider.posts(path, urlencode(changed), signature).status == 403, (number, changed, signature)
    assert provider.kept() == []
    assert provider.tells(form).status == 200
    note("webhooks of texts, each with one thing forged", f"{count:,} refused, none kept", "all refused")


def test_a_webhook_larger_than_any_text_is_413(provider: Provider) -> None:
    form = fields("x" * MOST_BYTES)
    assert provider.tells(form).status == 413
    assert provider.kept() == []


def test_looking_at_the_address_says_what_it_is_for(provider: Provider) -> None:
    answer = provider.asks("GET", PATH)
    assert (answer.status, answer.type) == (405, "text/plain")
    assert b"nothing to see" in answer.body


def test_a_database_that_is_away_is_503_and_nothing_was_promised(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.base.db.BUSY_TIMEOUT_MS", 100)
    provider.house.db.engine.dispose()
    with closing(sqlite3.connect(provider.house.path)) as other:
        other.execute("begin immediate")
        assert provider.tells(fields()).status == 503
        other.rollback()
    assert provider.kept() == []
    assert provider.tells(fields()).status == 200


def test_while_we_stop_it_is_503(provider: Provider) -> None:
    provider.house.acceptor.stop()
    assert provider.tells(fields()).status == 503


def told(provider: Provider, token: str, status: str, **more: str) -> int:
    """The answer to a word of the provider on how a text of ours went."""
    path = f"/texts/status/{token}"
    form = {"MessageSid": "SM" + "b" * 32, "MessageStatus": status, "To": DANA, "From": OURS, **more}
    return provider.tells(form, path=path, signature=signed(form, PUBLIC + path)).status


def test_how_a_text_of_ours_went_is_told_at_its_own_address_and_never_moves_back(provider: Provider) -> None:
    services = provider.house.services
    now = services.clock.now()
    with services.db.write() as session:
        delivery = Delivery(
            id=new_id(), created_at=now, message_class="answer", channel="sms", to_address=DANA, send_at=now,
            state="sent", state_at=now, provider_id="SM" + "b" * 32,
        )  # fmt: skip
        session.add(delivery)
    token = services.tokens.sign(Purpose.TEXT_STATUS, delivery.id)
    for word, stands in (("sent", "sent"), ("delivered", "delivered"), ("queued", "delivered"), ("odd", "delivered")):
        assert told(provider, token, word) == 204
        with services.db.read() as session:
            assert session.get_one(Delivery, delivery.id).provider_status == stands
    assert told(provider, "a" * 48, "failed") == 404
    assert told(provider, services.tokens.sign(Purpose.UNSUBSCRIBE, delivery.id), "failed") == 404
    assert told(provider, services.tokens.sign(Purpose.TEXT_STATUS, 4711), "failed", ErrorCode="30003") == 204
    assert provider.posts(f"/texts/status/{token}", "MessageStatus=failed", "forged").status == 403
    assert provider.kept() == [], "a status is no text that came in"
