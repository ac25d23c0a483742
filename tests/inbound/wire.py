"""A sender that says exactly what it is told, byte for byte, as good and bad mail servers do."""

import socket
from types import TracebackType
from typing import Self


class Wire:
    """One raw connection to a mail door, greeted already."""

    def __init__(self, where: tuple[str, int], greet: bytes | None = b"EHLO sender.example") -> None:
        self.socket = socket.create_connection(where, timeout=60)
        # Each piece leaves when it is sent, and does not wait for the answer to the one before.
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        self.greeting = self.reply()
        self.offers = self.say(greet) if greet else b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """The connection is gone without a goodbye."""
        self.file.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        """The bytes are on their way."""
        self.socket.sendall(data)

    def reply(self) -> bytes:
        """The next whole reply, b"" when the door hung up."""
        whole = b""
        while True:
            try:
                line = self.file.readline()
            except ConnectionError:
                return whole
            whole += line
            if not line or line[3:4] != b"-":
                return whole

    def say(self, line: bytes) -> bytes:
        """The reply to one command."""
        self.send(line + b"\r\n")
        return self.reply()

    def begin(self, *recipients: str, sender: str = "dana@mail.example") -> bytes:
        """The reply to DATA after a sender and recipients."""
        assert self.say(f"MAIL FROM:<{sender}>".encode()).startswith(b"250")
        for recipient in recipients or ("r-1@nfp.example",):
            assert self.say(f"RCPT TO:<{recipient}>".encode()).startswith(b"250")
        return self.say(b"DATA")

    def rest(self) -> bytes:
        """Everything the door says until it hangs up."""
        said = b""
        while chunk := self.reply():
            said += chunk
        return said


def letter(text: str = "Hello there.", *, subject: str = "Re: hello", message_id: str = "<1@mail.example>") -> bytes:
    """A plain reply as it goes over the wire, without its end."""
    head = f"From: Dana <dana@mail.example>\r\nSubject: {subject}\r\nMessage-ID: {message_id}\r\n\r\n"
    return (head + text + "\r\n").encode()
