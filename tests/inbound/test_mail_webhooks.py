"""The mail providers' webhooks, over real HTTP: what is theirs is durable before 200, and nobody else is heard."""

import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask

from engine.base.tokens import Purpose
from engine.channels.provider_headers import provider_headers
from inbound.mail_webhooks.door import pages
from inbound.web.serve import WebServer
from tests.inbound.conftest import DOMAIN, House, a_house
from tests.inbound.mail_providers import KEY, PASSWORD, SETTINGS, USER, Amazon, Letter, Mailgun, Post, Postmark

RAW = b"From: Rosa <rosa@home.example>\r\nTo: hello@nfp.example\r\nSubject: Hi\r\n\r\nYes, \xc3\xad!\r\n.\r\n"


@dataclass
class Door:
    """The door on a port, and the providers that call it."""

    house: House
    port: int
    amazon: Amazon
    postmark: Postmark
    mailgun: Mailgun
    letter: Letter
    app: Flask

    def hears(self, post: Post) -> int:
        """The status of its answer."""
        return self.says(post)[0]

    def says(self, post: Post) -> tuple[int, str]:
        """Its answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("POST", post.path, post.body, post.headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def kept(self) -> list[tuple[str, ...]]:
        """Every row: door, provider, to."""
        return self.house.ask("select door, provider, rcpt_to from received order by id")


@pytest.fixture(scope="module")
def open_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder: Path = tmp_path_factory.mktemp("webhooks")
    with a_house(folder, max_message_mb=1) as house:
        settings = house.services.settings.model_copy(update={"webhooks": SETTINGS})
        services = replace(house.services, settings=settings)
        amazon, postmark, mailgun = Amazon(), Postmark(), Mailgun(services.clock.now)
        app = Flask(__name__)
        app.register_blueprint(pages(services, house.acceptor, amazon.publishes))
        server = WebServer(app, "127.0.0.1", 0, most_bytes=4_000_000)
        server.start()
        path = f"b-{services.tokens.sign(Purpose.RETURN_PATH, 7, 8)}@{DOMAIN}"
        letter = Letter("dana@home.example", f"Maya <maya@{DOMAIN}>", path, "")
        yield Door(house, server.port, amazon, postmark, mailgun, letter, app)
        server.stop()


@pytest.fixture
def door(open_door: Door) -> Iterator[Door]:
    yield open_door
    with open_door.house.db.write() as session:
        for table in ("received", "received_bytes", "filed_key"):
            session.connection().exec_driver_sql(f"delete from {table}")


EACH = ("amazon", "postmark", "mailgun")


@pytest.mark.parametrize("name", EACH)
def test_a_bounce_and_a_complaint_are_kept_as_they_came_before_the_yes(door: Door, name: str) -> None:
    provider = getattr(door, name)
    posts = [provider.bounce(door.letter, "5.1.1", "550 5.1.1 nobody here"), provider.complaint(door.letter)]
    assert [door.hears(each) for each in posts] == [200, 200]
    assert door.kept() == [("event", name, ""), ("event", name, "")]
    assert door.house.bodies() == [each.body for each in posts]


@pytest.mark.parametrize("name", EACH)
def test_mail_that_a_provider_took_in_is_kept_byte_for_byte_as_if_it_had_come_by_smtp(door: Door, name: str) -> None:
    assert door.hears(getattr(door, name).mail(f"hello@{DOMAIN}", RAW, "rosa@home.example")) == 200
    assert door.kept() == [("web", name, f"hello@{DOMAIN}")]
    assert door.house.bodies() == [RAW]
    assert door.house.ask("select mail_from from received") == [("rosa@home.example",)]


def test_a_mail_in_no_known_letters_comes_whole_in_a_form_of_either_kind(door: Door) -> None:
    raw = RAW + bytes(range(1, 256))
    rest: dict[str, str | bytes] = {"recipient": f"hello@{DOMAIN}", "sender": "", "body-mime": raw}
    form: dict[str, str | bytes] = {**door.mailgun.signature(), **rest}
    assert door.hears(Post("/mail/mailgun/mime", urlencode(form).encode(), {
        "Content-Type": "application/x-www-form-urlencoded"})) == 200  # fmt: skip
    form = {**form, **door.mailgun.signature()}
    parts = b"".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        + (value if isinstance(value, bytes) else value.encode())
        + b"\r\n"
        for name, value in form.items()
    )
    post = Post("/mail/mailgun/mime", parts + b"--b--\r\n", {"Content-Type": "multipart/form-data; boundary=b"})
    assert door.hears(post) == 200
    assert door.house.bodies() == [raw, raw]


@pytest.mark.parametrize("name", EACH)
def test_mail_for_somebody_elses_domain_is_refused_for_good(door: Door, name: str) -> None:
    status, says = door.says(getattr(door, name).mail("somebody@elsewhere.example", RAW, "rosa@home.example"))
    assert (status, door.kept()) == (406 if name == "mailgun" else 403, [])
    assert says == "Relaying denied: this door takes mail for nfp.example only.\n"


@pytest.mark.parametrize("version", ["1", "2"])
def test_amazon_is_believed_by_both_of_its_signatures_and_its_certificate_is_asked_for_once(
    door: Door, version: str
) -> None:
    amazon = replace(door.amazon, version=version)
    posts = [amazon.notice({"notificationType": "Bounce"}, Subject="Amazon SES") for _ in range(2)]
    assert [door.hears(each) for each in posts] == [200, 200]
    assert len([each for each in door.amazon.asked if each.endswith(".pem")]) <= 1


def test_a_topic_of_ours_is_subscribed_to_at_amazon_alone(door: Door) -> None:
    address = "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37"
    fields = {"Message": "You have chosen to subscribe.", "Token": "2336412f37"}
    assert door.hears(door.amazon.sends("SubscriptionConfirmation", SubscribeURL=address, **fields)) == 200
    assert door.amazon.asked[-1] == address
    elsewhere = "https://sns.us-east-1.amazonaws.com.evil.example/"
    assert door.hears(door.amazon.sends("SubscriptionConfirmation", SubscribeURL=elsewhere, **fields)) == 403
    assert door.amazon.asked[-1] == address


def _changed(post: Post, **fields: str) -> Post:
    return replace(post, body=json.dumps({**json.loads(post.body), **fields}).encode())


def _by_amazon(change: Callable[[Post], Post]) -> Callable[[Door], Post]:
    return lambda door: change(door.amazon.bounce(door.letter, "5.1.1", "550 5.1.1 no"))


_EVIL = "https://sns.us-east-1.amazonaws.com.evil.example/SimpleNotificationService-0123456789abcdef.pem"


@pytest.mark.parametrize(
    ("post", "status"),
    [
        (_by_amazon(lambda post: _changed(post, Message="{}")), 403),
        (_by_amazon(lambda post: _changed(post, Signature="bm8=")), 403),
        (_by_amazon(lambda post: _changed(post, Signature="no Base64")), 403),
        (_by_amazon(lambda post: _changed(post, SignatureVersion="3")), 403),
        (_by_amazon(lambda post: _changed(post, SigningCertURL=_EVIL)), 403),
        (_by_amazon(lambda post: _changed(post, SigningCertURL="http://sns.us-east-1.amazonaws.com/S.pem")), 403),
        (lambda door: door.amazon.notice({}, TopicArn="arn:aws:sns:us-east-1:999999999999:theirs"), 403),
        (lambda door: replace(door.postmark, password="a wrong word for it").sends({"RecordType": "Bounce"}), 401),
        (lambda door: replace(door.postmark.sends({"RecordType": "Bounce"}), headers={}), 401),
        (lambda door: replace(door.mailgun, key="key-wrong").complaint(door.letter), 403),
        (lambda door: door.mailgun.sends({"event-data": {"event": "complained"}}), 403),
        (lambda door: replace(door.mailgun.complaint(door.letter), path="/mail/amazon"), 403),
        (lambda door: replace(door.amazon.complaint(door.letter), path="/mail/mailgun"), 403),
        (lambda door: replace(door.mailgun.complaint(door.letter), path="/mail/postmark"), 401),
        (lambda door: Post("/mail/amazon", b"{not json", {}), 403),
        (lambda door: Post("/mail/mailgun", b"[" * 50_000, {"Content-Type": "application/json"}), 403),
        (lambda door: replace(door.postmark.sends({}), body=b"{not json"), 400),
        (lambda door: replace(door.postmark.sends({}), body=b"[" * 50_000), 400),
        (lambda door: door.postmark.sends({"hello": "there"}), 400),
        (lambda door: Post("/mail/mailgun/mime", b"recipient=a&recipient=b", {
            "Content-Type": "application/x-www-form-urlencoded"}), 403),
    ],
)  # fmt: skip
def test_what_is_not_the_providers_or_says_nothing_is_answered_so_and_leaves_nothing(
    door: Door, post: Callable[[Door], Post], status: int
) -> None:
    asked = len(door.amazon.asked)
    found, says = door.says(post(door))
    assert (found, door.kept()) == (status, [])
    assert says.endswith(".\n")
    assert all("evil" not in each for each in door.amazon.asked[asked:])


def test_a_webhook_that_is_too_large_is_refused_as_that(door: Door) -> None:
    post = door.postmark.sends({})
    answer = door.app.test_client().post(post.path, data=b" " * 1_600_000, headers=post.headers)
    assert (answer.status_code, door.kept()) == (413, [])


@pytest.mark.parametrize(
    ("post", "says"),
    [
        (lambda door: door.postmark.sends({"MessageID": "1", "OriginalRecipient": f"hello@{DOMAIN}"}), "Include raw"),
        (lambda door: door.amazon.notice({"notificationType": "Received", "receipt": {}, "mail": {}}), "Base64"),
        (lambda door: Post("/mail/mailgun", urlencode({**door.mailgun.signature(), "recipient": f"a@{DOMAIN}"})
            .encode(), {"Content-Type": "application/x-www-form-urlencoded"}), "ends in mime"),
    ],
    ids=EACH,
)  # fmt: skip
def test_mail_without_its_own_bytes_comes_again_until_somebody_turned_them_on(
    door: Door, post: Callable[[Door], Post], says: str
) -> None:
    status, said = door.says(post(door))
    assert (status, says in said, door.kept()) == (503, True, [])


def test_mailguns_word_holds_once_and_its_own_second_try_is_a_yes(door: Door) -> None:
    post = door.mailgun.bounce(door.letter, "5.1.1", "550 5.1.1 no")
    assert [door.hears(post), door.hears(post)] == [200, 200]
    other = json.loads(door.mailgun.complaint(door.letter).body)
    replayed = door.mailgun.sends({**other, "signature": json.loads(post.body)["signature"]})
    assert door.hears(replayed) == 406
    assert [body for body in door.house.bodies() if b"complained" in body] == []


def test_mailguns_signature_of_yesterday_is_nobodys(door: Door) -> None:
    services = door.house.services
    late = Mailgun(lambda: services.clock.now().replace(year=2020))
    assert door.hears(late.complaint(door.letter)) == 406


def test_a_letter_that_arrived_is_noted_and_makes_no_row(door: Door) -> None:
    assert [door.hears(getattr(door, name).delivery(door.letter)) for name in EACH] == [200, 200, 200]
    assert door.kept() == []


def test_what_we_do_not_ask_for_is_a_yes_and_kept_nowhere(door: Door) -> None:
    posts = [
        door.amazon.notice({"eventType": "Open", "open": {}}),
        door.amazon.sends("Notification", Message="Successfully validated SNS topic for Amazon SES."),
        door.postmark.sends({"RecordType": "Open", "MessageID": "1"}),
        door.mailgun.sends({"signature": door.mailgun.signature(), "event-data": {"event": "opened", "id": "1"}}),
    ]
    assert [door.hears(each) for each in posts] == [200] * 4
    assert door.kept() == []


def test_our_own_trouble_is_503_and_the_provider_comes_again(door: Door) -> None:
    door.house.acceptor.stop()
    try:
        posts = [getattr(door, name).complaint(door.letter) for name in EACH]
        assert [door.hears(each) for each in posts] == [503] * 3
    finally:
        door.house.acceptor.start()
    assert [door.hears(each) for each in posts] == [200] * 3


def test_without_its_secret_no_provider_is_heard(tmp_path: Path) -> None:
    with a_house(tmp_path) as house:
        amazon, mailgun = Amazon(), Mailgun(house.services.clock.now)
        app = Flask(__name__)
        app.register_blueprint(pages(house.services, house.acceptor, amazon.publishes))
        client = app.test_client()
        letter = Letter("dana@home.example", "", "", "")
        for post in (amazon.complaint(letter), Postmark().complaint(letter), mailgun.complaint(letter)):
            answer = client.post(post.path, data=post.body, headers=post.headers)
            assert answer.status_code == 403
            assert "is set here" in answer.text or "is named here" in answer.text
        assert house.ask("select count(*) from received") == [(0,)]


def test_postmark_gets_each_letters_return_path_to_tell_it_back_and_no_other_relay_does() -> None:
    path = f"b-{'a' * 48}@{DOMAIN}"
    line = b"X-PM-Metadata-letter: b-" + b"a" * 48 + b"\r\n"
    assert provider_headers("smtp-broadcasts.postmarkapp.com", path) == line
    assert provider_headers("email-smtp.us-east-1.amazonaws.com", path) == b""
    assert provider_headers("notpostmarkapp.com", path) == b""


def test_the_secrets_are_among_those_that_no_log_shows(door: Door) -> None:
    secrets = door.house.services.settings.model_copy(update={"webhooks": SETTINGS}).secrets()
    assert {PASSWORD, KEY} <= secrets
    assert USER not in secrets
