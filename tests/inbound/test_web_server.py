"""The web server by itself, on real sockets."""

import http.client
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from inbound.web import create_app
from inbound.web.serve import WebServer
from tests.inbound.conftest import House
from tests.inbound.test_web import Visit


def served(app: Callable[..., Any]) -> WebServer:
    """The application on a free port."""
    server = WebServer(app, "127.0.0.1", 0)
    server.start()
    return server


@pytest.fixture
def waiting() -> Iterator[tuple[WebServer, threading.Event, threading.Event]]:
    """A server whose only page takes as long as the test says; and: the request is running, it may end."""
    running, may_end = threading.Event(), threading.Event()

    def page(_environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        running.set()
        may_end.wait(60)
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"done"]

    server = served(page)
    yield server, running, may_end
    may_end.set()
    server.stop()


def test_one_click_goes_through_the_real_server(house: House) -> None:
    visit = Visit(house)
    server = served(visit.app)
    try:
        assert server.port
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", visit.letter(), "List-Unsubscribe=One-Click", headers)
        assert connection.getresponse().status == 200
        connection.close()
    finally:
        server.stop()
    assert [row.how for row in visit.ledger()] == ["one-click"]


def test_a_running_request_is_finished_before_the_server_is_gone(
    waiting: tuple[WebServer, threading.Event, threading.Event],
) -> None:
    server, running, may_end = waiting
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", "/")
    assert running.wait(60)
    stopper = threading.Thread(target=server.stop)
    stopper.start()
    may_end.set()
    assert connection.getresponse().read() == b"done"
    connection.close()
    stopper.join(60)
    assert not stopper.is_alive()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", server.port), timeout=60)


def test_a_port_that_is_taken_is_said_at_start(house: House) -> None:
    app = create_app(house.services)
    server = served(app)
    try:
        with pytest.raises(OSError):
            WebServer(app, "127.0.0.1", server.port).start()
    finally:
        server.stop()
