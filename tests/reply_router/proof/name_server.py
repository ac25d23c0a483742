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
    """Answers what it was told to, and follows names that are only another's; slowly or not at all where that is
    asked. A name of `*` answers for all below it that have no record (RFC 4592)."""

    def __init__(self, at: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        #: Seconds before an answer to names under this one; None: never.
        self.slow: dict[str, float | None] = {}
        self.asked: list[str] = []
        #: Seconds that each of its answers is good for.
        self.ttl = 300
        self._ending = threading.Event()
        self._udp, self._tcp = _doors(at)
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
        for _ in range(8):
            at = self._owner(name)
            values = self.records.get((at, kind)) or []
            if values:
                answer.answer.append(dns.rrset.from_text(f"{name}.", self.ttl, "IN", kind, *values))
                break
            other = self.records.get((at, "CNAME"))
            if not other:
                self._nothing(answer, name, exists=any(known == at for known, _ in self.records))
                break
            answer.answer.append(dns.rrset.from_text(f"{name}.", self.ttl, "IN", "CNAME", *other))
            name = other[0].rstrip(".").lower()
        return answer.to_wire(max_size=65535)

    def _owner(self, name: str) -> str:
        """The name whose records answer for this one: its own, or the nearest wildcard's."""
        known = {each for each, _ in self.records}
        labels = name.split(".")
        for at in range(len(labels)):
            above = ".".join(labels[at:])
            if any(each == above or each.endswith("." + above) for each in known):
                return name if at == 0 or f"*.{above}" not in known else f"*.{above}"
        return name

    def _nothing(self, answer: dns.message.Message, name: str, *, exists: bool) -> None:
        """There is no such record; for how long that is good to know says the zone's own record, if there is one."""
        if not exists:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        for (zone, kind), values in self.records.items():
            if kind == "SOA" and (name == zone or name.endswith("." + zone)):
                answer.authority.append(dns.rrset.from_text(f"{zone}.", self.ttl, "IN", "SOA", *values))


def _doors(at: tuple[str, int]) -> tuple[socket.socket, socket.socket]:
    """One port for both, which somebody may have for one of them already."""
    for _ in range(50):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(at)
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
