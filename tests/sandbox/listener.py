"""A door like ours, that only writes down what the carrier says to it."""

from dataclasses import dataclass, field

from flask import Flask, request
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from inbound.web.serve import WebServer


@dataclass
class Heard:
    """One call."""

    path: str
    form: MultiDict[str, str]
    signature: str
    token: str


@dataclass
class Listener:
    """The door: `answers` are given in turn, and 200 when there are none left."""

    public_url: str
    heard: list[Heard] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """The door listens."""
        app = Flask("listener", static_folder=None)

        @app.post("/<path:path>")
        def hear(path: str) -> tuple[str, int]:
            call = Heard(
                f"/{path}",
                request.form,
                request.headers["X-Twilio-Signature"],
                request.headers["I-Twilio-Idempotency-Token"],
            )
            code = self.answers.pop(0) if self.answers else 200
            self.heard.append(call)
            return "", code

        @app.get("/pictures/soup.jpg")
        def picture() -> tuple[bytes, dict[str, str]]:
            return b"\xff\xd8soup", {"Content-Type": "image/jpeg"}

        self.server = WebServer(app, "127.0.0.1", 0, threads=4)
        self.server.start()

    @property
    def url(self) -> str:
        """Where it really listens."""
        return f"http://127.0.0.1:{self.server.port}"

    def proves(self, call: Heard, token: str) -> bool:
        """Whether the call was signed with the token over our public address."""
        return bool(RequestValidator(token).validate(self.public_url + call.path, call.form, call.signature))

    def statuses(self, path: str = "") -> list[str]:
        """The statuses that were called, in order."""
        return [call.form["MessageStatus"] for call in self.heard if "MessageStatus" in call.form and path in call.path]
