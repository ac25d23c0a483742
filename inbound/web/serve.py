"""Serve: a WSGI application on a port, by threads, started and stopped with the process."""

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from cheroot.wsgi import Server

from engine.base.log import logger

#: Seconds a slow phone has for one request, and a running request for its end when we stop.
PATIENCE = 20
GRACE = 5


log = logger(__name__)


class WebServer:
    """One application on one port."""

    def __init__(
        self, app: Callable[..., Any], host: str, port: int, *, threads: int = 10, most_bytes: int = 2_000_000
    ) -> None:
        self._server = Server(
            (host, port),
            app,
            numthreads=threads,
            server_name="Hearthline",
            request_queue_size=128,
            timeout=PATIENCE,
            shutdown_timeout=GRACE,
        )
        self._server.error_log = _told  # type: ignore[method-assign]
        self._server.max_request_header_size = 32_768
        self._server.max_request_body_size = most_bytes
        self._thread: threading.Thread | None = None
        self._host = host
        #: Where it listens; once started, never 0.
        self.port = port

    def start(self) -> None:
        """The port answers; a port 0 became a free one, told in `port`. Raises OSError if it is taken."""
        self._server.prepare()
        self.port = int(self._server.bind_addr[1])
        self._thread = threading.Thread(target=self._server.serve, name=f"web-{self.port}", daemon=True)
        self._thread.start()

    @property
    def is_open(self) -> bool:
        """Whether requests are being answered."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """The port is closed, and the requests that ran have ended or had their grace."""
        if self._thread is not None:
            threading.Thread(target=self._knock, args=(self._thread,), daemon=True).start()
        self._server.stop()
        if self._thread is not None:
            self._thread.join(GRACE)
            self._thread = None

    def _knock(self, listening: threading.Thread) -> None:
        """The server has looked up and seen that it shall end. Left alone it looks up twice a second."""
        until = time.monotonic() + GRACE
        while listening.is_alive() and time.monotonic() < until:
            with contextlib.suppress(OSError):
                socket.create_connection((self._host, self.port), 1).close()
            time.sleep(0.01)


def _told(msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
    """What the server says of a connection that went wrong goes into our log."""
    if level >= logging.WARNING or traceback:
        log.warning("the web server stumbled over a connection", says=msg, exc_info=traceback)
