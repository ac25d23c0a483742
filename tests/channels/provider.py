"""A provider of texts that says what it was told to say, over real sockets, and writes down what it was asked."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

#: Seconds until a server that is silent gives up being so.
SILENCE = 3.0


@dataclass
class Asked:
    """One call."""

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    headers: dict[str, str]
    peer: tuple[str, int]


@dataclass
class Says:
    """One answer: a status, a body as JSON or bytes, headers; or none (`hang_up`, `silent`), or a late one."""

    status: int = 201
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False
    silent: bool = False
    seconds: float = 0.0


class _Roomy(ThreadingHTTPServer):
    """As many callers as a test has may knock at once: with five, the usual, the sixth is hung up on."""

    request_queue_size = 128


class Provider:
    """`answer` gives the answer to a call; by default every text is taken."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], Says] = lambda call: Says(
            body={"sid": f"SM{len(self.asked):032d}", "status": "queued"}
        )
        self._ending = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                form = dict(parse_qsl(self.rfile.read(size).decode(), keep_blank_values=True))
                parts = urlsplit(self.path)
                headers = {name.lower(): value for name, value in self.headers.items()}
                call = Asked(self.command, parts.path, dict(parse_qsl(parts.query)), form, headers, self.client_address)
                outer.asked.append(call)
                says = outer.answer(call)
                time.sleep(says.seconds)
                if says.silent:
                    outer._ending.wait(SILENCE)
                if says.hang_up or says.silent:
                    self.close_connection = True
                    return
                raw = says.body if isinstance(says.body, bytes) else json.dumps(says.body or {}).encode()
                self.send_response_only(says.status)
                if "Date" not in says.headers:
                    self.send_header("Date", self.date_time_string())
                for name, value in says.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = _serve  # noqa: N815  (named by the server it serves)

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Roomy(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._server.shutdown()
        self._thread.join(5.0)
        self._server.server_close()
