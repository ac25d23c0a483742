"""Logs: after a day on which much goes wrong, no secret, address, number or word of a member's stands in them."""

import json
import logging
import sqlite3
import threading
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus, urlencode

import pytest

from admin.process import Embedded
from engine.base.ids import new_id
from engine.base.setting_groups.doors import Doors
from engine.base.setting_groups.mail import Mail
from engine.base.setting_groups.organization import Organization
from engine.base.setting_groups.texting import Texting
from engine.base.settings import Settings
from engine.enrollments.joining import welcome
from engine.outbox.post import consent_mail, consent_text
from engine.people.address import Address
from tests.channels.relay import PASSWORD as RELAY_PASSWORD
from tests.channels.relay import USER, Relay
from tests.inbound.wire import Wire, letter
from tests.waiting import soon

ADDRESS = "dana.canary-address@mail.example"
NUMBER = "+14045550177"
WORDS = "the canary sang of her rent"
KEY = "c0ffee5e" * 8
PROVIDER_SECRET = "canary-auth-token-0b5e"
URL_PASSWORD = "canary-in-a-url"
#: What must never be read in a log: of each, a part that nothing else would hold.
CANARIES = (
    "canary-address",
    "4045550177",
    "555-0177",
    "canary sang",
    KEY,
    RELAY_PASSWORD,
    PROVIDER_SECRET,
    URL_PASSWORD,
)


class Provider(BaseHTTPRequestHandler):
    """A provider of texts that refuses every one, and repeats what it was given."""

    def do_POST(self) -> None:
        """400, with everything in its words."""
        given = self.rfile.read(int(self.headers["Content-Length"])).decode()
        said = {"code": 21211, "status": 400, "message": f"{unquote_plus(given)} {NUMBER} {self.headers}"}
        body = json.dumps(said).encode()
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: it is not ours that is judged."""


@pytest.fixture
def provider() -> Iterator[ThreadingHTTPServer]:
    """It answers until the test ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(10)


def settings(folder: Path, relay: int, provider: int) -> Settings:
    """An installation whose settings hold every secret there is."""
    return Settings(
        data_dir=folder,
        keys=[f"1:{KEY}"],
        log_level="DEBUG",
        log_json=True,
        organization=Organization(name="Neighbors for Progress", postal_address="12 Porch Lane, Decatur GA 30030"),
        mail=Mail(
            domain="nfp.example", host="127.0.0.1", port=relay, security="none", user=USER, password=RELAY_PASSWORD,
            timeout_seconds=5,
        ),
        sms=Texting(account_sid="AC" + "0" * 32, auth_token=PROVIDER_SECRET, numbers=["+14045550100"],
            api_url=f"http://127.0.0.1:{provider}", look_ups=False,
        ),
        doors=Doors(
            smtp_port=0, public_port=0, admin_port=0, limits_url=f"redis://:{URL_PASSWORD}@127.0.0.1:1/0"
        ),
    )  # fmt: skip


def libraries_tell_too_much() -> None:
    """What libraries might say at their worst."""
    for name in ("twilio.http_client", "sqlalchemy.engine", "dramatiq.worker", "mail.log", "asyncio"):
        library = logging.getLogger(name)
        library.debug("%s %s", ADDRESS, WORDS)
        library.error("to %s with {'To': '%s', 'Body': '%s'} as %s", ADDRESS, NUMBER, WORDS, RELAY_PASSWORD)
        try:
            raise ValueError(f"{ADDRESS} (404) 555-0177 {KEY}")
        except ValueError:
            library.exception("POST https://u:%s@api.example/ with %s", URL_PASSWORD, PROVIDER_SECRET)
    warnings.warn(f"something of {ADDRESS} is old", stacklevel=1)


def test_nothing_that_must_stay_secret_is_written_on_the_worst_of_days(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], provider: ThreadingHTTPServer
) -> None:
    # Warnings are taken as the process itself takes them, and not as a test before this one did.
    logging.captureWarnings(False)
    with Relay(login=True) as relay:
        relay.rcpt_replies += ["250 OK", f"550 5.1.1 <{ADDRESS}> {NUMBER} {RELAY_PASSWORD} is unknown here"]
        relay.data_replies.append(f"451 4.3.0 try {ADDRESS} later")
        process = Embedded(settings(tmp_path / "data", relay.port, provider.server_port))
        try:
            ports, services = process.start(), process.services

            def asked(query: str) -> Any:
                with closing(sqlite3.connect(tmp_path / "data" / "hearthline.db", isolation_level=None)) as other:
                    return (other.execute(query).fetchone() or (0,))[0]

            # Out: one put off, one refused with the address repeated, one that arrives.
            data = {"links": {"preferences": "https://people.example/p/" + "a2" * 24, "good_for": "two hours"}}
            for number in range(3):
                with services.db.write() as session:
                    now = services.clock.now()
                    dana = welcome(session, "Dana Canary", f"{number}{ADDRESS}", now).member_id
                    consent_mail(session, f"{number}{ADDRESS}", dana, "magic_link", data, now, key=f"canary {number}")
            soon(lambda: not relay.rcpt_replies and not relay.data_replies)

            # By text: one that the provider refuses, repeating all it was given; and a forged one.
            with services.db.write() as session:
                now = services.clock.now()
                session.add(Address(id=new_id(), created_at=now, member_id=dana, kind="phone", value=NUMBER))
                consent_text(session, NUMBER, dana, "sms/help", now, key="canary")
            soon(lambda: asked("select count(*) from delivery where channel = 'sms' and state = 'failed'") == 1)
            forged = urlencode({"From": NUMBER, "To": "+14045550100", "Body": WORDS, "MessageSid": "SM1"}).encode()
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(f"http://127.0.0.1:{ports.public}/texts/received", forged, timeout=60)

            # In: words with a number in them, nonsense, and a mail that the database will not file.
            with Wire(("127.0.0.1", ports.smtp)) as wire:
                wire.begin("hello@nfp.example", sender=ADDRESS)
                assert wire.say(letter(f"{WORDS}, call {NUMBER}") + b".").startswith(b"250")
                wire.say(f"FROB {ADDRESS} {WORDS}".encode())
            soon(lambda: asked("select count(*) from received where outcome is not null") == 1)
            asked(
                "create trigger broken before insert on message begin"
                f" select raise(abort, 'cannot keep {ADDRESS} {NUMBER} body={WORDS}'); end"
            )
            with Wire(("127.0.0.1", ports.smtp)) as wire:
                wire.begin("hello@nfp.example", sender=ADDRESS)
                assert wire.say(letter(WORDS, message_id="<2@mail.example>") + b".").startswith(b"250")
            soon(lambda: asked("select max(attempts) from received where outcome is null") >= 1)
            libraries_tell_too_much()
        finally:
            process.stop()
    written = "".join(capfd.readouterr())
    assert [canary for canary in CANARIES if canary in written] == []
    # And it was a log, that says what happened to which row.
    for said in (
        '"event": "routed"',
        "the provider did not take a text",
        "a webhook was refused",
        '"event": "job failed; its row is still due"',
        '"library": "mail.log"',
        "cannot keep",
    ):
        assert said in written, said
    assert "is old" in written
