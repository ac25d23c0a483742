"""A name server of our own on loopback, by UDP and TCP: the outside world behind its own protocol."""

import socket
import struct
import threading
import time
from contextlib import suppress
from typing import Self

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset


class NameServer:
    """Answers what it was told to; slowly or not at all where that is asked."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        #: Seconds before an answer to names under this one; None: never.
        self.slow: dict[str, float | None] = {}
        self.asked: list[str] = []
        self._ending = threading.Event()
        self._udp, self._tcp = _doors()
        self.port = int(self._udp.getsockname()[1])
        for door in (self._udp, self._tcp):
            door.settimeout(0.05)
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._by_udp, self._by_tcp)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(5)
        self._udp.close()
        self._tcp.close()

    def says(self, name: str, kind: str, *values: str) -> None:
        """These are the name's records; texts are cut into strings as long as a record takes."""
        texts = [_quoted(each) for each in values] if kind == "TXT" else list(values)
        self.records[name, kind] = texts

    def _by_udp(self) -> None:
        while not self._ending.is_set():
            with suppress(OSError):
                question, peer = self._udp.recvfrom(4096)
                threading.Thread(target=self._answer_udp, args=(question, peer), daemon=True).start()

    def _answer_udp(self, question: bytes, peer: tuple[str, int]) -> None:
        answer = self._answer(question)
        if answer is None:
            return
        if len(answer) > 1200:
            short = dns.message.make_response(dns.message.from_wire(question))
            short.flags |= dns.flags.TC
            answer = short.to_wire()
        with suppress(OSError):
            self._udp.sendto(answer, peer)

    def _by_tcp(self) -> None:
        while not self._ending.is_set():
            with suppress(OSError):
                line, _ = self._tcp.accept()
                threading.Thread(target=self._answer_tcp, args=(line,), daemon=True).start()

    def _answer_tcp(self, line: socket.socket) -> None:
        with line, suppress(OSError, struct.error):
            line.settimeout(5)
            (size,) = struct.unpack(">H", line.recv(2))
            answer = self._answer(line.recv(size))
            if answer is not None:
                line.sendall(struct.pack(">H", len(answer)) + answer)

    def _answer(self, question: bytes) -> bytes | None:
        try:
            asked = dns.message.from_wire(question)
        except dns.exception.DNSException:
            return None
        name = asked.question[0].name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(asked.question[0].rdtype)
        self.asked.append(f"{name} {kind}")
        for under, seconds in self.slow.items():
            if name.endswith(under):
                if seconds is None:
                    return None
                time.sleep(seconds)
        answer = dns.message.make_response(asked)
        values = self.records.get((name, kind))
        if values:
            answer.answer.append(dns.rrset.from_text(f"{name}.", 300, "IN", kind, *values))
        elif not any(known == name for known, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer.to_wire(max_size=65535)


def _doors() -> tuple[socket.socket, socket.socket]:
    """One port for both, which somebody may have for one of them already."""
    for _ in range(50):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            tcp.bind(udp.getsockname())
        except OSError:
            udp.close()
            tcp.close()
            continue
        tcp.listen(8)
        return udp, tcp
    raise OSError("no port is free for both")


def _quoted(text: str) -> str:
    pieces = [text[at : at + 250] for at in range(0, len(text), 250)] or [""]
    return " ".join('"' + each.replace("\\", "\\\\").replace('"', '\\"') + '"' for each in pieces)
