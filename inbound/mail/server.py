"""Server: where members' replies come in, by SMTP or, from a mail server on the same machine, by LMTP."""

import asyncio
import contextlib
import ssl
import threading
from ipaddress import ip_network

from engine.base.errors import SettingsError
from engine.base.services import Services
from engine.base.setting_groups.doors import Doors
from inbound.mail.allowance import Connections, Disk, Memory, PerMinute
from inbound.mail.protocol import LocalConversation, MailConversation
from inbound.mail.replies import STOPPING
from inbound.mail.terms import Shared, Terms
from inbound.receive import Acceptor, Answer, Arrival
from reply_router.addresses import Broken, signed_in

#: Connections the system holds for us until we take them.
BACKLOG = 256


class MailDoor:
    """One listening port, SMTP or LMTP, on an event loop in a thread of its own."""

    def __init__(self, services: Services, acceptor: Acceptor, *, port: int, lmtp: bool = False) -> None:
        doors = services.settings.doors
        self._host = doors.host if lmtp else doors.mail_host or doors.host
        self._acceptor = acceptor
        self._kind: type[MailConversation] = LocalConversation if lmtp else MailConversation
        self._terms = Terms(
            domain=services.settings.mail.domain,
            size=doors.max_message_mb * 2**20,
            recipients=doors.recipients_per_message,
            command_seconds=doors.command_seconds,
            body_seconds=doors.body_seconds,
            tls=certificate(doors),
            is_guess=lambda address: isinstance(
                signed_in(address, services.settings.mail.domain, services.tokens), Broken
            ),
            slow_seconds=doors.slow_seconds,
            own=tuple(ip_network(each, strict=False) for each in services.settings.mail.trusted_peers),
        )
        self._shared = Shared(
            submit=self._submit,
            connections=Connections(together=doors.connections, per_peer=doors.connections_per_peer),
            memory=Memory(doors.bodies_mb * 2**20),
            messages=PerMinute(doors.messages_per_network),
            guesses=PerMinute(doors.bad_addresses_per_minute),
            disk=Disk(services.settings.data_dir, doors.keep_free_mb * 2**20),
            conversations=set(),
        )
        self._answers = _Answers()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._server: asyncio.Server | None = None
        #: Where it listens; once started, never 0.
        self.port = port

    @property
    def is_open(self) -> bool:
        """Whether mail is being taken."""
        return self._thread is not None and self._thread.is_alive() and not self._shared.stopping

    def start(self) -> None:
        """The port answers; a port 0 became a free one, told in `port`. Raises OSError if it is taken."""
        self._shared.stopping = False
        self._loop = loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=loop.run_forever, name="mail-door", daemon=True)
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._open(loop), loop).result()
        except BaseException:
            self._end()
            raise

    def stop(self, grace_seconds: float = 10) -> None:
        """No connection is open: bodies on their way had `grace_seconds` to arrive, the rest was told to come again."""
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._close(grace_seconds), self._loop).result()
            self._end()

    async def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        def make() -> MailConversation:
            return self._kind(self._terms, self._shared, loop)

        self._server = await loop.create_server(make, self._host, self.port, backlog=BACKLOG)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _close(self, grace_seconds: float) -> None:
        self._shared.stopping = True
        if self._server is not None:
            self._server.close()
            self._server = None
        for conversation in list(self._shared.conversations):
            if not conversation.is_busy:
                conversation.say_goodbye(STOPPING)
        await self._wait_until_alone(grace_seconds)
        for conversation in list(self._shared.conversations):
            conversation.say_goodbye(STOPPING)
        await self._wait_until_alone(1)

    async def _wait_until_alone(self, seconds: float) -> None:
        deadline = asyncio.get_running_loop().time() + seconds
        while self._shared.conversations and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.01)

    def _end(self) -> None:
        loop, thread = self._loop, self._thread
        self._loop = self._thread = None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(_cancel_rest(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def _submit(self, arrival: Arrival) -> "asyncio.Future[Answer]":
        here: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._acceptor.take(arrival, _Asked(here, self._answers))
        return here


class _Answers:
    """Answers on their way from the acceptor's thread to the loop: a whole group of them wakes it once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ready: list[tuple[asyncio.Future[Answer], Answer]] = []

    def put(self, here: "asyncio.Future[Answer]", answer: Answer) -> None:
        """Whoever waits at `here` hears the answer, soon; from any thread."""
        with self._lock:
            is_first = not self._ready
            self._ready.append((here, answer))
        if is_first:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits any more
                here.get_loop().call_soon_threadsafe(self._hand_over)

    def _hand_over(self) -> None:
        with self._lock:
            ready, self._ready = self._ready, []
        for here, answer in ready:
            if not here.done():
                here.set_result(answer)


class _Asked:
    """One conversation that waits to hear; once it does so no longer (the peer hung up, or its time is over), what the
    acceptor has not begun is dropped."""

    __slots__ = ("_answers", "_here")

    def __init__(self, here: "asyncio.Future[Answer]", answers: _Answers) -> None:
        self._here = here
        self._answers = answers

    def set_running_or_notify_cancel(self) -> bool:
        """Whether anybody waits still."""
        return not self._here.done()

    def set_result(self, answer: Answer) -> None:
        """The conversation goes on with this answer."""
        self._answers.put(self._here, answer)


async def _cancel_rest() -> None:
    """Nothing runs on this loop any more."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


def certificate(doors: Doors) -> ssl.SSLContext | None:
    """What STARTTLS is offered with, or None without a certificate. Raises SettingsError when it cannot be read."""
    if doors.tls_certificate is None or doors.tls_key is None:
        if doors.tls_certificate or doors.tls_key:
            raise SettingsError("STARTTLS needs both tls_certificate and tls_key under [doors].")
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(doors.tls_certificate, doors.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"The certificate {doors.tls_certificate} cannot be used: {error}.") from error
    return context
