"""Our door, as the provider calls it: one signed form by POST, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlencode, urlsplit

from twilio.request_validator import RequestValidator

#: Seconds the provider waits for a webhook's answer (https://www.twilio.com/docs/usage/webhooks/webhooks-faq).
PATIENCE = 15.0
#: The longest answer that is read.
ANSWER_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """What the door said. `status` 0: it was away, and `says` tells why."""

    status: int
    says: str

    @property
    def taken(self) -> bool:
        """Whether the door has it."""
        return 200 <= self.status < 300

    @property
    def may_be_tried_again(self) -> bool:
        """Whether another time may help: the door was away, or in trouble of its own."""
        return self.status == 0 or self.status >= 500 or self.status == 429


class OurDoor:
    """The public address of ours that webhooks go to."""

    def __init__(self, public_url: str, auth_token: str, *, listens_at: str = "") -> None:
        """`listens_at`: where it is reached from this machine, when that is not the address that is signed."""
        self._public = public_url.rstrip("/")
        self._real = (listens_at or public_url).rstrip("/")
        self._validator = RequestValidator(auth_token)

    @property
    def received_url(self) -> str:
        """Where a text from a phone goes."""
        return f"{self._public}/texts/received"

    def knows(self, url: str) -> bool:
        """Whether the address is our own: the carrier calls nobody else."""
        return url.startswith(f"{self._public}/")

    def call(self, url: str, form: Mapping[str, str], token: str) -> Answer:
        """As `ask`; what was answered says nothing more."""
        return self.ask(url, form, token)[0]

    def ask(self, url: str, form: Mapping[str, str], token: str) -> tuple[Answer, bytes]:
        """The form was posted to an address of ours, signed over that address and every field; what came back.

        https://www.twilio.com/docs/usage/security#validating-requests. `token` is the same for every try of one thing.
        """
        signature = self._validator.compute_signature(url, dict(form))
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            "Host": urlsplit(url).netloc,
            "User-Agent": "TwilioProxy/1.1",
            "X-Twilio-Signature": signature,
            "I-Twilio-Idempotency-Token": token,
            "Connection": "close",
        }
        answer, _, content = self._send("POST", url, urlencode(form).encode(), headers)
        return answer, content

    def fetch(self, url: str) -> tuple[Answer, str, bytes]:
        """The answer to a GET of an address of ours, with its media type and bytes."""
        answer, kind, content = self._send("GET", url, None, {"Connection": "close"}, limit=5_000_000)
        return answer, kind.partition(";")[0].strip(), content

    def _send(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], limit: int = ANSWER_BYTES
    ) -> tuple[Answer, str, bytes]:
        real = urlsplit(self._real)
        kind = HTTPSConnection if real.scheme == "https" else HTTPConnection
        connection = kind(real.hostname or "", real.port, timeout=PATIENCE)
        try:
            connection.request(method, real.path + url.removeprefix(self._public), body, dict(headers))
            response = connection.getresponse()
            content = response.read(limit)
            answer = Answer(response.status, response.reason)
            return answer, response.headers.get("Content-Type", ""), content
        except (OSError, HTTPException) as trouble:
            return Answer(0, f"{type(trouble).__name__}: {trouble}"), "", b""
        finally:
            connection.close()
