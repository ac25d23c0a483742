"""The stream: an open page learns that something changed, and asks for itself again."""

import json
import threading
import time
from collections.abc import Iterator

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from admin.web.me import me
from engine.base.services import Services
from engine.conversations.live import changes_since, latest_change
from engine.conversations.scope import Scope

#: A stream ends after this (seconds) and the browser resumes it by the last id: none holds a thread for ever.
LASTS = 60.0
#: Between two looks at the database, in seconds.
PAUSE = 0.4
#: Streams at once in one process; further pages poll. Each holds a thread of the server.
MOST_STREAMS = 24


def pages(services: Services) -> Blueprint:
    """`/stream`, as server-sent events."""
    blueprint = Blueprint("stream", __name__)
    room = threading.BoundedSemaphore(MOST_STREAMS)

    @blueprint.get("/stream")
    def show() -> ResponseReturnValue:
        if not room.acquire(blocking=False):
            return "", 503, {"Retry-After": "60"}
        try:
            scope = me().scope
            last = request.headers.get("Last-Event-ID", "")
            with services.db.read() as session:
                start = int(last) if last.isdecimal() and len(last) < 19 else latest_change(session)
            events = _Events(services, scope, start, room)
        except BaseException:
            room.release()
            raise
        response = Response(events, mimetype="text/event-stream")
        response.headers["X-Accel-Buffering"] = "no"
        return response

    return blueprint


class _Events:
    """The body of one stream; gives its place back however it ends, also when it never began."""

    def __init__(self, services: Services, scope: Scope, start: int, room: threading.BoundedSemaphore) -> None:
        self._services, self._scope, self._start, self._room = services, scope, start, room
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        ends = time.monotonic() + LASTS
        told: set[int] = set()
        last = self._start
        yield f"retry: 1000\nid: {last}\nevent: ready\ndata: {{}}\n\n".encode()
        while time.monotonic() < ends:
            with self._services.db.read() as session:
                changes = changes_since(session, self._scope, last, told)
            for change in changes:
                told.add(change.id)
                last = max(last, change.id)
                data = json.dumps({"thread": str(change.thread_id), "what": change.what})
                yield f"id: {last}\nevent: changed\ndata: {data}\n\n".encode()
            if not changes:
                # Shows us that nobody listens any more, and keeps proxies awake.
                yield b":\n\n"
            time.sleep(PAUSE)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._room.release()
